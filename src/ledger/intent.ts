import type { Cause, EffectKind } from './effect-key.ts';

/**
 * - `prepared`: written, nothing sent (again, after an attempt that certainly did not go out)
 * - `sending`: claimed by one invocation; a request may be on its way
 * - `applied`: the service showed that the effect took place
 * - `rejected`: the service showed that it did not and will not
 * - `manual`: it cannot be known; a person decides
 */
export type IntentState = 'prepared' | 'sending' | 'applied' | 'rejected' | 'manual';

/** What is known of an effect before it is sent. */
export interface NewIntent {
  /** Effect key; see `effectKey`. */
  readonly key: string;
  readonly kind: EffectKind;
  /** Client reference; see `clientReference`. */
  readonly reference: string;
  readonly cause: Cause;
  /** Decimal USD. */
  readonly amountUsd: string;
  /** The exact body that is sent, so that a later delivery of the cause cannot send another. */
  readonly requestBody: string;
}

/** One line of an intent's story, for the person who reads the item. */
export interface IntentStep {
  readonly state: IntentState;
  /** ISO 8601. */
  readonly at: string;
  readonly note: string;
}

/** The ledger's record of one effect. */
export interface Intent extends NewIntent {
  readonly state: IntentState;
  /** Grows with every claim; a write that holds an older one is refused. */
  readonly fence: number;
  /** The invocation that claimed it last. */
  readonly owner?: string | undefined;
  /** When it was claimed last (ISO 8601). */
  readonly sentAt?: string | undefined;
  /** What the service answered, once applied. */
  readonly result?: Readonly<Record<string, unknown>> | undefined;
  /** Why it was rejected or parked. */
  readonly reason?: string | undefined;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly history: readonly IntentStep[];
}

/** The right to send one intent once. */
export interface Claim {
  readonly key: string;
  readonly owner: string;
  readonly fence: number;
}

/** How a claim ends. */
export interface Ending {
  readonly state: Exclude<IntentState, 'sending'>;
  readonly note: string;
  readonly result?: Readonly<Record<string, unknown>>;
}

/** Where intents are kept. Every write is conditional and linearizable, every read consistent. */
export interface IntentStore {
  /** Writes the intent in state `prepared` unless its key is known; returns what is stored then. */
  prepare(intent: NewIntent, at: Date): Promise<Intent>;
  /** Takes `prepared` to `sending` under `claim`, if the stored fence is one less. False where another was faster. */
  claim(claim: Claim, at: Date): Promise<boolean>;
  /** Ends a claim, if it still holds: same owner, same fence, state `sending`. Returns what is stored then. */
  end(claim: Claim, ending: Ending, at: Date): Promise<Intent>;
  read(key: string): Promise<Intent | undefined>;
  /** Intents in state `sending` that were claimed before `claimedBefore`, oldest first, at most `limit`. */
  listSending(claimedBefore: Date, limit: number): Promise<Intent[]>;
}
