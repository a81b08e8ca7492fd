/**
 * Where signals and waiting executions meet, in either order.
 *
 * A signal is kept under an address; a waiting execution leaves its task token under each of its addresses. Whoever
 * comes second finds the first: both write before they read, so neither can miss the other. Where both find each other
 * at once, Step Functions takes the token of the first and refuses that of the second.
 */

/** Something outside that a waiting execution must learn. */
export interface Signal {
  readonly type: 'delivered';
  /** When it was said (ISO 8601). */
  readonly at: string;
  readonly deliveredBy: string;
  readonly note?: string | undefined;
  readonly deliveryUrl?: string | undefined;
}

/** An execution that waits. */
export interface Wait {
  readonly taskToken: string;
  /** Its addresses; the first is the one that its deadline is kept under. */
  readonly addresses: readonly [string, ...string[]];
  /** Signals said before this moment are about something older of the same name (ISO 8601). */
  readonly notBefore: string;
  /** When to stop waiting and look (ISO 8601). */
  readonly deadlineAt: string;
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
  /** Keeps the latest signal of its type under the address. False where one as late was there already. */
  putSignal(address: string, signal: Signal): Promise<boolean>;
  findSignal(address: string): Promise<Signal | undefined>;
  listDue(now: Date, limit: number): Promise<DueWait[]>;
}

/** Ends the wait behind a task token. False where that wait has ended already. */
export type Resume = (taskToken: string, output: WaitEnd) => Promise<boolean>;

/** What ended a wait: the output of the workflow's `AwaitDelivery` and of its waits for a verdict. */
export type WaitEnd =
  | { readonly signal: 'deadline'; readonly deadlineAt: string }
  | { readonly signal: 'settled' }
  | (Omit<Signal, 'type'> & { readonly signal: 'delivered' });

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

/** The address of an execution that waits for what becomes of an effect in doubt. */
export function intentAddress(key: string): string {
  return `intent:${key}`;
}

/** Registers a wait and, where its signal has come before it, ends it at once. */
export async function awaitSignal(deps: MailboxDeps, wait: Wait): Promise<'waiting' | 'resumed'> {
  await deps.mailbox.putWait(wait);
  for (const address of wait.addresses) {
    const signal = await deps.mailbox.findSignal(address);
    if (signal !== undefined && isMeantFor(signal, wait)) {
      await resumeWith(deps, wait, signal);
      return 'resumed';
    }
  }
  return 'waiting';
}

/** Keeps a signal and, where an execution waits for it, ends that wait. A second signal of a kind changes nothing. */
export async function deliverSignal(
  deps: MailboxDeps,
  address: string,
  signal: Signal,
): Promise<'resumed' | 'kept' | 'repeated'> {
  const isNew = await deps.mailbox.putSignal(address, signal);
  const wait = await deps.mailbox.findWait(address);
  if (wait !== undefined && isMeantFor(signal, wait)) {
    return (await resumeWith(deps, wait, signal)) ? 'resumed' : 'repeated';
  }
  return isNew ? 'kept' : 'repeated';
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

/** Ends every wait whose deadline has passed. Returns how many, and by how much the latest was missed. */
export async function deliverDeadlines(
  deps: MailboxDeps,
  now: Date,
  limit: number,
): Promise<{ delivered: number; lagSeconds: number }> {
  const due = await deps.mailbox.listDue(now, limit);
  let delivered = 0;
  let lagSeconds = 0;
  for (const wait of due) {
    if (await deps.resume(wait.taskToken, { signal: 'deadline', deadlineAt: wait.deadlineAt })) delivered += 1;
    await deps.mailbox.removeWait(wait.address, wait.taskToken);
    lagSeconds = Math.max(lagSeconds, Math.floor((now.getTime() - Date.parse(wait.deadlineAt)) / 1000));
  }
  return { delivered, lagSeconds };
}

function isMeantFor(signal: Signal, wait: Wait): boolean {
  return Date.parse(signal.at) >= Date.parse(wait.notBefore);
}

async function resumeWith(deps: MailboxDeps, wait: Wait, signal: Signal): Promise<boolean> {
  const { type, ...said } = signal;
  const resumed = await deps.resume(wait.taskToken, { signal: type, ...said });
  for (const address of wait.addresses) await deps.mailbox.removeWait(address, wait.taskToken);
  return resumed;
}
