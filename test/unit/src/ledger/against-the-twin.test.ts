import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  completeDelivery,
  lockFunds,
  raiseDispute,
  releaseFunds,
  type EscrowRef,
} from '../../../../src/escrow/escrow-effects.ts';
import { lifecycleInputSchema } from '../../../../src/escrow/lifecycle-input.ts';
import { effectKey, EFFECT_KINDS, type EffectKind } from '../../../../src/ledger/effect-key.ts';
import type { EffectOutcome } from '../../../../src/ledger/perform-effect.ts';
import { parseUsd } from '../../../../src/money.ts';
import { claimFaucet, payAgent } from '../../../../src/payouts/payout-effects.ts';
import { PROFILES, type Profile } from '../../../../src/purple-flea/service.ts';
import { orderKey } from '../../../../src/trading/place-order.ts';
import type { TradeOutcome } from '../../../../src/trading/trade-outcome.ts';
import { aRequest, OWNER } from '../../../support/bonus-escrow.ts';
import { startLedgerWorld, type LedgerWorld } from '../../../support/ledger-world.ts';
import { aSignal, placeOrderAt } from '../../../support/predictions.ts';
import { call } from '../../twin/calling.ts';

/** All that go to Purple Flea. */
type SentKind = Exclude<EffectKind, 'paper-order'>;
const SENT_KINDS = EFFECT_KINDS.filter((kind): kind is SentKind => kind !== 'paper-order');

const INPUT = lifecycleInputSchema.parse(aRequest());
const { cause } = INPUT;
const ORDER = { asset: 'BTC-USDC', direction: 'long', amount: parseUsd('50.00'), leverage: 1 } as const;
const BUDGETS = {
  perDay: Object.fromEntries(SENT_KINDS.map((kind) => [kind, '1000.00'])),
  perAgentAndDay: {},
};

/** How an effect of each kind is asked for, in each dialect, and how many of it the twin has seen take place. */
interface Doing {
  readonly route: Readonly<Record<Profile, string>>;
  readonly key: string;
  readonly amountUsd: string;
  readonly perform: (world: LedgerWorld, escrow: EscrowRef) => Promise<EffectOutcome | TradeOutcome>;
  readonly count: (world: LedgerWorld) => Promise<number>;
}

async function listFrom(world: LedgerWorld, control: 'escrows' | 'orders'): Promise<Record<string, unknown>[]> {
  return (await call(world.twin, `GET /_twin/${control}`)).body[control] as Record<string, unknown>[];
}

/** How many movements of the twin's ledger are of this kind. */
async function movements(world: LedgerWorld, kind: string): Promise<number> {
  const { body } = await call(world.twin, 'GET /_twin/ledger');
  const entries = body['entries'] as { readonly reason: string }[];
  return entries.filter(({ reason }) => reason.includes(kind)).length;
}

const inStatus = (status: string) => async (world: LedgerWorld) =>
  (await listFrom(world, 'escrows')).filter((escrow) => escrow['status'] === status).length;

const same = (route: string): Record<Profile, string> => ({ reference: route, published: route });

const DOINGS: Record<SentKind, Doing> = {
  'escrow-create': {
    route: same('POST /escrow/create'),
    key: effectKey(cause, 'escrow-create'),
    amountUsd: '50.00',
    perform: (world) => lockFunds(world.treasury, INPUT),
    count: async (world) => (await listFrom(world, 'escrows')).length,
  },
  'escrow-complete': {
    route: same('POST /escrow/complete/:id'),
    key: effectKey(cause, 'escrow-complete'),
    amountUsd: '50.00',
    perform: (world, escrow) => completeDelivery(world.owner, cause, escrow, { note: 'model v7' }),
    count: inStatus('completed'),
  },
  'escrow-release': {
    route: same('POST /escrow/release/:id'),
    key: effectKey(cause, 'escrow-release'),
    amountUsd: '50.00',
    perform: (world, escrow) => releaseFunds(world.treasury, cause, escrow, 'delivered'),
    count: inStatus('released'),
  },
  'escrow-dispute': {
    route: same('POST /escrow/dispute/:id'),
    key: effectKey(cause, 'escrow-dispute'),
    amountUsd: '50.00',
    perform: (world, escrow) => raiseDispute(world.treasury, cause, escrow, { reason: 'not what was asked for' }),
    count: inStatus('disputed'),
  },
  'trade-order': {
    route: { reference: 'POST /trading/order', published: 'POST /v1/trade/open' },
    key: orderKey(aSignal(), 'live'),
    amountUsd: '50.00',
    perform: (world) => placeOrderAt(world.treasury, aSignal(), ORDER),
    count: async (world) => (await listFrom(world, 'orders')).length,
  },
  transfer: {
    route: { reference: 'POST /wallet/transfer', published: 'POST /api/v1/stats/pay' },
    key: effectKey(cause, 'transfer'),
    amountUsd: '20.00',
    perform: (world) =>
      payAgent(world.treasury, cause, { toAgentId: OWNER, amount: parseUsd('20.00'), memo: 'for model v7' }),
    count: (world) => movements(world, 'agent_payment'),
  },
  'faucet-claim': {
    route: { reference: 'POST /api/claim', published: 'POST /faucet/claim' },
    key: effectKey(cause, 'faucet-claim'),
    amountUsd: '1.00',
    perform: (world) => claimFaucet(world.owner, cause),
    count: (world) => movements(world, 'faucet_claim'),
  },
};

