import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { PROFILES } from '../../src/purple-flea/service.ts';
import { eventsOf, readDefinition, type Definition } from '../support/lifecycle-execution.ts';
import { readInFlight } from './in-flight.ts';
import { AWAY, DAY, HOUR, MINUTE, START, STORES_AWAY, walk, type Story } from './walk-story.ts';
import { problemsOf } from './walk-verdict.ts';

const DEFINITIONS: readonly (readonly [string, Definition])[] = [
  ['today', readDefinition()],
  ...readInFlight().map(({ version, definition }) => [version, definition] as const),
];

/** When it is over, in minutes after the start. */
const RETURN_MINUTES = 80;

const MAX_MS = 120_000;

beforeAll(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
});
afterAll(() => {
  jest.useRealTimers();
});

type Part = Omit<Story, 'title' | 'profile' | 'away'>;

const at = (minutes: number) => minutes * MINUTE;

/** What happens to an escrow around an hour, from minute 20 to 80, in which nothing can be sent or read; and how it ends. */
const MEANWHILE: readonly (readonly [string, Part, string])[] = [
  ['it is delivered', { said: [{ signal: 'delivered', at: at(30) }] }, 'Released'],
  [
    'it is rejected',
    { said: [{ signal: 'rejected', at: at(30) }], staff: { decision: 'refund', after: DAY } },
    'Refunded',
  ],
  [
    'a person approves',
    {
      gate: { mode: 'person' },
      said: [
        { signal: 'delivered', at: at(10) },
        { signal: 'approved', at: at(30) },
      ],
    },
    'Released',
  ],
  [
    'a person rejects, after a delivery that could not be reviewed',
    {
      gate: { mode: 'person' },
      said: [
        { signal: 'delivered', at: at(25) },
        { signal: 'rejected', at: at(40) },
      ],
      staff: { decision: 'refund', after: DAY },
    },
    'Refunded',
  ],
  [
    'its counterparty completes it',
    {
      gate: { mode: 'auto' },
      counterparty: { action: 'complete', at: at(30) },
      said: [
        { signal: 'changed', at: at(31) },
        { signal: 'approved', at: at(35) },
      ],
    },
    'Released',
  ],
];

describe.each(DEFINITIONS)(
  'an hour in which nothing can be sent or read, under the definition of %s',
  (_version, definition) => {
    describe.each(PROFILES)('in the %s dialect', (profile) => {
      test.each(AWAY.flatMap((as) => MEANWHILE.map(([meanwhile, part, end]) => [as, meanwhile, part, end] as const)))(
        '(%s), in which %s, ends nothing, and all goes on as decided within 20 minutes of its end',
        async (as, meanwhile, part, end) => {
          const away = { as, from: at(20), until: at(RETURN_MINUTES) };
          const story: Story = { ...part, profile, title: `${as}, ${meanwhile}`, away };

          const walked = await walk(definition, story);

          expect(walked.execution.path.at(-1)).toBe(end);
          expect(problemsOf(walked, story)).toEqual([]);
          const settledAt =
            end === 'Released' ? START + walked.execution.seconds * 1000 : (walked.escrow?.disputedAt ?? Infinity);
          expect((settledAt - START) / MINUTE).toBeLessThanOrEqual(RETURN_MINUTES + 20);
        },
      );

      test.each(AWAY.filter((as) => as !== 'no-secret'))(
        '(%s), from the beginning on, locks its escrow within 20 minutes of its end',
        async (as) => {
          const away = { as, from: 0, until: at(60) };
          const story: Story = { profile, title: `${as}, lock`, away, said: [{ signal: 'delivered', at: at(10) }] };

          const walked = await walk(definition, story);

          expect(problemsOf(walked, story)).toEqual([]);
          expect(walked.execution.path.at(-1)).toBe('Released');
          expect(walked.execution.seconds / 60).toBeLessThanOrEqual(60 + 20);
        },
      );
    });
  },
);

describe('a day in which a store is away', () => {
  const from = at(20);
  const until = from + DAY;

  describe.each(PROFILES)('in the %s dialect', (profile) => {
    test.each(
      STORES_AWAY.flatMap((as) => MEANWHILE.map(([meanwhile, part, end]) => [as, meanwhile, part, end] as const)),
    )(
      '(%s), in which %s, ends nothing, and all goes on as decided within 20 minutes of its end',
      async (as, meanwhile, part, end) => {
        const story: Story = { ...part, profile, title: `${as}, ${meanwhile}`, away: { as, from, until } };

        const walked = await walk(readDefinition(), story);

        expect(walked.execution.path.at(-1)).toBe(end);
        expect(problemsOf(walked, story)).toEqual([]);
        expect(eventsOf(readDefinition(), walked.execution)).toBeLessThan(1_000);
        const settledAt =
          end === 'Released' ? START + walked.execution.seconds * 1000 : (walked.escrow?.disputedAt ?? Infinity);
        expect((settledAt - START - until) / MINUTE).toBeLessThanOrEqual(20);
      },
    );

    test.each(STORES_AWAY)('(%s), from the beginning on, locks its escrow within 20 minutes of its end', async (as) => {
      const said = [{ signal: 'delivered', at: at(10) }] as const;
      const story: Story = { profile, title: `${as}, lock`, away: { as, from: 0, until: DAY }, said };

      const walked = await walk(readDefinition(), story, { limits: { steps: 10_000, visits: 1_000 } });

      expect(problemsOf(walked, story)).toEqual([]);
      expect(walked.execution.path.at(-1)).toBe('Released');
      expect(walked.execution.seconds / 60).toBeLessThanOrEqual(24 * 60 + 20);
      expect(eventsOf(readDefinition(), walked.execution)).toBeLessThan(4_000);
    });
  });
});

/** 720 hours locked; and 720 hours more, from its completion on. */
const LIVES = {
  'that is delivered at once': { profile: 'published', said: [{ signal: 'delivered', at: HOUR }] },
  'that is completed at its end': {
    profile: 'reference',
    gate: { mode: 'person' },
    guard: { alertHours: 2, default: 'dispute' },
    counterparty: { action: 'complete', at: 719 * HOUR },
  },
} as const satisfies Readonly<Record<string, Omit<Story, 'title'>>>;

describe.each(DEFINITIONS)('120 days of it, under the definition of %s', (_version, definition) => {
  test.each([
    ['unreachable', 'that is delivered at once'],
    ['limited', 'that is completed at its end'],
    ['no-secret', 'that is delivered at once'],
    ['halted', 'that is completed at its end'],
  ] as const)(
    '%s: the history of an escrow of 720 hours %s stays below 18,000 events, of the 25,000 that it may have',
    async (as, life) => {
      const limits = { steps: 100_000, visits: 100_000 };
      const away = { as, from: 30 * MINUTE, until: 120 * DAY };
      const story: Story = { ...LIVES[life], title: `${as} for ever`, hours: 720, away };
      const { execution } = await walk(definition, story, { limits });

      process.stdout.write(`${as}, ${life}: ${eventsOf(definition, execution)} events\n`);
      expect(eventsOf(definition, execution)).toBeLessThan(18_000);
    },
    MAX_MS,
  );
});
