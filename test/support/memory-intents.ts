import { reservedOf } from '../../src/ledger/budgets.ts';
import {
  freesLock,
  givesBack,
  skippedIntent,
  withStep,
  type Claim,
  type ClaimResult,
  type ClaimTerms,
  type Ending,
  type Intent,
  type IntentPage,
  type IntentState,
  type IntentStep,
  type OrderStore,
  type NewIntent,
} from '../../src/ledger/intent.ts';
import {
  budgetChanges,
  endedIntent,
  sentIntent,
  takenIntent,
  type TakeResult,
  type TakeTerms,
} from '../../src/ledger/order-claim.ts';
import { canaryKey, lastOrderKey, latestItemOf, type Canary, type LastOrder } from '../../src/ledger/latest.ts';
import { parseUsd, type MicroUsd } from '../../src/money.ts';

/** A point at which a call to the store can be disturbed: before it takes effect, or after, before it is answered. */
export interface Moment {
  readonly operation: keyof OrderStore;
  readonly when: 'before' | 'after';
}

/**
 * Called at each moment. It may wait (another caller goes first), throw (the call fails), never return (the caller
 * is gone), or after a write say `repeat`: the acknowledgement was lost and the client writes again.
 */
export type Disturb = (moment: Moment) => void | 'repeat' | Promise<void | 'repeat'>;

/**
 * A ledger in memory with the conditions of the real one. Each write is one step that nothing comes between. Intents are
 * replaced, never changed, so that what was read stays as it was.
 */
export interface MemoryIntents extends OrderStore {
  /** What is stored, by key. */
  readonly items: ReadonlyMap<string, Intent>;
  /** What is reserved and spent of each budget, in micro-USD. */
  readonly budgets: ReadonlyMap<string, bigint>;
  /** Which intent holds which lock. */
  readonly locks: ReadonlyMap<string, string>;
}

/** What several callers, each with disturbances of its own, may share. */
export interface MemoryLedger {
  readonly items: Map<string, Intent>;
  readonly budgets: Map<string, bigint>;
  readonly locks: Map<string, string>;
  /** The latest of each agent and market; see `latestItemOf`. */
  readonly latest: Map<string, Readonly<Record<string, unknown>>>;
}

/** An intent that nobody has seen yet. */
type Changing = { -readonly [Field in keyof Intent]: Intent[Field] };

export function createMemoryLedger(): MemoryLedger {
  return { items: new Map(), budgets: new Map(), locks: new Map(), latest: new Map() };
}

/**
 * @param ledger is given where several callers share one.
 * @param pageSize is the most that a page holds, however many are asked for.
 */
