import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ServiceUnreadableError } from '../../../../src/errors.ts';
import { parseUsd } from '../../../../src/money.ts';
import { PROFILES } from '../../../../src/purple-flea/service.ts';
import type { OrderDirection } from '../../../../src/purple-flea/trading.ts';
import { lookForOrder, takeTradeSnapshot, type TradeSnapshot } from '../../../../src/trading/look-for-order.ts';
import { aNewIntent, leaveUnknown } from '../../../support/effects.ts';
import { startLedgerWorld, TREASURY_KEY, type LedgerWorld } from '../../../support/ledger-world.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';
import { aTradingClient } from '../../../support/predictions.ts';
import { call } from '../../twin/calling.ts';

const ORDER = { asset: 'BTC-USDC', direction: 'long' } as const;

function anOrderIntent(before: Readonly<Record<string, unknown>> | undefined, amountUsd = '50.00') {
  const intent = aNewIntent({ kind: 'trade-order', payee: ORDER.asset, amountUsd });
  return leaveUnknown(createMemoryIntents(), intent, undefined, before);
}

describe.each(PROFILES)('looking for an order at the %s service', (profile) => {
  let world: LedgerWorld;

  beforeEach(async () => {
    world = await startLedgerWorld(profile);
  });
  afterEach(() => world.close());

  async function order(direction: OrderDirection = 'long', asset: string = ORDER.asset, amount = '50.00') {
    const { trading, agentId } = world.treasury;
    const request = { reference: 'pf1:a', agentId, asset, direction, amount: parseUsd(amount), leverage: 1 };
    const body = trading.orderBody({ ...request, metadata: {} });
    const answer = await trading.placeOrder({ body, key: 'k', reference: 'pf1:a' });
    if (answer.kind !== 'applied') throw new Error(`${answer.kind}: ${answer.reason}`);
    return answer.result;
  }

  const snapshot = () => takeTradeSnapshot(world.treasury.trading, ORDER);
  const look = async (before: TradeSnapshot, amountUsd?: string) =>
    lookForOrder(world.treasury.trading, await anOrderIntent({ ...before }, amountUsd));

  test('finds the one fill of its market, side and size that was not there before', async () => {
    await order();
    const before = await snapshot();
    const { amountUsd } = await order();

    expect(await look(before)).toEqual({
      kind: 'found',
      result: { orderId: expect.any(String), status: 'filled', asset: 'BTC-USDC', direction: 'long', amountUsd },
    });
  });

  test.each<[string, OrderDirection, string, string]>([
    ['side', 'short', 'BTC-USDC', '50.00'],
    ['market', 'long', 'ETH-USDC', '50.00'],
    ['size', 'long', 'BTC-USDC', '55.01'],
    ['size by so little', 'long', 'BTC-USDC', '44.99'],
  ])('does not take one of another %s for it', async (_case, direction, asset, amount) => {
    const before = await snapshot();
    await order(direction, asset, amount);

    expect(await look(before)).toEqual({ kind: 'absent' });
  });

  test.each(['45.00', '55.00'])('takes one that was filled in whole lots for it: $%s of $50.00', async (amount) => {
    const before = await snapshot();
    await order('long', 'BTC-USDC', amount);

    expect(await look(before)).toMatchObject({ kind: 'found' });
  });

  test('does not take what was there before for it', async () => {
    await order();
    await order();

    expect(await look(await snapshot())).toEqual({ kind: 'absent' });
  });

  test('leaves two that could be it to a person, and names them', async () => {
    const before = await snapshot();
    await order();
    await order();

    expect(await look(before)).toMatchObject({
      kind: 'many',
      note: expect.stringMatching(/^several new fills could be this order: \S+, \S+$/),
    });
  });

  test('sees an order whose position was closed since, where there is a history of fills', async () => {
    const before = await snapshot();
    const { orderId } = await order();
    const positions = (await world.treasury.trading.readPositions()).flatMap(({ positionId }) => positionId ?? []);
    const closed = await call(world.twin, 'POST /v1/trade/close', {
      key: TREASURY_KEY.apiKey,
      body: { position_id: positions[0] ?? orderId },
    });
    expect(closed.status).toBe(200);

    expect((await look(before)).kind).toBe(profile === 'published' ? 'found' : 'absent');
  });

  test('is not possible where positions cannot be read, and no order goes out then', async () => {
    const route = profile === 'reference' ? 'GET /trading/positions' : 'GET /v1/trade/positions';
    await call(world.twin, 'POST /_twin/faults', { body: { route, fault: 'error-500' } });

    await expect(snapshot()).rejects.toThrow(ServiceUnreadableError);
  });
});

test.each([undefined, {}, { asset: 'BTC-USDC', direction: 'up', positionIds: [] }])(
  'an order without a snapshot can never be told from another: %j',
  async (before) => {
    expect(await lookForOrder(aTradingClient(), await anOrderIntent(before))).toEqual({
      kind: 'invisible',
      reason: 'no snapshot was taken before the order',
    });
  },
);

test('a position without an id, which was not opened through the service, is never taken for an order', async () => {
  const position = {
    positionId: undefined,
    asset: 'BTC-USDC',
    direction: 'long',
    amount: parseUsd('50.00'),
    leverage: 1,
    entryPrice: '65000.00',
    openedAt: undefined,
    pnl: undefined,
  } as const;
  const trading = aTradingClient({ readPositions: async () => [position] });

  expect(await takeTradeSnapshot(trading, ORDER)).toEqual({ ...ORDER, positionIds: [] });
  expect(await lookForOrder(trading, await anOrderIntent({ ...ORDER, positionIds: [] }))).toEqual({ kind: 'absent' });
});
