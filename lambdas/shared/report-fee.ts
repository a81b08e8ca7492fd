import { feeDriftOf } from '../../src/escrow/fee.ts';
import { announce, type AnnounceDeps } from './announce.ts';

/** Announces a fee that is not the configured one. The escrow goes on: the money is where the service says. */
export async function reportFee(
  deps: AnnounceDeps & { readonly feeBasisPoints: number },
  agentId: string,
  escrow: Parameters<typeof feeDriftOf>[0],
): Promise<void> {
  const drift = feeDriftOf(escrow, deps.feeBasisPoints);
  if (drift === undefined) return;
  deps.count('LedgerDrifts');
  await announce(deps, 'ledger.drifted', { agentId, ...drift });
}
