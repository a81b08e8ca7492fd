import * as z from 'zod/mini';
import { jsonText } from '../../src/schemas.ts';
import { keySourcesSchema } from '../../src/aws/key-ring.ts';
import { escrowServiceSchema, serviceSchema } from '../../src/purple-flea/service.ts';

const milliseconds = z.pipe(z.string().check(z.regex(/^\d+$/)), z.transform(Number));

/** Settings of functions that call Purple Flea. */
export const purpleFleaEnvironment = {
  /** Where the pacer keeps when calls may go out. */
  INTENT_TABLE: z.string(),
  PACE_PERCENT: z.pipe(z.string().check(z.regex(/^\d+$/)), z.transform(Number)),
  CONNECT_TIMEOUT_MS: milliseconds,
  REQUEST_TIMEOUT_MS: milliseconds,
};
/** Which secrets a function may read, by what their keys are for. They are named here, never held. */
export const keysEnvironment = { SECRETS: jsonText(keySourcesSchema) };
/** The agent that locks escrows. */
export const treasuryEnvironment = { AGENT_ID: z.string() };
export const escrowEnvironment = { ...purpleFleaEnvironment, ESCROW_SERVICE: jsonText(escrowServiceSchema) };
export const tradingEnvironment = { ...purpleFleaEnvironment, TRADING_SERVICE: jsonText(serviceSchema) };
export const ledgerEnvironment = {
  INTENT_TABLE: z.string(),
  EVENT_BUS: z.string(),
  STOP_PARAMETER: z.string(),
};
export const mailboxEnvironment = { MAILBOX_TABLE: z.string() };
/** Of functions that take messages from a queue. */
export const queueEnvironment = {
  QUEUE_URL: z.string(),
  DEAD_LETTER_QUEUE_URL: z.string(),
  MAX_RECEIVES: z.pipe(z.string().check(z.regex(/^\d+$/)), z.transform(Number)),
};

/**
 * Reads a function's settings from its environment.
 *
 * @throws naming every variable that is missing or malformed, and no value.
 */
export function readEnvironment<Shape extends z.core.$ZodShape>(shape: Shape): z.output<z.ZodMiniObject<Shape>> {
  const parsed = z.safeParse(z.object(shape), process.env);
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map((issue) => `${String(issue.path[0])}: ${issue.message}`);
  throw new Error(`environment: ${names.join('; ')}`);
}
