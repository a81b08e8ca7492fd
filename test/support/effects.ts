import type { BudgetPolicy } from '../../src/ledger/budgets.ts';
import { clientReference, effectKey, type EffectKind } from '../../src/ledger/effect-key.ts';
import type { Intent, IntentStore, NewIntent, NewSkip } from '../../src/ledger/intent.ts';
import type { Effect, EffectDeps } from '../../src/ledger/perform-effect.ts';
import {
  RESOLVE_DEFAULTS,
  resolveIntents,
  type Look,
  type ResolveDeps,
  type ResolveRun,
} from '../../src/ledger/resolve-intents.ts';
import { readFirstBeginning } from './memory-beginnings.ts';
import { createMemoryIntents } from './memory-intents.ts';

export const NOON = new Date('2026-03-06T12:00:00Z');

/** So long after noon. */
export function afterNoon(milliseconds: number): Date {
  return new Date(NOON.getTime() + milliseconds);
}

export const MINUTE = 60_000;

/** An intent before it is written: of an effect of its own for every kind and subject. */
export function aNewIntent(overrides: Partial<NewIntent> & { readonly subject?: string } = {}): NewIntent {
  const { subject = 'a-subject', ...others } = overrides;
  const kind: EffectKind = others.kind ?? 'escrow-create';
  const cause = { rule: 'a-rule', subject, status: 'done' };
  const key = effectKey(cause, kind);
  const settles = kind === 'escrow-complete' || kind === 'escrow-release' || kind === 'escrow-dispute';
  return {
    key,
    reference: clientReference(key),
    kind,
    cause,
    agentId: 'ag_sender',
    payee: 'ag_payee',
    ...(settles ? { escrowId: 'esc_1' } : {}),
    amountUsd: '50.00',
    requestBody: '{"amount_usd":50.00}',
    expiresAt: '2026-03-13T12:00:00.000Z',
    ...others,
  };
}

/** A decision not to send that effect, before it is written. */
export function aNewSkip({ subject, ...others }: Partial<NewSkip> & { readonly subject?: string } = {}): NewSkip {
  const { key, kind, reference, cause, payee, amountUsd } = aNewIntent(subject === undefined ? {} : { subject });
  const skip = { reason: 'older-than-ledger', rule: 'a-rule', causedAt: '2026-03-05T12:00:00.000Z' };
  return { key, kind, reference, cause, payee, amountUsd, skip, note: 'older than the ledger', ...others };
}

/** An effect as `performEffect` takes it, and what its first try is written as. */
export type AnEffect = Effect<undefined> & Pick<NewIntent, 'key' | 'requestBody'>;

export function anEffect(
  overrides: Partial<NewIntent & Pick<Effect<undefined>, 'sendingMs' | 'open' | 'lookBefore'>> & {
    readonly subject?: string;
  } = {},
): AnEffect {
  const { sendingMs = 10_000, open = async () => undefined, lookBefore, ...others } = overrides;
  const intent = aNewIntent(others);
  const bodyFor = () => intent.requestBody;
  return {
    causedAt: NOON.toISOString(),
    ...intent,
    bodyFor,
    open,
    sendingMs,
    ...(lookBefore === undefined ? {} : { lookBefore }),
  };
}

export const AN_EFFECT: AnEffect = anEffect();

export const NO_BUDGETS: BudgetPolicy = { perDay: {}, perAgentAndDay: {} };

let invocations = 0;

/** The world of one invocation with time enough, at noon, with nothing stopped and no budget. */
export function anInvocation(overrides: Partial<EffectDeps> = {}): EffectDeps {
  return {
    intents: createMemoryIntents(),
    budgets: NO_BUDGETS,
    readStop: async () => 'running',
    readBeginning: readFirstBeginning,
    now: () => NOON,
    newId: () => `invocation-${++invocations}`,
    remainingMs: () => 60_000,
    ...overrides,
  };
}

/** Writes an intent and claims it, as an invocation does that is then never heard of again. */
export async function leaveSending(
  intents: IntentStore,
  intent: NewIntent = aNewIntent(),
  claimedAt: Date = NOON,
  before?: Readonly<Record<string, unknown>>,
): Promise<Intent> {
  const { fence } = await intents.prepare(intent, claimedAt);
  const claim = { key: intent.key, owner: 'a crashed invocation', fence: fence + 1 };
  await intents.claim(claim, { reservations: [], before }, claimedAt);
  return readStored(intents, intent.key);
}

/** The same, and its answer was lost. */
export async function leaveUnknown(
  intents: IntentStore,
  intent: NewIntent = aNewIntent(),
  claimedAt: Date = NOON,
  before?: Readonly<Record<string, unknown>>,
): Promise<Intent> {
  const sending = await leaveSending(intents, intent, claimedAt, before);
  return intents.move(sending, { state: 'unknown', note: 'the answer was lost' }, claimedAt);
}

/** What is stored under a key; there has to be something. */
export async function readStored(intents: IntentStore, key: string): Promise<Intent> {
  const stored = await intents.read(key);
  if (stored === undefined) throw new Error(`no intent ${key}`);
  return stored;
}

/** One run of the sweeper, to which everything looks like this. */
export function sweep(
  intents: IntentStore,
  now: Date,
  look: Look = { kind: 'unclear', reason: 'not looked' },
  overrides: Partial<ResolveDeps> = {},
): Promise<ResolveRun> {
  return resolveIntents({
    intents,
    lookFor: async () => look,
    policy: RESOLVE_DEFAULTS,
    readBeginning: readFirstBeginning,
    now: () => now,
    remainingMs: () => 15 * MINUTE,
    ...overrides,
  });
}
