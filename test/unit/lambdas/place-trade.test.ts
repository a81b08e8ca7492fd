import { describe, expect, test } from '@jest/globals';
import { createHandler, type Deps } from '../../../lambdas/place-trade/handler.ts';
import type { DeadLetter } from '../../../src/aws/dead-letters.ts';
import { SecretUnusableError, ServiceUnreadableError } from '../../../src/errors.ts';
import { INCOMING } from '../../../src/events/catalogue.ts';
import type { InferenceCompletedDetail } from '../../../src/events/inference-completed.ts';
import type { Answer } from '../../../src/ledger/answer.ts';
import { clientReference } from '../../../src/ledger/effect-key.ts';
import { parseUsd } from '../../../src/money.ts';
import type { PlacedOrder } from '../../../src/purple-flea/trading.ts';
import { orderKey } from '../../../src/trading/place-order.ts';
import { aNewIntent, anInvocation, leaveSending, leaveUnknown } from '../../support/effects.ts';
import { readFirstBeginning } from '../../support/memory-beginnings.ts';
import { inert } from '../../support/inert.ts';
import { aBatch, ALL_TAKEN, anEvent, comingBack, timeLeft } from '../../support/lambda-events.ts';
import { createMemoryIntents } from '../../support/memory-intents.ts';
import { aMarket, aPrediction, aPriceAlert, aSignal, aTradePolicy } from '../../support/predictions.ts';
import { createRecorder, type Recorder } from '../../support/recorder.ts';

const PLACED: PlacedOrder = {
  orderId: 'ord_1',
  status: 'filled',
  asset: 'BTC-USDC',
  direction: 'long',
  amountUsd: '50.00',
};
const AT = new Date('2026-03-06T09:00:05Z');
const THREE_MINUTES_LATER = new Date(AT.getTime() + 180_000);
const KEY = orderKey(aSignal(), 'live');
const REFERENCE = clientReference(KEY);
const AN_ORDER = aNewIntent({
  key: KEY,
  reference: REFERENCE,
  kind: 'trade-order',
  cause: { rule: 'prediction-trade', subject: 'prediction-1', status: 'completed' },
});

const PLACED_DETAIL = {
  mode: 'live',
  source: 'prediction',
  signalId: 'prediction-1',
  orderId: 'ord_1',
  asset: 'BTC-USDC',
  direction: 'long',
  amountUsd: '50.00',
  confidence: 0.72,
};
const TRADE_PLACED = ['trade.placed', PLACED_DETAIL];

/** What is said of every skip of `aPrediction`. */
const SKIPPED = { mode: 'live', source: 'prediction', signalId: 'prediction-1', asset: 'BTC-USDC' };

interface TraderOptions {
  readonly answers?: Answer<PlacedOrder>[];
  readonly recorder?: Recorder;
  readonly deps?: Partial<Deps>;
}

/** A trader whose service gives these answers, and is not asked more often. */
function aTrader({ answers = [], recorder = createRecorder(), deps = {} }: TraderOptions = {}) {
  const intents = createMemoryIntents();
  const deadLetters: DeadLetter[] = [];
  const sent: string[] = [];
  const clock = { now: AT };
  const { budgets, readStop, newId } = anInvocation();
  const handlerDeps: Deps = {
    openMarket: async () =>
      aMarket({
        placeOrder: async ({ body }) => {
          sent.push(body);
          return answers.shift() ?? inert('placeOrder')();
        },
      }),
    findUnready: async () => [],
    readBeginning: readFirstBeginning,
    requestMs: 10_000,
    policy: aTradePolicy(),
    intents,
    budgets,
    readStop,
    now: () => clock.now,
    newId,
    sendDeadLetter: async (letter) => void deadLetters.push(letter),
    hideMessage: async () => {},
    maxReceives: 5,
    publish: (...event) => recorder.publish(...event),
    count: recorder.count,
    log: recorder.log,
    ...deps,
  };
  const handler = createHandler(handlerDeps);
  const take = (prediction: Partial<InferenceCompletedDetail> = {}, receives = 1, remainingMs = 60_000) =>
    handler(
      aBatch({
        body: anEvent(INCOMING.inferenceCompleted, aPrediction(prediction)),
        receives,
        groupId: 'market-BTC-USDC',
      }),
      timeLeft(remainingMs),
    );
  return { take, handler, handlerDeps, intents, recorder, deadLetters, sent, clock };
}

