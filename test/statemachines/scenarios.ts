import { aRequest, ESCROW_ID } from '../support/bonus-escrow.ts';

/** What one visit to a task does. A retry is a visit too. */
export type Visit =
  | { readonly kind: 'returns'; readonly output: unknown }
  | { readonly kind: 'fails'; readonly error: string }
  /** Never answers: the task's own timeout ends it. */
  | { readonly kind: 'hangs' }
  /** Waits, and is told this after so many seconds. */
  | { readonly kind: 'signalled'; readonly output: unknown; readonly afterSeconds: number };

/** One way through the workflow. */
export interface Scenario {
  readonly title: string;
  /** The visits to each task, in order; all of them take place. */
  readonly tasks: Readonly<Partial<Record<Task, readonly Visit[]>>>;
  /** The states entered; the last is the end. */
  readonly path: readonly string[];
  /** What stands in `Cause` where the end is FundingFailed. */
  readonly cause?: string;
  /** How long it takes by the clock. */
  readonly seconds: number;
}

export type Task =
  | 'LockFunds'
  | 'AwaitLockVerdict'
  | 'AwaitDelivery'
  | 'CompleteDelivery'
  | 'ReviewDelivery'
  | 'AwaitDecision'
  | 'ReleaseFunds'
  | 'AwaitReleaseVerdict'
  | 'RaiseDispute'
  | 'AwaitDisputeVerdict'
  | 'AwaitResolution'
  | 'CheckStatus';

/** The input of every scenario. */
export const INPUT = { request: aRequest() };

const returns = (output: unknown): Visit => ({ kind: 'returns', output });
const fails = (error: string): Visit => ({ kind: 'fails', error });
const hangs: Visit = { kind: 'hangs' };
const times = (count: number, visit: Visit): Visit[] => Array.from({ length: count }, () => visit);

const locked = returns({
  outcome: 'applied',
  escrowId: ESCROW_ID,
  status: 'locked',
  deadlineAt: '2026-03-13T09:00:00Z',
});
const rejected = (reason: string) => returns({ outcome: 'rejected', reason });
const notSent = (retryAfterSeconds: number) => returns({ outcome: 'not-sent', reason: 'HTTP 429', retryAfterSeconds });
const pending = returns({ outcome: 'pending', reason: 'HTTP 500', key: 'the-key' });
const manual = returns({ outcome: 'manual', reason: 'HTTP 500', key: 'the-key' });
const settledAfter = (afterSeconds: number): Visit => ({
  kind: 'signalled',
  output: { signal: 'settled' },
  afterSeconds,
});
const settled = settledAfter(0);
/** Nobody said anything; the sweep of deadlines ends the wait. */
const lookAgain: Visit = {
  kind: 'signalled',
  output: { signal: 'deadline', deadlineAt: '2026-03-06T09:10:00Z' },
  afterSeconds: 600,
};

const deliveredAfter = (afterSeconds: number): Visit => ({
  kind: 'signalled',
  output: { signal: 'delivered', at: '2026-03-06T10:00:00Z', deliveredBy: 'registry' },
  afterSeconds,
});
const delivered = deliveredAfter(0);
const deadlineAfter = (afterSeconds: number): Visit => ({
  kind: 'signalled',
  output: { signal: 'deadline', deadlineAt: '2026-03-13T09:00:00Z' },
  afterSeconds,
});
const deadline = deadlineAfter(0);

const completed = returns({ outcome: 'applied' });
const release = returns({ decision: 'release', reason: 'delivered by registry' });
const dispute = returns({ decision: 'dispute', reason: 'rejected by ada' });
const ask = returns({ decision: 'ask', reason: 'a person decides', until: '2026-03-13T07:00:00.000Z', isLate: false });
const lapse = returns({ decision: 'let-lapse', reason: 'nobody', until: '2026-03-13T09:00:00.000Z', isLate: true });
const goneMeanwhile = returns({ decision: 'check-status', reason: 'the escrow is refunded' });
const frozen = returns({ outcome: 'applied', escrowId: ESCROW_ID, status: 'disputed' });
const overtaken = returns({ outcome: 'overtaken', reason: 'the escrow is refunded' });
const wordAfter = (signal: string, afterSeconds: number): Visit => ({
  kind: 'signalled',
  output: { signal, at: '2026-03-06T11:00:00Z', by: 'ada', reason: 'seen' },
  afterSeconds,
});
const approved = wordAfter('approved', 0);
const rejection = wordAfter('rejected', 0);
const changedAfter = (afterSeconds: number): Visit => ({
  kind: 'signalled',
  output: { signal: 'changed', at: '2026-03-06T11:00:00Z', source: 'sweeper' },
  afterSeconds,
});
const paid = returns({ outcome: 'applied', escrowId: ESCROW_ID, paidOutUsd: '49.50' });
const status = (word: string) => returns({ escrowId: ESCROW_ID, status: word, deadlineAt: '2026-03-13T09:00:00Z' });

