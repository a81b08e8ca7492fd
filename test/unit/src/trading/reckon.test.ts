import { describe, expect, test } from '@jest/globals';
import type { LastOrder } from '../../../../src/ledger/latest.ts';
import { parseUsd } from '../../../../src/money.ts';
import { expectedWith, reckon } from '../../../../src/trading/reckon.ts';
import { afterNoon, MINUTE } from '../../../support/effects.ts';

const SHOWN = { exposure: parseUsd('0.00'), available: parseUsd('1000.00') };
const NOTHING = { longUsd: '0.00', shortUsd: '0.00', marginUsd: '0.00' };

/** What the last order of a market leaves, of orders that follow each other at these minutes; the service shows none. */
function afterOrders(minutes: readonly number[], first?: LastOrder): LastOrder | undefined {
  const order = { asset: 'BTC-USDC', direction: 'long', amount: parseUsd('50.00'), leverage: 2 } as const;
  return minutes.reduce<LastOrder | undefined>((last, minute) => {
    const at = afterNoon(minute * MINUTE);
    return { intentKey: 'k', at: at.toISOString(), ...expectedWith(order, reckon(SHOWN, last, at)) };
  }, first);
}

describe('orders that the service may not show yet', () => {
  test('are counted for twenty minutes at least, and not for good', () => {
    const every5 = Array.from({ length: 30 }, (_, index) => index * 5);
    const reckoned = reckon(SHOWN, afterOrders(every5), afterNoon(150 * MINUTE));

    // Eight of them lie in forty minutes, which is the longest.
    expect(reckoned).toMatchObject({ least: 0n, most: parseUsd('300.00'), available: parseUsd('850.00') });
  });

  test('all count while they follow each other closely', () => {
    const reckoned = reckon(SHOWN, afterOrders([0, 1, 2, 14]), afterNoon(15 * MINUTE));

    expect(reckoned).toMatchObject({ most: parseUsd('200.00'), available: parseUsd('900.00') });
  });

  test('of an earlier release are not summed up: the ledger goes by what was expected, until they are shown', () => {
    const first = {
      intentKey: 'k',
      at: afterNoon(0).toISOString(),
      exposureUsd: '400.00',
      availableUsd: '60.00',
    };
    const soon = reckon(SHOWN, afterOrders([1], first), afterNoon(2 * MINUTE));
    expect(soon).toMatchObject({ most: parseUsd('450.00'), available: parseUsd('35.00') });

    const later = reckon(SHOWN, afterOrders([1, 11, 22], first), afterNoon(23 * MINUTE));
    expect(later).toMatchObject({ most: parseUsd('150.00'), available: parseUsd('925.00') });
  });

  test('are none where the service shows the last one', () => {
    const at = afterNoon(0);
    const unshown = { since: at.toISOString(), now: NOTHING, before: NOTHING };

    expect(reckon(SHOWN, undefined, at)).toEqual({ least: 0n, most: 0n, available: SHOWN.available, unshown });
  });
});
