import { digestTerms, type RuleTerms } from '../ledger/beginnings.ts';
import type { BonusRule } from './bonus-rules.ts';

/** Name of a bonus rule among all rules of the stage. */
export function bonusRule(name: string): string {
  return `bonus/${name}`;
}

/** What each bonus rule pays whom for what. How it is delivered and decided is no part of that. */
export function bonusTerms(rules: readonly BonusRule[]): RuleTerms[] {
  return rules.map(({ name, jobs, metric, direction, plausible, tiers, payee }) => ({
    name: bonusRule(name),
    terms: digestTerms({ jobs, metric, direction, plausible, tiers, payee }),
  }));
}

/** Name of the rule by which events may have an agent paid. */
export function requestRule(counterpartyAgentId: string): string {
  return `escrow-request/${counterpartyAgentId}`;
}

/**
 * A rule for each agent that events may have paid. A higher limit is other terms: what was refused before is not paid
 * because it is delivered again.
 *
 * @param escrows what the stage's file says. Amounts are decimal USD.
 */
export function requestTerms(escrows: {
  readonly counterparties: readonly string[];
  readonly maxAmountUsd: string;
}): RuleTerms[] {
  const terms = digestTerms({ maxAmountUsd: escrows.maxAmountUsd });
  return escrows.counterparties.map((agentId) => ({ name: requestRule(agentId), terms }));
}
