import { OwnerUnavailableError, SecretUnusableError, ServiceUnreadableError } from '../errors.ts';
import type { PaceWait } from '../pacing/pacer.ts';
import type { Intent, IntentWait } from './intent.ts';

/** What an effect waits for that nothing speaks against. */
export const OBSTACLES = ['stop', 'secret', 'service', 'rate-limit', 'lock'] as const;
export type Obstacle = (typeof OBSTACLES)[number];

/** Why something cannot be done now. */
export interface Later {
  readonly reason: string;
  readonly waitsFor: Obstacle;
  /** Not before so many seconds: the service said so, or nothing changes sooner. */
  readonly atLeastSeconds?: number | undefined;
}

/** The longest wait that a workflow passes in a state of its own. Longer ones are `pending`, and the sweepers end them. */
export const SHORT_WAIT_SECONDS = 120;

const FIRST_PAUSE_SECONDS = 15;
const LONGEST_PAUSE_SECONDS = 15 * 60;

/** So many pauses take about a day: from then on they grow further, as no history of an execution is endless. */
const PAUSES_OF_A_DAY = 100;
const LONGEST_LATER_SECONDS = 2 * 3600;

/** A limit says itself when it is over: so many waits for it are no longer than that. */
const LIMIT_WAITS = 200;

/** Right before a deadline the sweepers, which run every minute, could not end a shorter wait. */
const SHORTEST_BEFORE_DEADLINE_SECONDS = 60;
const PART_OF_WHAT_IS_LEFT = 8;

/**
 * How long to wait, in whole seconds: from 15 s to 15 min, and to 2 h after a day; at least what the service asks for, and
 * for a limit just that. Waits for limits and for other obstacles are counted apart.
 *
 * @param before how many waits there were.
 */
export function pauseSeconds(
  { waitsFor, atLeastSeconds = 0 }: Omit<Later, 'reason'>,
  { waits = 0, limitWaits = 0 }: Pick<Intent, 'waits' | 'limitWaits'>,
): number {
  const before = waitsFor === 'rate-limit' ? limitWaits - LIMIT_WAITS : waits - limitWaits;
  const asked = Math.ceil(atLeastSeconds);
  if (before < 0 && asked > 0) return asked;
  const grown =
    before < PAUSES_OF_A_DAY
      ? Math.min(FIRST_PAUSE_SECONDS * 2 ** Math.max(0, before), LONGEST_PAUSE_SECONDS)
      : Math.min(LONGEST_PAUSE_SECONDS * 2 ** (before - PAUSES_OF_A_DAY), LONGEST_LATER_SECONDS);
  return Math.max(grown, asked);
}

/**
 * Shortens a pause where a deadline comes near: an eighth of the time left, and a minute at least. Past the deadline
 * nothing is gained by it.
 */
export function pauseBefore(deadlineAt: string | undefined, seconds: number, now: Date): number {
  const left = deadlineAt === undefined ? 0 : (Date.parse(deadlineAt) - now.getTime()) / 1000;
  if (!(left > 0)) return seconds;
  return Math.min(seconds, Math.max(SHORTEST_BEFORE_DEADLINE_SECONDS, Math.floor(left / PART_OF_WHAT_IS_LEFT)));
}

/** The next wait of an intent, which ends with the intent's own time at the latest. */
export function nextWait(
  intent: Pick<Intent, 'waits' | 'limitWaits' | 'expiresAt'>,
  later: Later,
  now: Date,
  urgentBy?: string,
): IntentWait {
  const { waits = 0, limitWaits = 0 } = intent;
  const { waitsFor } = later;
  const pause = pauseBefore(urgentBy, pauseSeconds(later, intent), now);
  const seconds = Math.max(pause, Math.ceil(later.atLeastSeconds ?? 0));
  const until = Math.min(now.getTime() + seconds * 1000, Date.parse(intent.expiresAt));
  const limited = waitsFor === 'rate-limit' ? limitWaits + 1 : limitWaits;
  const wait = { notBefore: new Date(until).toISOString(), waits: waits + 1, waitsFor };
  return limited === 0 ? wait : { ...wait, limitWaits: limited };
}

/** How long an intent has to wait still, in whole seconds; 0 where it may be sent. */
export function secondsToWait({ notBefore }: Pick<Intent, 'notBefore'>, now: Date): number {
  return notBefore === undefined ? 0 : Math.max(0, Math.ceil((Date.parse(notBefore) - now.getTime()) / 1000));
}

/**
 * What a failed read means: later, where a secret or the service could not be read, or is another than an effect belongs
 * to. Undefined for everything else, which is a fault.
 */
export function laterFor(error: unknown): Later | undefined {
  if (error instanceof SecretUnusableError || error instanceof OwnerUnavailableError) {
    return { reason: error.message, waitsFor: 'secret' };
  }
  if (!(error instanceof ServiceUnreadableError)) return undefined;
  const { message: reason, httpStatus, retryAfterSeconds: atLeastSeconds } = error;
  return { reason, waitsFor: obstacleOf(httpStatus), atLeastSeconds };
}

/** What a slot that comes later means: exactly until then. */
export function laterAt({ reason, retryAfterSeconds }: PaceWait): Later {
  return { reason, waitsFor: 'rate-limit', atLeastSeconds: retryAfterSeconds };
}

/** What an answer of this status has to be waited for. */
export function obstacleOf(httpStatus: number | undefined): Obstacle {
  if (httpStatus === 401) return 'secret';
  return httpStatus === 429 ? 'rate-limit' : 'service';
}

/** Whether a read failed for want of a key or of the service, and not by an answer about what was asked for. */
export function isOutage(error: unknown): boolean {
  if (error instanceof SecretUnusableError) return true;
  if (!(error instanceof ServiceUnreadableError)) return false;
  const { httpStatus } = error;
  return httpStatus === undefined || httpStatus >= 500 || httpStatus === 401 || httpStatus === 429;
}
