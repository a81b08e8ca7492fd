import type { CallLimit } from '../../pacing/pace.ts';
import type { Unsupported } from '../service.ts';
import type { Balance, LedgerRow, MadeTransfer, TransferRequest } from '../wallet.ts';
import type { EffectRoute, ReadRoute } from '../wire.ts';

/** How one dialect writes each operation of the wallet API. */
export interface WalletDialect {
  /** What the service takes of each kind of call; undefined for any number. */
  readonly limits: Readonly<Record<'transfer' | 'read', CallLimit | undefined>>;
  readonly transferBody: (transfer: TransferRequest) => string;
  /** @param body the recorded request, which the answer has to fit. */
  transfer(body: string): EffectRoute<MadeTransfer>;
  balance(agentId: string): ReadRoute<Balance>;
  ledger(): ReadRoute<readonly LedgerRow[]> | Unsupported;
}