const APPLIED: Answer<PlacedOrder> = { kind: 'applied', result: PLACED };
const UNKNOWN: Answer<PlacedOrder> = { kind: 'unknown', reason: 'HTTP 400 trade_failed' };

describe('a prediction that trades', () => {
  test('becomes one order, and that is said', async () => {
    const { take, recorder, sent, deadLetters } = aTrader({ answers: [APPLIED] });

    expect(await take()).toEqual(ALL_TAKEN);

    expect(sent).toHaveLength(1);
    expect(JSON.parse(sent[0] ?? '')).toMatchObject({ agent_id: 'agent_trader', metadata: { reference: REFERENCE } });
    expect(recorder.published).toEqual([TRADE_PLACED]);
    expect(recorder.counted).toEqual({ TradesPlaced: 1 });
    expect(deadLetters).toEqual([]);
  });

  test('under the same id again is neither ordered nor said again', async () => {
    const { take, recorder, sent, clock } = aTrader({ answers: [APPLIED] });
    await take();

    expect(await take()).toEqual(ALL_TAKEN);
    clock.now = new Date(AT.getTime() + 24 * 3_600_000);
    expect(await take()).toEqual(ALL_TAKEN);

    expect(sent).toHaveLength(1);
    expect(recorder.published).toEqual([TRADE_PLACED]);
    expect(recorder.counted).toEqual({ TradesPlaced: 1 });
  });

  test('is said by the next delivery where the bus was down, however long after', async () => {
    const { handlerDeps, recorder, sent, clock } = aTrader({ answers: [APPLIED] });
    let busIsUp = false;
    const handler = createHandler({
      ...handlerDeps,
      publish: async (...event) => {
        if (!busIsUp) throw new Error('the bus is down');
        await recorder.publish(...event);
      },
    });
    const body = anEvent(INCOMING.inferenceCompleted, aPrediction());

    expect(await handler(aBatch({ body }), timeLeft())).toEqual(comingBack('message-1'));
    busIsUp = true;
    clock.now = THREE_MINUTES_LATER;
    expect(await handler(aBatch({ body, receives: 2 }), timeLeft())).toEqual(ALL_TAKEN);

    expect(sent).toHaveLength(1);
    expect(recorder.published).toEqual([TRADE_PLACED]);
  });

  test("in doubt is the sweeper's to say, and never ordered again", async () => {
    const { take, intents, recorder, sent, clock, deadLetters } = aTrader({ answers: [UNKNOWN] });

    expect(await take()).toEqual(ALL_TAKEN);
    clock.now = THREE_MINUTES_LATER;
    expect(await take({}, 2)).toEqual(ALL_TAKEN);

    expect(sent).toHaveLength(1);
    expect(intents.items.get(KEY)).toMatchObject({ state: 'unknown', reason: 'HTTP 400 trade_failed' });
    expect(recorder.published).toEqual([]);
    expect(recorder.counted).toEqual({});
    expect(deadLetters).toEqual([]);
  });

  test('that a person has to settle is not said again', async () => {
    const { take, intents, recorder } = aTrader();
    const unknown = await leaveUnknown(intents, AN_ORDER, AT);
    await intents.move(unknown, { state: 'manual', note: 'several new fills' }, AT);

    expect(await take({}, 2)).toEqual(ALL_TAKEN);
    expect(recorder.published).toEqual([]);
    expect(recorder.counted).toEqual({});
  });

  test('that the service refused is skipped with its reason', async () => {
    const { take, recorder, sent } = aTrader({ answers: [{ kind: 'rejected', reason: 'HTTP 401 UNAUTHORIZED' }] });

    expect(await take()).toEqual(ALL_TAKEN);
    expect(sent).toHaveLength(1);
    expect(recorder.published).toEqual([
      ['trade.skipped', { ...SKIPPED, reason: 'refused', detail: 'HTTP 401 UNAUTHORIZED' }],
    ]);
    expect(recorder.counted).toEqual({ TradesSkipped: 1 });
  });

  test('that the service refused is said again for its message, not for an event that repeats it', async () => {
    const { take, recorder, sent } = aTrader({ answers: [{ kind: 'rejected', reason: 'HTTP 401 UNAUTHORIZED' }] });
    await take();

    expect(await take()).toEqual(ALL_TAKEN);
    expect(recorder.published).toHaveLength(1);
    expect(recorder.counted).toEqual({ TradesSkipped: 1 });
    expect(await take({}, 2)).toEqual(ALL_TAKEN);
    expect(recorder.published).toHaveLength(2);
    expect(recorder.published[1]).toEqual(recorder.published[0]);
    expect(sent).toHaveLength(1);
  });

  test('that was not sent comes back, and is ordered then if it is still fresh', async () => {
    const notSent: Answer<PlacedOrder> = { kind: 'not-sent', reason: 'connection refused', retryAfterSeconds: 15 };
    const { take, recorder, sent } = aTrader({ answers: [notSent, APPLIED] });

    expect(await take()).toEqual(comingBack('message-1'));
    expect(recorder.published).toEqual([]);
    expect(await take({}, 2)).toEqual(ALL_TAKEN);

    expect(sent).toHaveLength(2);
    expect(recorder.published).toEqual([TRADE_PLACED]);
  });

  test('that was not sent and has become stale is skipped', async () => {
    const notSent: Answer<PlacedOrder> = { kind: 'not-sent', reason: 'connection refused', retryAfterSeconds: 15 };
    const { take, recorder, sent, clock } = aTrader({ answers: [notSent] });
    await take();
    clock.now = THREE_MINUTES_LATER;

    expect(await take({}, 2)).toEqual(ALL_TAKEN);
    expect(sent).toHaveLength(1);
    expect(recorder.published).toMatchObject([['trade.skipped', { reason: 'stale' }]]);
  });

  test('that a crashed invocation left behind is left to the sweeper, neither ordered nor reported as stale', async () => {
    const { take, intents, recorder, sent, clock, deadLetters } = aTrader();
    await leaveSending(intents, AN_ORDER, AT);
    clock.now = THREE_MINUTES_LATER;

    expect(await take({}, 2)).toEqual(ALL_TAKEN);

    expect(intents.items.get(KEY)?.state).toBe('sending');
    expect(recorder.published).toEqual([]);
    expect(sent).toEqual([]);
    expect(deadLetters).toEqual([]);
  });

  test('is not ordered while the stop is on, and comes back', async () => {
    const { take, sent, recorder } = aTrader({ deps: { readStop: async () => 'reducing' } });

    expect(await take()).toEqual(comingBack('message-1'));
    expect(sent).toEqual([]);
    expect(recorder.published).toEqual([]);
  });

  test('beyond the budget of the day is skipped with that reason', async () => {
    const budgets = { perDay: { 'trade-order': '49.99' }, perAgentAndDay: {} };
    const { take, sent, recorder } = aTrader({ deps: { budgets } });

    expect(await take()).toEqual(ALL_TAKEN);
    expect(sent).toEqual([]);
    expect(recorder.published).toMatchObject([
      ['trade.skipped', { reason: 'daily-notional', detail: '$0.00 today and $50.00 more exceed $49.99' }],
    ]);
  });

  test('is not ordered where positions cannot be read before, and comes back', async () => {
    const readPositions = () => Promise.reject(new ServiceUnreadableError('trading.positions: HTTP 500'));
    const { take, sent, intents } = aTrader({
      deps: { openMarket: async () => aMarket({ readPositions }) },
    });

    expect(await take()).toEqual(comingBack('message-1'));
    expect(sent).toEqual([]);
    expect(intents.items.get(KEY)).toMatchObject({ state: 'prepared', reason: 'trading.positions: HTTP 500' });
    expect(intents.locks.size).toBe(0);
  });

  test('comes back where too little time is left', async () => {
    const { take, sent } = aTrader();

    expect(await take({}, 1, 24_999)).toEqual(comingBack('message-1'));
    expect(sent).toEqual([]);
  });

  test('waits for a secret that cannot be used, and is skipped as stale at last, with the name of the secret', async () => {
    const unusable = new SecretUnusableError('secret PurpleFleaApiKey: is not JSON');
    const { take, deadLetters, sent, recorder, clock } = aTrader({
      deps: { openMarket: () => Promise.reject(unusable) },
    });

    expect(await take()).toEqual(comingBack('message-1'));
    expect(await take({}, 50)).toEqual(comingBack('message-1'));
    clock.now = new Date(AT.getTime() + (aTradePolicy().maxAgeSeconds - 5) * 1000);
    expect(await take({}, 51)).toEqual(ALL_TAKEN);
    expect(recorder.published).toMatchObject([
      ['trade.skipped', { reason: 'stale', detail: expect.stringContaining(unusable.message) }],
    ]);
    expect({ deadLetters, sent }).toEqual({ deadLetters: [], sent: [] });
  });

  test.each([
    [1, 1],
    [40, 5],
    [900, 5],
  ])(
    'that the service has no room for in %d s comes back within seconds, its market waiting no longer',
    async (retryAfterSeconds, seconds) => {
      const hidden: number[] = [];
      const limited: Answer<PlacedOrder> = { kind: 'not-sent', reason: 'HTTP 429', retryAfterSeconds };
      const { take } = aTrader({
        answers: [limited],
        deps: { hideMessage: async (_receipt, pause) => void hidden.push(pause) },
      });

      expect(await take()).toEqual(comingBack('message-1'));
      expect(hidden).toEqual([seconds]);
    },
  );

  test('that would be stale after its pause is skipped at once: those behind it in its market are fresher', async () => {
    const limited: Answer<PlacedOrder> = { kind: 'not-sent', reason: 'HTTP 429', retryAfterSeconds: 40 };
    const { take, recorder, clock } = aTrader({ answers: [limited] });
    clock.now = new Date(AT.getTime() + (aTradePolicy().maxAgeSeconds - 6) * 1000);

    expect(await take()).toEqual(ALL_TAKEN);
    expect(recorder.published).toMatchObject([
      ['trade.skipped', { reason: 'stale', detail: 'not sent within 60 s: HTTP 429' }],
    ]);
  });
});

