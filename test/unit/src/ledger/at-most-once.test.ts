import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TryLaterError } from '../../../../src/errors.ts';
import type { Answer } from '../../../../src/ledger/answer.ts';
import type { Intent } from '../../../../src/ledger/intent.ts';
import { parkStaleClaims, STALE_CLAIM_MS } from '../../../../src/ledger/park-stale.ts';
import { MAX_ATTEMPTS, performEffect, type EffectOutcome } from '../../../../src/ledger/perform-effect.ts';
import { AN_EFFECT, anInvocation, NOON } from '../../../support/effects.ts';
import { createMemoryIntents, type Disturb } from '../../../support/memory-intents.ts';

/** What one invocation's request meets at the service. All but the last two may have had the effect. */
const meeting = fc.constantFrom('applied', 'unknown', 'throws', 'never answered', 'not-sent', 'rejected');
type Meeting = typeof meeting extends fc.Arbitrary<infer Value> ? Value : never;
const HARMLESS: readonly Meeting[] = ['not-sent', 'rejected'];

const LEDGER_DOWN = new Error('the ledger does not answer');

const mishap = fc.record({
  operation: fc.constantFrom('prepare', 'claim', 'end', 'read'),
  when: fc.constantFrom('before', 'after'),
  what: fc.constantFrom('the invocation is gone', 'the call fails', 'the acknowledgement is lost'),
});
type Mishap = typeof mishap extends fc.Arbitrary<infer Value> ? Value : never;

const caller = fc.record({
  does: fc.constant('call' as const),
  meeting,
  mishap: fc.option(mishap, { nil: undefined, freq: 1 }),
  remainingMs: fc.constantFrom(60_000, 60_000, 60_000, 1_000),
});
const sweeper = fc.record({ does: fc.constant('park' as const), afterMs: fc.constantFrom(0, STALE_CLAIM_MS + 1) });
const history = fc.array(fc.oneof({ weight: 4, arbitrary: caller }, { weight: 1, arbitrary: sweeper }), {
  minLength: 1,
  maxLength: 12,
});

function disturbWith(turn: () => Promise<void>, planned: Mishap | undefined): Disturb {
  return async ({ operation, when }) => {
    await turn();
    if (planned === undefined || planned.operation !== operation || planned.when !== when) return undefined;
    switch (planned.what) {
      case 'the invocation is gone':
        return new Promise<never>(() => {});
      case 'the call fails':
        throw LEDGER_DOWN;
      case 'the acknowledgement is lost':
        return 'repeat';
    }
  };
}

function answerTo(met: Meeting, result: Readonly<Record<string, unknown>>): Promise<Answer<typeof result>> {
  switch (met) {
    case 'applied':
      return Promise.resolve({ kind: 'applied', result });
    case 'unknown':
      return Promise.resolve({ kind: 'unknown', reason: 'HTTP 500' });
    case 'throws':
      return Promise.reject(new Error('socket hang up'));
    case 'never answered':
      return new Promise(() => {});
    case 'not-sent':
      return Promise.resolve({ kind: 'not-sent', reason: 'refused', retryAfterSeconds: 1 });
    case 'rejected':
      return Promise.resolve({ kind: 'rejected', reason: 'HTTP 400' });
  }
}

test('whoever calls, whatever fails and in whatever order, at most one request per key may have had the effect', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.boolean(), history, async (scheduler, isSequential, actions) => {
      const items = new Map<string, Intent>();
      const turn = () => scheduler.schedule(Promise.resolve());
      const sent: { readonly met: Meeting; readonly body: string }[] = [];
      const outcomes: EffectOutcome[] = [];
      const faults: unknown[] = [];
      let now = NOON;

      async function act(action: (typeof actions)[number], index: number): Promise<void> {
        await turn();
        if (action.does === 'park') {
          now = new Date(now.getTime() + action.afterMs);
          await parkStaleClaims(
            createMemoryIntents(() => turn(), items),
            now,
          );
          return;
        }
        const intents = createMemoryIntents(disturbWith(turn, action.mishap), items);
        const { remainingMs } = action;
        const effect = { ...AN_EFFECT, requestBody: `body of caller ${index}` };
        const call = performEffect(
          anInvocation({ intents, now: () => now, remainingMs: () => remainingMs }),
          effect,
          async (body) => {
            await turn();
            sent.push({ met: action.meeting, body });
            await turn();
            return answerTo(action.meeting, { sent: sent.length });
          },
        );
        try {
          outcomes.push(await call);
        } catch (error) {
          faults.push(error);
        }
      }

      for (const [index, action] of actions.entries()) {
        void act(action, index);
        if (isSequential) await scheduler.waitIdle();
      }
      await scheduler.waitIdle();

      const firstFinal = sent.findIndex(({ met }) => met !== 'not-sent');
      expect(sent.filter(({ met }) => !HARMLESS.includes(met)).length).toBeLessThanOrEqual(1);
      expect(firstFinal === -1 || firstFinal === sent.length - 1).toBe(true);
      expect(sent.length).toBeLessThanOrEqual(MAX_ATTEMPTS);
      expect(new Set(sent.map(({ body }) => body)).size).toBeLessThanOrEqual(1);

      const stored = items.get(AN_EFFECT.key);
      const applied = outcomes.flatMap((outcome) => (outcome.outcome === 'applied' ? [outcome] : []));
      expect(applied.map(({ result }) => result)).toEqual(applied.map(() => stored?.result));
      expect(applied.filter(({ duplicate }) => !duplicate).length).toBeLessThanOrEqual(1);
      expect(faults.filter((fault) => fault !== LEDGER_DOWN && !(fault instanceof TryLaterError))).toEqual([]);
      expect(firstFinal !== -1 && stored?.state === 'prepared').toBe(false);
    }),
    { numRuns: 400 },
  );
});
