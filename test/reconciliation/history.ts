import {
  completeDelivery,
  lockFunds,
  raiseDispute,
  releaseFunds,
  type EscrowRef,
} from '../../src/escrow/escrow-effects.ts';
import type { LifecycleInput } from '../../src/escrow/lifecycle-input.ts';
import type { Cause } from '../../src/ledger/effect-key.ts';
import { effectKey } from '../../src/ledger/effect-key.ts';
import { formatUsd, parseUsd } from '../../src/money.ts';
import { claimFaucet, payAgent } from '../../src/payouts/payout-effects.ts';
import { accountOf } from '../../twin/world/world.ts';
import { MINUTE } from '../support/effects.ts';
import { createRandom } from '../support/interleavings.ts';
import { aSignal, placeOrderAt } from '../support/predictions.ts';
import { OTHER, TREASURY, WORKER, type Books, type Fate } from './books.ts';

export const HOUR = 60 * MINUTE;

/** One cause with what it asks for. */
interface Bonus {
  readonly input: LifecycleInput;
}

/** Whoever makes history in some books, by a seed. What was done is counted. */
export interface Historian {
  /** Does one thing that may happen by rights. */
  step(): Promise<void>;
  /** The same, without letting time pass. */
  act(): Promise<void>;
  /** Does one thing of this name. */
  make(name: string): Promise<unknown>;
  readonly done: Readonly<Record<string, number>>;
  readonly random: () => number;
}

export interface HistoryOptions {
  /** Whether orders may be placed. */
  readonly trades?: boolean;
  /** Whether others may pay in. */
  readonly inflows?: boolean;
  /** Whether escrows are made with the same key past this project. */
  readonly foreign?: boolean;
  /** The longest time between two steps. */
  readonly maxPause?: number;
}

/** So many out of a hundred; the rest does nothing but let time pass. */
type Chances = Readonly<Record<string, number>>;

const CHANCES: Chances = {
  create: 26,
  createAgain: 5,
  refusedCreate: 2,
  complete: 14,
  completeByThemselves: 4,
  release: 14,
  dispute: 4,
  disputeByThem: 2,
  resolve: 4,
  transfer: 5,
  claim: 1,
  order: 1,
  deposit: 2,
  foreign: 2,
  sweep: 12,
  decide: 5,
};

