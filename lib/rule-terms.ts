import { bonusTerms, requestTerms } from '../src/escrow/rule-terms.ts';
import type { RuleTerms } from '../src/ledger/beginnings.ts';
import type { Config } from './config.ts';

/** Every rule of a stage that may pay, for the record of when it began. */
export function ruleTerms({ bonus, escrows }: Config): readonly RuleTerms[] {
  return [...bonusTerms(bonus.rules), ...requestTerms(escrows)];
}
