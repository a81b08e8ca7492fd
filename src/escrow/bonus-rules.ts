import * as z from 'zod/mini';
import { gateSchema, guardSchema } from './gate.ts';

/** Which jobs a rule is for: one of a tag, the start of the name, or a pattern in which `*` stands for any characters. */
const jobsSchema = z.object({
  tag: z.optional(z.object({ key: z.string(), value: z.string() })),
  prefix: z.optional(z.string()),
  pattern: z.optional(z.string()),
});
export type JobSelector = z.infer<typeof jobsSchema>;

export const DIRECTIONS = ['higher', 'lower'] as const;

/** Which training jobs earn what, and for whom. One entry of the stage's `bonus.rules`, checked at synth. */
export const bonusRuleSchema = z.object({
  name: z.string(),
  jobs: jobsSchema,
  /** Name of the final metric, as in `FinalMetricDataList`. */
  metric: z.string().check(z.minLength(1)),
  /** Which values are better. */
  direction: z.enum(DIRECTIONS),
  /** Values outside earn nothing: the metric measures something else, such as per cent. */
  plausible: z.object({ min: z.number(), max: z.number() }),
  /** Strictly beyond `beyond`, in the rule's direction, `amountUsd` (decimal USD) is earned; the best tier counts. */
  tiers: z.array(z.object({ beyond: z.number(), amountUsd: z.string() })).check(z.minLength(1)),
  /** Agent that is paid. */
  payee: z.string().check(z.minLength(3)),
  /** How long the lock may wait for the delivery. */
  timeoutHours: z.int(),
  gate: gateSchema,
  guard: guardSchema,
});
export type BonusRule = z.infer<typeof bonusRuleSchema>;

/** Every rule of a stage. */
export const bonusPolicySchema = z.object({ rules: z.array(bonusRuleSchema) });
export type BonusPolicy = z.infer<typeof bonusPolicySchema>;

/** Tags of a resource, by key. */
export type Tags = Readonly<Record<string, string>>;

/**
 * The rule that a job earns by, or undefined: then the job is none of ours. The most exact rule wins: by tag, then by
 * the longest prefix, then by the pattern with the most characters besides `*`.
 *
 * @param tags of the job; undefined where no rule asks for them.
 */
export function ruleFor(name: string, tags: Tags | undefined, { rules }: BonusPolicy): BonusRule | undefined {
  return rules
    .filter(({ jobs }) => selects(jobs, name, tags ?? {}))
    .toSorted((one, other) => compareExactness(other.jobs, one.jobs))[0];
}

/** Whether some rule goes by a tag: then a name alone does not show that a job is none of ours. */
export function asksForTags({ rules }: BonusPolicy): boolean {
  return rules.some(({ jobs }) => jobs.tag !== undefined);
}

/** Positive where `one` is more exact than `other`; 0 where neither is. */
export function compareExactness(one: JobSelector, other: JobSelector): number {
  const [kind = 0, length = 0] = exactness(one);
  const [otherKind = 0, otherLength = 0] = exactness(other);
  return kind - otherKind || length - otherLength;
}

function exactness({ tag, prefix, pattern = '' }: JobSelector): readonly number[] {
  if (tag !== undefined) return [2];
  return prefix === undefined ? [0, pattern.replaceAll('*', '').length] : [1, prefix.length];
}

function selects({ tag, prefix, pattern }: JobSelector, name: string, tags: Tags): boolean {
  if (tag !== undefined) return Object.hasOwn(tags, tag.key) && tags[tag.key] === tag.value;
  return prefix === undefined ? pattern !== undefined && fitsPattern(name, pattern) : name.startsWith(prefix);
}

/** Whether a name is one of those that a pattern stands for. */
export function fitsPattern(name: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return name === pattern;
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}
