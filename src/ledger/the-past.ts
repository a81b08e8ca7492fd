import { isBefore } from './beginnings.ts';
import { reservationsFor, type BudgetPolicy } from './budgets.ts';
import { lockOf } from './lock.ts';
import type { ClaimResult, Intent, IntentStore } from './intent.ts';

/** Reads since when the ledger knows what was done (ISO 8601). */
export type ReadBeginning = () => Promise<string>;

/**
 * Whether a `prepared` or `claimed` intent may have been sent without this ledger knowing: by a ledger that was here before, or by this
 * one after the backup that it was restored from. What this ledger itself saw end since then is known.
 *
 * An intent says in which ledger it was written or claimed last. Of those that do not, times decide: they are of the
 * functions' clocks, which may differ by minutes from the clock that the beginning is of.
 *
 * @param parent is the intent that this one is another try of. Before a skipped cause is paid, the service is looked at.
 */
export function mayBeSentUnknown(
  {
    createdAt,
    causedAt = '',
    history,
    ledgerBegan,
  }: Pick<Intent, 'createdAt' | 'causedAt' | 'history' | 'ledgerBegan'>,
  parent: Pick<Intent, 'state' | 'history'> | undefined,
  began: string,
): boolean {
  const isKnown = (steps: Intent['history']): boolean => !isBefore(steps.at(-1)?.at ?? '', began);
  if (isOfEarlierLedger({ ledgerBegan }, began)) return true;
  const isOfThisLedger = ledgerBegan === began;
  if (history.length > 1 && (isOfThisLedger || isKnown(history))) return false;
  if (!isOfThisLedger && isBefore(createdAt, began)) return true;
  if (parent?.state === 'skipped' && isKnown(parent.history)) return false;
  return isBefore(causedAt, began);
}

/** Whether an intent comes from a backup: the ledger that wrote it, or claimed it last, began before this one. */
export function isOfEarlierLedger({ ledgerBegan }: Pick<Intent, 'ledgerBegan'>, began: string): boolean {
  return ledgerBegan !== undefined && isBefore(ledgerBegan, began);
}

/** What is kept with a doubt about the past, in `before`. */
const SINCE = 'unknownSince';

/** The `before` of an effect that may have been sent since a moment (ISO 8601), without this ledger knowing. */
export function inDoubtSince(moment: string): Readonly<Record<string, string>> {
  return { [SINCE]: moment };
}

/**
 * Takes an intent that may have been sent to `unknown`, as though its request had just left: with its lock, and its part
 * of the budgets where they have that much left. The sweeper then looks for its effect.
 */
export async function doubt(
  {
    intents,
    budgets,
    now,
  }: { readonly intents: IntentStore; readonly budgets: BudgetPolicy; readonly now: () => Date },
  intent: Intent,
  owner: string,
  began: string,
): Promise<
  Exclude<ClaimResult, { kind: 'claimed' | 'over-budget' }> | { readonly kind: 'doubted'; readonly intent: Intent }
> {
  const { key, createdAt, causedAt = createdAt } = intent;
  const note = `the ledger began at ${began}: it may have been sent before`;
  if (intent.state === 'claimed') {
    // It holds its lock and its part already.
    const doubted = await intents.move(intent, { state: 'unknown', note }, now());
    return doubted.state === 'unknown' ? { kind: 'doubted', intent: doubted } : { kind: 'lost' };
  }
  const claim = { key, owner, fence: intent.fence + 1 };
  const lock = lockOf(intent);
  const before = inDoubtSince(isBefore(causedAt, createdAt) ? causedAt : createdAt);
  const terms = { reservations: reservationsFor(budgets, intent, now()), lock, before, ledgerBegan: began };
  let claimed = await intents.claim(claim, terms, now());
  // What may be spent already cannot be refused.
  if (claimed.kind === 'over-budget') claimed = await intents.claim(claim, { ...terms, reservations: [] }, now());
  if (claimed.kind === 'over-budget')
    throw new Error(`intent ${key}: no budget was asked for, and ${claimed.budget} was refused`);
  if (claimed.kind !== 'claimed') return claimed;
  return {
    kind: 'doubted',
    intent: await intents.move({ ...claim, state: 'sending' }, { state: 'unknown', note }, now()),
  };
}

/** Since when an effect may have been sent (ISO 8601): since it was claimed, where the ledger knows of all before that. */
export function sentSince({ before, sentAt, createdAt }: Pick<Intent, 'before' | 'sentAt' | 'createdAt'>): string {
  const since = before?.[SINCE];
  return typeof since === 'string' ? since : (sentAt ?? createdAt);
}

/** Whether an effect was ever in doubt for being older than the ledger. */
export function isOfThePast({ before }: Pick<Intent, 'before'>): boolean {
  return before?.[SINCE] !== undefined;
}
