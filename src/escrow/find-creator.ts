import { effectKey, type Cause } from '../ledger/effect-key.ts';
import type { Intent, IntentStore } from '../ledger/intent.ts';
import type { Owner } from '../ledger/owner.ts';

/**
 * Who created an escrow, and where, by the try of its creation that made it: the same agent settles it there.
 *
 * @param configured is the answer where the ledger has no creation for this cause.
 */
export async function findCreator(
  intents: Pick<IntentStore, 'read'>,
  cause: Cause,
  escrowId: string,
  configured: Owner,
): Promise<Owner> {
  const creation = await findCreation(intents, cause, escrowId);
  return creation === undefined ? configured : { ...configured, ...creation.service, agentId: creation.agentId };
}

/** The try of its creation that made an escrow; or the latest, where none is known to. Undefined where there is none. */
export async function findCreation(
  intents: Pick<IntentStore, 'read'>,
  cause: Cause,
  escrowId: string,
): Promise<Intent | undefined> {
  let creation: Intent | undefined;
  let key: string | undefined = effectKey(cause, 'escrow-create');
  while (key !== undefined && creation?.result?.['escrowId'] !== escrowId) {
    const next: Intent | undefined = await intents.read(key);
    creation = next ?? creation;
    key = next?.retriedAs;
  }
  return creation;
}