/** A throttled invocation certainly did not start. */
const throttled = fails('Lambda.TooManyRequestsException');
/** Waits of 5, 10, 20, 40 and 80 seconds. */
const FIVE_SHORT_RETRIES = 155;
/** Retries that last a day: waits that double from the first on, up to 15 minutes. */
const pauses = (first: number, count: number): number =>
  Array.from({ length: count }, (_, index) => Math.min(first * 2 ** index, 900)).reduce((sum, pause) => sum + pause);
const RETRIES = 110;
const LONG_RETRIES = pauses(10, RETRIES);
const THROTTLED_RETRIES = pauses(5, RETRIES);
/** Of tasks that send. */
const LATE = 100;
const LATE_RETRIES = pauses(360, LATE);
/** `TimeoutSeconds` of the waits for a signal: seven days. */
const BACKSTOP = 604_800;
/** `TimeoutSeconds` of the waits for a verdict: two hours. */
const VERDICT_BACKSTOP = 7_200;

const LOCK = ['LockFunds', 'Are funds locked?'];
const WAIT_AND_LOCK = ['WaitToLock', ...LOCK];
const LOCK_VERDICT = ['AwaitLockVerdict', ...LOCK];
const AWAIT = ['AwaitDelivery', 'What ended the wait?'];
const ONLY_REVIEW = ['ReviewDelivery', 'Is gate passed?'];
const REVIEW = ['CompleteDelivery', ...ONLY_REVIEW];
const DECIDE = ['AwaitDecision', ...ONLY_REVIEW];
const RELEASE = ['ReleaseFunds', 'Are funds released?'];
const RELEASE_VERDICT = ['AwaitReleaseVerdict', ...RELEASE];
const DISPUTE = ['RaiseDispute', 'Is it disputed?'];
const DISPUTE_VERDICT = ['AwaitDisputeVerdict', ...DISPUTE];
const CHECK = ['CheckStatus', 'What is the status?'];

/** Every task's visit on the shortest way to a release. */
const SHORTEST = {
  LockFunds: [locked],
  AwaitDelivery: [delivered],
  CompleteDelivery: [completed],
  ReviewDelivery: [release],
  ReleaseFunds: [paid],
};

export const HAPPY_PATH: Scenario = {
  title: 'funds are locked, the delivery comes after an hour, and the counterparty is paid',
  tasks: { ...SHORTEST, AwaitDelivery: [deliveredAfter(3600)] },
  path: [...LOCK, ...AWAIT, ...REVIEW, ...RELEASE, 'Released'],
  seconds: 3600,
};

