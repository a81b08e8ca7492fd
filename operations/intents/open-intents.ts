import type { Intent, IntentCursor, IntentState } from '../../src/ledger/intent.ts';
import type { EscrowStatus } from '../../src/purple-flea/escrow.ts';
import { LOOK_BACK_MS } from '../../src/reconciliation/look-back.ts';
import type { Decide } from './decide.ts';

/** The states of an intent that may still take effect, or may have. */
const OPEN_STATES: readonly IntentState[] = ['prepared', 'claimed', 'sending', 'unknown', 'manual'];

/** How an escrow ends; in any other status money is locked in it. */
const ENDED = new Set<string>(['released', 'auto_released', 'refunded'] satisfies EscrowStatus[]);

/** An escrow that is not settled. */
export interface OpenEscrow {
  readonly creation: Intent;
  /** What Purple Flea shows; or why it could not be read. */
  readonly status: string;
}

/** All intents in some states, page by page, each once; of one agent, if one is named. */
export async function listIntents(
  decide: Decide,
  states: readonly IntentState[],
  { agentId, since = new Date(0) }: { readonly agentId?: string | undefined; readonly since?: Date } = {},
): Promise<readonly Intent[]> {
  // What changes between two pages, or two states, is shown again: the later one counts.
  const found = new Map<string, Intent>();
  for (const state of states) {
    let after: IntentCursor | undefined;
    do {
      const asked = { action: 'page', state, since: since.toISOString(), ...(after === undefined ? {} : { after }) };
      const { error, intents = [], next } = await decide(asked);
      if (error !== undefined) throw new Error(error);
      for (const intent of intents) found.set(intent.key, intent);
      after = next;
    } while (after !== undefined);
  }
  return [...found.values()].filter((intent) => agentId === undefined || intent.agentId === agentId);
}

/**
 * All that is not at its end: intents that may still take effect, and escrows that Purple Flea does not show as settled. An
 * escrow that cannot be read counts as open. One that was created over 65 days ago is past all its deadlines.
 */
export async function listOpen(
  decide: Decide,
  agentId: string | undefined,
  now: Date,
): Promise<{ readonly intents: readonly Intent[]; readonly escrows: readonly OpenEscrow[] }> {
  const intents = await listIntents(decide, OPEN_STATES, { agentId });
  const since = new Date(now.getTime() - LOOK_BACK_MS);
  const applied = await listIntents(decide, ['applied'], { agentId, since });
  const released = new Set(applied.filter(({ kind }) => kind === 'escrow-release').map(({ escrowId }) => escrowId));
  const escrows: OpenEscrow[] = [];
  for (const creation of applied) {
    if (creation.kind !== 'escrow-create' || released.has(String(creation.result?.['escrowId']))) continue;
    const status = await readStatus(decide, creation);
    if (!ENDED.has(status)) escrows.push({ creation, status });
  }
  return { intents, escrows };
}

async function readStatus(decide: Decide, { key }: Intent): Promise<string> {
  const { error, story } = await decide({ action: 'story', id: key });
  const shown = story?.escrow ?? error ?? 'not shown';
  return typeof shown === 'string' ? `unread: ${shown}` : shown.status;
}
