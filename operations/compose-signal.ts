import * as z from 'zod/mini';
import { INCOMING } from '../src/events/catalogue.ts';
import { escrowDecidedSchema } from '../src/events/escrow-decided.ts';
import { escrowDeliveredSchema } from '../src/events/escrow-delivered.ts';
import '../src/schemas.ts';

/** What the command line says of a signal. */
export interface SignalOptions {
  readonly escrow?: string | undefined;
  readonly job?: string | undefined;
  readonly request?: string | undefined;
  readonly milestone?: string | undefined;
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

/** An event for the app's bus. */
export interface SignalEvent {
  readonly detailType: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const OPTION_OF: Readonly<Record<string, string>> = {
  escrowId: '--escrow, --job or --request',
  trainingJobName: '--job',
  requestId: '--request',
  milestone: '--milestone',
  by: '--by',
  deliveredBy: '--by',
  reason: '--reason',
  note: '--reason',
};

/**
 * The event for a command: `approve`, `reject` or `deliver`.
 *
 * @throws naming the option and what is allowed there: what the pipeline would put aside is not sent.
 */
export function composeSignal(
  command: string,
  { escrow, job, request, milestone, by, reason }: SignalOptions,
): SignalEvent {
  const named = { escrowId: escrow, trainingJobName: job, requestId: request, milestone };
  switch (command) {
    case 'approve':
      return checked(INCOMING.escrowApproved, escrowDecidedSchema, { ...named, by, reason });
    case 'reject':
      return checked(INCOMING.escrowRejected, escrowDecidedSchema, { ...named, by, reason });
    case 'deliver':
      return checked(INCOMING.escrowDelivered, escrowDeliveredSchema, { ...named, deliveredBy: by, note: reason });
    default:
      throw new Error(`there is no command "${command}"; allowed: approve, reject, deliver`);
  }
}

function checked(detailType: string, schema: z.core.$ZodType, fields: Readonly<Record<string, unknown>>): SignalEvent {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const detail = Object.fromEntries(given);
  const parsed = z.safeParse(schema, detail);
  if (parsed.success) return { detailType, detail };
  const problems = parsed.error.issues.map((issue) => {
    const field = String(issue.path[0]);
    return `${OPTION_OF[field] ?? field}: ${problemOf(issue, detail[field])}`;
  });
  throw new Error(problems.join('\n'));
}

function problemOf({ code, path, message }: z.core.$ZodIssue, value: unknown): string {
  if (code === 'custom') return path[0] === 'milestone' ? 'goes with --request' : 'give one of the three';
  return value === undefined ? 'is missing' : message;
}
