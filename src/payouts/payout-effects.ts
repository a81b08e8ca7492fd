import type { Cause } from '../ledger/effect-key.ts';
import { performEffect, type EffectDeps, type EffectOutcome } from '../ledger/perform-effect.ts';
import { formatUsd, type MicroUsd } from '../money.ts';
import type { FaucetClient } from '../purple-flea/faucet.ts';
import type { WalletClient } from '../purple-flea/wallet.ts';

export interface PayoutDeps extends EffectDeps {
  /** The agent whose key is used. */
  readonly agentId: string;
  /** The total deadline of one request, in milliseconds. */
  readonly requestMs: number;
}

/** A payout that could not be made for a week is no longer made. */
const LIFETIME_MS = 7 * 24 * 3_600_000;

/** What a faucet gives. */
const CLAIM_USD = '1.00';

/** Pays an agent, at most once for a cause. An applied result is a `MadeTransfer`. */
export function payAgent(
  deps: PayoutDeps & { readonly wallet: WalletClient },
  cause: Cause,
  payment: { readonly toAgentId: string; readonly amount: MicroUsd; readonly memo: string },
): Promise<EffectOutcome> {
  return performEffect(
    deps,
    {
      kind: 'transfer',
      cause,
      agentId: deps.agentId,
      payee: payment.toAgentId,
      amountUsd: formatUsd(payment.amount),
      bodyFor: (reference) => deps.wallet.transferBody({ reference, fromAgentId: deps.agentId, ...payment }),
      expiresAt: expiry(deps),
      sendingMs: deps.requestMs,
    },
    (request) => deps.wallet.transfer(request),
  );
}

/**
 * Claims the faucet's dollar for the agent, at most once for a cause. Whether it may claim is looked at first, so that a
 * lost answer can be settled. An applied result is a `PaidClaim`.
 */
export function claimFaucet(
  deps: PayoutDeps & { readonly faucet: FaucetClient },
  cause: Cause,
): Promise<EffectOutcome> {
  return performEffect(
    deps,
    {
      kind: 'faucet-claim',
      cause,
      agentId: deps.agentId,
      payee: deps.agentId,
      amountUsd: CLAIM_USD,
      bodyFor: () => deps.faucet.claimBody(deps.agentId),
      expiresAt: expiry(deps),
      sendingMs: 3 * deps.requestMs,
      lookBefore: async () => {
        const status = await deps.faucet.readStatus();
        return status.kind === 'read' ? { canClaim: status.value.canClaim } : {};
      },
    },
    (request) => deps.faucet.claim(request),
  );
}

function expiry({ now }: EffectDeps): string {
  return new Date(now().getTime() + LIFETIME_MS).toISOString();
}
