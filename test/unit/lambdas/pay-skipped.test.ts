import { describe, expect, test } from '@jest/globals';
import { paySkipped, type PayDeps } from '../../../lambdas/decide-intent/pay-skipped.ts';
import { skipOf } from '../../../src/escrow/skip-escrow.ts';
import type { DescribedExecution } from '../../../src/escrow/story.ts';
import { retryKey } from '../../../src/ledger/effect-key.ts';
import type { Look, LookFor } from '../../../src/ledger/resolve-intents.ts';
import { sentSince } from '../../../src/ledger/the-past.ts';
import { aRequest, TREASURY } from '../../support/bonus-escrow.ts';
import { aNewIntent, aNewSkip, afterNoon, MINUTE, NOON } from '../../support/effects.ts';
import { inert } from '../../support/inert.ts';
import { createMemoryBeginnings } from '../../support/memory-beginnings.ts';
import { createMemoryIntents } from '../../support/memory-intents.ts';
import { createRecorder } from '../../support/recorder.ts';

const DECISION = { operator: 'ada', evidence: 'list of escrows', reason: 'the old ledger did not pay it' };
const CAUSED_AT = afterNoon(-30 * MINUTE).toISOString();
const TOO_OLD = { reason: 'older-than-ledger', detail: 'old', rule: 'bonus/churn', causedAt: CAUSED_AT } as const;
const SKIP = skipOf(aRequest(), TOO_OLD);
const { key } = SKIP;

/** An operator's function over a ledger with one skipped bonus; what it starts is remembered. */
async function anOperator(
  { lookFor = async () => ({ kind: 'absent' }), ...overrides }: Partial<PayDeps> & { readonly lookFor?: LookFor } = {},
  executions: Partial<DescribedExecution>[] = [],
) {
  const intents = createMemoryIntents();
  await intents.skip(SKIP, NOON);
  const recorder = createRecorder();
  const started = new Map<string, unknown>();
  let minute = 60;
  const deps: PayDeps = {
    intents,
    describeExecutions: async () =>
      [...executions, ...[...started.keys()].map((one) => ({ name: one, status: 'RUNNING' }))] as DescribedExecution[],
    startExecution: async (name, input) => {
      if (started.has(name)) return 'already-started';
      started.set(name, input);
      return 'started';
    },
    continueExecution: async (_first, as, input) => {
      if (executions.some(({ name }) => name === as)) return 'ended';
      started.set(as, input);
      return 'continued';
    },
    beginnings: createMemoryBeginnings(NOON, [], () => NOON),
    payers: [TREASURY],
    openLook: () => lookFor,
    now: () => afterNoon(minute * MINUTE),
    publish: recorder.publish,
    log: recorder.log,
    count: recorder.count,
    ...overrides,
  };
  const pay = (asked: Partial<Parameters<typeof paySkipped>[1]> = {}) =>
    paySkipped(deps, { key, ...DECISION, ...asked });
  const payAt = (at: number, asked: Parameters<typeof pay>[0] = {}) => {
    minute = at;
    return pay(asked);
  };
  return { pay, payAt, deps, intents, recorder, started };
}

describe('a skipped cause that a person says to pay', () => {
  test('starts its execution once, with name and reason, after a look for its reference', async () => {
    const { pay, payAt, intents, recorder, started } = await anOperator();

    expect(await pay()).toMatchObject({ error: expect.stringContaining('ask again after 2026-03-06T13:05:00.000Z') });
    expect(started.size).toBe(0);
    expect(await payAt(65)).toMatchObject({ execution: `started as ${key}` });
    expect(await pay()).toMatchObject({ execution: expect.stringContaining(key) });

    expect([...started]).toEqual([[key, { request: aRequest() }]]);
    expect(intents.items.get(key)).toMatchObject({ state: 'skipped', decision: DECISION, retriedAs: retryKey(key) });
    expect(recorder.published).toEqual([
      [
        'intent.retried',
        expect.objectContaining({ key, retriedAs: retryKey(key), note: expect.stringContaining('ada') }),
      ],
    ]);
  });

  test('is looked for from its own time on, not from when it was recorded', async () => {
    const seen: string[] = [];
    const { pay } = await anOperator({
      lookFor: async (intent) => {
        seen.push(sentSince(intent));
        return { kind: 'absent' };
      },
    });
    await pay({ dryRun: true });

    expect(new Set(seen)).toEqual(new Set([CAUSED_AT]));
  });

  test('is left alone by a dry run', async () => {
    const { pay, payAt, intents, started } = await anOperator();
    const before = intents.items.get(key);

    expect(await pay({ dryRun: true })).toMatchObject({ error: expect.stringContaining('not recorded') });
    expect(intents.items.get(key)).toEqual(before);
    await pay();
    expect(await payAt(65, { dryRun: true })).toMatchObject({
      execution: expect.stringContaining('would be started'),
    });
    expect([started.size, intents.items.get(key)?.retriedAs]).toEqual([0, undefined]);
  });

  test('is started by the next call where the one that recorded the decision ended too early', async () => {
    const { pay, payAt, deps, started } = await anOperator();
    await pay();
    await payAt(65, { dryRun: true });
    await paySkipped(
      { ...deps, startExecution: () => Promise.reject(new Error('throttled')) },
      { key, ...DECISION },
    ).catch(() => undefined);

    expect(await pay()).toMatchObject({ execution: `started as ${key}` });
    expect(started.size).toBe(1);
  });

  test('has another name where an execution of an earlier ledger had that of its key', async () => {
    const { pay, payAt, started } = await anOperator({}, [
      { name: key, status: 'FAILED', stoppedAt: NOON.toISOString() },
    ]);

    await pay();
    await payAt(65);
    await pay();

    expect([...started.keys()]).toEqual([`${key}-paid`]);
  });

  test('is not said to be started where its execution has ended under every name that it can have', async () => {
    const ended = { status: 'FAILED', stoppedAt: NOON.toISOString() };
    const { pay, payAt } = await anOperator({}, [
      { name: key, ...ended },
      { name: `${key}-paid`, ...ended },
    ]);
    await pay();
    const said = `"npm run intents -- continue ${key}" continues it`;

    expect(await payAt(65)).toMatchObject({ execution: expect.stringContaining(said) });
  });
});

