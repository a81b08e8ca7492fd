import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TryLaterError } from '../../../../src/errors.ts';
import type { Answer } from '../../../../src/ledger/answer.ts';
import type { Intent } from '../../../../src/ledger/intent.ts';
import { MAX_ATTEMPTS, performEffect, type EffectOutcome } from '../../../../src/ledger/perform-effect.ts';
import { RESOLVE_DEFAULTS, STALE_CLAIM_MS, type Look } from '../../../../src/ledger/resolve-intents.ts';
import { AN_EFFECT, anEffect, anInvocation, NOON, sweep } from '../../../support/effects.ts';
import { createMemoryIntents, createMemoryLedger, type Disturb } from '../../../support/memory-intents.ts';

/** What one invocation's request meets at the service. All but the last two may have had the effect. */
const meeting = fc.constantFrom('applied', 'unknown', 'throws', 'never answered', 'not-sent', 'rejected');
type Meeting = typeof meeting extends fc.Arbitrary<infer Value> ? Value : never;
const HARMLESS: readonly Meeting[] = ['not-sent', 'rejected'];

const LEDGER_DOWN = new Error('the ledger does not answer');

const mishap = fc.record({
  operation: fc.constantFrom('prepare', 'claim', 'move', 'read'),
  when: fc.constantFrom('before', 'after'),
  what: fc.constantFrom('the invocation is gone', 'the call fails', 'the acknowledgement is lost'),
});
type Mishap = typeof mishap extends fc.Arbitrary<infer Value> ? Value : never;

const caller = fc.record({
  does: fc.constant('call' as const),
  meeting,
  /** Where the answer does not tell. */
  tookEffect: fc.boolean(),
  mishap: fc.option(mishap, { nil: undefined, freq: 1 }),
  remainingMs: fc.constantFrom(60_000, 60_000, 60_000, 1_000),
});
const sweeper = fc.record({
  does: fc.constant('sweep' as const),
  afterMs: fc.constantFrom(0, STALE_CLAIM_MS + 1, RESOLVE_DEFAULTS.quarantineMs),
  canSee: fc.boolean(),
});
const anyAction = fc.oneof({ weight: 4, arbitrary: caller }, { weight: 3, arbitrary: sweeper });
type Action = typeof anyAction extends fc.Arbitrary<infer Value> ? Value : never;
const history = fc.array(anyAction, { minLength: 1, maxLength: 14 });

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

/** What several invocations and sweeps made of one effect. */
interface Played {
  readonly sent: readonly { readonly met: Meeting; readonly body: string; readonly tookEffect: boolean }[];
  readonly outcomes: readonly EffectOutcome[];
  readonly faults: readonly unknown[];
  readonly stored: Intent | undefined;
}

/**
 * Plays a history in an order that the scheduler chooses, or one action after the other.
 *
 * @param resend says whether what was not found is sent again.
 */
async function play(
  scheduler: fc.Scheduler,
  actions: readonly Action[],
  { isSequential, resend }: { readonly isSequential: boolean; readonly resend: boolean },
): Promise<Played> {
  const ledger = createMemoryLedger();
  const turn = () => scheduler.schedule(Promise.resolve());
  const sent: { met: Meeting; body: string; tookEffect: boolean }[] = [];
  const outcomes: EffectOutcome[] = [];
  const faults: unknown[] = [];
  let now = NOON;

  const whatIsThere = (): Look => {
    const effect = sent.findIndex(({ tookEffect }) => tookEffect);
    return effect === -1 ? { kind: 'absent' } : { kind: 'found', result: { sent: effect + 1 } };
  };

  async function act(action: Action, index: number): Promise<void> {
    await turn();
    if (action.does === 'sweep') {
      now = new Date(now.getTime() + action.afterMs);
      const look: Look = action.canSee ? whatIsThere() : { kind: 'unclear', reason: 'HTTP 500' };
      const intents = createMemoryIntents(() => turn(), ledger);
      await sweep(intents, now, look, { policy: { ...RESOLVE_DEFAULTS, resend } });
      return;
    }
    const intents = createMemoryIntents(disturbWith(turn, action.mishap), ledger);
    const { meeting: met, remainingMs } = action;
    const effect = anEffect({ requestBody: `body of caller ${index}` });
    const deps = anInvocation({ intents, now: () => now, remainingMs: () => remainingMs });
    try {
      const outcome = await performEffect(deps, effect, async ({ body }) => {
        await turn();
        const isClear = met === 'applied' || HARMLESS.includes(met);
        sent.push({ met, body, tookEffect: isClear ? met === 'applied' : action.tookEffect });
        await turn();
        return answerTo(met, { sent: sent.length });
      });
      outcomes.push(outcome);
    } catch (error) {
      faults.push(error);
    }
  }

  for (const [index, action] of actions.entries()) {
    void act(action, index);
    if (isSequential) await scheduler.waitIdle();
  }
  await scheduler.waitIdle();
  return { sent, outcomes, faults, stored: ledger.items.get(AN_EFFECT.key) };
}

/** What holds however it is swept. */
function expectOneStory({ sent, outcomes, faults, stored }: Played): void {
  expect(sent.length).toBeLessThanOrEqual(MAX_ATTEMPTS);
  expect(new Set(sent.map(({ body }) => body)).size).toBeLessThanOrEqual(1);

  const applied = outcomes.flatMap((outcome) => (outcome.outcome === 'applied' ? [outcome] : []));
  expect(applied.map(({ result }) => result)).toEqual(applied.map(() => stored?.result));
  const wasInDoubt = stored?.history.some(({ state }) => state === 'unknown') === true;
  // What the sweeper found is news to each that comes back for it.
  const firsts = applied.filter(({ duplicate }) => !duplicate).length;
  expect(firsts).toBeLessThanOrEqual(wasInDoubt ? applied.length : 1);
  expect(faults.filter((fault) => fault !== LEDGER_DOWN && !(fault instanceof TryLaterError))).toEqual([]);
}

test('whoever calls, whatever fails and in whatever order, at most one request per key may have had the effect', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.boolean(), history, async (scheduler, isSequential, actions) => {
      const played = await play(scheduler, actions, { isSequential, resend: false });

      const { sent, stored } = played;
      const firstFinal = sent.findIndex(({ met }) => met !== 'not-sent');
      expect(sent.filter(({ met }) => !HARMLESS.includes(met)).length).toBeLessThanOrEqual(1);
      expect(firstFinal === -1 || firstFinal === sent.length - 1).toBe(true);
      expect(firstFinal !== -1 && stored?.state === 'prepared').toBe(false);
      expectOneStory(played);
    }),
    { numRuns: 400 },
  );
});

test('what was not found in two looks is sent again, and still takes effect at most once', async () => {
  let resent = 0;
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), history, async (scheduler, actions) => {
      const played = await play(scheduler, actions, { isSequential: true, resend: true });

      expect(played.sent.filter(({ tookEffect }) => tookEffect).length).toBeLessThanOrEqual(1);
      expectOneStory(played);
      if (played.sent.filter(({ met }) => !HARMLESS.includes(met)).length > 1) resent += 1;
    }),
    { numRuns: 1_000 },
  );
  expect(resent).toBeGreaterThan(0);
});