describe('a price alert', () => {
  test('goes the same way, and its price is noted', async () => {
    const noted: unknown[] = [];
    const market = aMarket(
      { placeOrder: async () => APPLIED },
      { notePrice: async (...price) => void noted.push(price) },
    );
    const { handler, recorder } = aTrader({ deps: { openMarket: async () => market } });

    expect(
      await handler(aBatch({ body: anEvent('price.alert', aPriceAlert({ alertId: 'a-1' })) }), timeLeft()),
    ).toEqual(ALL_TAKEN);
    const { confidence: _confidence, ...placed } = PLACED_DETAIL;
    expect(recorder.published).toEqual([['trade.placed', { ...placed, source: 'price-alert', signalId: 'a-1' }]]);
    expect(noted).toEqual([['BTC-USDC', 61_000_000_000n, '2026-03-06T09:00:00Z']]);
  });
});

describe('facts that speak against an order', () => {
  test.each([['low-balance', { readBalance: async () => parseUsd('49.99') }, '$49.99 are free; $50.00 are needed']])(
    'skip it with reason %s, which is recorded, and gives back what it took',
    async (reason, overrides, detail) => {
      const budgets = { perDay: { 'trade-order': '500.00' }, perAgentAndDay: {} };
      const openMarket = async () => aMarket({}, overrides);
      const { take, recorder, intents } = aTrader({ deps: { budgets, openMarket } });

      expect(await take()).toEqual(ALL_TAKEN);
      expect(recorder.published).toEqual([['trade.skipped', { ...SKIPPED, reason, detail }]]);
      expect(intents.items.get(KEY)).toMatchObject({ state: 'skipped', reason: detail, skip: { reason } });
      expect([...intents.budgets.values()]).toEqual([0n]);
      expect(intents.locks.size).toBe(0);
    },
  );

  test('of another order in doubt in the market skip it, until that one is decided', async () => {
    const { take, recorder, intents, sent } = aTrader({ answers: [UNKNOWN, APPLIED] });
    await take({ predictionId: 'prediction-0' });

    expect(await take()).toEqual(ALL_TAKEN);
    expect(recorder.published).toMatchObject([['trade.skipped', { reason: 'in-doubt' }]]);
    expect(sent).toHaveLength(1);

    const [doubt] = intents.items.values();
    if (doubt !== undefined) await intents.move(doubt, { state: 'applied', note: 'found', result: PLACED }, AT);
    expect(await take({ predictionId: 'prediction-2' })).toEqual(ALL_TAKEN);
    expect(sent).toHaveLength(2);
  });
});