describe('a skipped cause is not paid', () => {
  test.each<[string, Look, string]>([
    [
      'whose reference is at the service',
      { kind: 'found', result: { escrowId: 'esc_9' } },
      'esc_9 at Purple Flea bears',
    ],
    ['whose reference is there for another amount', { kind: 'many', note: 'on esc_1, esc_2' }, 'on esc_1, esc_2'],
    ['that cannot be looked for', { kind: 'unclear', reason: 'the list has 2 of 3' }, 'it cannot be seen whether'],
  ])('%s', async (_case, look, message) => {
    const { pay, intents } = await anOperator({
      lookFor: async () => look,
      startExecution: inert('startExecution'),
    });

    expect(await pay()).toEqual({ error: expect.stringContaining(message) });
    expect(intents.items.get(key)?.retriedAs).toBeUndefined();
  });

  test('while the service does not answer', async () => {
    const { pay } = await anOperator({
      lookFor: () => Promise.reject(new Error('503')),
      startExecution: inert('startExecution'),
    });

    expect(await pay()).toEqual({ error: expect.stringContaining('503. Try again later, or look by hand') });
  });

  test.each([
    ['runs', { status: 'RUNNING' }, 'is running'],
    ['is continued by one that runs', { name: `${key}-20260306T1200`, status: 'RUNNING' }, 'is running'],
    ['has just ended', { status: 'FAILED', stoppedAt: afterNoon(50 * MINUTE).toISOString() }, 'may not be seen before'],
  ])('whose execution of before %s', async (_case, execution, message) => {
    const { pay } = await anOperator({ startExecution: inert('startExecution') }, [{ name: key, ...execution }]);

    expect(await pay()).toEqual({ error: expect.stringContaining(message) });
  });

  test('by one look, nor by two so soon after each other', async () => {
    const { payAt, started } = await anOperator();

    for (const minute of [20, 21, 24]) {
      expect(await payAt(minute)).toEqual({ error: expect.stringMatching(/ask again after .*12:25/) });
    }
    expect(started.size).toBe(0);
  });

  test('by looks within a quarter of an hour of the ledger: what the one before it sent may not be seen yet', async () => {
    const { payAt, started } = await anOperator();

    for (const minute of [1, 8, 19]) {
      expect(await payAt(minute)).toEqual({ error: expect.stringMatching(/may not be seen before .*12:20/) });
    }
    expect(await payAt(20)).toEqual({ error: expect.stringMatching(/two looks have to agree/) });
    expect(started.size).toBe(0);
    expect(await payAt(25)).toMatchObject({ execution: expect.stringContaining('started') });
  });

  test('by a first look of a ledger that was restored since then', async () => {
    const beginnings = createMemoryBeginnings(NOON, [], () => afterNoon(60 * MINUTE));
    const { payAt, started } = await anOperator({ beginnings });
    await payAt(60);
    beginnings.restore(afterNoon(61 * MINUTE));

    expect(await payAt(81)).toEqual({ error: expect.stringMatching(/two looks have to agree/) });
    expect(await payAt(85)).toEqual({ error: expect.stringMatching(/ask again after .*13:26/) });
    expect(started.size).toBe(0);
  });

  test('that earned nothing, that is no skip, or that there is not', async () => {
    const { pay, intents } = await anOperator({ startExecution: inert('startExecution') });
    const weak = await intents.skip(aNewSkip({ subject: 'weak', amountUsd: '0.00', note: 'below' }), NOON);
    const other = await intents.prepare(aNewIntent({ subject: 'other' }), NOON);

    expect(await pay({ key: weak.intent.key })).toEqual({ error: expect.stringContaining('earned nothing (below)') });
    expect(await pay({ key: other.key })).toEqual({ error: expect.stringContaining('the intent is prepared') });
    expect(await pay({ key: 'none' })).toEqual({ error: 'key: there is no intent none' });
  });
});
