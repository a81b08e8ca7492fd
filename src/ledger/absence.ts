import { CLOCK_SKEW_MS } from '../clock-skew.ts';
import type { Intent } from './intent.ts';
import type { ResolvePolicy } from './resolve-intents.ts';

/** What one more complete look comes to that does not show an effect. */
export type Absence =
  /** What left last may not be seen before `until`. */
  | { readonly kind: 'early'; readonly until: Date }
  /** The first that counts. */
  | { readonly kind: 'first' }
  /** So soon after the first it says no more. */
  | { readonly kind: 'soon'; readonly until: Date }
  /** Two looks agree. */
  | { readonly kind: 'proved'; readonly since: string };

/**
 * Weighs such a look: negative evidence counts only after the quarantine, and from two looks that lie apart.
 *
 * @param leftAt the last moment at which the effect may have been sent.
 */
export function weighAbsence(
  { absentSince = '' }: Pick<Intent, 'absentSince'>,
  leftAt: Date,
  { quarantineMs, secondLookMs }: Pick<ResolvePolicy, 'quarantineMs' | 'secondLookMs'>,
  now: Date,
): Absence {
  const seenFrom = leftAt.getTime() + quarantineMs;
  if (now.getTime() < seenFrom) return { kind: 'early', until: new Date(seenFrom) };
  const first = Date.parse(absentSince);
  // A first look of a ledger that was restored since then says nothing of what was sent in between.
  if (!(first >= seenFrom)) return { kind: 'first' };
  const until = first + secondLookMs;
  return now.getTime() < until ? { kind: 'soon', until: new Date(until) } : { kind: 'proved', since: absentSince };
}

/**
 * The last moment at which an effect may have been sent, by the clocks of functions. A ledger does not know of what was sent
 * until it began, unless the claim is its own.
 *
 * @param began when the ledger began; undefined where that cannot be read: then it may be now.
 */
export function leftAtLatest(
  { sentAt, createdAt, ledgerBegan }: Pick<Intent, 'sentAt' | 'createdAt' | 'ledgerBegan'>,
  began: string | undefined,
  now: Date,
): Date {
  const sent = new Date(sentAt ?? createdAt);
  if (began === undefined) return laterOf(sent, now);
  return ledgerBegan === began ? sent : laterOf(sent, latestBy(began));
}

/** A moment of the ledger's clock, as the clock of a function shows it at the latest. */
export function latestBy(moment: string): Date {
  return new Date(Date.parse(moment) + CLOCK_SKEW_MS);
}

/** The later of two moments. */
export function laterOf(one: Date, other: Date): Date {
  return one > other ? one : other;
}
