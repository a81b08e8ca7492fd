import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { describeError } from '../../src/errors.ts';
import { readDefinition, transitionsOf, type Definition, type Execution } from '../support/lifecycle-execution.ts';
import {
  CRASH_STORIES,
  MONEY_STORIES,
  OUTAGE_STORIES,
  randomStories,
  SIGNAL_STORIES,
  STRANGE_STORIES,
} from './walk-stories.ts';
import { walk, type Story } from './walk-story.ts';
import { problemsOf } from './walk-verdict.ts';

const MAX_MS = 240_000;

const definition = readDefinition();
const transitions = transitionsOf(definition);

/** How often each transition was taken, over all stories. */
const timesTaken = new Map(transitions.map(({ name }) => [name, 0]));
/** How often each end was reached. */
const ends = new Map<string, number>();

beforeAll(() => {
  // The engine throws and catches an error for every path that it reads, and nobody reads where.
  Error.stackTraceLimit = 0;
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
});
afterAll(() => {
  jest.useRealTimers();
});

/** Everything that is wrong with these stories; one that cannot be played to its end is wrong too. */
async function problemsIn(stories: readonly Story[], walked: Definition = definition): Promise<string[]> {
  const problems: string[] = [];
  for (const story of stories) {
    try {
      const result = await walk(walked, story);
      problems.push(...problemsOf(result, story).map((problem) => `${story.title}: ${problem}`));
      if (walked === definition) note(result.execution);
    } catch (error) {
      jest.clearAllTimers();
      problems.push(describeError(error));
    }
  }
  return problems;
}

function note({ taken, path }: Execution): void {
  for (const name of taken) timesTaken.set(name, (timesTaken.get(name) ?? 0) + 1);
  const end = path.at(-1) ?? '';
  ends.set(end, (ends.get(end) ?? 0) + 1);
}

const GROUPS: Readonly<Record<string, readonly Story[]>> = {
  'whatever is said, whenever, under every policy': SIGNAL_STORIES,
  'whatever becomes of a call that moves money': MONEY_STORIES,
  'whichever function fails, however': CRASH_STORIES,
  'however long nothing is swept': OUTAGE_STORIES,
  'whatever the service shows': STRANGE_STORIES,
  'with all of it at once, at random': randomStories(600, 20_260_306),
};

test.each(Object.entries(GROUPS))(
  'the end, the ledger and the service agree, and nothing settles twice or undecided, %s',
  async (_group, stories) => {
    expect(await problemsIn(stories)).toEqual([]);
  },
  MAX_MS,
);

test('every transition of the file was taken', () => {
  const rows = transitions.map(({ name }) => `${String(timesTaken.get(name)).padStart(7)}  ${name}`);
  const summary = [...ends].map(([end, times]) => `${times} ${end}`).join(', ');
  const stories = [...ends.values()].reduce((sum, times) => sum + times, 0);

  process.stdout.write(`${rows.join('\n')}\n${stories} stories: ${summary}\n`);

  expect(transitions.filter(({ name }) => timesTaken.get(name) === 0)).toEqual([]);
  expect(timesTaken.size).toBe(transitions.length);
});

/** A definition in which one text is another. */
function altered(from: string, to: string): Definition {
  const text = JSON.stringify(definition);
  expect(text).toContain(from);
  return JSON.parse(text.replace(from, to)) as Definition;
}

const rule = (variable: string, value: string, next: string) =>
  `{"Variable":"$.${variable}","StringEquals":"${value}","Next":"${next}"}`;

describe('the walk notices', () => {
  test('that a dispute which cannot be sent is given up, or missed in silence', async () => {
    const title = 'reference, completed, default dispute, dispute never-sent';
    const story: Story = MONEY_STORIES.find((one) => one.title === title) ?? { title, profile: 'reference' };
    const walked = await walk(definition, story);
    const lazy = { ...walked, tries: walked.tries.slice(0, 3) };
    const silent = { ...walked, recorder: { ...walked.recorder, counted: {} } };
    const undecided = { ...walked, recorder: { ...walked.recorder, published: [] } };

    expect(walked.execution.path.at(-1)).toBe('AutoReleased');
    expect(problemsOf(walked, story)).toEqual([]);
    expect(problemsOf(lazy, story)).toEqual([expect.stringContaining('no dispute was tried for')]);
    expect(problemsOf(silent, story)).toEqual(['a dispute was missed, and nobody told']);
    expect(problemsOf(undecided, story)).toContain('paid by silence, and nobody decided so');
  });

  const some = [...SIGNAL_STORIES.filter((_, index) => index % 23 === 0), ...MONEY_STORIES];

  test.each([
    [
      'that a payment in doubt is taken for one that was made',
      rule('payment.outcome', 'pending', 'AwaitReleaseVerdict'),
      rule('payment.outcome', 'pending', 'Released'),
    ],
    [
      'that a lock in doubt is taken for one that failed',
      rule('escrow.outcome', 'pending', 'AwaitLockVerdict'),
      rule('escrow.outcome', 'pending', 'FundingFailed'),
    ],
    [
      'that a refund is taken for a release',
      rule('escrow.status', 'refunded', 'Refunded'),
      rule('escrow.status', 'refunded', 'Released'),
    ],
    [
      'that a dispute is taken for the end',
      rule('escrow.status', 'disputed', 'AwaitResolution'),
      rule('escrow.status', 'disputed', 'Refunded'),
    ],
    [
      'that what has to be decided is paid',
      rule('review.decision', 'ask', 'AwaitDecision'),
      rule('review.decision', 'ask', 'ReleaseFunds'),
    ],
    [
      'that the end of a wait for a decision is not reviewed',
      '"ResultPath":"$.decision","TimeoutSeconds":604800,',
      '"ResultPath":null,"TimeoutSeconds":604800,',
    ],
  ])(
    '%s',
    async (_case, from, to) => {
      expect(await problemsIn(some, altered(from, to))).not.toEqual([]);
    },
    MAX_MS,
  );
});
