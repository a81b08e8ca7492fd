import type { Obstacle } from './waiting.ts';

/** The one request of an effect, as the ledger recorded it. */
export interface EffectRequest {
  /** The JSON text that was recorded, and is sent as it is. */
  readonly body: string;
  /** The effect key, sent as `Idempotency-Key`. */
  readonly key: string;
  /** The client reference. */
  readonly reference: string;
}

/**
 * What is certain after a request that moves money.
 *
 * - `applied`: the answer shows the effect, and what it shows is what was asked for
 * - `rejected`: the answer is one of those the service gives before any effect, and asking again will not help
 * - `not-sent`: certainly no effect, and asking again may help (refused connection, rate limit)
 * - `unknown`: everything else
 *
 * `failure` is there where the service or the way to it failed; reasons of our own have none.
 */
export type Answer<Result> =
  | { readonly kind: 'applied'; readonly result: Result }
  | { readonly kind: 'rejected'; readonly reason: string; readonly failure?: Failure }
  | {
      readonly kind: 'not-sent';
      readonly reason: string;
      /** Not before so many seconds. */
      readonly retryAfterSeconds: number;
      /** The service, unless it says otherwise. */
      readonly waitsFor?: Obstacle;
      readonly failure?: Failure;
    }
  | { readonly kind: 'unknown'; readonly reason: string; readonly failure?: Failure };

/** What is known of a call that failed; never a key, a header or a body. */
export interface Failure {
  /** Such as `escrow.create`. */
  readonly operation: string;
  /** Undefined where no answer came. */
  readonly httpStatus: number | undefined;
  /** The service's code in the words of the escrow reference; as it came where those have no word for it. */
  readonly code: string | undefined;
  /** The client reference of the effect; undefined for a read. */
  readonly reference: string | undefined;
  readonly moneyMayHaveMoved: boolean;
}
