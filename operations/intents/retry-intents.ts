import { setTimeout as sleep } from 'node:timers/promises';
import type { Intent, IntentCursor } from '../../src/ledger/intent.ts';
import { isOrder } from '../../src/ledger/intent.ts';
import type { Decide } from './decide.ts';

/** Which rejected effects are meant. */
export interface RetryFilter {
  /** ISO 8601: those rejected since. */
  readonly since: string;
  readonly kind?: string | undefined;
  /** What stands in the reason of their rejection, in any case. */
  readonly reason?: string | undefined;
}

/** Between two requests: executions start one after the other, and the pacer spaces their calls. */
const PAUSE_MS = 250;

/** The rejected effects of a filter that may be tried again: orders are not, nor what was tried again before. */
export async function listRejected(decide: Decide, filter: RetryFilter): Promise<readonly Intent[]> {
  const found: Intent[] = [];
  let after: IntentCursor | undefined;
  do {
    const asked = { action: 'rejected', since: filter.since, ...(after === undefined ? {} : { after }) };
    const { error, intents = [], next } = await decide(asked);
    if (error !== undefined) throw new Error(error);
    found.push(...intents.filter((intent) => isMeant(intent, filter)));
    after = next;
  } while (after !== undefined);
  return found;
}

function isMeant({ kind, reason = '', retriedAs }: Intent, filter: RetryFilter): boolean {
  if (retriedAs !== undefined || isOrder(kind)) return false;
  if (filter.kind !== undefined && kind !== filter.kind) return false;
  return reason.toLowerCase().includes((filter.reason ?? '').toLowerCase());
}

/**
 * Asks for another try of each, one after the other, and says how far it is. The operator and the evidence are recorded with
 * each. @returns how many were refused.
 */
export async function retryAll(
  decide: Decide,
  intents: readonly Intent[],
  by: { readonly operator: string | undefined; readonly evidence: string | undefined; readonly filter: RetryFilter },
  { say, pause = () => sleep(PAUSE_MS) }: { say: (line: string) => void; pause?: () => Promise<void> },
): Promise<number> {
  const { operator, evidence, filter } = by;
  const reason = `all ${filter.kind ?? 'effects'} rejected since ${filter.since}${filter.reason === undefined ? '' : ` for "${filter.reason}"`}`;
  let refused = 0;
  for (const [index, { key }] of intents.entries()) {
    if (index > 0) await pause();
    const { error, execution } = await decide({ action: 'retry', key, operator, evidence, reason });
    if (error !== undefined) refused += 1;
    say(`${index + 1}/${intents.length} ${key}: ${error ?? execution ?? 'asked for'}`);
  }
  return refused;
}
