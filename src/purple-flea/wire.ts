import * as z from 'zod/mini';
import type { CallLimit } from '../pacing/pace.ts';

/** How one dialect writes an operation that moves money, and what its answers prove. */
export interface EffectRoute<Result> {
  readonly path: string;
  /** What the service takes of such calls; undefined for any number. */
  readonly limit: CallLimit | undefined;
  /** What may be sent. A body that does not fit is refused here, before anything leaves. */
  readonly request: z.core.$ZodType;
  /** The result that a 2xx body proves, or why it proves none. */
  readonly readApplied: (body: unknown) => Result | string;
  /** The codes this route gives before any effect, each with its one status. Whatever is not listed proves nothing. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly readCode: ReadCode;
}

/** How one dialect writes a read. */
export interface ReadRoute<Value extends object> {
  readonly path: string;
  /** What the service takes of such calls; undefined for any number. */
  readonly limit: CallLimit | undefined;
  /** The value in a 200 body, or why it cannot be read. */
  readonly read: (body: unknown) => Value | string;
  readonly readCode: ReadCode;
}

/** The code in an error body, in the words of the escrow reference; undefined where there is none. */
export type ReadCode = (body: unknown) => string | undefined;

/** Codes are short words; whatever is longer is no code, and goes into no reason. */
const errorSchema = z.object({
  error: z.string().check(z.regex(/^[\w.-]{1,64}$/)),
  message: z.optional(z.unknown()),
});

/** The code of the escrow reference as it is. */
export const readReferenceCode: ReadCode = (body) => {
  const parsed = errorSchema.safeParse(body);
  return parsed.success ? parsed.data.error : undefined;
};

/** The published server's codes that the reference has another word for. All others are the same word in lower case. */
const PUBLISHED_CODES = new Map([
  ['invalid_key', 'UNAUTHORIZED'],
  ['invalid_amount', 'BELOW_MINIMUM_AMOUNT'],
  ['invalid_status', 'INVALID_STATUS_TRANSITION'],
  ['rate_limit_exceeded', 'RATE_LIMITED'],
  ['ip_rate_limited', 'RATE_LIMITED'],
  ['internal_error', 'SERVER_ERROR'],
  ['release_failed', 'SERVER_ERROR'],
]);

/** The code of a published server. Its `not_found` means the escrow only where the message says so. */
export const readPublishedCode: ReadCode = (body) => {
  const parsed = errorSchema.safeParse(body);
  if (!parsed.success) return undefined;
  const { error, message } = parsed.data;
  if (error === 'not_found' && message === 'Escrow not found') return 'ESCROW_NOT_FOUND';
  return PUBLISHED_CODES.get(error) ?? error.toUpperCase();
};

/** A time as ISO 8601 with any offset, or as epoch seconds, as servers in SQLite keep them. Read into UTC. */
export const instantSchema = z.pipe(
  z.union([z.iso.datetime({ offset: true }), z.int().check(z.positive(), z.maximum(253_402_300_799))]),
  z.transform((value) => new Date(typeof value === 'number' ? value * 1000 : value).toISOString()),
);

/** A price in USD per unit, kept as the text it came in: nothing here computes with it. */
export const priceSchema = z.pipe(
  z.union([z.string().check(z.regex(/^\d+(?:\.\d+)?$/)), z.number().check(z.nonnegative())]),
  z.transform(String),
);

/** A word of the service's, such as a status. */
export const wordSchema = z.string().check(z.maxLength(64));

/** Something that must be there, and be text. */
export const idSchema = z
  .string()
  .check(
    z.regex(/^[^\s"'\\<>]{1,200}$/, { error: 'is no id: 1 to 200 characters without blanks, quotes, \\, < and >' }),
  );

/** Longer than any message needs to be; a value that it quotes may be of any length. */
const MAX_PROBLEM = 200;

/** Reads a body by a schema, or says in some words what its first problem is. */
export function readBody<Schema extends z.core.$ZodType>(schema: Schema, body: unknown): z.output<Schema> | string {
  const parsed = z.safeParse(schema, body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const problem = issue === undefined ? 'unreadable' : `${issue.path.join('.') || 'body'}: ${issue.message}`;
  return problem.slice(0, MAX_PROBLEM);
}

/** A schema that accepts nothing but text of at most so many characters, or nothing at all. */
export function optionalText(maxLength: number) {
  return z.optional(z.string().check(z.maxLength(maxLength)));
}

/** A query string of what is set, with its question mark. */
export function queryOf(values: Readonly<Record<string, string | number | undefined>>): string {
  const set = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  );
  return set.length === 0 ? '' : `?${new URLSearchParams(Object.fromEntries(set)).toString()}`;
}
