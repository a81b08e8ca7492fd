import type { Gate, Guard } from '../../src/escrow/gate.ts';
import { PROFILES } from '../../src/purple-flea/service.ts';
import { createRandom } from '../support/interleavings.ts';
import { CALLS, CRASHES, DAY, FAULTS, HOUR, MINUTE, type Story } from './walk-story.ts';

/** One side of a story: what to call it, and what it adds. */
type Part = readonly [name: string, part: Omit<Partial<Story>, 'title'>];

const combine = (...sides: (readonly Part[])[]): Story[] =>
  sides
    .reduce<readonly Part[]>(
      (stories, side) =>
        stories.flatMap(([name, story]) =>
          side.map(([more, part]): Part => [`${name}, ${more}`, { ...story, ...part }]),
        ),
      [['', {}]],
    )
    .map(([name, story]) => ({ profile: 'reference', ...story, title: name.slice(2) }));

const PROFILE: readonly Part[] = PROFILES.map((profile) => [profile, { profile }]);

const rule = { metric: 'quality', atLeast: 0.8 };
const aheadOf = (otherwise: Guard['default']): Guard => ({ alertHours: 2, default: otherwise });
const person: Gate = { mode: 'person' };

/** Policies, and what the delivery measures under them. */
const POLICY: readonly (readonly [string, Pick<Story, 'gate' | 'guard'>, number])[] = [
  ['auto', { gate: { mode: 'auto' } }, 0],
  ['auto, rule passed', { gate: { mode: 'auto', rule } }, 0.93],
  ['auto, rule failed', { gate: { mode: 'auto', rule } }, 0.5],
  ['then a person, default dispute', { gate: { mode: 'auto-then-person', rule }, guard: aheadOf('dispute') }, 0.5],
  ['person, default release', { gate: person, guard: aheadOf('release') }, 0.5],
  ['person, default dispute', { gate: person, guard: aheadOf('dispute') }, 0.5],
  ['person, default let-lapse', { gate: person, guard: aheadOf('let-lapse') }, 0.5],
];

type Said = NonNullable<Story['said']>;

/** What is said around a moment. */
const SAID: Readonly<Record<string, (at: number) => Said>> = {
  delivered: (at) => [{ signal: 'delivered', at }],
  'delivered twice': (at) => [
    { signal: 'delivered', at },
    { signal: 'delivered', at: at + MINUTE },
  ],
  approved: (at) => [{ signal: 'approved', at }],
  rejected: (at) => [{ signal: 'rejected', at }],
  'approved, then rejected': (at) => [
    { signal: 'approved', at },
    { signal: 'rejected', at: at + MINUTE },
  ],
  'rejected, then approved': (at) => [
    { signal: 'rejected', at },
    { signal: 'approved', at: at + MINUTE },
  ],
  'approved and rejected at once': (at) => [
    { signal: 'approved', at },
    { signal: 'rejected', at },
  ],
  'delivered, then rejected': (at) => [
    { signal: 'delivered', at },
    { signal: 'rejected', at: at + HOUR },
  ],
  'delivered, then approved twice': (at) => [
    { signal: 'delivered', at },
    { signal: 'approved', at: at + HOUR },
    { signal: 'approved', at: at + 2 * HOUR },
  ],
  changed: (at) => [{ signal: 'changed', at }],
};

/** A lock of 168 hours is told of at 166, decided at 167.5, and returned at 168. */
const CLOCK: Readonly<Record<string, number>> = {
  'after a day': DAY,
  'as people are told': 166 * HOUR,
  'as it is decided': 167.5 * HOUR,
  'at the deadline': 168 * HOUR,
  'after the deadline': 168 * HOUR + MINUTE,
};

const SIGNALS: readonly Part[] = [
  ['nothing said', {}],
  ['delivered before the lock', { said: [{ signal: 'delivered', at: -30 * MINUTE }] }],
  ['rejected before the lock', { said: [{ signal: 'rejected', at: -30 * MINUTE }] }],
  ...Object.entries(CLOCK).flatMap(([when, at]) =>
    Object.entries(SAID).map(([what, said]): Part => [`${what} ${when}`, { said: said(at) }]),
  ),
];

const COUNTERPARTY: readonly Part[] = [
  ['counterparty silent', { staff: { decision: 'refund', after: 2 * DAY } }],
  [
    'counterparty completes by itself',
    {
      holdsCounterpartyKey: false,
      counterparty: { action: 'complete', at: 2 * HOUR },
      staff: { decision: 'release', after: 2 * DAY },
    },
  ],
  [
    'counterparty disputes',
    { counterparty: { action: 'dispute', at: 3 * HOUR }, staff: { decision: 'reopen', after: 2 * DAY } },
  ],
];

