/**
 * What is certain after a request that moves money.
 *
 * - `applied`: the answer shows the effect, and what it shows is what was asked for
 * - `rejected`: the answer is one of those the service gives before any effect, and asking again will not help
 * - `not-sent`: certainly no effect, and asking again may help (refused connection, rate limit)
 * - `unknown`: everything else
 */
export type Answer<Result> =
  | { readonly kind: 'applied'; readonly result: Result }
  | { readonly kind: 'rejected'; readonly reason: string }
  | { readonly kind: 'not-sent'; readonly reason: string; readonly retryAfterSeconds: number }
  | { readonly kind: 'unknown'; readonly reason: string };
