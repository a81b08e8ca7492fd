import { parseUsd, type MicroUsd } from '../money.ts';
import { reservedOf, type Reservation } from './budgets.ts';
import {
  freesLock,
  givesBack,
  withStep,
  type ClaimResult,
  type Ending,
  type Intent,
  type IntentStep,
  type IntentStore,
  type NewIntent,
} from './intent.ts';

/** What the claim of an order takes along, and for whom. */
export interface TakeTerms {
  readonly owner: string;
  /** When its lease is over. */
  readonly until: Date;
  readonly reservations: readonly Reservation[];
  readonly lock: string;
  /** The intent as it was read, `prepared` or `claimed`: then it is taken over. Undefined where there is none yet. */
  readonly known?: Intent | undefined;
}

/** How the claim of an order went. */
export type TakeResult =
  | { readonly kind: 'claimed'; readonly intent: Intent }
  /** The stored intent is not the one that was known. */
  | { readonly kind: 'known'; readonly intent: Intent }
  | Exclude<ClaimResult, { readonly kind: 'claimed' | 'lost' }>;

/** An order as its claim leaves it; see `OrderStore.take`. */
export function takenIntent(
  order: NewIntent,
  { owner, until, reservations, lock, known }: TakeTerms,
  at: Date,
): Intent {
  const time = at.toISOString();
  const fence = (known?.fence ?? 0) + 1;
  const step: IntentStep = { state: 'claimed', at: time, note: `attempt ${fence}` };
  return {
    ...(known ?? { ...order, createdAt: time }),
    ledgerBegan: order.ledgerBegan,
    state: 'claimed',
    fence,
    owner,
    lease: { until: until.toISOString(), fence },
    reserved: reservations.length === 0 ? undefined : reservedOf(reservations),
    lock,
    updatedAt: time,
    history: [...(known?.history ?? []), step],
  };
}

/** An order as `OrderStore.send` leaves it. */
export function sentIntent(claimed: Intent, before: Intent['before'], at: Date): Intent {
  const time = at.toISOString();
  const step: IntentStep = { state: 'sending', at: time, note: `attempt ${claimed.fence}` };
  return {
    ...claimed,
    state: 'sending',
    lease: undefined,
    before,
    sentAt: time,
    updatedAt: time,
    history: [...claimed.history, step],
  };
}

/** An intent as an ending leaves it. */
export function endedIntent(intent: Intent, ending: Ending, at: Date): Intent {
  const { state, note, skip, result, decision, retriedAs, wait } = ending;
  const time = at.toISOString();
  return {
    ...intent,
    ...wait,
    state,
    updatedAt: time,
    history: withStep(intent.history, { state, at: time, note }),
    ...(result === undefined ? { reason: note } : { result }),
    ...(skip === undefined ? {} : { skip }),
    ...(decision === undefined ? {} : { decision }),
    ...(retriedAs === undefined ? {} : { retriedAs }),
    ...(givesBack(state) ? { reserved: undefined, absentSince: undefined } : {}),
    ...(freesLock(intent.kind, state) ? { lock: undefined } : {}),
    ...(intent.state === 'claimed' ? { lease: undefined } : {}),
  };
}

/** Whether the invocation that claimed an order has certainly ended. */
export function isLeaseOver({ lease }: Pick<Intent, 'lease'>, now: Date): boolean {
  return lease === undefined || now.getTime() >= Date.parse(lease.until);
}

/** Gives back all that a claim took whose lease is over. Returns what is stored then. */
export function freeClaim(intents: Pick<IntentStore, 'move'>, claimed: Intent, now: Date): Promise<Intent> {
  const note = `its lease was over at ${claimed.lease?.until}: it was not sent`;
  return intents.move(claimed, { state: 'prepared', note }, now);
}

/** A change of one budget. `limit` is present if more is taken than given back. */
export interface BudgetChange {
  readonly budget: string;
  /** Negative where it is given back. */
  readonly amount: bigint;
  readonly limit?: MicroUsd | undefined;
}

/** The budget changes of a claim, one for each budget: it takes its own part and gives back that of the claim that it takes over. */
export function budgetChanges({ reservations, known }: Pick<TakeTerms, 'reservations' | 'known'>): BudgetChange[] {
  const changes = new Map<string, BudgetChange>();
  for (const { budget, amountUsd } of known?.state === 'claimed' ? (known.reserved ?? []) : []) {
    changes.set(budget, { budget, amount: -BigInt(parseUsd(amountUsd)) });
  }
  for (const { budget, amount, limit } of reservations) {
    changes.set(budget, { budget, amount: amount + (changes.get(budget)?.amount ?? 0n), limit });
  }
  return [...changes.values()].filter(({ amount }) => amount !== 0n);
}