const FUNDING: Scenario[] = [
  {
    title: 'a lock that was not sent is tried again after the time asked for',
    tasks: { ...SHORTEST, LockFunds: [notSent(75), locked] },
    path: [...LOCK, ...WAIT_AND_LOCK, ...AWAIT, ...REVIEW, ...RELEASE, 'Released'],
    seconds: 75,
  },
  {
    title: 'a lock in doubt waits until it is settled, and goes on with what was found',
    tasks: { ...SHORTEST, LockFunds: [pending, locked], AwaitLockVerdict: [settledAfter(1200)] },
    path: [...LOCK, ...LOCK_VERDICT, ...AWAIT, ...REVIEW, ...RELEASE, 'Released'],
    seconds: 1200,
  },
  {
    title: 'a lock that nobody has settled for ten minutes is looked at again',
    tasks: { ...SHORTEST, LockFunds: [pending, pending, locked], AwaitLockVerdict: [lookAgain, settledAfter(30)] },
    path: [...LOCK, ...LOCK_VERDICT, ...LOCK_VERDICT, ...AWAIT, ...REVIEW, ...RELEASE, 'Released'],
    seconds: 630,
  },
  {
    title: 'a lock whose verdict nobody tells is looked at again after two hours',
    tasks: { ...SHORTEST, LockFunds: [pending, locked], AwaitLockVerdict: [hangs] },
    path: [...LOCK, ...LOCK_VERDICT, ...AWAIT, ...REVIEW, ...RELEASE, 'Released'],
    seconds: VERDICT_BACKSTOP,
  },
  {
    title: 'a lock that is found not to have taken place, and is not sent again, is a failed funding',
    tasks: { LockFunds: [pending, rejected('it did not take place')], AwaitLockVerdict: [settled] },
    path: [...LOCK, ...LOCK_VERDICT, 'FundingFailed'],
    cause: 'it did not take place',
    seconds: 0,
  },
  {
    title: 'a lock of which nobody can know needs attention',
    tasks: { LockFunds: [pending, manual], AwaitLockVerdict: [settled] },
    path: [...LOCK, ...LOCK_VERDICT, 'NeedsAttention'],
    seconds: 0,
  },
  {
    title: 'a wait for the verdict on a lock that could not be registered is registered again, for a day',
    tasks: {
      ...SHORTEST,
      LockFunds: [pending, locked],
      AwaitLockVerdict: [...times(RETRIES, fails('Lambda.Unknown')), settled],
    },
    path: [...LOCK, ...LOCK_VERDICT, ...AWAIT, ...REVIEW, ...RELEASE, 'Released'],
    seconds: LONG_RETRIES,
  },
  {
    title: 'a wait for the verdict on a lock that can never be registered needs attention',
    tasks: { LockFunds: [pending], AwaitLockVerdict: times(RETRIES + 1, fails('Lambda.Unknown')) },
    path: [...LOCK, 'AwaitLockVerdict', 'NeedsAttention'],
    seconds: LONG_RETRIES,
  },
  {
    title: 'a lock that is refused ends as a failed funding, with the reason as its cause',
    tasks: { LockFunds: [rejected('HTTP 400 INSUFFICIENT_BALANCE')] },
    path: [...LOCK, 'FundingFailed'],
    cause: 'HTTP 400 INSUFFICIENT_BALANCE',
    seconds: 0,
  },
  {
    title: 'a lock that was parked before needs attention',
    tasks: { LockFunds: [manual] },
    path: [...LOCK, 'NeedsAttention'],
    seconds: 0,
  },
  {
    title: 'a lock whose function fails is visited again once its claim is stale, for a day',
    tasks: {
      ...SHORTEST,
      LockFunds: [fails('TryLaterError'), hangs, ...times(LATE - 2, fails('Lambda.Unknown')), locked],
    },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...RELEASE, 'Released'],
    seconds: 60 + LATE_RETRIES,
  },
  {
    title: 'a lock whose function failed while it was sending waits for the verdict then',
    tasks: { ...SHORTEST, LockFunds: [hangs, pending, locked], AwaitLockVerdict: [settledAfter(900)] },
    path: [...LOCK, ...LOCK_VERDICT, ...AWAIT, ...REVIEW, ...RELEASE, 'Released'],
    seconds: 60 + 360 + 900,
  },
  {
    title: 'a lock whose function always fails needs attention',
    tasks: { LockFunds: times(LATE + 1, fails('TryLaterError')) },
    path: ['LockFunds', 'NeedsAttention'],
    seconds: LATE_RETRIES,
  },
  {
    title: 'a lock whose function could not be started is invoked again, for a day',
    tasks: { ...SHORTEST, LockFunds: [...times(RETRIES, throttled), locked] },
    path: HAPPY_PATH.path,
    seconds: THROTTLED_RETRIES,
  },
  {
    title: 'a lock whose function can never be started needs attention',
    tasks: { LockFunds: times(RETRIES + 1, throttled) },
    path: ['LockFunds', 'NeedsAttention'],
    seconds: THROTTLED_RETRIES,
  },
];

const WAITING: Scenario[] = [
  {
    title: 'a wait that could not be registered is registered again, for a day',
    tasks: { ...SHORTEST, AwaitDelivery: [...times(RETRIES, fails('Lambda.Unknown')), delivered] },
    path: HAPPY_PATH.path,
    seconds: LONG_RETRIES,
  },
  {
    title: 'a wait that can never be registered needs attention',
    tasks: { LockFunds: [locked], AwaitDelivery: times(RETRIES + 1, fails('ProvisionedThroughputExceededException')) },
    path: [...LOCK, 'AwaitDelivery', 'NeedsAttention'],
    seconds: LONG_RETRIES,
  },
  {
    title: 'a wait that nobody ends is ended by its backstop after seven days, and the status is asked for',
    tasks: { LockFunds: [locked], AwaitDelivery: [hangs], CheckStatus: [status('refunded')] },
    path: [...LOCK, 'AwaitDelivery', ...CHECK, 'Refunded'],
    seconds: BACKSTOP,
  },
  {
    title: 'after its backstop an escrow that is still locked is waited for again',
    tasks: { ...SHORTEST, AwaitDelivery: [hangs, deliveredAfter(60)], CheckStatus: [status('locked')] },
    path: [...LOCK, 'AwaitDelivery', ...CHECK, ...AWAIT, ...REVIEW, ...RELEASE, 'Released'],
    seconds: BACKSTOP + 60,
  },
];

