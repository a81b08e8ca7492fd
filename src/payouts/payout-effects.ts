import type { Cause } from '../ledger/effect-key.ts';
import { performEffect, type EffectDeps, type EffectOutcome } from '../ledger/perform-effect.ts';
import { recordedOwner, type IntentOwner, type Owner } from '../ledger/owner.ts';
import { formatUsd, type MicroUsd } from '../money.ts';
import { claimBody } from '../purple-flea/faucet-client.ts';
import type { FaucetClient } from '../purple-flea/faucet.ts';
import { transferBody } from '../purple-flea/wallet-client.ts';
import type { WalletClient } from '../purple-flea/wallet.ts';

export interface PayoutDeps extends EffectDeps {
  /** Whose payouts these are, and where. */
  readonly owner: Owner;
  /** The total deadline of one request, in milliseconds. */
  readonly requestMs: number;
}

/** A payout that could not be made for a week is no longer made. */
const LIFETIME_MS = 7 * 24 * 3_600_000;

/** A cause whose age is known. */
type DatedCause = Cause & { readonly createdAt: string };

/** What a faucet gives. */
const CLAIM_USD = '1.00';

/** Pays an agent, at most once for a cause. An applied result is a `MadeTransfer`. */
export function payAgent(
  deps: PayoutDeps & { readonly openWallet: (owner: IntentOwner) => Promise<WalletClient> },
  cause: DatedCause,
  payment: { readonly toAgentId: string; readonly amount: MicroUsd; readonly memo: string },
): Promise<EffectOutcome> {
  return performEffect(
    deps,
    {
      kind: 'transfer',
      cause,
      causedAt: cause.createdAt,
      ...recordedOwner(deps.owner),
      open: deps.openWallet,
      payee: payment.toAgentId,
      amountUsd: formatUsd(payment.amount),
      bodyFor: (reference) =>
        transferBody(deps.owner.profile, { reference, fromAgentId: deps.owner.agentId, ...payment }),
      expiresAt: expiry(deps),
      sendingMs: deps.requestMs,
    },
    (request, wallet) => wallet.transfer(request),
  );
}

/**
 * Claims the faucet's dollar for the agent, at most once for a cause. Whether it may claim is looked at first, so that a
 * lost answer can be settled. An applied result is a `PaidClaim`.
 */
export function claimFaucet(
  deps: PayoutDeps & { readonly openFaucet: (owner: IntentOwner) => Promise<FaucetClient> },
  cause: DatedCause,
): Promise<EffectOutcome> {
  const { agentId, profile } = deps.owner;
  return performEffect(
    deps,
    {
      kind: 'faucet-claim',
      cause,
      causedAt: cause.createdAt,
      ...recordedOwner(deps.owner),
      open: deps.openFaucet,
      payee: agentId,
      amountUsd: CLAIM_USD,
      bodyFor: () => claimBody(profile, agentId),
      expiresAt: expiry(deps),
      sendingMs: 3 * deps.requestMs,
      lookBefore: async (faucet) => {
        const status = await faucet.readStatus();
        return status.kind === 'read' ? { canClaim: status.value.canClaim } : {};
      },
    },
    (request, faucet) => faucet.claim(request),
  );
}

function expiry({ now }: EffectDeps): string {
  return new Date(now().getTime() + LIFETIME_MS).toISOString();
}
