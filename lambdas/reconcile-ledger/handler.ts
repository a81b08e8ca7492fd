import type { IntentStore } from '../../src/ledger/intent.ts';
import { laterFor } from '../../src/ledger/waiting.ts';
import type { EscrowClient } from '../../src/purple-flea/escrow.ts';
import type { OpenClient } from '../../src/purple-flea/open-client.ts';
import type { TradingClient } from '../../src/purple-flea/trading.ts';
import type { WalletClient } from '../../src/purple-flea/wallet.ts';
import type { BaselineStore } from '../../src/reconciliation/baseline.ts';
import type { ComparedPlaces } from '../../src/reconciliation/ledger-picture.ts';
import { reconcile, type Reconciliation, type ReconcileDeps } from '../../src/reconciliation/reconcile.ts';
import { announce, type AnnounceDeps } from '../shared/announce.ts';
import type { TaskContext } from '../shared/escrow-task.ts';

export interface Deps extends AnnounceDeps {
  readonly intents: IntentStore;
  readonly baselines: BaselineStore;
  /** The agents whose effects are compared, one after the other: the treasury, and whom it replaced. */
  readonly agentIds: readonly string[];
  /** Where the services are configured: what was sent to others is set aside. */
  readonly places: ComparedPlaces;
  readonly openEscrow: OpenClient<EscrowClient>;
  readonly openWallet: OpenClient<WalletClient>;
  /** Undefined where an agent's orders go by an account of their own. */
  readonly openTrading: OpenClient<TradingClient | undefined>;
  readonly now: () => Date;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
}

/** As many drifts get an event of their own; all are counted and logged. */
const TOLD = 25;

/** As many reasons of a kind are in the summary. */
const REASONS = 10;

/**
 * Every day: compares the ledger with what Purple Flea shows of the own agents, and says where they differ. An agent whose
 * key or service cannot be opened is said to be unread, and keeps no other from being compared.
 */
export function createHandler(deps: Deps) {
  return async (_event: unknown, context: TaskContext) => {
    const summaries = [];
    for (const agentId of deps.agentIds) summaries.push(await reconcileAgent(deps, agentId, context));
    if (summaries.every(({ isComplete }) => isComplete)) deps.count('LedgerReconciled');
    return summaries;
  };
}

async function reconcileAgent(deps: Deps, reconciled: string, context: TaskContext) {
  const opened = await openAgent(deps, reconciled);
  const run =
    typeof opened === 'string'
      ? unread(reconciled, opened)
      : await reconcile({
          ...deps,
          ...opened,
          agentId: reconciled,
          remainingMs: () => context.getRemainingTimeInMillis(),
          finals: new Map(),
        });
  const { agentId, drifts, problems, notCompared, notes, intents, escrows } = run;
  for (const drift of drifts.slice(0, TOLD)) await announce(deps, 'ledger.drifted', { agentId, ...drift });
  for (const drift of drifts.slice(TOLD)) deps.log.error('ledger.drifted', { ...drift });
  deps.count('LedgerDrifts', drifts.length);
  const summary = {
    agentId,
    isComplete: problems.length === 0,
    drifts: drifts.length,
    driftsTold: Math.min(drifts.length, TOLD),
    intents,
    escrows,
    problems: problems.slice(0, REASONS),
    notCompared: notCompared.slice(0, REASONS),
    notes: notes.slice(0, REASONS),
  };
  await announce(deps, 'ledger.reconciled', summary);
  // Last of all: what was not told is found again.
  if (run.baseline !== undefined) await deps.baselines.keep(run.baseline);
  return summary;
}

/** The services as an agent uses them; or why that is not possible now. */
async function openAgent(
  deps: Deps,
  agentId: string,
): Promise<Pick<ReconcileDeps, 'escrow' | 'wallet' | 'trading'> | string> {
  const owner = { agentId };
  try {
    return {
      escrow: await deps.openEscrow(owner),
      wallet: await deps.openWallet(owner),
      trading: await deps.openTrading(owner),
    };
  } catch (error) {
    const later = laterFor(error);
    if (later === undefined) throw error;
    deps.log.warn('agent not compared', { agentId, reason: later.reason });
    return later.reason;
  }
}

function unread(agentId: string, reason: string): Reconciliation {
  const nothing = { drifts: [], notes: [], notCompared: [], intents: 0, escrows: 0, baseline: undefined };
  return { agentId, ...nothing, problems: [`nothing of it was read: ${reason}`] };
}
