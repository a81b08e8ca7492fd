/** The ways in which ledger and service can disagree. What each means and what to do is in docs/workflows/money-once.md. */
export const DRIFT_KINDS = [
  /** The ledger says it was created; the service does not have it. */
  'escrow-missing',
  /** It bears a reference of the form that this project gives, and no intent has that reference. */
  'escrow-without-intent',
  /** The reference of one intent is on more escrows than one. */
  'reference-repeated',
  /** The escrow of an intent has another amount, counterparty, creator or description. */
  'escrow-differs',
  /** The ledger says that its creation did not take place; it exists. */
  'escrow-against-ledger',
  'release-not-shown',
  /** Released, and no release of ours took place or is in doubt. */
  'release-not-recorded',
  'dispute-not-shown',
  'completion-not-shown',
  /** What the service shows as locked is not what the open escrows add up to. */
  'locked-differs',
  /** More left the available balance than anything known explains. */
  'unexplained-outflow',
] as const;
export type DriftKind = (typeof DRIFT_KINDS)[number];

/** One disagreement. */
export interface Drift {
  readonly kind: DriftKind;
  /** Absent where it is about a balance. */
  readonly escrowId?: string | undefined;
  /** Client reference, where one is known. */
  readonly reference?: string | undefined;
  /** Effect key of the intent that it contradicts, if there is one. */
  readonly key?: string | undefined;
  /** One line that a person can act on; amounts in decimal USD. */
  readonly detail: string;
}

/** The same for the same disagreement, however often it is found. */
export function driftName({ kind, escrowId, reference, key }: Drift): string {
  return [kind, escrowId, reference, key].join(' ');
}
