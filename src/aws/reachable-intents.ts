import { describeError, LedgerUnreachableError } from '../errors.ts';
import type { IntentStore } from '../ledger/intent.ts';

/** What DynamoDB answers where another try may do in a moment, and how a connection fails. */
const PASSING: readonly unknown[] = [
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'TimeoutError',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
];

/**
 * Intents of which what comes before a claim says that the ledger cannot be reached. A claim, and what ends it, fail with
 * the error itself: whether they took place is not known.
 */
export function sayUnreachable<Store extends IntentStore>(intents: Store): Store {
  return {
    ...intents,
    prepare: saying((...prepared: Parameters<IntentStore['prepare']>) => intents.prepare(...prepared)),
    read: saying((key: string) => intents.read(key)),
    postpone: saying((...wait: Parameters<IntentStore['postpone']>) => intents.postpone(...wait)),
  };
}

function saying<Args extends unknown[], Value>(call: (...args: Args) => Promise<Value>) {
  return async (...args: Args): Promise<Value> => {
    try {
      return await call(...args);
    } catch (error) {
      if (!isPassing(error)) throw error;
      throw new LedgerUnreachableError(`the ledger cannot be reached: ${describeError(error)}`, { cause: error });
    }
  };
}

function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { name, code, $metadata } = error as Error & {
    readonly code?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  return PASSING.includes(name) || PASSING.includes(code) || ($metadata?.httpStatusCode ?? 0) >= 500;
}
