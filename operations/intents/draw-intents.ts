import Table from 'cli-table3';
import type { Intent } from '../../src/ledger/intent.ts';
import type { Obstacle } from '../../src/ledger/waiting.ts';
import type { OpenEscrow } from './open-intents.ts';

const STYLE = { head: [], border: [], compact: true };

const OBSTACLES: Readonly<Record<Obstacle, string>> = {
  stop: 'the stop',
  secret: 'a secret',
  service: 'Purple Flea',
  'rate-limit': 'its turn',
  lock: 'another effect',
};

/** A table of intents, with what those that are not at their end wait for, and for how long. */
export function drawIntents(intents: readonly Intent[], now: Date): string {
  if (intents.length === 0) return 'None.';
  const table = new Table({
    head: ['key', 'reference', 'agent', 'state', 'kind', 'amount', 'to', 'sent', 'waits', 'why'],
    style: STYLE,
    colWidths: [null, null, null, null, null, null, null, null, 30, 60],
    wordWrap: true,
  });
  table.push(
    ...intents.map((intent) => [
      intent.key,
      intent.reference,
      intent.agentId,
      intent.state,
      intent.kind,
      `$${intent.amountUsd}`,
      intent.payee,
      intent.sentAt ?? '',
      describeWait(intent, now),
      intent.reason ?? '',
    ]),
  );
  return table.toString();
}

/** What an intent waits for, since when, and when it is tried again. */
export function describeWait({ state, waitsFor, notBefore, sentAt, createdAt, history }: Intent, now: Date): string {
  const lasts = (since: string) => describeSpan(now.getTime() - Date.parse(since));
  switch (state) {
    case 'prepared': {
      const since = history.at(-1)?.at ?? createdAt;
      if (waitsFor === undefined || notBefore === undefined) return `to be sent, for ${lasts(since)}`;
      return `for ${OBSTACLES[waitsFor]}, for ${lasts(since)}; next try ${notBefore.slice(0, 16)}Z`;
    }
    case 'claimed':
      return `being decided, for ${lasts(history.at(-1)?.at ?? createdAt)}`;
    case 'sending':
    case 'unknown':
    case 'manual':
      return `for ${state === 'manual' ? 'a person' : 'what became of it'}, for ${lasts(sentAt ?? createdAt)}`;
    case 'applied':
    case 'rejected':
    case 'skipped':
      return '';
  }
}

function describeSpan(milliseconds: number): string {
  const minutes = Math.max(0, Math.floor(milliseconds / 60_000));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
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
