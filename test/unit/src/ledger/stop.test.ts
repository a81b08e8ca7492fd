import { describe, expect, test } from '@jest/globals';
import { performEffect } from '../../../../src/ledger/perform-effect.ts';
import type { StopMode } from '../../../../src/ledger/stop.ts';
import { anEffect, anInvocation } from '../../../support/effects.ts';
import { inert } from '../../../support/inert.ts';
import { createRandomTurns } from '../../../support/interleavings.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';

const RUNS = 500;

describe('the stop, flipped while 500 invocations run', () => {
  test.each([
    [1, 'halted', 300],
    [2, 'halted', 1_500],
    [3, 'reducing', 2_500],
    [4, 'reducing', 0],
    [5, 'halted', 3_500],
  ] as const)('lets none begin after it: seed %i, to %s at step %i', async (seed, to, flippedAt) => {
    const turns = createRandomTurns(seed);
    const intents = createMemoryIntents(turns.turn);
    let mode: StopMode = 'running';
    const allowed = new Set<string>();
    const sends = new Map<string, number>();
    let begunAtFlip: ReadonlySet<string> | undefined;

    const all = Promise.all(
      Array.from({ length: RUNS }, async (_, index) => {
        const effect = anEffect({ subject: `subject-${index}` });
        let readings = 0;
        const deps = anInvocation({
          intents,
          // A switch that is read without a cache: what counts is the second reading, right before the claim.
          readStop: async () => {
            await turns.turn();
            const read = mode;
            readings += 1;
            if (readings === 2 && read === 'running') allowed.add(effect.key);
            return read;
          },
        });
        return [
          effect.key,
          await performEffect(deps, effect, async () => {
            sends.set(effect.key, (sends.get(effect.key) ?? 0) + 1);
            await turns.turn();
            return { kind: 'applied', result: { id: 'x' } };
          }),
        ] as const;
      }),
    );
    await turns.run((step) => {
      if (step !== flippedAt) return;
      mode = to;
      begunAtFlip = new Set(allowed);
    });
    const outcomes = await all;

    expect(allowed).toEqual(begunAtFlip);
    for (const [key, outcome] of outcomes) {
      const mayGoOut = allowed.has(key);
      expect([sends.get(key) ?? 0, outcome.outcome]).toEqual(mayGoOut ? [1, 'applied'] : [0, 'not-sent']);
      const { state, fence } = intents.items.get(key) ?? {};
      expect([state, fence]).toEqual(mayGoOut ? ['applied', 1] : ['prepared', 0]);
    }
  });

  test('lets what has claimed by then make its one call, and what has not read the switch make none', async () => {
    let mode: StopMode = 'running';
    const intents = createMemoryIntents();
    const readStop = async () => mode;
    const calls: string[] = [];
    const halt = anEffect({ subject: 'first' });

    const outcome = await performEffect(anInvocation({ intents, readStop }), halt, async () => {
      mode = 'halted';
      const other = anEffect({ subject: 'second' });
      expect(await performEffect(anInvocation({ intents, readStop }), other, inert('send'))).toMatchObject({
        outcome: 'not-sent',
      });
      calls.push('first');
      return { kind: 'applied', result: { id: 'x' } };
    });

    expect([outcome.outcome, calls]).toEqual(['applied', ['first']]);
  });
});
