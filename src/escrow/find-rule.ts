import { asksForTags, ruleFor, type BonusPolicy, type BonusRule, type Tags } from './bonus-rules.ts';

/**
 * The rule that a job earns by, or undefined: then the job is none of ours. Tags are read only if some rule goes by one,
 * and they are not known yet; where they may not be read, a job whose name no rule is for is none of ours.
 *
 * @throws where tags that may not be read might give the job another rule than its name does.
 */
export async function findRule(
  job: { readonly name: string; readonly tags?: Tags | undefined },
  policy: BonusPolicy,
  readTags: () => Promise<Tags | undefined>,
): Promise<BonusRule | undefined> {
  if (!asksForTags(policy)) return ruleFor(job.name, undefined, policy);
  const tags = job.tags ?? (await readTags());
  const rule = ruleFor(job.name, tags, policy);
  if (tags !== undefined || rule === undefined) return rule;
  throw new Error(
    `the tags of ${job.name} may not be read, and decide whether it earns by ${rule.name}: allow ListTags`,
  );
}
