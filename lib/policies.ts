import type * as z from 'zod/mini';
import type { BonusPolicy } from '../src/escrow/bonus-rules.ts';
import type { requestPolicySchema } from '../src/escrow/escrow-request.ts';
import type { PackagePolicy } from '../src/escrow/package-decision.ts';
import type { InferenceSource, Predictor } from '../src/inference/predictor.ts';
import type { RuleTerms } from '../src/ledger/beginnings.ts';
import type { BudgetPolicy } from '../src/ledger/budgets.ts';
import type { paperTermsSchema } from '../src/trading/paper-market.ts';
import type { tradePolicySchema } from '../src/trading/trade-policy.ts';

/** What functions decide by. Each gets those that it uses, in the file `policies.json` of its bundle. */
export interface Policies {
  readonly bonus?: BonusPolicy;
  readonly requests?: z.input<typeof requestPolicySchema>;
  /** What every rule of the stage pays, so that each function can record when they began. */
  readonly terms?: readonly RuleTerms[];
  readonly packages?: PackagePolicy;
  readonly budgets?: BudgetPolicy;
  readonly trade?: z.input<typeof tradePolicySchema>;
  readonly paper?: z.input<typeof paperTermsSchema>;
  /** What the trading service calls assets, where that is not what its dialect makes of their names. */
  readonly symbols?: Readonly<Record<string, string>>;
  readonly predictor?: Predictor;
  readonly inference?: InferenceSource;
}
