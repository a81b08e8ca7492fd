import type * as z from 'zod';
import { invalidRequest } from './request.ts';

/** A control's body, read by its schema. @throws Refusal 400 naming the field, and an example that would do */
export function checkedBody<Output>(schema: z.ZodType<Output>, body: unknown, example: string): Output {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  throw invalidRequest(`${problems.join('; ')}. Send for example ${example}`);
}
