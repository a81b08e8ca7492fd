import type { FaucetStatus, PaidClaim } from '../faucet.ts';
import type { Unsupported } from '../service.ts';
import type { EffectRoute, ReadRoute } from '../wire.ts';

/** How one dialect writes each operation of the faucet API. */
export interface FaucetDialect {
  readonly claimBody: (agentId: string) => string;
  /** @param body the recorded request, which the answer has to fit. */
  claim(body: string): EffectRoute<PaidClaim>;
  status(agentId: string): ReadRoute<FaucetStatus> | Unsupported;
}
