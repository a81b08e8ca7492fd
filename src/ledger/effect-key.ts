import { hash } from 'node:crypto';

/** The calls that move money, or that start a timer which will. */
export const EFFECT_KINDS = [
  'escrow-create',
  'escrow-complete',
  'escrow-release',
  'escrow-dispute',
  'trade-order',
  /** An order in the paper book: it goes the way of a real one and moves no money. */
  'paper-order',
  'transfer',
  'faucet-claim',
] as const;
export type EffectKind = (typeof EFFECT_KINDS)[number];

/**
 * The business fact behind an event. Built from what the source of the fact says of it, never from an event's own id:
 * SageMaker sends several events, with different ids, for one change.
 */
export interface Cause {
  /** The rule that turns this fact into money, such as `training-bonus`. */
  readonly rule: string;
  /** ARN or id of what the fact is about. */
  readonly subject: string;
  /** When the subject came to be (ISO 8601), where a later one may bear the same name: SageMaker jobs do, ids do not. */
  readonly createdAt?: string | undefined;
  /** The terminal status the fact reports. */
  readonly status: string;
}

/** 64 hex digits that are the same for every delivery of one cause. Also a valid Step Functions execution name. */
export function effectKey(cause: Cause, kind: EffectKind, ordinal = 0): string {
  const parts = [cause.rule, cause.subject, cause.createdAt ?? null, cause.status, kind, ordinal];
  return hash('sha256', JSON.stringify(parts));
}

/** The key of another try of an effect that did not take place: as good as the first, and it names the one before. */
export function retryKey(key: string): string {
  return hash('sha256', JSON.stringify(['retry', key]));
}

/** A ledger that is gone may have tried again: so many tries of an effect are looked for, more than a person asks for. */
const TRIES = 20;

/** The references of the tries after one, which another ledger may have made. */
export function laterReferences(key: string): string[] {
  const references: string[] = [];
  for (let next = retryKey(key); references.length < TRIES - 1; next = retryKey(next)) {
    references.push(clientReference(next));
  }
  return references;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Five hex digits are 20 bits, and so are four characters of base32. */
const HEX_DIGITS = 5;
const SHIFTS = [15, 10, 5, 0] as const;
const REFERENCE_HEX_DIGITS = 25;

/**
 * The short form of an effect key (100 of its bits) that travels at the start of an escrow's `description`,
 * the only text of ours that Purple Flea returns.
 */
export function clientReference(key: string): string {
  let reference = 'pf1:';
  for (let start = 0; start < REFERENCE_HEX_DIGITS; start += HEX_DIGITS) {
    const bits = Number.parseInt(key.slice(start, start + HEX_DIGITS), 16);
    for (const shift of SHIFTS) reference += BASE32.charAt((bits >> shift) & 31);
  }
  return reference;
}
