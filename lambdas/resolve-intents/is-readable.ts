import type { Intent } from '../../src/ledger/intent.ts';
import type { OpenSender } from '../shared/open-sender.ts';
import type { LookDeps } from './look-for.ts';

export interface IsReadableDeps extends Pick<LookDeps, 'openWallet'> {
  readonly openSender: OpenSender;
}

/**
 * Whether the owner's key can be read and the service takes it, by one cheap read that needs the key: the list of escrows
 * or, where there is none, the agent's movements. Of what no execution waits for it is not asked.
 */
export async function isReadable(deps: IsReadableDeps, intent: Intent): Promise<boolean> {
  if (!intent.kind.startsWith('escrow-')) return false;
  try {
    const escrow = await deps.openSender(intent);
    const { kind } = await escrow.list({ role: 'creator', limit: 1 });
    if (kind === 'unsupported')
      await (await deps.openWallet({ agentId: intent.agentId, service: intent.wallet })).readLedger();
    return true;
  } catch {
    // Whatever it is, the next minute asks again.
    return false;
  }
}