/** Where the intent is after the answer was lost, and after 25 minutes of sweeping. */
type Course = readonly [right: string, settled: string];

/** Releases and disputes are read back at once: what took place is known then. */
const APPLIED_LOST: Record<Profile, Record<SentKind, Course>> = {
  reference: {
    'escrow-create': ['unknown', 'applied'],
    'escrow-complete': ['unknown', 'applied'],
    'escrow-release': ['applied', 'applied'],
    'escrow-dispute': ['applied', 'applied'],
    'trade-order': ['unknown', 'applied'],
    transfer: ['unknown', 'manual'],
    'faucet-claim': ['unknown', 'applied'],
  },
  published: {
    'escrow-create': ['unknown', 'applied'],
    'escrow-complete': ['unknown', 'applied'],
    'escrow-release': ['applied', 'applied'],
    'escrow-dispute': ['applied', 'applied'],
    'trade-order': ['unknown', 'applied'],
    transfer: ['unknown', 'manual'],
    'faucet-claim': ['unknown', 'manual'],
  },
};

const NOT_APPLIED_LOST: Record<Profile, Record<SentKind, Course>> = {
  reference: {
    'escrow-create': ['unknown', 'prepared'],
    'escrow-complete': ['unknown', 'prepared'],
    'escrow-release': ['unknown', 'manual'],
    'escrow-dispute': ['unknown', 'manual'],
    'trade-order': ['unknown', 'manual'],
    transfer: ['unknown', 'manual'],
    'faucet-claim': ['unknown', 'prepared'],
  },
  published: {
    'escrow-create': ['unknown', 'prepared'],
    'escrow-complete': ['unknown', 'prepared'],
    'escrow-release': ['unknown', 'manual'],
    'escrow-dispute': ['unknown', 'manual'],
    'trade-order': ['unknown', 'manual'],
    transfer: ['unknown', 'manual'],
    'faucet-claim': ['unknown', 'manual'],
  },
};