const DEADLINES: Scenario[] = [
  ...[
    ['refunded', 'Refunded'],
    ['released', 'Released'],
    ['auto_released', 'AutoReleased'],
    ['unrecognized', 'NeedsAttention'],
  ].map(([word = '', end = '']) => ({
    title: `after its deadline an escrow that is ${word} ends as ${end}`,
    tasks: { LockFunds: [locked], AwaitDelivery: [deadlineAfter(600)], CheckStatus: [status(word)] },
    path: [...LOCK, ...AWAIT, ...CHECK, end],
    seconds: 600,
  })),
  {
    title: 'after its deadline an escrow that is still locked is waited for again, and its delivery is taken',
    tasks: { ...SHORTEST, AwaitDelivery: [deadline, deliveredAfter(30)], CheckStatus: [status('locked')] },
    path: [...LOCK, ...AWAIT, ...CHECK, ...AWAIT, ...REVIEW, ...RELEASE, 'Released'],
    seconds: 30,
  },
  {
    title: 'an escrow that its counterparty completed is asked about until the guard decides',
    tasks: {
      LockFunds: [locked],
      AwaitDelivery: [deadlineAfter(600)],
      CheckStatus: [status('completed')],
      ReviewDelivery: [ask, ask, release],
      AwaitDecision: [deadlineAfter(86_400), deadlineAfter(5_400)],
      ReleaseFunds: [paid],
    },
    path: [...LOCK, ...AWAIT, ...CHECK, ...ONLY_REVIEW, ...DECIDE, ...DECIDE, ...RELEASE, 'Released'],
    seconds: 600 + 86_400 + 5_400,
  },
  {
    title: 'a change that the sweeper sees ends the wait, and the status is asked for',
    tasks: { LockFunds: [locked], AwaitDelivery: [changedAfter(120)], CheckStatus: [status('refunded')] },
    path: [...LOCK, ...AWAIT, ...CHECK, 'Refunded'],
    seconds: 120,
  },
  {
    title: 'a status that cannot be read is read again, for a day',
    tasks: {
      LockFunds: [locked],
      AwaitDelivery: [deadline],
      CheckStatus: [...times(RETRIES, fails('ServiceUnreadableError')), status('refunded')],
    },
    path: [...LOCK, ...AWAIT, ...CHECK, 'Refunded'],
    seconds: LONG_RETRIES,
  },
  {
    title: 'a status whose reading hangs is read again',
    tasks: { LockFunds: [locked], AwaitDelivery: [deadline], CheckStatus: [hangs, status('refunded')] },
    path: [...LOCK, ...AWAIT, ...CHECK, 'Refunded'],
    seconds: 60 + 10,
  },
  {
    title: 'a status that can never be read needs attention',
    tasks: {
      LockFunds: [locked],
      AwaitDelivery: [deadline],
      CheckStatus: times(RETRIES + 1, fails('ServiceUnreadableError')),
    },
    path: [...LOCK, ...AWAIT, 'CheckStatus', 'NeedsAttention'],
    seconds: LONG_RETRIES,
  },
];

