import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { readDefinition } from '../support/lifecycle-execution.ts';
import { pausesOf, problemsOfGoingOn, readInFlight, recordInFlight } from './in-flight.ts';
import type { WalkOptions } from './walk-story.ts';

/** Set by `npm run record-in-flight`: what this release leaves in flight is written first. */
const RECORDED = process.env['RECORD_IN_FLIGHT'];

beforeAll(async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
  if (RECORDED !== undefined) await recordInFlight(readDefinition(), RECORDED);
});
afterAll(() => {
  jest.useRealTimers();
});

async function findProblems(replace?: WalkOptions['replace']): Promise<string[]> {
  const problems: string[] = [];
  for (const release of readInFlight()) {
    for (const recorded of release.recorded) problems.push(...(await problemsOfGoingOn(release, recorded, replace)));
  }
  return problems;
}

test('what the version of package.json leaves in flight is recorded', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };

  expect(readInFlight().map((release) => release.version)).toContain(version);
});

test('every state that an execution of a release may be paused in is recorded, in both dialects', () => {
  for (const { definition, recorded } of readInFlight()) {
    const paused = recorded.flatMap(({ pauses, story }) => pauses.map(({ state }) => `${state} ${story.profile}`));

    const expected = pausesOf(definition).flatMap((state) => [`${state} reference`, `${state} published`]);
    expect(new Set(paused)).toEqual(new Set(expected));
  }
});

test('whatever a release left in flight ends as it would have, with the same money, on the functions of today', async () => {
  expect(await findProblems()).toEqual([]);
});

type Fields = Readonly<Record<string, unknown>>;
type Handler = (input: unknown) => unknown;

/** A handler that reads its input otherwise than releases before it wrote it. */
function reading(tasks: readonly string[], change: (input: Fields) => Fields): NonNullable<WalkOptions['replace']> {
  return (task, handler): Handler => (tasks.includes(task) ? (input) => handler(change(input as Fields)) : handler);
}

/** A handler that writes its result otherwise than definitions of releases before it read it. */
function writing(task: string, from: string, to: string): NonNullable<WalkOptions['replace']> {
  return (name, handler): Handler =>
    name === task
      ? async (input) => {
          const { [from]: value, ...others } = (await handler(input)) as Fields;
          return value === undefined ? others : { ...others, [to]: value };
        }
      : handler;
}

describe('a release is noticed', () => {
  test('whose handlers look for the reference under another name', async () => {
    const problems = await findProblems(
      reading(['ReviewDelivery', 'CheckStatus'], (input) => {
        const { reference: _reference, ...escrow } = (input['escrow'] ?? {}) as Fields;
        return { ...input, escrow: { ...escrow, reference: escrow['clientReference'] } };
      }),
    );

    expect(problems).toContainEqual(
      expect.stringMatching(/from AwaitDelivery: the end is "NeedsAttention", and was "Released"/),
    );
  });

  test('whose handlers demand a field that was not there', async () => {
    const waiting = ['AwaitDelivery', 'AwaitDecision', 'AwaitResolution'];

    const problems = await findProblems(
      reading(waiting, (input) => {
        const { request } = (input['state'] ?? {}) as { readonly request?: Fields };
        if (request?.['currency'] === undefined) throw new Error('request.currency: is missing');
        return input;
      }),
    );

    for (const state of waiting) expect(problems.join('\n')).toContain(`from ${state}: the end is`);
  });

  test.each([
    ['RaiseDispute', 'retryAfterSeconds', 'seconds'],
    ['ReleaseFunds', 'key', 'effectKey'],
    ['ReleaseFunds', 'outcome', 'result'],
    ['ReviewDelivery', 'decision', 'verdict'],
    ['CheckStatus', 'status', 'state'],
  ])('whose %s says "%s" under the name "%s"', async (task, from, to) => {
    expect(await findProblems(writing(task, from, to))).not.toEqual([]);
  });
});
