import type { Answer } from '../src/ledger/answer.ts';
import { formatUsd, type MicroUsd } from '../src/money.ts';
import { ServiceUnreadableError } from '../src/errors.ts';
import type { HttpAnswer } from '../src/purple-flea/transport.ts';

/** What is not as the contract has it, in words; empty where everything is. */
export type Differences = readonly string[];

/** Nothing, or that a condition does not hold. */
export function unless(holds: boolean, difference: string): Differences {
  return holds ? [] : [difference];
}

/** An effect that should have been applied. */
export function notApplied(answer: Answer<unknown>): Differences {
  return answer.kind === 'applied' ? [] : [`${answer.kind}: ${answer.reason}`];
}

/** An effect that should have been refused by one of these answers. */
export function notRefused(what: string, answer: Answer<unknown>, status: number, code: string): Differences {
  if (answer.kind === 'applied') return [`${what}: applied, but HTTP ${status} ${code} was due`];
  const { httpStatus, code: shownCode } = answer.failure ?? {};
  return unless(
    httpStatus === status && shownCode === code,
    `${what}: HTTP ${httpStatus ?? '-'} ${shownCode ?? 'without a code'}, but HTTP ${status} ${code} was due`,
  );
}

/** A raw request that should have been answered so. */
export function notAnswered(what: string, answer: HttpAnswer, status: number, error: string): Differences {
  if (answer.kind !== 'answered') return [`${what}: ${answer.reason}`];
  const shown = (answer.body as { error?: unknown } | undefined)?.error;
  return unless(
    answer.status === status && shown === error,
    `${what}: HTTP ${answer.status} ${JSON.stringify(shown)}, but HTTP ${status} "${error}" was due`,
  );
}

/** A read that should have failed so. */
export async function notUnreadable(what: string, read: Promise<unknown>, status: number, code: string) {
  try {
    await read;
    return [`${what}: answered, but HTTP ${status} ${code} was due`];
  } catch (error) {
    if (!(error instanceof ServiceUnreadableError)) throw error;
    return unless(
      error.httpStatus === status && error.code === code,
      `${what}: HTTP ${error.httpStatus ?? '-'} ${error.code ?? 'without a code'}, but HTTP ${status} ${code} was due`,
    );
  }
}

/** An amount that should be another. */
export function notAmount(what: string, shown: MicroUsd, due: MicroUsd): Differences {
  return unless(shown === due, `${what} is $${formatUsd(shown)}, not $${formatUsd(due)}`);
}
