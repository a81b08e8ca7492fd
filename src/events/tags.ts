import * as z from 'zod/mini';

const listed = z.array(z.looseObject({ Key: z.string(), Value: z.optional(z.string()) }), {
  error: 'expected a map, or a list of { Key, Value }',
});
const mapped = z.record(z.string(), z.unknown());

/**
 * Tags as SageMaker's events write them: a map in AWS's samples, a list of `{ Key, Value }` in its schema registry and its
 * API; either may be empty. Read into a map.
 */
export const tagsSchema = z.pipe(
  z.union([mapped, listed]),
  z.transform((tags) =>
    Array.isArray(tags) ? Object.fromEntries(tags.map(({ Key, Value = '' }) => [Key, Value])) : tags,
  ),
);

/** Tags that are text, by key. */
export function textTags(tags: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(tags).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  );
}
