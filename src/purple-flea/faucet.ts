import type { Answer, EffectRequest } from '../ledger/answer.ts';
import type { Profile, Reading } from './service.ts';

/** A claim that was paid: what the ledger keeps of it. `amountUsd` is decimal USD. */
export type PaidClaim = { readonly agentId: string; readonly amountUsd: string };

/** Whether an agent may claim, and if not, from when on (ISO 8601); undefined for never or not yet known. */
export interface FaucetStatus {
  readonly canClaim: boolean;
  readonly nextEligibleAt: string | undefined;
}

/** The faucet operations for one agent's key. */
export interface FaucetClient {
  readonly profile: Profile;
  /** The JSON text of a claim: it is recorded in the intent and sent as it is. */
  claimBody(agentId: string): string;
  /** Claims for the agent. One that has claimed before is `rejected` with code `ALREADY_CLAIMED`. */
  claim(request: EffectRequest): Promise<Answer<PaidClaim>>;
  /**
   * The published faucet does not tell: a claim does.
   *
   * @throws ServiceUnreadableError where there is no usable answer.
   */
  readStatus(): Promise<Reading<FaucetStatus>>;
}