const REVIEWS: Scenario[] = [
  {
    title: 'a completion that fails does not stop the review',
    tasks: { ...SHORTEST, CompleteDelivery: [fails('TryLaterError')] },
    path: HAPPY_PATH.path,
    seconds: 0,
  },
  {
    title: 'a completion that hangs is not sent again and does not stop the review',
    tasks: { ...SHORTEST, CompleteDelivery: [hangs] },
    path: HAPPY_PATH.path,
    seconds: 60,
  },
  {
    title: 'a completion whose function could not be started is invoked again',
    tasks: { ...SHORTEST, CompleteDelivery: [...times(5, throttled), completed] },
    path: HAPPY_PATH.path,
    seconds: FIVE_SHORT_RETRIES,
  },
  {
    title: 'a completion whose function can never be started does not stop the review',
    tasks: { ...SHORTEST, CompleteDelivery: times(6, throttled) },
    path: HAPPY_PATH.path,
    seconds: FIVE_SHORT_RETRIES,
  },
  {
    title: 'a review of an escrow that was settled meanwhile asks for its status',
    tasks: {
      ...SHORTEST,
      ReviewDelivery: [returns({ decision: 'check-status', reason: 'the escrow is auto_released already' })],
      ReleaseFunds: [],
      CheckStatus: [status('auto_released')],
    },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...CHECK, 'AutoReleased'],
    seconds: 0,
  },
  {
    title: 'a review that finds another escrow than was asked for needs attention, and nothing is paid',
    tasks: {
      ...SHORTEST,
      ReviewDelivery: [returns({ decision: 'stop', reason: 'amount is 500.00' })],
      ReleaseFunds: [],
    },
    path: [...LOCK, ...AWAIT, ...REVIEW, 'NeedsAttention'],
    seconds: 0,
  },
  {
    title: 'a review that fails or hangs is made again, for a day',
    tasks: { ...SHORTEST, ReviewDelivery: [hangs, ...times(RETRIES - 1, fails('ServiceUnreadableError')), release] },
    path: HAPPY_PATH.path,
    seconds: 60 + LONG_RETRIES,
  },
  {
    title: 'a review that always fails needs attention, and nothing is paid',
    tasks: { ...SHORTEST, ReviewDelivery: times(RETRIES + 1, fails('ServiceUnreadableError')), ReleaseFunds: [] },
    path: [...LOCK, ...AWAIT, 'CompleteDelivery', 'ReviewDelivery', 'NeedsAttention'],
    seconds: LONG_RETRIES,
  },
];

const PAYMENTS: Scenario[] = [
  {
    title: 'a payment that was not sent is tried again after the time asked for',
    tasks: { ...SHORTEST, ReleaseFunds: [notSent(75), paid] },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...RELEASE, 'WaitToRelease', ...RELEASE, 'Released'],
    seconds: 75,
  },
  {
    title: 'a payment in doubt waits until it is settled, and ends with what was found',
    tasks: { ...SHORTEST, ReleaseFunds: [pending, paid], AwaitReleaseVerdict: [settledAfter(60)] },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...RELEASE, ...RELEASE_VERDICT, 'Released'],
    seconds: 60,
  },
  {
    title: 'a payment that nobody has settled for ten minutes is looked at again',
    tasks: { ...SHORTEST, ReleaseFunds: [pending, pending, paid], AwaitReleaseVerdict: [lookAgain, settled] },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...RELEASE, ...RELEASE_VERDICT, ...RELEASE_VERDICT, 'Released'],
    seconds: 600,
  },
  {
    title: 'a payment whose verdict nobody tells is looked at again after two hours',
    tasks: { ...SHORTEST, ReleaseFunds: [pending, paid], AwaitReleaseVerdict: [hangs] },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...RELEASE, ...RELEASE_VERDICT, 'Released'],
    seconds: VERDICT_BACKSTOP,
  },
  {
    title: 'a payment of which nobody can know needs attention',
    tasks: { ...SHORTEST, ReleaseFunds: [pending, manual], AwaitReleaseVerdict: [settledAfter(1200)] },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...RELEASE, ...RELEASE_VERDICT, 'NeedsAttention'],
    seconds: 1200,
  },
  {
    title: 'a wait for the verdict on a payment that could not be registered is registered again, for a day',
    tasks: {
      ...SHORTEST,
      ReleaseFunds: [pending, paid],
      AwaitReleaseVerdict: [...times(RETRIES, fails('Lambda.Unknown')), settled],
    },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...RELEASE, ...RELEASE_VERDICT, 'Released'],
    seconds: LONG_RETRIES,
  },
  {
    title: 'a wait for the verdict on a payment that can never be registered needs attention',
    tasks: { ...SHORTEST, ReleaseFunds: [pending], AwaitReleaseVerdict: times(RETRIES + 1, fails('Lambda.Unknown')) },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...RELEASE, 'AwaitReleaseVerdict', 'NeedsAttention'],
    seconds: LONG_RETRIES,
  },
  ...[
    ['refused', rejected('HTTP 403 WRONG_PARTY')],
    ['parked', manual],
  ].map(([word, answer]) => ({
    title: `a payment that is ${word as string} needs attention`,
    tasks: { ...SHORTEST, ReleaseFunds: [answer as Visit] },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...RELEASE, 'NeedsAttention'],
    seconds: 0,
  })),
  {
    title: 'a payment whose function fails is visited again once its claim is stale, for a day',
    tasks: {
      ...SHORTEST,
      ReleaseFunds: [fails('Sandbox.Timedout'), hangs, ...times(LATE - 2, fails('Lambda.Unknown')), paid],
    },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...RELEASE, 'Released'],
    seconds: 90 + LATE_RETRIES,
  },
  {
    title: 'a payment whose function failed while it was sending waits for the verdict then',
    tasks: { ...SHORTEST, ReleaseFunds: [hangs, pending, paid], AwaitReleaseVerdict: [settledAfter(900)] },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...RELEASE, ...RELEASE_VERDICT, 'Released'],
    seconds: 90 + 360 + 900,
  },
  {
    title: 'a payment whose function always fails needs attention',
    tasks: { ...SHORTEST, ReleaseFunds: times(LATE + 1, fails('Sandbox.Timedout')) },
    path: [...LOCK, ...AWAIT, ...REVIEW, 'ReleaseFunds', 'NeedsAttention'],
    seconds: LATE_RETRIES,
  },
  {
    title: 'a payment whose function could not be started is invoked again, for a day',
    tasks: { ...SHORTEST, ReleaseFunds: [...times(RETRIES, throttled), paid] },
    path: HAPPY_PATH.path,
    seconds: THROTTLED_RETRIES,
  },
  {
    title: 'a payment whose function can never be started needs attention',
    tasks: { ...SHORTEST, ReleaseFunds: times(RETRIES + 1, throttled) },
    path: [...LOCK, ...AWAIT, ...REVIEW, 'ReleaseFunds', 'NeedsAttention'],
    seconds: THROTTLED_RETRIES,
  },
];