function measuring(story: Story, quality: number): Story {
  return { ...story, said: (story.said ?? []).map((one) => ({ ...one, quality })) };
}

/** What is said, when, under which policy, and what the counterparty does. */
export const SIGNAL_STORIES: readonly Story[] = POLICY.flatMap(([name, policy, quality]) =>
  combine(PROFILE, [[name, policy]], SIGNALS, COUNTERPARTY).map((story) => measuring(story, quality)),
);

const BASE: readonly Part[] = [
  ['delivered', { said: [{ signal: 'delivered', at: HOUR }], staff: { decision: 'refund', after: 3 * DAY } }],
  ['rejected', { said: [{ signal: 'rejected', at: HOUR }], staff: { decision: 'refund', after: 3 * DAY } }],
  [
    'asked, default release',
    {
      gate: person,
      guard: aheadOf('release'),
      said: [{ signal: 'delivered', at: HOUR }],
      holdsCounterpartyKey: false,
      staff: { decision: 'release', after: DAY },
    },
  ],
  [
    'completed, default dispute',
    {
      gate: person,
      guard: aheadOf('dispute'),
      counterparty: { action: 'complete', at: HOUR },
      staff: { decision: 'release', after: DAY },
    },
  ],
];

/** Every call with everything that can become of it. */
export const MONEY_STORIES: readonly Story[] = combine(
  PROFILE,
  BASE,
  CALLS.flatMap((call) => FAULTS.map((fault): Part => [`${call} ${fault}`, { faults: { [call]: fault } }])),
);

const TASKS = [
  'LockFunds',
  'AwaitLockVerdict',
  'AwaitDelivery',
  'CompleteDelivery',
  'ReviewDelivery',
  'AwaitDecision',
  'ReleaseFunds',
  'AwaitReleaseVerdict',
  'RaiseDispute',
  'AwaitDisputeVerdict',
  'AwaitResolution',
  'CheckStatus',
];
const CRASH: readonly Part[] = TASKS.flatMap((task) =>
  CRASHES.map((kind): Part => [`${task} ${kind}`, { crash: { task, kind } }]),
);
const DOUBT: readonly Part[] = [
  ['sure', {}],
  ['in doubt', { faults: { create: 'lost-done', release: 'late', dispute: 'late' } }],
];

/** Every task with everything that can become of its function, with answers and without. */
export const CRASH_STORIES: readonly Story[] = combine(PROFILE, BASE, DOUBT, CRASH);

/** No sweeps for three hours, or for eight days. */
export const OUTAGE_STORIES: readonly Story[] = combine(PROFILE, BASE, DOUBT, [
  ['no sweep for 3 hours', { sweepsFrom: 3 * HOUR }],
  ['no sweep for 8 days', { sweepsFrom: 8 * DAY }],
  ['no sweep for 20 days', { sweepsFrom: 20 * DAY }],
]);

/** The service shows what cannot be, or there is no money. */
export const STRANGE_STORIES: readonly Story[] = [
  ...combine(
    PROFILE,
    BASE,
    (['another-amount', 'unknown-word'] as const).flatMap((as) =>
      [0, 30 * MINUTE, 2 * DAY].map((from): Part => [`${as} from ${from / MINUTE}`, { shown: { as, from } }]),
    ),
  ),
  ...combine(PROFILE, BASE, [
    ['too little money', { treasuryUsd: '49.99' }],
    ['another amount, lock in doubt', { faults: { create: 'lost-done' }, shown: { as: 'another-amount', from: 0 } }],
  ]),
];

function pickFrom<Item>(items: readonly Item[], random: () => number): Item {
  return items[Math.floor(random() * items.length)] as Item;
}

/** Several things at once, by a seed. */
export function randomStories(count: number, seed: number): Story[] {
  const random = createRandom(seed);
  const maybe = (part: Part, chance: number): Part[1] => (random() < chance ? part[1] : {});
  return Array.from({ length: count }, (_, index) => {
    const base = pickFrom(SIGNAL_STORIES, random);
    const faults = Object.fromEntries(
      CALLS.flatMap((call) => (random() < 0.4 ? [[call, pickFrom(FAULTS, random)] as const] : [])),
    );
    const crash = maybe(pickFrom(CRASH, random), 0.5);
    const outage = maybe(['', { sweepsFrom: pickFrom([HOUR, 3 * HOUR, 8 * DAY], random) }], 0.1);
    const says = `${Object.entries(faults).flat().join(' ')}; ${JSON.stringify({ ...crash, ...outage })}`;
    return { ...base, faults, ...crash, ...outage, title: `${index}: ${base.title}; ${says}` };
  });
}