export function createHistorian(
  books: Books,
  seed: number,
  { trades = true, inflows = true, foreign = true, maxPause = 6 * HOUR }: HistoryOptions = {},
): Historian {
  const random = createRandom(seed);
  const below = (bound: number): number => Math.floor(random() * bound);
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[below(items.length)];
  const bonuses: Bonus[] = [];
  const done: Record<string, number> = {};
  let causes = 0;

  const newCause = (rule = 'training-bonus'): Cause & { createdAt: string } => ({
    rule,
    subject: `job-${seed}-${++causes}`,
    createdAt: '2026-03-06T08:10:00.000Z',
    status: 'Completed',
  });

  function drawFate(): void {
    const fates: readonly Fate[] = ['lost-and-done', 'lost', 'not-sent', 'error-500'];
    books.setFate(random() < 0.25 ? (pick(fates) ?? 'answered') : 'answered');
  }

  /** Bonuses whose escrow the ledger knows, with what it is like at the service. */
  function known(...statuses: readonly string[]): { readonly cause: Cause; readonly escrow: EscrowRef }[] {
    return bonuses.flatMap(({ input }) => {
      const created = books.stored.get(effectKey(input.cause, 'escrow-create'));
      const escrowId = String(created?.result?.['escrowId']);
      if (!statuses.includes(books.world.escrows.get(escrowId)?.status ?? '')) return [];
      const escrow = {
        escrowId,
        amountUsd: formatUsd(input.amountUsd),
        counterpartyAgentId: input.counterpartyAgentId,
      };
      return [{ cause: input.cause, escrow }];
    });
  }

  const acts: Record<string, () => Promise<unknown>> = {
    async create() {
      const input: LifecycleInput = {
        cause: newCause(),
        counterpartyAgentId: random() < 0.8 ? WORKER.agentId : OTHER.agentId,
        amountUsd: parseUsd(`${1 + below(90)}.${String(below(100)).padStart(2, '0')}`),
        timeoutHours: 1 + below(random() < 0.5 ? 12 : 720),
        description: 'Bonus for a training job with a description longer than what lists show of it',
        address: 'training-job:x',
        gate: { mode: 'auto' },
        guard: { alertHours: 2, default: 'release' },
      };
      bonuses.push({ input });
      drawFate();
      await lockFunds(books.treasury, input);
    },
    async createAgain() {
      const bonus = pick(bonuses);
      if (bonus !== undefined) await lockFunds(books.treasury, bonus.input);
    },
    async refusedCreate() {
      const input: LifecycleInput = {
        cause: newCause(),
        counterpartyAgentId: 'ag_nobody',
        amountUsd: parseUsd('5.00'),
        timeoutHours: 24,
        description: 'Bonus for nobody',
        address: 'training-job:x',
        gate: { mode: 'auto' },
        guard: { alertHours: 2, default: 'release' },
      };
      await lockFunds(books.treasury, input);
    },
    async complete() {
      const one = pick(known('locked').filter(({ escrow }) => escrow.counterpartyAgentId === WORKER.agentId));
      if (one === undefined) return;
      drawFate();
      await completeDelivery(books.worker, one.cause, one.escrow, { note: 'done' });
    },
    async completeByThemselves() {
      const one = pick(known('locked').filter(({ escrow }) => escrow.counterpartyAgentId === OTHER.agentId));
      if (one !== undefined) await books.call(OTHER, 'POST', `/escrow/complete/${one.escrow.escrowId}`, {});
    },
    async release() {
      const one = pick(known('completed', 'completed', 'locked'));
      if (one === undefined) return;
      drawFate();
      await releaseFunds(books.treasury, one.cause, one.escrow, 'good');
    },
    async dispute() {
      const one = pick(known('completed', 'locked'));
      if (one === undefined) return;
      drawFate();
      await raiseDispute(books.treasury, one.cause, one.escrow, { reason: 'bad' });
    },
    async disputeByThem() {
      const one = pick(known('completed'));
      const who = one?.escrow.counterpartyAgentId === WORKER.agentId ? WORKER : OTHER;
      if (one !== undefined) await books.call(who, 'POST', `/escrow/dispute/${one.escrow.escrowId}`, { reason: 'no' });
    },
    async resolve() {
      const one = pick(known('disputed'));
      if (one === undefined) return;
      const inFavourOf = random() < 0.5 ? 'creator' : 'counterparty';
      await books.call(TREASURY, 'POST', `/_twin/escrows/${one.escrow.escrowId}/resolve`, { inFavourOf });
    },
    async transfer() {
      drawFate();
      const payment = { toAgentId: WORKER.agentId, amount: parseUsd(`${1 + below(20)}.50`), memo: 'thanks' };
      await payAgent(books.treasury, newCause('payout'), payment);
    },
    async claim() {
      drawFate();
      await claimFaucet(books.treasury, newCause('claim'));
    },
    async order() {
      if (!trades) return;
      drawFate();
      const order = { asset: 'BTC-USDC', direction: 'long', amount: parseUsd('50.00'), leverage: 1 } as const;
      await placeOrderAt(books.treasury, aSignal({ id: `prediction-${seed}-${++causes}` }), order);
    },
    async deposit() {
      if (inflows) payIn(books, '12.34');
    },
    async foreign() {
      if (foreign) await lockByHand(books, 'made by hand, without a reference', '7.00');
    },
    sweep: () => books.sweep(),
    async decide() {
      const manual = pick([...books.stored.values()].filter(({ state }) => state === 'manual'));
      if (manual === undefined || manual.escrowId === undefined) return;
      const status = books.world.escrows.get(manual.escrowId)?.status ?? '';
      const isApplied = manual.kind === 'escrow-release' ? status === 'released' : status === 'disputed';
      // A person who cannot see it in the status leaves it.
      if (!isApplied && status !== 'locked' && status !== 'completed' && status !== 'refunded') return;
      const decision = { operator: 'ada', evidence: 'the status', reason: 'looked' };
      const ending = isApplied
        ? ({ state: 'applied', note: 'decided', decision, result: { escrowId: manual.escrowId, status } } as const)
        : ({ state: 'rejected', note: 'decided', decision } as const);
      await books.intents.move(manual, ending, books.now());
    },
  };

  async function act(): Promise<void> {
    const drawn = random() * 100;
    let sum = 0;
    for (const [name, chance] of Object.entries(CHANCES)) {
      sum += chance;
      if (drawn >= sum) continue;
      await acts[name]?.();
      books.setFate('answered');
      done[name] = (done[name] ?? 0) + 1;
      return;
    }
  }

  return {
    act,
    make: async (name) => acts[name]?.(),
    async step() {
      await act();
      await books.pass(random() < 0.5 ? below(3 * MINUTE) : below(maxPause));
    },
    done,
    random,
  };
}

/** Money that comes from outside. */
export function payIn({ world, now }: Books, amountUsd: string): void {
  world.ledger.post({
    at: now(),
    from: 'deposits',
    to: accountOf(TREASURY.agentId),
    amount: parseUsd(amountUsd),
    reason: 'deposit',
    reference: 'from outside',
  });
}

/** An escrow that is made with the own key and past this project. Returns its id. */
export async function lockByHand(
  books: Books,
  description: string,
  amountUsd: string,
  counterparty = WORKER.agentId,
): Promise<string> {
  const answer = await books.call(TREASURY, 'POST', '/escrow/create', {
    amount_usd: Number(amountUsd),
    description,
    counterparty_agent_id: counterparty,
    timeout_hours: 700,
  });
  return String(answer['escrow_id']);
}