/** Every task's visit on the shortest way to a dispute. */
const DISPUTED = {
  LockFunds: [locked],
  AwaitDelivery: [rejection],
  ReviewDelivery: [dispute],
  RaiseDispute: [frozen],
  CheckStatus: [status('refunded')],
};
/** The states on it, up to the dispute. */
const REJECTED_PATH = [...LOCK, ...AWAIT, ...ONLY_REVIEW];

/** The longest way that is no dispute: somebody is asked, told that it is late, and the default decides. */
export const LONGEST_UNDISPUTED: Scenario = {
  title: 'a delivery about which nobody decides, although they are told, is decided by default',
  tasks: {
    ...SHORTEST,
    AwaitDelivery: [deliveredAfter(3600)],
    ReviewDelivery: [ask, ask, release],
    AwaitDecision: [deadlineAfter(591_600), deadlineAfter(5_400)],
  },
  path: [...LOCK, ...AWAIT, ...REVIEW, ...DECIDE, ...DECIDE, ...RELEASE, 'Released'],
  seconds: 3600 + 591_600 + 5_400,
};

const DECISIONS: Scenario[] = [
  {
    title: 'an escrow that somebody approves before it is delivered is reviewed at once, and paid',
    tasks: { LockFunds: [locked], AwaitDelivery: [approved], ReviewDelivery: [release], ReleaseFunds: [paid] },
    path: [...REJECTED_PATH, ...RELEASE, 'Released'],
    seconds: 0,
  },
  {
    title: 'an escrow that somebody rejects before it is delivered is reviewed at once, and disputed',
    tasks: DISPUTED,
    path: [...REJECTED_PATH, ...DISPUTE, ...CHECK, 'Refunded'],
    seconds: 0,
  },
  {
    title: 'a delivery that a person decides about is paid once they approve',
    tasks: { ...SHORTEST, ReviewDelivery: [ask, release], AwaitDecision: [wordAfter('approved', 7_200)] },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...DECIDE, ...RELEASE, 'Released'],
    seconds: 7_200,
  },
  {
    title: 'a delivery that a person rejects is disputed',
    tasks: {
      ...DISPUTED,
      AwaitDelivery: [delivered],
      CompleteDelivery: [completed],
      ReviewDelivery: [ask, dispute],
      AwaitDecision: [wordAfter('rejected', 60)],
    },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...DECIDE, ...DISPUTE, ...CHECK, 'Refunded'],
    seconds: 60,
  },
  LONGEST_UNDISPUTED,
  {
    title: 'what is left to lapse is looked at until the service has settled it',
    tasks: {
      ...SHORTEST,
      ReviewDelivery: [lapse, lapse, goneMeanwhile],
      AwaitDecision: [deadlineAfter(1_800), deadlineAfter(300)],
      ReleaseFunds: [],
      CheckStatus: [status('auto_released')],
    },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...DECIDE, ...DECIDE, ...CHECK, 'AutoReleased'],
    seconds: 2_100,
  },
  {
    title: 'a wait for a decision that nobody ends is ended by its backstop after seven days, and reviewed again',
    tasks: { ...SHORTEST, ReviewDelivery: [ask, release], AwaitDecision: [hangs] },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...DECIDE, ...RELEASE, 'Released'],
    seconds: BACKSTOP,
  },
  {
    title: 'a wait for a decision that could not be registered is registered again, for a day',
    tasks: {
      ...SHORTEST,
      ReviewDelivery: [ask, release],
      AwaitDecision: [...times(RETRIES, fails('Lambda.Unknown')), approved],
    },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...DECIDE, ...RELEASE, 'Released'],
    seconds: LONG_RETRIES,
  },
  {
    title: 'a wait for a decision that can never be registered needs attention',
    tasks: {
      ...SHORTEST,
      ReviewDelivery: [ask],
      AwaitDecision: times(RETRIES + 1, fails('Lambda.Unknown')),
      ReleaseFunds: [],
    },
    path: [...LOCK, ...AWAIT, ...REVIEW, 'AwaitDecision', 'NeedsAttention'],
    seconds: LONG_RETRIES,
  },
  {
    title: 'a payment that others have overtaken asks for the status',
    tasks: { ...SHORTEST, ReleaseFunds: [overtaken], CheckStatus: [status('auto_released')] },
    path: [...LOCK, ...AWAIT, ...REVIEW, ...RELEASE, ...CHECK, 'AutoReleased'],
    seconds: 0,
  },
];

