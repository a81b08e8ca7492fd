import * as z from 'zod/mini';
import { INCOMING } from '../src/events/catalogue.ts';
import { escrowDecidedSchema } from '../src/events/escrow-decided.ts';
import { escrowDeliveredSchema } from '../src/events/escrow-delivered.ts';
import '../src/schemas.ts';

/** What the command line says of a signal. */
export interface SignalOptions {
  readonly escrow?: string | undefined;
  readonly job?: string | undefined;
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

/** An event for the app's bus. */
export interface SignalEvent {
  readonly detailType: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const OPTION_OF: Readonly<Record<string, string>> = {
  escrowId: '--escrow or --job',
  trainingJobName: '--job',
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
export function composeSignal(command: string, { escrow, job, by, reason }: SignalOptions): SignalEvent {
  const named = { escrowId: escrow, trainingJobName: job };
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

function problemOf({ code, message }: z.core.$ZodIssue, value: unknown): string {
  if (code === 'custom') return 'give one of the two';
  return value === undefined ? 'is missing' : message;
}
