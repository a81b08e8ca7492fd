import type { Intent } from '../ledger/intent.ts';
import type { Look } from '../ledger/resolve-intents.ts';
import type { FaucetClient } from '../purple-flea/faucet.ts';

/** No service keeps the memo of a transfer: a row of the same amount to the same agent may be another payment. */
export function lookForTransfer(): Look {
  return { kind: 'invisible', reason: 'the service shows no memo of a transfer, so it cannot be told from another' };
}

/** A claim shows in the status, where there is one and the agent could claim right before. */
export async function lookForClaim(faucet: FaucetClient, intent: Intent): Promise<Look> {
  const status = await faucet.readStatus();
  if (status.kind === 'unsupported') return { kind: 'invisible', reason: status.reason };
  if (status.value.canClaim) return { kind: 'absent' };
  return intent.before?.['canClaim'] === true
    ? { kind: 'found', result: { agentId: intent.payee, amountUsd: intent.amountUsd } }
    : { kind: 'invisible', reason: 'the agent could not claim before, either' };
}
