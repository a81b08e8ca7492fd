import { asksForTags, ruleFor, type BonusPolicy, type BonusRule, type Tags } from './bonus-rules.ts';

/**
 * The rule that a job earns by, or undefined: then the job is none of ours. Tags are read only if some rule goes by one,
 * and they are not known yet; where they may not be read, the job has none for us.
 */
export async function findRule(
  job: { readonly name: string; readonly tags?: Tags | undefined },
  policy: BonusPolicy,
  readTags: () => Promise<Tags | undefined>,
): Promise<BonusRule | undefined> {
  return ruleFor(job.name, asksForTags(policy) ? (job.tags ?? (await readTags())) : undefined, policy);
}
