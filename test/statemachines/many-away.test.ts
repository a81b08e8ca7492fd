import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { PROFILES } from '../../src/purple-flea/service.ts';
import { readDefinition, type Definition } from '../support/lifecycle-execution.ts';
import { readInFlight } from './in-flight.ts';
import { walkMany, type Crowd, type Outage } from './walk-many.ts';

const DEFINITIONS: readonly (readonly [string, Definition])[] = [
  ['today', readDefinition()],
  ...readInFlight().map(({ version, definition }) => [version, definition] as const),
];

const MAX_MS = 180_000;

beforeAll(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
});
afterAll(() => {
  jest.useRealTimers();
});

/** Until when all are locked, and when what follows is over. Minutes. */
const BEGINS = 60;
const IS_OVER = 120;

const OUTAGES: readonly (readonly [string, readonly Outage[]])[] = [
  ['Purple Flea away for 60 minutes', [{ as: 'unreachable', from: BEGINS, until: IS_OVER }]],
  [
    'Secrets Manager throttled, then a wrong value for 30 minutes',
    [
      { as: 'no-secret', from: BEGINS, until: 90 },
      { as: 'wrong-key', from: 90, until: IS_OVER },
    ],
  ],
];

describe.each(DEFINITIONS)(
  '50 open escrows and 20 approved releases, under the definition of %s',
  (_version, definition) => {
    describe.each(PROFILES)('in the %s dialect', (profile) => {
      test.each(OUTAGES)(
        '%s: none is lost, and all are settled as decided within 20 minutes of its end',
        async (outage, outages) => {
          const approvals = Array.from({ length: 20 }, (_, escrow) => ({ escrow, at: BEGINS + 1 + escrow }));
          const crowd: Crowd = { profile, escrows: 70, outages, approvals, minutes: IS_OVER + 40 };

          const { ended, service, intents, limited } = await walkMany(definition, crowd);

          const ends = [...ended].map(([escrow, { execution, at }]) => ({ escrow, end: execution.path.at(-1), at }));
          const latest = Math.max(...ends.map(({ at }) => at)) - IS_OVER;
          process.stdout.write(
            `${profile}, ${outage}: the last ${latest.toFixed(1)} minutes after, ${limited} refused\n`,
          );
          expect(ends.map(({ escrow }) => escrow).toSorted((one, other) => one - other)).toEqual(
            approvals.map(({ escrow }) => escrow),
          );
          expect(new Set(ends.map(({ end }) => end))).toEqual(new Set(['Released']));
          expect(latest).toBeLessThanOrEqual(20);
          const statuses = [...service.escrows.values()].map(({ status }) => status);
          expect([statuses.length, statuses.filter((status) => status === 'locked').length]).toEqual([70, 50]);
          const states = [...intents.items.values()].map(({ kind, state }) => `${kind} ${state}`);
          expect(new Set(states)).toEqual(new Set(['escrow-create applied', 'escrow-release applied']));
        },
        MAX_MS,
      );
    });
  },
);
