import Table from 'cli-table3';
import type { Intent } from '../../src/ledger/intent.ts';
import type { OpenEscrow } from './open-intents.ts';

const STYLE = { head: [], border: [], compact: true };

/** A table of intents. */
export function drawIntents(intents: readonly Intent[]): string {
  if (intents.length === 0) return 'None.';
  const table = new Table({
    head: ['key', 'reference', 'agent', 'state', 'kind', 'amount', 'to', 'sent', 'why'],
    style: STYLE,
    colWidths: [null, null, null, null, null, null, null, null, 60],
    wordWrap: true,
  });
  table.push(
    ...intents.map(({ key, reference, agentId, state, kind, amountUsd, payee, sentAt = '', reason = '' }) => [
      key,
      reference,
      agentId,
      state,
      kind,
      `$${amountUsd}`,
      payee,
      sentAt,
      reason,
    ]),
  );
  return table.toString();
}

/** A table of escrows that are not settled. */
export function drawEscrows(escrows: readonly OpenEscrow[]): string {
  if (escrows.length === 0) return 'None.';
  const head = ['escrow', 'reference', 'agent', 'amount', 'to', 'created', 'status'];
  const table = new Table({ head, style: STYLE });
  table.push(
    ...escrows.map(({ creation: { result, reference, agentId, amountUsd, payee, createdAt }, status }) => [
      String(result?.['escrowId']),
      reference,
      agentId,
      `$${amountUsd}`,
      payee,
      createdAt,
      status,
    ]),
  );
  return table.toString();
}
