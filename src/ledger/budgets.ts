import * as z from 'zod/mini';
import { formatUsd, parseUsd, type MicroUsd } from '../money.ts';
import { EFFECT_KINDS, type EffectKind } from './effect-key.ts';

const perKind = z.partialRecord(z.enum(EFFECT_KINDS), z.string());

/** The most that may go out in one UTC day, decimal USD. What is not limited has no entry. Stage configuration, `budgets`. */
export const budgetPolicySchema = z.object({
  /** By kind of effect, over all agents. */
  perDay: perKind,
  /** By kind of effect, to any one agent or market. */
  perAgentAndDay: perKind,
});
export type BudgetPolicy = z.infer<typeof budgetPolicySchema>;

/** A part of one budget, taken before the call. */
export interface Reservation {
  /** Name of the budget: kind, agent where it is one agent's, and day. */
  readonly budget: string;
  readonly amount: MicroUsd;
  /** The most that may be reserved and spent of it. */
  readonly limit: MicroUsd;
}

/** The same as the intent keeps it; `amountUsd` is decimal USD. */
export interface Reserved {
  readonly budget: string;
  readonly amountUsd: string;
}

/** What an intent keeps of its reservations. */
export function reservedOf(reservations: readonly Reservation[]): readonly Reserved[] {
  return reservations.map(({ budget, amount }) => ({ budget, amountUsd: formatUsd(amount) }));
}

/** The name of the budget of a kind for a UTC day, over all agents. */
export function dayBudget(kind: EffectKind, now: Date): string {
  return `${kind}/${dayOf(now)}`;
}

function dayOf(now: Date): string {
  return now.toISOString().slice(0, 10);
}

/** What an effect has to reserve before it may go out; nothing where no budget is set for its kind. */
export function reservationsFor(
  policy: BudgetPolicy,
  effect: { readonly kind: EffectKind; readonly amountUsd: string; readonly payee: string },
  now: Date,
): Reservation[] {
  const amount = parseUsd(effect.amountUsd);
  // Orders on paper are counted by themselves, and have the limits of real ones.
  const limited = effect.kind === 'paper-order' ? 'trade-order' : effect.kind;
  const budgets: [string, string | undefined][] = [
    [dayBudget(effect.kind, now), policy.perDay[limited]],
    [`${effect.kind}/${effect.payee}/${dayOf(now)}`, policy.perAgentAndDay[limited]],
  ];
  return budgets.flatMap(([budget, limit]) =>
    limit === undefined ? [] : [{ budget, amount, limit: parseUsd(limit) }],
  );
}
