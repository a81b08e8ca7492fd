import type { WalletDialect } from './profiles/wallet-dialect.ts';
import { walletPublished } from './profiles/wallet-published.ts';
import { walletReference } from './profiles/wallet-reference.ts';
import { readService } from './read-service.ts';
import { sendEffect } from './send-effect.ts';
import { pacedCalls, type Credentials, type Profile, type ServiceDeps } from './service.ts';
import type { TransferRequest, WalletClient } from './wallet.ts';

const DIALECTS: Readonly<Record<Profile, WalletDialect>> = { reference: walletReference, published: walletPublished };

/** How a dialect writes a transfer. No key is needed for it. */
export function transferBody(profile: Profile, transfer: TransferRequest): string {
  return DIALECTS[profile].transferBody(transfer);
}

/** The wallet service as one agent uses it, in the dialect that is configured for it. */
export function createWalletClient(deps: ServiceDeps, credentials: Credentials): WalletClient {
  const { profile } = deps.service;
  const dialect = DIALECTS[profile];
  return {
    profile,
    transferBody: dialect.transferBody,
    transfer: (request) => sendEffect(deps, credentials, 'wallet.transfer', dialect.transfer(request.body), request),
    pacedReads: (count, effect) =>
      pacedCalls(
        deps,
        credentials,
        Array.from({ length: count }, () => dialect.limits.read),
        effect,
      ),
    readBalance: () => readService(deps, credentials, 'wallet.balance', dialect.balance(credentials.agentId)),
    async readLedger() {
      const route = dialect.ledger();
      if ('kind' in route) return route;
      return { kind: 'read', value: await readService(deps, credentials, 'wallet.ledger', route) };
    },
  };
}
