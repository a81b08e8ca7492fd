import type { SQSBatchResponse } from 'aws-lambda';
import type { MailboxStore } from '../../src/escrow/mailbox.ts';
import type { OrderStore } from '../../src/ledger/intent.ts';
import type { ResolvePolicy } from '../../src/ledger/resolve-intents.ts';
import type { ReadStop } from '../../src/ledger/stop.ts';
import type { ReadBeginning } from '../../src/ledger/the-past.ts';
import type { EscrowClient } from '../../src/purple-flea/escrow.ts';
import type { TradingClient } from '../../src/purple-flea/trading.ts';
import type { Transport } from '../../src/purple-flea/transport.ts';
import type { MemoryLedger } from '../support/memory-intents.ts';

/** What of this project is replaced by something else, to see that the simulator notices. */
export interface Changes {
  readonly policy?: Partial<ResolvePolicy>;
  readonly intents?: (store: OrderStore, ledger: MemoryLedger, now: () => Date) => OrderStore;
  /** @param name is the function's. */
  readonly escrow?: (client: EscrowClient, name: string) => EscrowClient;
  /** Asked once for each run of a function, as `intents` is. */
  readonly trading?: (client: TradingClient) => TradingClient;
  /** @param log takes what is written into the log. */
  readonly transport?: (transport: Transport, log: (fields: unknown) => void) => Transport;
  /** What one delivery names as its subject. */
  readonly subject?: (subject: string, delivery: number) => string;
  readonly readStop?: (read: ReadStop) => ReadStop;
  /** @param name is the function's. */
  readonly beginning?: (read: ReadBeginning, name: string) => ReadBeginning;
  readonly mailbox?: (store: MailboxStore) => MailboxStore;
  /** What the queue is told of a batch. */
  readonly batch?: (response: SQSBatchResponse) => SQSBatchResponse;
  /** What an execution is called. */
  readonly executionName?: (name: string, started: number) => string;
  /** Whether what is recorded for one agent is sent as the one that is configured. */
  readonly ignoresOwner?: boolean;
  /** Whether the workflow runs a task again that failed, as though nothing had been sent. */
  readonly retriesSendTask?: boolean;
}
