import type { BonusPolicy } from '../src/escrow/bonus-rules.ts';

/** Patterns of EventBridge have at most 2,048 characters, unless AWS is asked for more. */
const MAX_PATTERN = 1_700;

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

/** The jobs of all rules as IAM can name them, as narrow as a role's policies have room for: 10,240 characters for all. */
export interface JobGrants {
  /** With `*`, in lower case as in ARNs. */
  readonly names: readonly string[];
  /** The one key that rules by tag have, and its values; without them, any. */
  readonly tag: { readonly key: string; readonly values: readonly string[] | undefined } | undefined;
}

const MAX_NAMES = 4_500;
const MAX_TAGS = 2_000;
const ARN_LENGTH = 70;

export function jobsOf({ rules }: BonusPolicy): JobGrants {
  const prefixes = shortest(rules.flatMap(({ jobs }) => jobs.prefix?.toLowerCase() ?? []));
  const patterns = rules.flatMap(({ jobs }) => jobs.pattern?.toLowerCase() ?? []);
  const names = [...prefixes.map((prefix) => `${prefix}*`), ...new Set(patterns)];
  const tags = rules.flatMap(({ jobs }) => jobs.tag ?? []);
  const values = tags.map(({ value }) => value);
  const [first] = tags;
  return {
    names: names.join('').length + names.length * ARN_LENGTH > MAX_NAMES ? ['*'] : names,
    tag: first && { key: first.key, values: JSON.stringify(values).length > MAX_TAGS ? undefined : values },
  };
}

/** Prefixes without those that begin with another. */
function shortest(prefixes: readonly string[]): readonly string[] {
  const unique = [...new Set(prefixes)];
  return unique.filter((one) => !unique.some((other) => other !== one && one.startsWith(other)));
}
