import { describeError } from '../errors.ts';
import type { ServicePlace } from '../ledger/owner.ts';

/**
 * Where signals and waiting executions meet, in either order.
 *
 * A signal is kept under an address; a waiting execution leaves its task token under each of its addresses. Whoever
 * comes second finds the first: both write before they read, so neither can miss the other. Where both find each other
 * at once, Step Functions takes the token of the first and refuses that of the second.
 */

/** Something outside that a waiting execution must learn. `at` is when it was said (ISO 8601). */
export type Signal =
  | {
      readonly type: 'delivered';
      readonly at: string;
      readonly deliveredBy: string;
      readonly note?: string | undefined;
      readonly deliveryUrl?: string | undefined;
      /** What the delivery measures, for a gate that goes by it. */
      readonly metrics?: Readonly<Record<string, number>> | undefined;
    }
  | { readonly type: 'approved' | 'rejected'; readonly at: string; readonly by: string; readonly reason: string }
  /** The service may show something new. It is no decision: it only has the escrow looked at. */
  | { readonly type: 'changed'; readonly at: string; readonly source: string };
export type SignalType = Signal['type'];

/** Signals that are kept for an execution that does not wait yet. */
const KEPT: readonly SignalType[] = ['delivered', 'approved', 'rejected'];

/** An execution that waits. */
export interface Wait {
  readonly taskToken: string;
  /** Its addresses; the first is the one that its deadline is kept under. */
  readonly addresses: readonly [string, ...string[]];
  /** What it waits for; other signals are kept for a later wait. */
  readonly takes: readonly SignalType[];
  /** Signals said before this moment are about something older of the same name (ISO 8601). */
  readonly notBefore: string;
  /** When to stop waiting and look (ISO 8601). */
  readonly deadlineAt: string;
  /** Which of a delivery's metrics are handed on; all of them if left out, as in waits of earlier releases. */
  readonly metrics?: readonly string[] | undefined;
  /** The escrow that it is about, and its status as far as the execution knows: another one wakes it. */
  readonly escrowId?: string | undefined;
  readonly status?: string | undefined;
  /** Where the escrow lives; absent where that is not known, as in waits of earlier releases. */
  readonly service?: ServicePlace | undefined;
}

/** A wait whose deadline has passed. */
export interface DueWait {
  readonly address: string;
  readonly taskToken: string;
  readonly deadlineAt: string;
}

/** Where waits and signals are kept. Reads are consistent. */
export interface MailboxStore {
  putWait(wait: Wait): Promise<void>;
  findWait(address: string): Promise<Wait | undefined>;
  removeWait(address: string, taskToken: string): Promise<void>;
  /** Keeps a signal under the address. False where one of its type and time was there already. */
  putSignal(address: string, signal: Signal): Promise<boolean>;
  /** All that is kept under the address: of a repeated signal the first may be the one that counts. */
  listSignals(address: string): Promise<readonly Signal[]>;
  listDue(now: Date, limit: number): Promise<DueWait[]>;
}

/** Ends the wait behind a task token. False where that wait has ended already. */
export type Resume = (taskToken: string, output: WaitEnd) => Promise<boolean>;

type Renamed<Said> = Said extends Signal ? Omit<Said, 'type'> & { readonly signal: Said['type'] } : never;

/** What ended a wait: the output of the workflow's tasks that wait. */
export type WaitEnd =
  { readonly signal: 'deadline'; readonly deadlineAt: string } | { readonly signal: 'settled' } | Renamed<Signal>;

export interface MailboxDeps {
  readonly mailbox: MailboxStore;
  readonly resume: Resume;
}

/** The address of an escrow's own mail. */
export function escrowAddress(escrowId: string): string {
  return `escrow:${escrowId}`;
}

/** The address of mail for the bonus of a training job, known before there is an escrow. */
export function trainingJobAddress(jobName: string): string {
  return `training-job:${jobName}`;
}

/** The address of mail for the escrow of a request, or of one of its milestones, known before there is an escrow. */
export function requestAddress(requestId: string, milestone?: string): string {
  return `request:${requestSubject(requestId, milestone)}`;
}

/** What names one escrow of a request: `id`, or `id/milestone`. */
export function requestSubject(requestId: string, milestone?: string): string {
  return milestone === undefined ? requestId : `${requestId}/${milestone}`;
}

/** The address of an execution that waits for what becomes of an effect in doubt. */
export function intentAddress(key: string): string {
  return `intent:${key}`;
}

/** Registers a wait and, where something that it takes was said before, ends it at once. */
export async function awaitSignal(deps: MailboxDeps, wait: Wait): Promise<'waiting' | 'resumed'> {
  await deps.mailbox.putWait(wait);
  const kept: Signal[] = [];
  for (const address of wait.addresses) kept.push(...(await deps.mailbox.listSignals(address)));
  const [first] = kept.filter((signal) => isMeantFor(signal, wait)).toSorted(bySaying);
  if (first === undefined) return 'waiting';
  await resumeWith(deps, wait, first);
  return 'resumed';
}

/**
 * Keeps a signal and, where an execution waits for it, ends that wait. A second signal of a kind changes nothing. Of a
 * change nothing is kept: who waits later looks first.
 */
