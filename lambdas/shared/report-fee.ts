import { feeDriftOf } from '../../src/escrow/fee.ts';
import { announce, type AnnounceDeps } from './announce.ts';

/** What comparing a fee needs. */
export interface FeeDeps extends AnnounceDeps {
  /** What the service is configured to keep of an escrow; 100 is one per cent. */
  readonly feeBasisPoints: number;
}

/** Announces a fee that is not the configured one. The escrow goes on: the money is where the service says. */
export async function reportFee(
  deps: FeeDeps,
  agentId: string,
  escrow: Parameters<typeof feeDriftOf>[0],
): Promise<void> {
  const drift = feeDriftOf(escrow, deps.feeBasisPoints);
  if (drift === undefined) return;
  deps.count('LedgerDrifts');
  await announce(deps, 'ledger.drifted', { agentId, ...drift });
}