describe('a skip that is recorded', () => {
  const poor = async () => aMarket({}, { readBalance: async () => parseUsd('1.00') });

  test('is said again where its message is delivered again, and not decided anew', async () => {
    const { take, handlerDeps, recorder, intents } = aTrader({ deps: { openMarket: poor } });
    await take();
    const rich = createHandler({ ...handlerDeps, openMarket: inert('openMarket') });
    const body = anEvent(INCOMING.inferenceCompleted, aPrediction());

    expect(await rich(aBatch({ body, receives: 2 }), timeLeft())).toEqual(comingBack('message-1'));
    const again = createHandler({ ...handlerDeps, openMarket: async () => aMarket() });
    expect(await again(aBatch({ body, receives: 3 }), timeLeft())).toEqual(ALL_TAKEN);
    expect(await again(aBatch({ body }), timeLeft())).toEqual(ALL_TAKEN);

    expect(recorder.published).toHaveLength(2);
    expect(recorder.published[1]).toEqual(recorder.published[0]);
    expect(intents.items.get(KEY)).toMatchObject({ state: 'skipped', fence: 1 });
  });

  test.each<[string, Partial<InferenceCompletedDetail>, Partial<Deps['policy']>]>([
    ['future-dated', { at: '2026-03-06T09:02:00Z' }, {}],
    [
      'market-closed',
      {},
      {
        markets: [
          {
            asset: 'BTC-USDC',
            maxExposureUsd: parseUsd('500.00'),
            hours: { days: [5], from: '09:01', until: '20:00', timeZone: 'UTC' },
          },
        ],
      },
    ],
  ])('keeps a signal that was %s from being traded when it is time', async (reason, prediction, policy) => {
    const { take, recorder, intents, clock } = aTrader({
      deps: { policy: aTradePolicy({ ...policy, maxAgeSeconds: 600 }) },
    });
    await take(prediction);
    clock.now = THREE_MINUTES_LATER;

    expect(await take(prediction, 2)).toEqual(ALL_TAKEN);
    expect(recorder.published).toMatchObject([
      ['trade.skipped', { reason }],
      ['trade.skipped', { reason }],
    ]);
    expect(intents.items.get(KEY)).toMatchObject({ state: 'skipped', skip: { reason } });
  });
});

