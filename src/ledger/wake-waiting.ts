import type { Intent, IntentStore } from './intent.ts';
import { mayBegin, type ReadStop } from './stop.ts';
import { lockOf } from './lock.ts';

export interface WakeDeps {
  readonly intents: Pick<IntentStore, 'postpone' | 'read' | 'readHolder'>;
  readonly readStop: ReadStop;
  /** Whether its key can be read and the service answers it; asked once for each owner and kind. */
  readonly isReadable: (intent: Intent) => Promise<boolean>;
  readonly now: () => Date;
}

/** What one run did. */
export interface WakeRun {
  /** Intents that may be sent at once now, though their pause is not over. */
  readonly woken: readonly Intent[];
  /** How many could not be sent for so long that a person should know. */
  readonly waitingLong: number;
}

const LONG_MS = 3_600_000;

/** Shorter pauses end by themselves about as soon. */
const LEFT_MS = 90_000;

/** Between two wakes of one intent: what looks as if it was back may not be. It doubles up to the longest pause. */
const FIRST_GAP_MS = 60_000;
const LONGEST_GAP_MS = 15 * 60_000;

/** More wakes than this would fill an execution's history; then its pauses end by themselves. */
const MAX_WAKES = 200;

/**
 * Looks whether what intents wait for is back: the stop was lifted, a secret can be read and the service answers, a lock
 * was given back. Such intents may be sent at once; whoever waits for them has to be told.
 *
 * @param prepared the prepared intents that this run looks at.
 */
export async function wakeWaiting(deps: WakeDeps, prepared: readonly Intent[]): Promise<WakeRun> {
  const now = deps.now();
  const waiting = prepared.filter(({ notBefore }) => notBefore !== undefined);
  const isBack = createIsBack(deps);
  const woken: Intent[] = [];
  for (const intent of waiting) {
    if (!mayBeWoken(intent, now) || !(await isBack(intent))) continue;
    const wait = { waits: intent.waits ?? 0, waitsFor: intent.waitsFor ?? 'service', wakes: (intent.wakes ?? 0) + 1 };
    const after = await deps.intents.postpone(
      intent,
      { ...wait, notBefore: now.toISOString() },
      intent.reason ?? 'it waits',
      now,
    );
    if (after.state === 'prepared' && after.wakes === wait.wakes) woken.push(after);
  }
  return { woken, waitingLong: prepared.filter((intent) => isWaitingLong(intent, now)).length };
}

/** Whatever it is and waits for, until it expires. What was in doubt counts from when it might be sent again. */
function isWaitingLong({ createdAt, expiresAt, history }: Intent, now: Date): boolean {
  if (now >= new Date(expiresAt)) return false;
  const doubt = history.findLastIndex(({ state }) => state === 'unknown');
  const since = doubt < 0 ? createdAt : (history[doubt + 1]?.at ?? createdAt);
  return now.getTime() - Date.parse(since) >= LONG_MS;
}

/** A rate limit is over when it says so. */
function mayBeWoken({ notBefore = '', updatedAt, waitsFor, wakes = 0 }: Intent, now: Date): boolean {
  if (waitsFor === 'rate-limit' || wakes >= MAX_WAKES) return false;
  if (Date.parse(notBefore) - now.getTime() < LEFT_MS) return false;
  const gapMs = Math.min(FIRST_GAP_MS * 2 ** wakes, LONGEST_GAP_MS);
  return now.getTime() - Date.parse(updatedAt) >= gapMs;
}

function createIsBack(deps: WakeDeps): (intent: Intent) => Promise<boolean> {
  const stop = once(async () => deps.readStop().catch(() => undefined));
  const readable = new Map<string, Promise<boolean>>();
  const isReadable = (intent: Intent): Promise<boolean> => {
    const { agentId, service, wallet, kind } = intent;
    // Which key is used depends on the kind.
    const owner = JSON.stringify([agentId, service, wallet, kind]);
    const known = readable.get(owner) ?? deps.isReadable(intent);
    readable.set(owner, known);
    return known;
  };
  return async (intent) => {
    switch (intent.waitsFor) {
      case 'stop': {
        const mode = await stop();
        return mode !== undefined && mayBegin(intent.kind, mode);
      }
      case 'lock': {
        const lock = lockOf(intent);
        return lock === undefined || (await deps.intents.readHolder(lock)) === undefined;
      }
      case 'secret':
      case 'service':
      case undefined:
        return isReadable(intent);
      case 'rate-limit':
        return false;
    }
  };
}

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => (made ??= make());
}
