import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { budgetPolicySchema } from '../../src/ledger/budgets.ts';
import { describeProblems } from '../../src/schemas.ts';
import { paperTermsSchema } from '../../src/trading/paper-market.ts';
import { tradePolicySchema } from '../../src/trading/trade-policy.ts';

/** Policies of functions that send effects. */
export const ledgerPolicies = { budgets: budgetPolicySchema };
/** What every rule of the stage pays; see `src/escrow/rule-terms.ts`. */
export const termsPolicies = { terms: z.array(z.object({ name: z.string(), terms: z.string() })) };
/** What the trading service calls assets, where that is not what its dialect makes of their names. */
export const symbolPolicies = { symbols: z.record(z.string(), z.string()) };
/** Policies of functions that trade, or look whether they could. */
export const marketPolicies = { ...symbolPolicies, trade: tradePolicySchema, paper: paperTermsSchema };

/**
 * Reads a function's policies from `policies.json`, which is deployed beside its bundle: Lambda takes 4 KB of environment.
 *
 * @throws naming every policy that is missing or malformed by its path.
 */
export function readPolicies<Shape extends z.core.$ZodShape>(
  shape: Shape,
  folder: string = __dirname,
): z.output<z.ZodMiniObject<Shape>> {
  const parsed = z.safeParse(z.object(shape), JSON.parse(readFileSync(join(folder, 'policies.json'), 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(`policies.json: ${describeProblems(parsed.error)}`);
}
