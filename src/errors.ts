/**
 * The faults of this project. A business "no" is not among them: those are returned as data.
 * `name` is a string literal because minified class names are not, and workflows match on it.
 */

/** An event that can never be handled as it is. The message names the field and the fix; it goes to the dead-letter queue. */
export class UnusableEventError extends Error {
  override readonly name = 'UnusableEventError';
}

/** A secret (API keys, signing secrets) is missing, not JSON, or lacks a field. The message names both and never holds a value. */
export class SecretUnusableError extends Error {
  override readonly name = 'SecretUnusableError';
}

/**
 * An effect cannot be sent or looked for as its owner: no key of that agent is held, or the service is configured with
 * another address or dialect. The message says which; nothing was sent.
 */
export class OwnerUnavailableError extends Error {
  override readonly name = 'OwnerUnavailableError';
}

/** The ledger is throttled or cannot be reached. Thrown by what comes before a claim alone: nothing was claimed or sent. */
export class LedgerUnreachableError extends Error {
  override readonly name = 'LedgerUnreachableError';
}

/** The features of a prediction cannot be used. The message names where they are, the field and what is wrong; no model was asked. */
export class FeaturesUnusableError extends Error {
  override readonly name = 'FeaturesUnusableError';
}

/** A model answered something that is no prediction. The message says what is wrong, and quotes the beginning of the answer. */
export class AnswerUnusableError extends Error {
  override readonly name = 'AnswerUnusableError';
}

/** A Purple Flea read had no usable answer. Nothing was changed by it: the caller may try again. */
export class ServiceUnreadableError extends Error {
  override readonly name = 'ServiceUnreadableError';
  /** Such as `escrow.status`. */
  readonly operation: string | undefined;
  /** Undefined where no answer came. */
  readonly httpStatus: number | undefined;
  /** The service's code in the words of the escrow reference, if it gave one. */
  readonly code: string | undefined;
  /** When to ask again, where the service limits the rate. */
  readonly retryAfterSeconds: number | undefined;
  readonly moneyMayHaveMoved = false;

  constructor(
    message: string,
    details: {
      readonly operation?: string;
      readonly httpStatus?: number;
      readonly code?: string | undefined;
      readonly retryAfterSeconds?: number;
    } = {},
  ) {
    super(message);
    this.operation = details.operation;
    this.httpStatus = details.httpStatus;
    this.code = details.code;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

/**
 * The work cannot be finished now and nothing was sent: the queue is to deliver the message again. However often that
 * happens, it is no failure of the message.
 */
export class TryLaterError extends Error {
  override readonly name = 'TryLaterError';
  /** When, where that is known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    message: string,
    { retryAfterSeconds, ...options }: ErrorOptions & { readonly retryAfterSeconds?: number | undefined } = {},
  ) {
    super(message, options);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** `error.name: error.message` of whatever was thrown, for reasons and log lines. */
export function describeError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
