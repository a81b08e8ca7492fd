import * as z from 'zod/mini';
import { parseUsd } from './money.ts';

/** An amount as it comes from outside: a decimal string or a JSON number. Read into micro-USD; see `parseUsd`. */
export const usdSchema = z.pipe(
  z.union([z.string(), z.number()]),
  z.transform((value, context) => {
    try {
      return parseUsd(value);
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
