import type { BudgetPolicy } from '../../src/ledger/budgets.ts';
import type { EffectKind } from '../../src/ledger/effect-key.ts';
import type { OrderStore, NewIntent } from '../../src/ledger/intent.ts';
import { formatUsd, parseUsd, type MicroUsd } from '../../src/money.ts';
import type { ServiceEffect } from './service/books.ts';
import { escrowIn, operationOf, type Operation, type ServiceRequest } from './service/operations.ts';
import { STOP_CACHE_MS, type StopTimeline } from './stop-timeline.ts';
import type { Alarm, Invocation } from './world.ts';

export const KIND_OF_OPERATION: Readonly<Partial<Record<Operation, EffectKind>>> = {
  create: 'escrow-create',
  complete: 'escrow-complete',
  release: 'escrow-release',
  dispute: 'escrow-dispute',
  order: 'trade-order',
  transfer: 'transfer',
  claim: 'faucet-claim',
};

/** Requests before which the status has to be read. */
const SETTLEMENTS: ReadonlySet<Operation> = new Set<Operation>(['complete', 'release', 'dispute']);

/** No function that sends runs longer, so this much later at most leaves what was claimed in time. */
const LONGEST_FUNCTION_MS = 60_000;

/** What is known of an effect besides what the ledger makes of it in the end. */
export interface Oracle {
  /** Notes what is first recorded of each effect, and when it is claimed. */
  watch(store: OrderStore): OrderStore;
  /** When an effect was claimed last, by the claimer's clock. */
  claimedAt(key: string | undefined): number | undefined;
  /** Claims of orders that were freed though their lease was not over. */
  readonly freedEarly: readonly string[];
  /** The first record of each effect, by key. */
  readonly recorded: ReadonlyMap<string, NewIntent>;
  /** Why a request should not have left now. */
  findWrongOf(invocation: Invocation, request: ServiceRequest): Alarm[];
}

/** @param clocks gives the true time, and what the functions take for it. */
export function createOracle(
  stop: StopTimeline,
  clocks: { readonly now: () => number; readonly shown: () => number },
): Oracle {
  const recorded = new Map<string, NewIntent>();
  /** A ledger that replaces a lost one records an effect anew, and until when it may be sent. */
  const expiries = new Map<string, string>();
  const claims = new Map<string, number>();
  const leases = new Map<string, string>();
  const freedEarly: string[] = [];

  function findStopOf(invocation: Invocation, operation: Operation, kind: EffectKind): Alarm[] {
    if (!invocation.hasReadStop) return [{ rule: 'stop', detail: `${operation} began without a look at the switch` }];
    return stop.everAllowed(kind, invocation.startedAt - STOP_CACHE_MS, clocks.now())
      ? []
      : [{ rule: 'stop', detail: `${operation} began although the stop is on` }];
  }

  function record(stored: NewIntent): void {
    if (!recorded.has(stored.key)) recorded.set(stored.key, stored);
    expiries.set(stored.key, stored.expiresAt);
  }

  return {
    recorded,
    freedEarly,
    watch: (store) => ({
      ...store,
      async prepare(intent, at) {
        const stored = await store.prepare(intent, at);
        record(stored);
        return stored;
      },
      async claim(claim, terms, at) {
        const result = await store.claim(claim, terms, at);
        if (result.kind === 'claimed') claims.set(claim.key, at.getTime());
        return result;
      },
      async take(order, terms, at) {
        const result = await store.take(order, terms, at);
        if (result.kind === 'claimed') claims.set(order.key, at.getTime());
        if (result.kind !== 'claimed') return result;
        record(result.intent);
        leases.set(`${order.key} ${result.intent.fence}`, result.intent.lease?.until ?? '');
        return result;
      },
      async move(from, ending, at) {
        const until = leases.get(`${from.key} ${from.fence}`) ?? '';
        const isFreed = from.state === 'claimed' && ending.state === 'prepared';
        if (isFreed && at.toISOString() < until)
          freedEarly.push(`a claim until ${until} was freed at ${at.toISOString()}`);
        return store.move(from, ending, at);
      },
    }),
    claimedAt: (key) => (key === undefined ? undefined : claims.get(key)),
    findWrongOf(invocation, { method, path, key }) {
      const operation = operationOf(method, path);
      const kind = KIND_OF_OPERATION[operation];
      if (kind === undefined) return [];
      const isBlind = SETTLEMENTS.has(operation) && !invocation.looked.has(escrowIn(path));
      const expiresAt = expiries.get(key ?? '');
      const isLate = expiresAt !== undefined && clocks.shown() - LONGEST_FUNCTION_MS >= Date.parse(expiresAt);
      return [
        ...findStopOf(invocation, operation, kind),
        ...(isBlind ? [{ rule: 'unlooked', detail: `${operation} without a look at the status` } as const] : []),
        ...(isLate ? [{ rule: 'expiry', detail: `${operation} left after ${expiresAt}` } as const] : []),
      ];
    },
  };
}

/** Every effect at the service under another agent than the one that it was recorded for. */
export function findForeignEffects(
  effects: readonly ServiceEffect[],
  { recorded }: Pick<Oracle, 'recorded'>,
): string[] {
  return effects.flatMap(({ operation, key, agent }) => {
    const owner = key === undefined ? undefined : recorded.get(key)?.agentId;
    return owner === undefined || owner === agent ? [] : [`${operation} of ${owner} took place under ${agent}`];
  });
}

/** Every effect that went to somebody else than it was recorded for, though the ledger says that it was applied. */
export function findMisdirected(
  effects: readonly ServiceEffect[],
  { recorded }: Pick<Oracle, 'recorded'>,
  isApplied: (key: string) => boolean,
): string[] {
  return effects.flatMap(({ operation, key, payee }) => {
    const wanted = key === undefined ? undefined : recorded.get(key)?.payee;
    if (key === undefined || wanted === undefined || wanted === payee || !isApplied(key)) return [];
    return [`${operation} for ${wanted} went to ${payee} and is taken for applied`];
  });
}

/** What the service's books show beyond a day's budgets: each effect counts for the UTC day on which it was claimed. */
export function findOverspending(effects: readonly ServiceEffect[], policy: BudgetPolicy): string[] {
  const spent = new Map<string, { sum: bigint; readonly limit: string }>();
  const add = (name: string, limit: string | undefined, amount: MicroUsd): void => {
    if (limit === undefined) return;
    const entry = spent.get(name) ?? { sum: 0n, limit };
    entry.sum += amount;
    spent.set(name, entry);
  };
  for (const { operation, key, payee, amount, at, claimedAt } of effects) {
    const kind = KIND_OF_OPERATION[operation];
    if (kind === undefined || key === undefined) continue;
    const day = new Date(claimedAt ?? at).toISOString().slice(0, 10);
    add(`${kind} on ${day}`, policy.perDay[kind], amount);
    add(`${kind} to ${payee} on ${day}`, policy.perAgentAndDay[kind], amount);
  }
  return [...spent]
    .filter(([, { sum, limit }]) => sum > parseUsd(limit))
    .map(([name, { sum, limit }]) => `${formatUsd(sum as MicroUsd)} of ${limit} went out: ${name}`);
}
