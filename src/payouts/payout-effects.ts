import { clientReference, effectKey, type Cause } from '../ledger/effect-key.ts';
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
  const key = effectKey(cause, 'transfer');
  const reference = clientReference(key);
  return performEffect(
    deps,
    {
      key,
      reference,
      kind: 'transfer',
      cause,
      agentId: deps.agentId,
      payee: payment.toAgentId,
      amountUsd: formatUsd(payment.amount),
      requestBody: deps.wallet.transferBody({ reference, fromAgentId: deps.agentId, ...payment }),
      expiresAt: expiry(deps),
      sendingMs: deps.requestMs,
    },
    (body) => deps.wallet.transfer({ body, key, reference }),
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
  const key = effectKey(cause, 'faucet-claim');
  const reference = clientReference(key);
  return performEffect(
    deps,
    {
      key,
      reference,
      kind: 'faucet-claim',
      cause,
      agentId: deps.agentId,
      payee: deps.agentId,
      amountUsd: CLAIM_USD,
      requestBody: deps.faucet.claimBody(deps.agentId),
      expiresAt: expiry(deps),
      sendingMs: 3 * deps.requestMs,
      lookBefore: async () => {
        const status = await deps.faucet.readStatus();
        return status.kind === 'read' ? { canClaim: status.value.canClaim } : {};
      },
    },
    (body) => deps.faucet.claim({ body, key, reference }),
  );
}

function expiry({ now }: EffectDeps): string {
  return new Date(now().getTime() + LIFETIME_MS).toISOString();
}
