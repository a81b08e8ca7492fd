import type { BonusPolicy } from '../src/escrow/bonus-rules.ts';

/** Patterns of EventBridge have at most 4,096 characters. */
const MAX_PATTERN = 3_500;

/**
 * What an event pattern says of the names of training jobs: the prefixes, if all rules go by one. Otherwise nothing, and
 * the function finds out which jobs are none of ours.
 */
export function namesOfJobs({ rules }: BonusPolicy): { readonly TrainingJobName?: readonly { prefix: string }[] } {
  const prefixes = shortest(rules.flatMap(({ jobs }) => jobs.prefix ?? []));
  if (rules.length === 0 || rules.some(({ jobs }) => jobs.prefix === undefined)) return {};
  const TrainingJobName = prefixes.map((prefix) => ({ prefix }));
  return JSON.stringify(TrainingJobName).length > MAX_PATTERN ? {} : { TrainingJobName };
}

/** The jobs of all rules as IAM can name them: names with `*`, in lower case as in ARNs, and tags. */
export function jobsOf({ rules }: BonusPolicy): { readonly names: readonly string[] } {
  const prefixes = shortest(rules.flatMap(({ jobs }) => jobs.prefix?.toLowerCase() ?? []));
  const patterns = rules.flatMap(({ jobs }) => jobs.pattern?.toLowerCase() ?? []);
  return { names: [...prefixes.map((prefix) => `${prefix}*`), ...new Set(patterns)] };
}

/** Prefixes without those that begin with another. */
function shortest(prefixes: readonly string[]): readonly string[] {
  const unique = [...new Set(prefixes)];
  return unique.filter((one) => !unique.some((other) => other !== one && one.startsWith(other)));
}
