import { describeError } from '../errors.ts';
import { leftAtLatest, weighAbsence } from './absence.ts';
import type { BudgetPolicy } from './budgets.ts';
import type { EffectKind } from './effect-key.ts';
import { attemptsOf, type Ending, type Intent, type IntentStore } from './intent.ts';
import { freeClaim, isLeaseOver } from './order-claim.ts';
import { MAX_ATTEMPTS } from './perform-effect.ts';
import { doubt, isOfEarlierLedger, mayBeSentUnknown, type ReadBeginning } from './the-past.ts';
import { isOutage } from './waiting.ts';

/**
 * What a look at the service showed of an effect whose answer proved nothing.
 *
 * - `found`: exactly one effect of this intent
 * - `many`: more than one; nothing may touch them but a person
 * - `absent`: a complete read does not show it
 * - `unclear`: the read was not complete, or is none: look again, for a day
 * - `unreadable`: the key or the service could not be read: look again, for as long as that is so
 * - `invisible`: nothing that could be read would ever show it
 */
export type Look =
  | { readonly kind: 'found'; readonly result: Readonly<Record<string, unknown>> }
  | { readonly kind: 'many'; readonly note: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unclear'; readonly reason: string }
  | { readonly kind: 'unreadable'; readonly reason: string }
  | { readonly kind: 'invisible'; readonly reason: string };

/** Looks for the effect of one intent. May throw where the service cannot be read. */
export type LookFor = (intent: Intent) => Promise<Look>;

/** When negative evidence counts, and what may follow from it. */
export interface ResolvePolicy {
  /** A request takes effect within this time of being sent, or never. */
  readonly quarantineMs: number;
  /** Between the two complete looks that have to agree. */
  readonly secondLookMs: number;
  /** An intent that cannot be looked at for this long goes to a person. */
  readonly giveUpMs: number;
  /** Whether an effect that certainly did not take place is sent again. Only creations are: their tag comes back. */
  readonly resend: boolean;
}

export const RESOLVE_DEFAULTS: ResolvePolicy = {
  quarantineMs: 15 * 60_000,
  secondLookMs: 5 * 60_000,
  giveUpMs: 24 * 3_600_000,
  resend: true,
};

/** Longer than any function may run: a claim older than this belongs to an invocation that is gone. */
export const STALE_CLAIM_MS = 5 * 60_000;

/** Who waits to send comes back within minutes: after this nobody may, and it is looked whether it has expired. */
const FORGOTTEN_MS = 60 * 60_000;

export interface ResolveDeps {
  readonly intents: IntentStore;
  readonly lookFor: LookFor;
  /** Why a prepared settlement is of no use any more; undefined where it may be, or that is not known. */
  readonly findMoot?: (intent: Intent) => Promise<string | undefined>;
  readonly policy: ResolvePolicy;
  readonly readBeginning: ReadBeginning;
  readonly now: () => Date;
  /** How long this run may still go on, in milliseconds. */
  readonly remainingMs: () => number;
}

/** What one run did. */
export interface ResolveRun {
  /** Intents that are unknown no more, and prepared ones that had expired or are of no use any more. */
  readonly settled: readonly Intent[];
  readonly looked: number;
  /** Unknown intents that this run saw and that are unknown still. */
  readonly inDoubt: number;
  /** Whether there are unknown intents that this run did not get to. */
  readonly left: boolean;
  /** Intents that could not be settled or noted because the ledger failed; they keep no other from being settled. */
  readonly failed: readonly { readonly key: string; readonly reason: string }[];
}

/** What has expired asks for no budget any more. */
const NO_BUDGETS: BudgetPolicy = { perDay: {}, perAgentAndDay: {} };

/** How many intents one run takes on: each costs a handful of paced reads. */
const BATCH = 25;

/** Kept for the last look and its write. */
const LOOK_MS = 25_000;

/** With less time left, looks for what is in doubt go first. */
const MOOT_MS = 60_000;

/** Kinds of which an absence in a complete read proves that they did not take place. */
const ABSENCE_PROVES: ReadonlySet<EffectKind> = new Set<EffectKind>([
  'escrow-create',
  'escrow-complete',
  'paper-order',
  'faucet-claim',
]);

/**
 * Looks for the effects that are unknown, the longest unlooked-at first, and settles what can be settled. A claim that
 * its invocation never recorded becomes unknown first; what nobody came back to send before it expired is rejected.
 */
export async function resolveIntents(deps: ResolveDeps): Promise<ResolveRun> {
  const failed: { key: string; reason: string }[] = [];
  const attempt = async (intent: Intent, act: () => Promise<Intent>): Promise<Intent> => {
    try {
      return await act();
    } catch (error) {
      failed.push({ key: intent.key, reason: describeError(error) });
      await letOthersPass(deps, intent, failed);
      return intent;
    }
  };
  const began = await deps.readBeginning().catch((error: unknown) => {
    failed.push({ key: 'the beginnings', reason: describeError(error) });
    return undefined;
  });
  await takeOverStaleClaims(deps, attempt);
  if (began !== undefined) await freeClaims(deps, began, attempt);
  const expired = began === undefined ? [] : await rejectExpired(deps, began, attempt);
  const unknown = await deps.intents.list('unknown', deps.now(), BATCH);
  const settled: Intent[] = [];
  let looked = 0;
  for (const intent of unknown) {
    if (deps.remainingMs() < LOOK_MS) break;
    looked += 1;
    const seen = await look(deps, intent);
    const at = deps.now();
    const after = await attempt(intent, () => settle(deps, intent, seen, { began, now: at }));
    if (after.state !== 'unknown' && isMovedAt(after, at)) settled.push(after);
  }
  return {
    settled: [...expired, ...settled],
    looked,
    inDoubt: unknown.length - settled.length,
    left: looked < unknown.length || unknown.length === BATCH,
    failed,
  };
}

/** One that fails each time goes behind the others, so that these are got to. */
async function letOthersPass(
  { intents, now }: ResolveDeps,
  intent: Intent,
  failed: { key: string; reason: string }[],
): Promise<void> {
  try {
    await intents.noteLook(intent, now(), false);
  } catch (error) {
    failed.push({ key: intent.key, reason: `not put behind the others: ${describeError(error)}` });
  }
}

/** Whether this run moved it on: of runs that overlap, one alone is to tell of it. */
function isMovedAt({ history }: Intent, at: Date): boolean {
  return history.at(-1)?.at === at.toISOString();
}

async function takeOverStaleClaims(
  { intents, remainingMs, now }: ResolveDeps,
  attempt: (intent: Intent, act: () => Promise<Intent>) => Promise<Intent>,
): Promise<void> {
  const stale = await intents.list('sending', new Date(now().getTime() - STALE_CLAIM_MS), BATCH);
  for (const intent of stale) {
    if (remainingMs() < LOOK_MS) break;
    const note = `claimed at ${intent.sentAt ?? 'an unknown time'} and never recorded: the request may have been sent`;
    await attempt(intent, () => intents.move(intent, { state: 'unknown', note }, now()));
  }
}

/** Frees claimed orders whose lease is over and that no other invocation took over: they certainly were not sent. */
async function freeClaims(
  { intents, remainingMs, now }: ResolveDeps,
  began: string,
  attempt: (intent: Intent, act: () => Promise<Intent>) => Promise<Intent>,
): Promise<void> {
  for (const intent of await intents.list('claimed', now(), BATCH)) {
    if (remainingMs() < LOOK_MS) break;
    if (!isLeaseOver(intent, now())) continue;
    await attempt(intent, async () => {
      if (!(await isOfUnknownPast(intents, intent, began))) return freeClaim(intents, intent, now());
      await doubt({ intents, budgets: NO_BUDGETS, now }, intent, 'the sweeper', began);
      return intent;
    });
  }
}

/**
 * What is prepared waits until its sender comes back. It is rejected once it has expired or its escrow is settled. If it may
 * have been sent before this ledger began, it is put in doubt instead.
 */
async function rejectExpired(
  { intents, findMoot, remainingMs, now }: ResolveDeps,
  began: string,
  attempt: (intent: Intent, act: () => Promise<Intent>) => Promise<Intent>,
): Promise<Intent[]> {
  const rejected: Intent[] = [];
  for (const intent of await intents.list('prepared', new Date(now().getTime() - FORGOTTEN_MS), BATCH)) {
    // What fails takes long, and comes last the next time.
    if (remainingMs() < LOOK_MS) break;
    const isExpired = now() >= new Date(intent.expiresAt);
    const expired = isExpired ? `not sent until ${intent.expiresAt}, when it expired` : undefined;
    const mayLook = !isExpired && remainingMs() >= MOOT_MS;
    let at = now();
    const after = await attempt(intent, async () => {
      // The execution that asked for it may be further already, and never come back.
      const isOfBackup = isOfEarlierLedger(intent, began);
      const note = expired ?? (mayLook && !isOfBackup ? await findMoot?.(intent) : undefined);
      at = now();
      if (note === undefined && !isOfBackup) return intents.noteLook(intent, at, false);
      if (note !== undefined && !(await isOfUnknownPast(intents, intent, began)))
        return intents.move(intent, { state: 'rejected', note }, at);
      const doubted = await doubt({ intents, budgets: NO_BUDGETS, now }, intent, 'the sweeper', began);
      // Where it is not to be had yet, the others come first.
      return doubted.kind === 'doubted' ? doubted.intent : intents.noteLook(intent, at, false);
    });
    if (after.state === 'rejected' && isMovedAt(after, at)) rejected.push(after);
  }
  return rejected;
}

/** Of an intent of an earlier release it is not known what it was for: that nobody came back for it counts. */
async function isOfUnknownPast(intents: IntentStore, intent: Intent, began: string): Promise<boolean> {
  const parent = intent.retryOf === undefined ? undefined : await intents.read(intent.retryOf);
  return mayBeSentUnknown({ ...intent, causedAt: intent.causedAt ?? intent.createdAt }, parent, began);
}

async function look(deps: ResolveDeps, intent: Intent): Promise<Look> {
  try {
    return await deps.lookFor(intent);
  } catch (error) {
    return { kind: isOutage(error) ? 'unreadable' : 'unclear', reason: describeError(error) };
  }
}

/** What follows from a look. Positive evidence counts at once, negative only twice and after the quarantine. */
async function settle(
  { intents, policy }: ResolveDeps,
  intent: Intent,
  seen: Look,
  { began, now }: { readonly began: string | undefined; readonly now: Date },
): Promise<Intent> {
  const leftAt = leftAtLatest(intent, began, now);
  const end = (ending: Ending) => intents.move(intent, ending, now);
  switch (seen.kind) {
    case 'found':
      return end({ state: 'applied', note: 'found at the service', result: seen.result });
    case 'many':
      return end({ state: 'manual', note: seen.note });
    case 'invisible':
      return end({ state: 'manual', note: seen.reason });
    case 'unreadable':
      return intents.noteLook(intent, now, false);
    case 'unclear':
      return now.getTime() - leftAt.getTime() < policy.giveUpMs
        ? intents.noteLook(intent, now, false)
        : end({ state: 'manual', note: seen.reason });
    case 'absent': {
      const absence = weighAbsence(intent, leftAt, policy, now);
      if (absence.kind !== 'proved') return intents.noteLook(intent, now, absence.kind === 'first');
      return end(afterAbsence(intent, absence.since, policy, now));
    }
  }
}

/** Two complete looks, after the quarantine, did not show it. */
function afterAbsence(intent: Intent, since: string, policy: ResolvePolicy, now: Date): Ending {
  const note = `not at the service in two complete looks, at ${since} and ${now.toISOString()}`;
  if (!ABSENCE_PROVES.has(intent.kind))
    return { state: 'manual', note: `${note}; that proves nothing for ${intent.kind}` };
  const maySend = policy.resend && attemptsOf(intent) < MAX_ATTEMPTS && now < new Date(intent.expiresAt);
  return maySend
    ? { state: 'prepared', note: `${note}: it may be sent again` }
    : { state: 'rejected', note: `${note}: it did not take place` };
}
