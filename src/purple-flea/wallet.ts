import type { Answer, EffectRequest } from '../ledger/answer.ts';
import type { MicroUsd } from '../money.ts';
import type { PacedCalls } from '../pacing/pacer.ts';
import type { PacedEffect, Profile, Reading } from './service.ts';

/** Limits of a transfer. The memo has the room of a description. */
export const TRANSFER_LIMITS = { minAmountUsd: '0.01', maxMemo: 280 } as const;

/** A payment to another agent. The client reference is put before the memo. */
export interface TransferRequest {
  readonly reference: string;
  readonly fromAgentId: string;
  readonly toAgentId: string;
  readonly amount: MicroUsd;
  readonly memo: string;
}

/** A payment that was made: what the ledger keeps of it. `amountUsd` is decimal USD. */
export type MadeTransfer = { readonly transferId: string; readonly toAgentId: string; readonly amountUsd: string };

/** What an agent has. `locked` is undefined where the dialect does not say. */
export interface Balance {
  readonly agentId: string;
  readonly available: MicroUsd;
  readonly locked: MicroUsd | undefined;
}

/** One movement in an agent's own ledger. */
export interface LedgerRow {
  readonly rowId: string;
  /** Negative where it left the agent. */
  readonly amount: MicroUsd;
  /** Such as `escrow_lock: esc_4a7f2c9d1e3b5f0a`. */
  readonly reason: string;
  /** What it belongs to, such as an escrow's id. */
  readonly subject: string;
  readonly at: string;
}

/** The wallet operations for one agent's key. */
export interface WalletClient {
  readonly profile: Profile;
  /** The JSON text of a transfer: it is recorded in the intent and sent as it is. */
  transferBody(transfer: TransferRequest): string;
  /** Pays another agent. Applied only if id, amount and recipient come back as asked. */
  transfer(request: EffectRequest): Promise<Answer<MadeTransfer>>;
  /** Reads as the pacer counts them, for an effect that reserves them with its own calls. */
  pacedReads(count: number, effect: Pick<PacedEffect, 'key' | 'patienceMs'>): readonly PacedCalls[];
  /** @throws ServiceUnreadableError where there is no usable answer, as do all reads. */
  readBalance(): Promise<Balance>;
  /** The agent's last movements, newest first; 50 at most. The documented service has no such route. */
  readLedger(): Promise<Reading<readonly LedgerRow[]>>;
}