describe.each(PROFILES)('in the %s dialect', (profile) => {
  let world: LedgerWorld;

  beforeEach(async () => {
    world = await startLedgerWorld(profile, { budgets: BUDGETS });
  });
  afterEach(() => world.close());

  async function lockedEscrow(kind: SentKind): Promise<EscrowRef> {
    if (!kind.startsWith('escrow-') || kind === 'escrow-create') {
      return { escrowId: 'none', amountUsd: '0.00', counterpartyAgentId: OWNER };
    }
    const locked = await lockFunds(world.treasury, INPUT);
    const escrowId = locked.outcome === 'applied' ? String(locked.result['escrowId']) : 'none';
    return { escrowId, amountUsd: '50.00', counterpartyAgentId: OWNER };
  }

  async function loseAnswerOf(kind: SentKind, fault: 'applied-answer-lost' | 'answer-lost'): Promise<void> {
    const { status } = await call(world.twin, 'POST /_twin/faults', {
      body: { route: DOINGS[kind].route[profile], fault },
    });
    expect(status).toBe(201);
  }

  const stateOf = (kind: SentKind) => world.intents.items.get(DOINGS[kind].key)?.state;
  const spentOn = (kind: SentKind) => world.intents.budgets.get(`${kind}/2026-03-06`);

  async function sweepForMinutes(minutes: number): Promise<void> {
    for (let minute = 1; minute <= minutes; minute += 1) await world.sweepAt(minute);
  }

  async function conserved(): Promise<unknown> {
    return (await call(world.twin, 'GET /_twin/ledger')).body['conserved'];
  }

  test.each(SENT_KINDS)(
    'a %s that took place although its answer was lost is found, or left to a person',
    async (kind) => {
      const { perform, count, amountUsd } = DOINGS[kind];
      const escrow = await lockedEscrow(kind);
      await loseAnswerOf(kind, 'applied-answer-lost');
      const [right, settled] = APPLIED_LOST[profile][kind];

      await perform(world, escrow);
      expect([stateOf(kind), await count(world)]).toEqual([right, 1]);
      await sweepForMinutes(25);
      expect([stateOf(kind), await count(world)]).toEqual([settled, 1]);

      for (let time = 0; time < 3; time += 1) {
        expect(await perform(world, escrow)).toMatchObject({ outcome: settled });
        await sweepForMinutes(25);
      }
      expect(await count(world)).toBe(1);
      expect(spentOn(kind)).toBe(parseUsd(amountUsd));
      expect(await conserved()).toBe(true);
    },
  );

  test.each(SENT_KINDS)(
    'a %s that did not take place is sent again where that is proved, and otherwise left',
    async (kind) => {
      const { perform, count, amountUsd } = DOINGS[kind];
      const escrow = await lockedEscrow(kind);
      await loseAnswerOf(kind, 'answer-lost');
      const [right, settled] = NOT_APPLIED_LOST[profile][kind];

      await perform(world, escrow);
      expect([stateOf(kind), await count(world)]).toEqual([right, 0]);
      expect(spentOn(kind)).toBe(parseUsd(amountUsd));
      await sweepForMinutes(25);
      expect([stateOf(kind), await count(world)]).toEqual([settled, 0]);
      expect(spentOn(kind)).toBe(settled === 'prepared' ? 0n : parseUsd(amountUsd));

      const again = await perform(world, escrow);
      const expected = settled === 'prepared' ? ['applied', 1] : ['manual', 0];
      expect([again.outcome, await count(world)]).toEqual(expected);
      await perform(world, escrow);
      await sweepForMinutes(25);
      expect(await count(world)).toBe(expected[1]);
      expect(spentOn(kind)).toBe(parseUsd(amountUsd));
      expect(await conserved()).toBe(true);
    },
  );

  test('what was found has the result that the answer would have had', async () => {
    await lockFunds(world.treasury, INPUT);
    const answered = world.intents.items.get(DOINGS['escrow-create'].key)?.result;
    const other = { ...INPUT, cause: { ...cause, createdAt: '2026-03-06T08:11:00.000Z' } };
    await loseAnswerOf('escrow-create', 'applied-answer-lost');
    await lockFunds(world.treasury, other);
    await world.sweepAt(1);

    const found = world.intents.items.get(effectKey(other.cause, 'escrow-create'))?.result;
    const { reference } = world.intents.items.get(effectKey(other.cause, 'escrow-create')) ?? {};
    expect(found).toEqual({ ...answered, reference, escrowId: expect.stringMatching(/^esc_/) });
    expect(found?.['escrowId']).not.toBe(answered?.['escrowId']);
  });

  test('twenty creations whose answers are lost, half of them applied, end as twenty escrows', async () => {
    const inputs = Array.from({ length: 20 }, (_, index) => ({
      ...INPUT,
      cause: { ...cause, subject: `${cause.subject}-${index}` },
    }));
    for (const [index, input] of inputs.entries()) {
      await loseAnswerOf('escrow-create', index % 2 === 0 ? 'applied-answer-lost' : 'answer-lost');
      expect(await lockFunds(world.treasury, input)).toMatchObject({ outcome: 'pending' });
    }
    await sweepForMinutes(25);

    const again = await Promise.all(inputs.map((input) => lockFunds(world.treasury, input)));
    expect(again.map(({ outcome }) => outcome)).toEqual(Array(20).fill('applied'));
    const escrows = await listFrom(world, 'escrows');
    expect(escrows).toHaveLength(20);
    expect(new Set(escrows.map(({ description }) => String(description).slice(0, 24))).size).toBe(20);
    expect(spentOn('escrow-create')).toBe(parseUsd('1000.00'));
  });
});