describe('a prediction that does not trade', () => {
  test.each<[string, Partial<InferenceCompletedDetail>]>([
    ['hold', { direction: 'hold' }],
    ['low-confidence', { confidence: 0.59 }],
    ['asset-not-allowed', { asset: 'SOL-USDC' }],
    ['stale', { at: '2026-03-06T08:59:04Z' }],
  ])('because of %s is skipped and said so, without a key', async (reason, prediction) => {
    const { take, recorder, intents } = aTrader({
      deps: { openMarket: inert('openMarket'), findUnready: inert('findUnready') },
    });

    expect(await take(prediction)).toEqual(ALL_TAKEN);
    expect(recorder.published).toEqual([
      [
        'trade.skipped',
        {
          ...SKIPPED,
          ...(prediction.asset === undefined ? {} : { asset: prediction.asset }),
          reason,
          detail: expect.any(String),
        },
      ],
    ]);
    expect(recorder.counted).toEqual({
      TradesSkipped: 1,
      ...(reason === 'hold' ? { SignalsHeld: 1 } : {}),
      ...(reason === 'stale' ? { SignalsStale: 1 } : {}),
    });
    expect(intents.items.size).toBe(0);
  });

  test('comes back where the bus is down', async () => {
    const { take } = aTrader({ recorder: createRecorder({ failsToPublish: true }) });

    expect(await take({ direction: 'hold' })).toEqual(comingBack('message-1'));
  });
});

