import { ServiceUnreadableError } from '../errors.ts';
import type { Intent, IntentStore } from '../ledger/intent.ts';
import type { ViewEscrows } from '../purple-flea/escrow-client.ts';
import { isFinal } from '../purple-flea/escrow.ts';

export interface RejectSettledDeps {
  readonly intents: Pick<IntentStore, 'move'>;
  readonly viewEscrows: ViewEscrows;
  readonly now: () => Date;
}

/** Rejects a `prepared` settlement or completion of an escrow that shows that it is settled: nobody is to send it any more. */
export async function rejectIfSettled(deps: RejectSettledDeps, intent: Intent): Promise<Intent> {
  const note = await findSettled(deps, intent);
  return note === undefined ? intent : deps.intents.move(intent, { state: 'rejected', note }, deps.now());
}

/** Why a settlement or completion is of no use any more; undefined where it may be, or where that cannot be read now. */
export async function findSettled(
  { viewEscrows }: Pick<RejectSettledDeps, 'viewEscrows'>,
  { escrowId, service }: Intent,
): Promise<string | undefined> {
  if (escrowId === undefined) return undefined;
  try {
    const { status, statusShown } = await viewEscrows(service).readStatus(escrowId);
    return isFinal(status) ? `the escrow is ${statusShown}` : undefined;
  } catch (error) {
    if (error instanceof ServiceUnreadableError) return undefined;
    throw error;
  }
}