export function createMemoryIntents(
  disturb: Disturb = () => {},
  ledger: MemoryLedger = createMemoryLedger(),
  pageSize = Infinity,
): MemoryIntents {
  const { items, budgets, locks, latest } = ledger;

  async function around<Result>(operation: Moment['operation'], act: () => Result): Promise<Result> {
    await disturb({ operation, when: 'before' });
    let result = act();
    if ((await disturb({ operation, when: 'after' })) === 'repeat') result = act();
    return result;
  }

  function stored(key: string): Intent {
    const intent = items.get(key);
    if (intent === undefined) throw new Error(`no intent ${key}`);
    return intent;
  }

  /** The changes are made to a copy. */
  function change(intent: Intent, at: string, ending: Pick<IntentStep, 'state' | 'note'>): Changing {
    const history = withStep(intent.history, { state: ending.state, at, note: ending.note });
    const changed: Changing = { ...intent, state: ending.state, updatedAt: at, history };
    items.set(intent.key, changed);
    return changed;
  }

  function claim({ key, owner, fence }: Claim, terms: ClaimTerms, at: Date): ClaimResult {
    const { reservations, lock, before, ledgerBegan } = terms;
    const intent = stored(key);
    if (intent.state !== 'prepared' || intent.fence !== fence - 1) {
      const isOurs = intent.state === 'sending' && intent.owner === owner && intent.fence === fence;
      return { kind: isOurs ? 'claimed' : 'lost' };
    }
    const over = reservations.find(({ budget, amount, limit }) => (budgets.get(budget) ?? 0n) + amount > limit);
    if (over !== undefined) return { kind: 'over-budget', budget: over.budget };
    const holder = lock === undefined ? undefined : locks.get(lock);
    if (holder !== undefined && holder !== key) return { kind: 'locked', holder };

    for (const { budget, amount } of reservations) budgets.set(budget, (budgets.get(budget) ?? 0n) + amount);
    if (lock !== undefined) locks.set(lock, key);
    const sentAt = at.toISOString();
    const claimed = change(intent, sentAt, { state: 'sending', note: `attempt ${fence}` });
    claimed.owner = owner;
    claimed.fence = fence;
    claimed.sentAt = sentAt;
    if (ledgerBegan !== undefined) claimed.ledgerBegan = ledgerBegan;
    if (reservations.length > 0) claimed.reserved = reservedOf(reservations);
    if (lock !== undefined) claimed.lock = lock;
    if (before !== undefined) claimed.before = before;
    return { kind: 'claimed' };
  }

  function move(from: Parameters<OrderStore['move']>[0], ending: Ending, at: Date): Intent {
    const intent = stored(from.key);
    if (intent.state !== from.state || intent.fence !== from.fence || intent.owner !== from.owner) return intent;
    // As DynamoDB does.
    if (Object.values(ending.result ?? {}).includes(undefined))
      throw new Error(`the result of ${from.key} has undefined in it`);
    const moved = endedIntent(intent, ending, at);
    items.set(moved.key, moved);
    if (givesBack(ending.state)) giveBack(intent);
    if (freesLock(intent.kind, ending.state) && intent.lock !== undefined) locks.delete(intent.lock);
    const newest = latestItemOf(intent, ending, at);
    if (newest?.isNewer(latest.get(newest.key)) === true) latest.set(newest.key, newest.value);
    return moved;
  }

  function take(order: NewIntent, terms: TakeTerms, at: Date): TakeResult {
    const { owner, lock, known } = terms;
    const taken = takenIntent(order, terms, at);
    const intent = known === undefined ? items.get(order.key) : stored(order.key);
    const isKnown = intent?.state === known?.state && intent?.fence === known?.fence;
    if (intent !== undefined && !isKnown) {
      const isOurs = intent.state === 'claimed' && intent.owner === owner && intent.fence === taken.fence;
      return { kind: isOurs ? 'claimed' : 'known', intent };
    }
    const changes = budgetChanges(terms);
    const over = changes.find(
      ({ budget, amount, limit }) => limit !== undefined && amount > 0n && (budgets.get(budget) ?? 0n) + amount > limit,
    );
    if (over !== undefined) return { kind: 'over-budget', budget: over.budget };
    const holder = locks.get(lock);
    if (holder !== undefined && holder !== order.key) return { kind: 'locked', holder };
    for (const { budget, amount } of changes) budgets.set(budget, (budgets.get(budget) ?? 0n) + amount);
    locks.set(lock, order.key);
    items.set(order.key, taken);
    return { kind: 'claimed', intent: taken };
  }

  function send(claimed: Intent, before: Readonly<Record<string, unknown>>, at: Date): Intent {
    const intent = stored(claimed.key);
    if (intent.state !== 'claimed' || intent.fence !== claimed.fence || intent.owner !== claimed.owner) return intent;
    const sent = sentIntent(intent, before, at);
    items.set(sent.key, sent);
    return sent;
  }

  function inState(state: IntentState, order: (one: Intent, other: Intent) => number): Intent[] {
    const found: Intent[] = [];
    for (const intent of items.values()) if (intent.state === state) found.push(intent);
    return found.length < 2 ? found : found.toSorted(order);
  }

  function giveBack(intent: Intent): void {
    for (const { budget, amountUsd } of intent.reserved ?? []) {
      budgets.set(budget, (budgets.get(budget) ?? 0n) - parseUsd(amountUsd));
    }
  }

  return {
    items,
    budgets,
    locks,
    prepare: (newIntent, at) =>
      around('prepare', () => {
        const known = items.get(newIntent.key);
        if (known !== undefined) return known;
        const time = at.toISOString();
        const history: IntentStep[] = [{ state: 'prepared', at: time, note: 'written before the call' }];
        const intent: Intent = { ...newIntent, state: 'prepared', fence: 0, createdAt: time, updatedAt: time, history };
        items.set(newIntent.key, intent);
        return intent;
      }),
    skip: (skip, at) =>
      around('skip', () => {
        const known = items.get(skip.key);
        if (known !== undefined) return { intent: known, isNew: false };
        const intent = skippedIntent(skip, at);
        items.set(skip.key, intent);
        return { intent, isNew: true };
      }),
    claim: (wanted, terms, at) => around('claim', () => claim(wanted, terms, at)),
    take: (order, terms, at) => around('take', () => take(order, terms, at)),
    send: (claimed, before, at) => around('send', () => send(claimed, before, at)),
    end: (sent, ending, at) => around('end', () => move(sent, ending, at)),
    move: (from, ending, at) => around('move', () => move(from, ending, at)),
    postpone: ({ key, fence, waits }, wait, reason, at) =>
      around('postpone', () => {
        const intent = stored(key);
        if (intent.state !== 'prepared' || intent.fence !== fence || intent.waits !== waits) return intent;
        const postponed = { ...intent, ...wait, reason, updatedAt: at.toISOString() };
        items.set(key, postponed);
        return postponed;
      }),
    noteLook: ({ key, state, fence }, at, isFirst) =>
      around('noteLook', () => {
        const intent = stored(key);
        if (intent.state !== state || intent.fence !== fence) return intent;
        const updatedAt = at.toISOString();
        const absentSince = isFirst ? updatedAt : intent.absentSince;
        const looked = { ...intent, absentSince, updatedAt };
        items.set(key, looked);
        return looked;
      }),
    read: (key) => around('read', () => items.get(key)),
    readHolder: (lock) => around('readHolder', () => locks.get(lock)),
    readUsed: (budget) => around('readUsed', () => (budgets.get(budget) ?? 0n) as MicroUsd),
    list: (state, changedBefore, limit) =>
      around('list', () => {
        const found = inState(state, (one, other) => compare(one.updatedAt, other.updatedAt));
        if (found.length === 0) return found;
        const before = changedBefore.toISOString();
        return found.filter(({ updatedAt }) => updatedAt < before).slice(0, limit);
      }),
    readCanary: (agent) => around('readCanary', () => latest.get(canaryKey(agent)) as unknown as Canary | undefined),
    readLastOrder: (market) =>
      around('readLastOrder', () => latest.get(lastOrderKey(market)) as unknown as LastOrder | undefined),
    listApplied: (limit, after) =>
      around('listApplied', () => {
        const order = ({ key, updatedAt }: Pick<Intent, 'key' | 'updatedAt'>) => `${updatedAt} ${key}`;
        const rest = inState('applied', (one, other) => compare(order(other), order(one))).filter(
          (intent) => after === undefined || order(intent) < order(after),
        );
        return pageOf(rest, Math.min(limit, pageSize));
      }),
    listSince: (state, since, limit, after) =>
      around('listSince', () => {
        const order = ({ key, updatedAt }: Pick<Intent, 'key' | 'updatedAt'>) => `${updatedAt} ${key}`;
        const rest = [...items.values()]
          .filter((intent) => intent.state === state && intent.updatedAt >= since.toISOString())
          .filter((intent) => after === undefined || order(intent) > order(after))
          .toSorted((one, other) => (order(one) < order(other) ? -1 : 1));
        return pageOf(rest, Math.min(limit, pageSize));
      }),
  };
}

function pageOf(rest: readonly Intent[], limit: number): IntentPage {
  const intents = rest.slice(0, limit);
  const last = intents.at(-1);
  const next =
    last === undefined || rest.length <= limit
      ? undefined
      : { key: last.key, state: last.state, updatedAt: last.updatedAt };
  return { intents, next };
}

/** Times in ISO 8601 are in order as texts are. */
function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
