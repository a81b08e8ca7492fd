import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { clientReference, effectKey } from '../../../../src/ledger/effect-key.ts';
import { parseUsd } from '../../../../src/money.ts';
import { lookForClaim, lookForTransfer } from '../../../../src/payouts/look-for-payout.ts';
import { claimFaucet, payAgent } from '../../../../src/payouts/payout-effects.ts';
import type { FaucetClient, FaucetStatus } from '../../../../src/purple-flea/faucet.ts';
import { PROFILES, type Reading } from '../../../../src/purple-flea/service.ts';
import { aRequest, OWNER, TREASURY } from '../../../support/bonus-escrow.ts';
import { aNewIntent, leaveUnknown } from '../../../support/effects.ts';
import { inert } from '../../../support/inert.ts';
import { startLedgerWorld, type LedgerWorld } from '../../../support/ledger-world.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';
import { availableTo, call } from '../../twin/calling.ts';

const { cause } = aRequest();
const PAYMENT = { toAgentId: OWNER, amount: parseUsd('20.00'), memo: 'for model v7' };

describe.each(PROFILES)('in the %s dialect', (profile) => {
  let world: LedgerWorld;

  beforeEach(async () => {
    world = await startLedgerWorld(profile);
  });
  afterEach(() => world.close());

  test('an agent is paid once for one cause', async () => {
    const outcomes = await Promise.all([1, 2, 3, 4, 5].map(() => payAgent(world.treasury, cause, PAYMENT)));

    expect(outcomes.filter((outcome) => outcome.outcome === 'applied' && !outcome.duplicate)).toHaveLength(1);
    expect([await availableTo(world.twin, TREASURY), await availableTo(world.twin, OWNER)]).toEqual([
      '4980.00',
      '120.00',
    ]);
    const key = effectKey(cause, 'transfer');
    expect(world.intents.items.get(key)).toMatchObject({
      kind: 'transfer',
      reference: clientReference(key),
      agentId: TREASURY,
      payee: OWNER,
      amountUsd: '20.00',
      expiresAt: '2026-03-13T12:00:00.000Z',
      state: 'applied',
      result: { toAgentId: OWNER, amountUsd: '20.00' },
    });
  });

  test('a payment that cannot be made is rejected', async () => {
    const tooMuch = { ...PAYMENT, amount: parseUsd('9000.00') };

    expect(await payAgent(world.treasury, cause, tooMuch)).toMatchObject({ outcome: 'rejected' });
  });

  test("the faucet's dollar is claimed once, after a look whether it may be", async () => {
    const first = await claimFaucet(world.owner, cause);

    expect(first).toEqual({ outcome: 'applied', duplicate: false, result: { agentId: OWNER, amountUsd: '1.00' } });
    expect(await claimFaucet(world.owner, cause)).toEqual({ ...first, duplicate: true });
    expect(await availableTo(world.twin, OWNER)).toBe('101.00');
    expect(world.intents.items.get(effectKey(cause, 'faucet-claim'))).toMatchObject({
      agentId: OWNER,
      payee: OWNER,
      amountUsd: '1.00',
      before: profile === 'reference' ? { canClaim: true } : {},
    });
  });

  test('a second claim is refused by the service, whatever the cause', async () => {
    await claimFaucet(world.owner, cause);

    expect(await claimFaucet(world.owner, { ...cause, subject: 'another' })).toMatchObject({ outcome: 'rejected' });
    expect(await availableTo(world.twin, OWNER)).toBe('101.00');
  });
});

test('a claim is not sent where its status cannot be read', async () => {
  const world = await startLedgerWorld('reference');
  try {
    await call(world.twin, 'POST /_twin/faults', { body: { route: 'GET /api/status', fault: 'error-500' } });

    expect(await claimFaucet(world.owner, cause)).toMatchObject({ outcome: 'not-sent', retryAfterSeconds: 15 });
    expect(await availableTo(world.twin, OWNER)).toBe('100.00');
  } finally {
    await world.close();
  }
});

test('a transfer can never be told from another', () => {
  expect(lookForTransfer()).toMatchObject({ kind: 'invisible' });
});

describe('looking for a claim', () => {
  const may = (canClaim: boolean): Reading<FaucetStatus> => ({
    kind: 'read',
    value: { canClaim, nextEligibleAt: undefined },
  });
  const noStatus: Reading<FaucetStatus> = { kind: 'unsupported', reason: 'a claim tells' };

  test.each<[Reading<FaucetStatus>, Readonly<Record<string, unknown>>, string]>([
    [may(true), { canClaim: true }, 'absent'],
    [may(true), {}, 'absent'],
    [may(false), { canClaim: true }, 'found'],
    [may(false), { canClaim: false }, 'invisible'],
    [may(false), {}, 'invisible'],
    [noStatus, {}, 'invisible'],
    [noStatus, { canClaim: true }, 'invisible'],
  ])('where the status is %j and was %j before is %s', async (status, before, expected) => {
    const faucet: FaucetClient = {
      profile: 'reference',
      claimBody: inert('claimBody'),
      claim: inert('claim'),
      readStatus: async () => status,
    };
    const intent = aNewIntent({ kind: 'faucet-claim', payee: OWNER, amountUsd: '1.00' });
    const unknown = await leaveUnknown(createMemoryIntents(), intent, undefined, before);

    const seen = await lookForClaim(faucet, unknown);

    const result = { agentId: OWNER, amountUsd: '1.00' };
    expect(seen).toMatchObject(expected === 'found' ? { kind: 'found', result } : { kind: expected });
  });
});
