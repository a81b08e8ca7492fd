import * as z from 'zod';

/** One operation of the twin: what is asked, what is answered, with an example of both. */
export interface Operation {
  /** As hono routes it: `POST /escrow/release/:id`. */
  readonly route: string;
  readonly tag: string;
  readonly summary: string;
  /** Whether an agent's key is needed; with `optional` the answer tells a party more. */
  readonly key: 'needed' | 'optional' | 'none';
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly bodyExample?: Readonly<Record<string, unknown>>;
  /** The status of success; 200 if it is left out. */
  readonly status?: 200 | 201;
  readonly answer: z.ZodType;
  readonly answerExample: Readonly<Record<string, unknown>>;
  /** Which error codes come with which status. */
  readonly errors: Readonly<Record<number, readonly string[]>>;
  readonly errorForm: ErrorForm;
}

/** How a refusal looks. */
export type ErrorForm = 'reference' | 'published' | 'aws';

/** All operations of one service, less what they share. */
export function operationsOf(
  shared: Pick<Operation, 'tag' | 'errorForm'>,
  operations: readonly Omit<Operation, 'tag' | 'errorForm'>[],
): Operation[] {
  return operations.map((operation) => ({ ...shared, ...operation }));
}

/** The schema of a refusal. Some codes bring more fields. */
export function errorSchema(form: ErrorForm, codes: readonly string[]): z.ZodType {
  const code = z.enum(codes as [string, ...string[]]);
  switch (form) {
    case 'reference':
      return z.looseObject({ success: z.literal(false), error: code, message: z.string() });
    case 'published':
      return z.looseObject({ error: code, message: z.string().optional(), _info: infoSchema });
    case 'aws':
      return z.looseObject({});
  }
}

/** What a published server says of itself, in every object it answers. */
const infoSchema = z.strictObject({
  service: z.string(),
  docs: z.string(),
  referral: z.string(),
  version: z.string(),
});

/** An answer of a published server. */
export function withInfo<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject({ ...shape, _info: infoSchema });
}

/** The `_info` of examples. */
export function infoOf(service: string, version: string): z.output<typeof infoSchema> {
  const host = service.replace('agent-', '');
  return {
    service,
    docs: `https://${host}.purpleflea.com/llms.txt`,
    referral: 'GET /gossip for referral info',
    version,
  };
}

export const agentId = z.string().meta({ description: 'an agent id, such as ag_platform_treasury' });
/** A USDC amount as a decimal text of at least two decimals. */
export const amountText = z.string().regex(/^-?\d+\.\d{2,6}$/);
/** A USDC amount as a number of at most six decimals. */
export const amountNumber = z.number();
/** ISO 8601 in UTC. */
export const time = z.iso.datetime();
export const epochSeconds = z.int();

/** An id as the service makes them: a prefix and 16 hex digits. */
export function shortId(prefix: string) {
  return z.string().regex(new RegExp(`^${prefix}_[0-9a-f]{16}$`));
}
