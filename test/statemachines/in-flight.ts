import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describeError } from '../../src/errors.ts';
import { PROFILES } from '../../src/purple-flea/service.ts';
import { TREASURY, WORKER } from '../simulation/service/parties.ts';
import type { Definition } from '../support/lifecycle-execution.ts';
import { DAY, HOUR, walk, type Entered, type Story, type WalkOptions, type Walked } from './walk-story.ts';
import { settlementProblemsOf } from './walk-verdict.ts';

/** One folder a release: its definition, and a file for each pause. */
const FOLDER = 'test/statemachines/fixtures/in-flight';
const DEFINITION = 'definition.json';

/** A story under a release: each pause of its execution, and how it ended. */
export interface Recorded {
  readonly story: Story;
  readonly pauses: readonly Pause[];
  readonly end: string;
  /** What the parties had at the end, in millionths of a dollar. */
  readonly money: Money;
}

interface Pause extends Entered {
  /** What the function of a task that waits was given; absent in a Wait state. */
  readonly given?: unknown;
}

type Money = Readonly<Record<'treasury' | 'worker', string>>;

const said = (signal: 'delivered' | 'rejected' | 'approved', hours: number) => ({ signal, at: hours * HOUR });
const delivered = { said: [said('delivered', 1)] };
const rejected = { said: [said('rejected', 1)], staff: { decision: 'refund', after: 2 * DAY } } as const;

/** A story for each state that an execution may be paused in. */
const STORIES: Readonly<Record<string, Omit<Story, 'title' | 'profile'>>> = {
  WaitToLock: { ...delivered, faults: { create: 'not-sent-once' } },
  AwaitLockVerdict: { ...delivered, faults: { create: 'lost-done' } },
  AwaitDelivery: delivered,
  AwaitDecision: { gate: { mode: 'person' }, said: [said('delivered', 1), said('approved', 2)] },
  WaitToRelease: { ...delivered, faults: { release: 'not-sent-once' } },
  AwaitReleaseVerdict: { ...delivered, faults: { release: 'late' } },
  WaitToDispute: { ...rejected, faults: { dispute: 'not-sent-once' } },
  AwaitDisputeVerdict: { ...rejected, faults: { dispute: 'late' } },
  AwaitResolution: rejected,
};

/** States in which an execution stays until something happens, or until a time. */
export function pausesOf({ States }: Definition): string[] {
  return Object.entries(States)
    .filter(([, { Type, Resource }]) => Type === 'Wait' || Resource?.endsWith('.waitForTaskToken') === true)
    .map(([name]) => name);
}

/** Plays the stories and writes their pauses, for a release that has none yet. Jest's fake clock has to be in use. */
export async function recordInFlight(definition: Definition, version: string): Promise<void> {
  const folder = `${FOLDER}/${version}`;
  if (existsSync(folder)) throw new Error(`${folder} is there: what a release left in flight is recorded once`);
  const files: (readonly [name: string, content: unknown])[] = [[DEFINITION, definition]];
  for (const state of pausesOf(definition)) {
    const played = STORIES[state];
    if (played === undefined) throw new Error(`no story pauses in ${state}: add one`);
    for (const profile of PROFILES) {
      const story = { ...played, profile, title: `${state}, ${profile}` };
      files.push([`${state}.${profile}.json`, await record(definition, state, story)]);
    }
  }
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of files) {
    writeFileSync(`${folder}/${name}`, `${JSON.stringify(content, undefined, 2)}\n`);
  }
}

async function record(definition: Definition, state: string, story: Story): Promise<Recorded> {
  const waiting = new Set(pausesOf(definition));
  const pauses: Pause[] = [];
  const walked = await walk(definition, story, {
    onEntered: (entered) => {
      if (waiting.has(entered.state)) pauses.push(entered);
    },
    onGiven: (task, given) => {
      const last = pauses.at(-1);
      if (last?.state === task) pauses.splice(-1, 1, { ...last, given });
    },
  });
  const problems = settlementProblemsOf(walked, story);
  if (!pauses.some((pause) => pause.state === state)) problems.push('it was never there');
  if (problems.length > 0) throw new Error(`${story.title}: ${problems.join('; ')}`);
  return { story, pauses, end: walked.execution.path.at(-1) ?? '', money: moneyOf(walked) };
}

function moneyOf({ service }: Walked): Money {
  return { treasury: String(service.balance(TREASURY)), worker: String(service.balance(WORKER)) };
}

/** What a release left in flight, and the definition that it goes on under: a running execution keeps its own. */
export interface InFlight {
  readonly version: string;
  readonly definition: Definition;
  readonly recorded: readonly Recorded[];
}

/** What every release left in flight. */
export function readInFlight(): InFlight[] {
  return readdirSync(FOLDER).map((version) => {
    const read = (file: string): unknown => JSON.parse(readFileSync(`${FOLDER}/${version}/${file}`, 'utf8'));
    const files = readdirSync(`${FOLDER}/${version}`).filter((file) => file !== DEFINITION);
    return {
      version,
      definition: read(DEFINITION) as Definition,
      recorded: files.map((file) => read(file) as Recorded),
    };
  });
}

/** Lets a story go on from each of its pauses, on the functions of today. Everything that is wrong, in words. */
export async function problemsOfGoingOn(
  { version, definition }: InFlight,
  { story, pauses, end, money }: Recorded,
  replace?: WalkOptions['replace'],
): Promise<string[]> {
  const problems: string[] = [];
  for (const pause of pauses) {
    const found = await walk(definition, story, { from: pause, ...(replace === undefined ? {} : { replace }) }).then(
      (walked) => [
        ...differences('the end', walked.execution.path.at(-1), end),
        ...differences('the money', moneyOf(walked), money),
        ...settlementProblemsOf(walked, story),
      ],
      (error: unknown) => [describeError(error)],
    );
    problems.push(...found.map((problem) => `${version}, ${story.title}, from ${pause.state}: ${problem}`));
  }
  return problems;
}

function differences(what: string, now: unknown, then: unknown): string[] {
  const [is, was] = [JSON.stringify(now), JSON.stringify(then)];
  return is === was ? [] : [`${what} is ${is}, and was ${was}`];
}
