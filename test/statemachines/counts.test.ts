import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { eventsOf, readDefinition } from '../support/lifecycle-execution.ts';
import { DAY, HOUR, walk, type Story } from './walk-story.ts';

const definition = readDefinition();

beforeAll(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
});
afterAll(() => {
  jest.useRealTimers();
});

describe.each(['reference', 'published'] as const)(
  'the history of an escrow of 720 hours, in the %s dialect',
  (profile) => {
    const long = { profile, hours: 720 } as const;

    test.each<[string, Omit<Story, 'title'>, string]>([
      ['that nobody delivers for', long, 'Refunded'],
      [
        'that is delivered at once and decided by default',
        { ...long, gate: { mode: 'person' }, said: [{ signal: 'delivered', at: HOUR }] },
        'Released',
      ],
      [
        'that is disputed for 720 hours',
        { ...long, said: [{ signal: 'rejected', at: HOUR }], staff: { decision: 'refund', after: 30 * DAY } },
        'Refunded',
      ],
      [
        'that is left to lapse',
        {
          ...long,
          gate: { mode: 'person' },
          guard: { alertHours: 2, default: 'let-lapse' },
          said: [{ signal: 'delivered', at: HOUR }],
        },
        profile === 'reference' ? 'AutoReleased' : 'Refunded',
      ],
    ])('%s stays below 200 events', async (title, story, end) => {
      const { execution } = await walk(definition, { ...story, title });

      expect(execution.path.at(-1)).toBe(end);
      expect(execution.seconds).toBeGreaterThan(715 * 3600);
      process.stdout.write(`${profile}, ${title}: ${eventsOf(definition, execution)} events\n`);
      expect(eventsOf(definition, execution)).toBeLessThan(200);
    });

    test('is that of 50 looks a month at most where the service never settles it', async () => {
      const staff = { decision: 'refund', after: 85 * DAY } as const;
      const { execution } = await walk(definition, {
        ...long,
        title: 'disputed for 85 days',
        said: [{ signal: 'rejected', at: HOUR }],
        staff,
      });

      expect(eventsOf(definition, execution)).toBeLessThan(500);
    });
  },
);
