import { describeError, LedgerUnreachableError } from '../errors.ts';
import { effectKey, clientReference } from '../ledger/effect-key.ts';
import { formatUsd, NO_USD } from '../money.ts';
import type { Ending, Intent, OrderStore, Skip as SkipRecord } from '../ledger/intent.ts';
import type { EffectDeps } from '../ledger/perform-effect.ts';
import { doubt, mayBeSentUnknown } from '../ledger/the-past.ts';
import { ORDER_KINDS } from './market.ts';
import type { TradePolicy } from './trade-policy.ts';
import { later, standingOf, type Skipped, type TradeOutcome } from './trade-outcome.ts';
import { causeOfSignal, type TradeSignal } from './trade-signal.ts';

/** Why a signal is not traded. */
export type Why = Pick<Skipped, 'reason' | 'detail'>;

export type SkipDeps = Pick<EffectDeps, 'intents' | 'budgets' | 'readBeginning' | 'now' | 'newId'> & {
  readonly policy: Pick<TradePolicy, 'mode'>;
};

/** Skips whose reason goes away with time: they are recorded, so that the signal is not decided anew. */
const PASSING: ReadonlySet<string> = new Set(['future-dated', 'market-closed', 'older-than-ledger']);

/**
 * Skips a signal that was not claimed, unless its order has ended otherwise. A skip for what the signal itself says leaves no
 * record, as it is decided the same way again.
 *
 * @param hasWaited whether it was to be traded, and could not be.
 */
export async function skipSignal(
  deps: SkipDeps,
  signal: TradeSignal,
  why: Why,
  { hasWaited }: { readonly hasWaited: boolean },
): Promise<TradeOutcome> {
  const { intents, policy, now } = deps;
  const kind = ORDER_KINDS[policy.mode];
  const cause = causeOfSignal(signal);
  const key = effectKey(cause, kind);
  if (!hasWaited && !PASSING.has(why.reason)) {
    const known = await intents.read(key);
    return known === undefined ? newlySkipped(why) : skipKnown(deps, known, signal, why);
  }
  const { asset: payee, at: causedAt } = signal;
  const record = { key, kind, reference: clientReference(key), cause, payee, amountUsd: formatUsd(NO_USD) };
  const skip = recordOf({ cause, causedAt }, why);
  const { intent, isNew } = await intents.skip({ ...record, skip, note: why.detail }, now());
  return isNew ? newlySkipped(why) : skipKnown(deps, intent, signal, why);
}

/** Skips a known order that certainly was not sent. One that has ended stays as it is. */
async function skipKnown(
  deps: SkipDeps,
  known: Intent,
  { at: causedAt }: Pick<TradeSignal, 'at'>,
  why: Why,
): Promise<TradeOutcome> {
  if (known.state !== 'prepared' && known.state !== 'claimed') return standingOf(known);
  const doubted = await doubtPast(deps, known);
  if (doubted !== undefined) return doubted;
  const now = deps.now();
  const { cause } = known;
  const ended = await deps.intents.move(known, endingFor({ cause, causedAt }, why), now);
  return ended.state === 'skipped' && ended.updatedAt === now.toISOString() ? newlySkipped(why) : standingOf(ended);
}

/** Skips an order that this invocation has claimed, and gives back what that took. */
export async function skipClaimed(
  { intents, now }: { readonly intents: Pick<OrderStore, 'end'>; readonly now: () => Date },
  claimed: Intent,
  why: Why,
): Promise<TradeOutcome> {
  const { cause, causedAt = claimed.createdAt } = claimed;
  const ended = await intents.end(claimed, endingFor({ cause, causedAt }, why), now());
  return ended.state === 'skipped' && ended.owner === claimed.owner ? newlySkipped(why) : standingOf(ended);
}

/** Puts an order in doubt that an earlier ledger may have sent; the sweeper looks for it. Undefined if it certainly was not. */
export async function doubtPast(
  deps: Pick<EffectDeps, 'intents' | 'budgets' | 'readBeginning' | 'now' | 'newId'>,
  intent: Intent,
): Promise<TradeOutcome | undefined> {
  const began = await readBegan(deps);
  if (!mayBeSentUnknown(intent, undefined, began)) return undefined;
  const doubted = await doubt(deps, intent, deps.newId(), began);
  const reason = `the ledger began at ${began}: it may have been sent before`;
  switch (doubted.kind) {
    case 'doubted':
      return standingOf(doubted.intent);
    case 'locked':
      return { outcome: 'pending', reason, key: intent.key };
    case 'lost':
      return later(reason);
  }
}

/**
 * Since when the ledger knows what was sent (ISO 8601).
 *
 * @throws LedgerUnreachableError where that cannot be read: an order waits then, as for the stop. Nothing is claimed before.
 */
export async function readBegan({ readBeginning }: Pick<EffectDeps, 'readBeginning'>): Promise<string> {
  try {
    return await readBeginning();
  } catch (error) {
    throw new LedgerUnreachableError(`the ledger's beginning cannot be read: ${describeError(error)}`, {
      cause: error,
    });
  }
}

function newlySkipped(why: Why): TradeOutcome {
  return { outcome: 'skipped', ...why, isNew: true };
}

function endingFor(of: Parameters<typeof recordOf>[0], why: Why): Ending {
  return { state: 'skipped', note: why.detail, skip: recordOf(of, why) };
}

function recordOf(
  { cause, causedAt }: { readonly cause: Intent['cause']; readonly causedAt: string },
  { reason }: Why,
): SkipRecord {
  return { reason, rule: cause.rule, causedAt };
}