test('a message that is no prediction is put aside with the field named', async () => {
  const { take, deadLetters, recorder } = aTrader();

  expect(await take({ confidence: 72 })).toEqual(ALL_TAKEN);
  expect(deadLetters).toMatchObject([
    { reason: expect.stringContaining('UnusableEventError: detail.confidence: '), groupId: 'market-BTC-USDC' },
  ]);
  expect(recorder.counted).toEqual({ EventsRejected: 1 });
});

describe('a signal from before the ledger', () => {
  const began = (at: string) => async () => at;
  const before = new Date(AT.getTime() - 1_000).toISOString();
  const after = new Date(AT.getTime() + 1_000).toISOString();

  test('is skipped, however fresh: an earlier ledger may have traded on it', async () => {
    const { take, sent, recorder } = aTrader({ deps: { readBeginning: began(after) } });
    await take({ at: AT.toISOString() });

    expect(sent).toEqual([]);
    expect(recorder.published).toMatchObject([['trade.skipped', { reason: 'older-than-ledger' }]]);
  });

  test('is traded on where the ledger is older', async () => {
    const { take, sent } = aTrader({ answers: [APPLIED], deps: { readBeginning: began(before) } });
    await take({ at: AT.toISOString() });

    expect(sent).toHaveLength(1);
  });

  test('waits where the beginning cannot be read, for as long as it is fresh, and is no dead letter', async () => {
    const readBeginning = () => Promise.reject(new Error('throttled'));
    const { take, sent, clock, deadLetters, recorder } = aTrader({ deps: { readBeginning } });

    clock.now = new Date(AT.getTime() + 60_000);
    expect(await take({ at: clock.now.toISOString() }, 5)).toEqual(comingBack('message-1'));
    clock.now = THREE_MINUTES_LATER;
    expect(await take({ at: clock.now.toISOString() }, 30)).toEqual(comingBack('message-1'));
    expect(await take({ at: AT.toISOString() }, 31)).toEqual(ALL_TAKEN);
    expect(recorder.published).toMatchObject([['trade.skipped', { reason: 'stale' }]]);
    expect([sent, deadLetters]).toEqual([[], []]);
  });

  test('that waited, and is stale while the beginning cannot be read, is skipped once it can', async () => {
    const world: { began: string | undefined } = { began: before };
    const readBeginning = async () => world.began ?? Promise.reject(new Error('throttled'));
    const { handlerDeps, intents, deadLetters, clock, recorder } = aTrader({ deps: { readBeginning } });
    await intents.prepare({ ...AN_ORDER, causedAt: AT.toISOString(), ledgerBegan: before }, AT);
    const take = createHandler(handlerDeps);
    const body = anEvent(INCOMING.inferenceCompleted, aPrediction());
    const batch = aBatch({ body, receives: 9, groupId: 'market-BTC-USDC' });
    world.began = undefined;
    clock.now = THREE_MINUTES_LATER;

    expect(await take(batch, timeLeft())).toEqual(comingBack('message-1'));
    expect(deadLetters).toEqual([]);
    world.began = before;
    expect(await take(batch, timeLeft())).toEqual(ALL_TAKEN);
    expect(recorder.published).toMatchObject([['trade.skipped', { reason: 'stale' }]]);
  });
});