export async function deliverSignal(
  deps: MailboxDeps,
  address: string,
  signal: Signal,
): Promise<'resumed' | 'kept' | 'repeated' | 'nobody-waits'> {
  const isKept = KEPT.includes(signal.type);
  const isNew = isKept && (await deps.mailbox.putSignal(address, signal));
  const wait = await deps.mailbox.findWait(address);
  if (wait !== undefined && isMeantFor(signal, wait)) {
    return (await resumeWith(deps, wait, signal)) ? 'resumed' : 'repeated';
  }
  if (!isKept) return 'nobody-waits';
  return isNew ? 'kept' : 'repeated';
}

/**
 * What was said of an escrow: what ended its execution's waits, and, where no word to release or dispute is among that, the
 * first one that is kept and no wait was ended by. A delivery likewise.
 */
export async function listSaid(
  mailbox: Pick<MailboxStore, 'listSignals'>,
  heard: readonly WaitEnd[],
  addresses: readonly string[],
  cause: { readonly createdAt: string },
): Promise<readonly WaitEnd[]> {
  if (heard.some(({ signal }) => isWord(signal))) return heard;
  const kept: Signal[] = [];
  for (const address of addresses) kept.push(...(await mailbox.listSignals(address)));
  const inTime = kept.filter(({ at }) => Date.parse(at) >= Date.parse(cause.createdAt)).toSorted(bySaying);
  const isDelivered = heard.some(({ signal }) => signal === 'delivered');
  const delivery = isDelivered ? undefined : inTime.find(({ type }) => type === 'delivered');
  const word = inTime.find(({ type }) => isWord(type));
  return [...heard, ...[delivery, word].flatMap((signal) => (signal === undefined ? [] : [endBy(signal)]))];
}

function isWord(signal: WaitEnd['signal']): boolean {
  return signal === 'approved' || signal === 'rejected';
}

function endBy({ type, ...said }: Signal): WaitEnd {
  return { signal: type, ...said } as WaitEnd;
}

/** Ends the wait for what became of an effect, if there is one. Nothing is kept: who waits later looks first. */
export async function deliverVerdict(deps: MailboxDeps, key: string): Promise<boolean> {
  const address = intentAddress(key);
  const wait = await deps.mailbox.findWait(address);
  if (wait === undefined) return false;
  const resumed = await deps.resume(wait.taskToken, { signal: 'settled' });
  await deps.mailbox.removeWait(address, wait.taskToken);
  return resumed;
}

/** What a run over due waits did. A wait that failed stays due, and keeps no other from being ended. */
export interface DeadlineRun {
  readonly delivered: number;
  /** By how much the latest deadline was missed. */
  readonly lagSeconds: number;
  readonly failed: readonly { readonly address: string; readonly reason: string }[];
}

/** Ends every wait whose deadline has passed. */
export async function deliverDeadlines(deps: MailboxDeps, now: Date, limit: number): Promise<DeadlineRun> {
  const due = await deps.mailbox.listDue(now, limit);
  const failed: { address: string; reason: string }[] = [];
  let delivered = 0;
  for (let at = 0; at < due.length; at += AT_ONCE) {
    const waits = due.slice(at, at + AT_ONCE);
    const ended = await Promise.allSettled(waits.map((wait) => endAtDeadline(deps, wait)));
    for (const [index, end] of ended.entries()) {
      if (end.status === 'rejected') {
        failed.push({ address: waits[index]?.address ?? '', reason: describeError(end.reason) });
      } else if (end.value) delivered += 1;
    }
  }
  // The longest due comes first.
  const [latest] = due;
  const lagSeconds = latest === undefined ? 0 : Math.floor((now.getTime() - Date.parse(latest.deadlineAt)) / 1000);
  return { delivered, lagSeconds, failed };
}

/** How many waits are ended at the same time. */
const AT_ONCE = 25;

async function endAtDeadline(deps: MailboxDeps, { address, taskToken, deadlineAt }: DueWait): Promise<boolean> {
  const resumed = await deps.resume(taskToken, { signal: 'deadline', deadlineAt });
  await deps.mailbox.removeWait(address, taskToken);
  return resumed;
}

/** What is only looked at has no age. */
function isMeantFor(signal: Signal, wait: Wait): boolean {
  if (!wait.takes.includes(signal.type)) return false;
  return signal.type === 'changed' || Date.parse(signal.at) >= Date.parse(wait.notBefore);
}

/** What was said first counts; of what was said at once, the one that keeps the money. */
function bySaying(one: Signal, other: Signal): number {
  return (
    Date.parse(one.at) - Date.parse(other.at) || Number(other.type === 'rejected') - Number(one.type === 'rejected')
  );
}

/** An execution's state is small: of what a delivery measures it gets what its gate names. */
function ofUse(signal: Signal, { metrics: named }: Wait): Signal {
  if (signal.type !== 'delivered' || signal.metrics === undefined || named === undefined) return signal;
  const metrics = Object.fromEntries(Object.entries(signal.metrics).filter(([name]) => named.includes(name)));
  return { ...signal, metrics };
}

async function resumeWith(deps: MailboxDeps, wait: Wait, signal: Signal): Promise<boolean> {
  const resumed = await deps.resume(wait.taskToken, endBy(ofUse(signal, wait)));
  for (const address of wait.addresses) await deps.mailbox.removeWait(address, wait.taskToken);
  return resumed;
}
