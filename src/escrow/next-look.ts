import type { EscrowView } from '../purple-flea/escrow.ts';

/** The service settles what is due in its own time; a deadline that has passed is looked at again after this. */
const LOOK_AGAIN_MS = 5 * 60_000;

/** When an execution that goes on waiting for this escrow is to look at it next (ISO 8601). */
export function nextLook(escrow: Pick<EscrowView, 'deadlineAt'>, now: Date): string {
  const deadline = Date.parse(escrow.deadlineAt);
  return new Date(deadline > now.getTime() ? deadline : now.getTime() + LOOK_AGAIN_MS).toISOString();
}