const DISPUTES: Scenario[] = [
  {
    title: 'a dispute is looked at until the staff have decided, for the counterparty',
    tasks: {
      ...DISPUTED,
      CheckStatus: [status('disputed'), status('disputed'), status('released')],
      AwaitResolution: [deadlineAfter(14_400), changedAfter(60)],
    },
    path: [
      ...REJECTED_PATH,
      ...DISPUTE,
      ...CHECK,
      'AwaitResolution',
      ...CHECK,
      'AwaitResolution',
      ...CHECK,
      'Released',
    ],
    seconds: 14_460,
  },
  {
    title: 'an escrow that is open again after its dispute is reviewed again',
    tasks: {
      ...DISPUTED,
      ReviewDelivery: [dispute, release],
      CheckStatus: [status('disputed'), status('completed')],
      AwaitResolution: [deadlineAfter(14_400)],
      ReleaseFunds: [paid],
    },
    path: [...REJECTED_PATH, ...DISPUTE, ...CHECK, 'AwaitResolution', ...CHECK, ...ONLY_REVIEW, ...RELEASE, 'Released'],
    seconds: 14_400,
  },
  {
    title: 'a wait for the end of a dispute is ended by its backstop after seven days, and the status is asked for',
    tasks: { ...DISPUTED, CheckStatus: [status('disputed'), status('refunded')], AwaitResolution: [hangs] },
    path: [...REJECTED_PATH, ...DISPUTE, ...CHECK, 'AwaitResolution', ...CHECK, 'Refunded'],
    seconds: BACKSTOP,
  },
  {
    title: 'a wait for the end of a dispute that could not be registered is registered again, for a day',
    tasks: {
      ...DISPUTED,
      CheckStatus: [status('disputed'), status('refunded')],
      AwaitResolution: [...times(RETRIES, fails('Lambda.Unknown')), changedAfter(0)],
    },
    path: [...REJECTED_PATH, ...DISPUTE, ...CHECK, 'AwaitResolution', ...CHECK, 'Refunded'],
    seconds: LONG_RETRIES,
  },
  {
    title: 'a wait for the end of a dispute that can never be registered needs attention',
    tasks: {
      ...DISPUTED,
      CheckStatus: [status('disputed')],
      AwaitResolution: times(RETRIES + 1, fails('Lambda.Unknown')),
    },
    path: [...REJECTED_PATH, ...DISPUTE, ...CHECK, 'AwaitResolution', 'NeedsAttention'],
    seconds: LONG_RETRIES,
  },
  {
    title: 'a dispute that was not sent is tried again after the time asked for',
    tasks: { ...DISPUTED, RaiseDispute: [notSent(75), frozen] },
    path: [...REJECTED_PATH, ...DISPUTE, 'WaitToDispute', ...DISPUTE, ...CHECK, 'Refunded'],
    seconds: 75,
  },
  {
    title: 'a dispute in doubt waits until it is settled, and goes on with what was found',
    tasks: { ...DISPUTED, RaiseDispute: [pending, frozen], AwaitDisputeVerdict: [settledAfter(60)] },
    path: [...REJECTED_PATH, ...DISPUTE, ...DISPUTE_VERDICT, ...CHECK, 'Refunded'],
    seconds: 60,
  },
  {
    title: 'a dispute whose verdict nobody tells is looked at again after two hours',
    tasks: { ...DISPUTED, RaiseDispute: [pending, frozen], AwaitDisputeVerdict: [hangs] },
    path: [...REJECTED_PATH, ...DISPUTE, ...DISPUTE_VERDICT, ...CHECK, 'Refunded'],
    seconds: VERDICT_BACKSTOP,
  },
  {
    title: 'a wait for the verdict on a dispute that could not be registered is registered again, for a day',
    tasks: {
      ...DISPUTED,
      RaiseDispute: [pending, frozen],
      AwaitDisputeVerdict: [...times(RETRIES, fails('Lambda.Unknown')), settled],
    },
    path: [...REJECTED_PATH, ...DISPUTE, ...DISPUTE_VERDICT, ...CHECK, 'Refunded'],
    seconds: LONG_RETRIES,
  },
  {
    title: 'a wait for the verdict on a dispute that can never be registered needs attention',
    tasks: {
      ...DISPUTED,
      RaiseDispute: [pending],
      AwaitDisputeVerdict: times(RETRIES + 1, fails('Lambda.Unknown')),
      CheckStatus: [],
    },
    path: [...REJECTED_PATH, ...DISPUTE, 'AwaitDisputeVerdict', 'NeedsAttention'],
    seconds: LONG_RETRIES,
  },
  {
    title: 'a dispute that others have overtaken asks for the status',
    tasks: { ...DISPUTED, RaiseDispute: [overtaken] },
    path: [...REJECTED_PATH, ...DISPUTE, ...CHECK, 'Refunded'],
    seconds: 0,
  },
  ...[
    ['refused', rejected('HTTP 403 WRONG_PARTY')],
    ['parked', manual],
  ].map(([word, answer]) => ({
    title: `a dispute that is ${word as string} needs attention`,
    tasks: { ...DISPUTED, RaiseDispute: [answer as Visit], CheckStatus: [] },
    path: [...REJECTED_PATH, ...DISPUTE, 'NeedsAttention'],
    seconds: 0,
  })),
  {
    title: 'a dispute whose function fails is visited again once its claim is stale, for a day',
    tasks: {
      ...DISPUTED,
      RaiseDispute: [fails('Sandbox.Timedout'), hangs, ...times(LATE - 2, fails('Lambda.Unknown')), frozen],
    },
    path: [...REJECTED_PATH, ...DISPUTE, ...CHECK, 'Refunded'],
    seconds: 90 + LATE_RETRIES,
  },
  {
    title: 'a dispute whose function always fails needs attention',
    tasks: { ...DISPUTED, RaiseDispute: times(LATE + 1, fails('Sandbox.Timedout')), CheckStatus: [] },
    path: [...REJECTED_PATH, 'RaiseDispute', 'NeedsAttention'],
    seconds: LATE_RETRIES,
  },
  {
    title: 'a dispute whose function could not be started is invoked again, for a day',
    tasks: { ...DISPUTED, RaiseDispute: [...times(RETRIES, throttled), frozen] },
    path: [...REJECTED_PATH, ...DISPUTE, ...CHECK, 'Refunded'],
    seconds: THROTTLED_RETRIES,
  },
  {
    title: 'a dispute whose function can never be started needs attention',
    tasks: { ...DISPUTED, RaiseDispute: times(RETRIES + 1, throttled), CheckStatus: [] },
    path: [...REJECTED_PATH, 'RaiseDispute', 'NeedsAttention'],
    seconds: THROTTLED_RETRIES,
  },
];

export const SCENARIOS: readonly Scenario[] = [
  HAPPY_PATH,
  ...FUNDING,
  ...WAITING,
  ...DEADLINES,
  ...REVIEWS,
  ...DECISIONS,
  ...PAYMENTS,
  ...DISPUTES,
];
