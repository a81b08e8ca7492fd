import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';
import { readShare } from './measure.ts';
import { parseEstimate, parseUsd, type MicroUsd } from './money.ts';

// zod/mini comes without messages: each would say "Invalid input" instead of what is allowed.
z.config(en());

/** An amount as it comes from outside: a decimal string or a JSON number. Read into micro-USD; see `parseUsd`. */
export const usdSchema = readBy(parseUsd);

/** A figure that a service computed in floats, such as a profit; it may be negative. See `parseEstimate`. */
export const estimateSchema = readBy(parseEstimate);

/** USD per unit of an asset: a measured figure, read to the millionth; more than nothing. */
export const priceSchema = estimateSchema.check(
  z.refine((value) => value > 0n, { error: 'must be more than nothing' }),
);

/** A share from 0 to 1 as a model measured it; a millionth beside them is clipped. */
export const shareSchema = z.pipe(
  z.number(),
  z.transform((value, context) => {
    const share = readShare(value);
    if (share !== undefined) return share;
    context.issues.push({ code: 'custom', message: 'must be from 0 to 1', input: value });
    return z.NEVER;
  }),
);

function readBy(parse: (value: string | number) => MicroUsd) {
  return z.pipe(
    z.union([z.string(), z.number()]),
    z.transform((value, context) => {
      try {
        return parse(value);
      } catch (error) {
        context.issues.push({
          code: 'custom',
          message: error instanceof Error ? error.message : String(error),
          input: value,
        });
        return z.NEVER;
      }
    }),
  );
}

/** JSON text, such as a setting in an environment variable, read by another schema. */
export function jsonText<Output>(schema: z.core.$ZodType<Output>): z.core.$ZodType<Output> {
  const parsed = z.transform((text: unknown, context): unknown => {
    try {
      return JSON.parse(String(text));
    } catch {
      context.issues.push({ code: 'custom', message: 'not JSON', input: undefined });
      return z.NEVER;
    }
  });
  return z.pipe(parsed, schema);
}

/** The problems of a failed parse, each with its field and what is allowed there, such as `detail.asset: Too big: ...`. */
export function describeProblems(error: z.core.$ZodError, ...root: string[]): string {
  return error.issues.map((issue) => `${[...root, ...issue.path].join('.') || 'input'}: ${issue.message}`).join('; ');
}
