import * as z from 'zod/mini';
import { deliverVerdict, intentAddress, type MailboxDeps } from '../../src/escrow/mailbox.ts';
import type { Intent, IntentStore } from '../../src/ledger/intent.ts';
import { secondsToWait } from '../../src/ledger/waiting.ts';
import type { Log } from '../../src/observability.ts';

export interface Deps extends MailboxDeps {
  readonly intents: IntentStore;
  readonly now: () => Date;
  readonly log: Log;
}

const inputSchema = z.object({ taskToken: z.string(), key: z.string() });

/**
 * When to look again although nobody said anything: the one who is sending may just have crashed. What is in doubt for
 * longer is looked at less often, as no history of an execution is endless.
 */
const SOONEST_LOOK_MS = 10 * 60_000;
const LATEST_LOOK_MS = 2 * 3_600_000;

/**
 * Leaves the execution's task token for whoever settles an effect in doubt, or wakes one that waits, and ends the wait if
 * that has happened.
 */
export function createHandler(deps: Deps) {
  return async (input: unknown) => {
    const { taskToken, key } = inputSchema.parse(input);
    const now = deps.now();
    await deps.mailbox.putWait({
      taskToken,
      addresses: [intentAddress(key)],
      takes: [],
      notBefore: now.toISOString(),
      deadlineAt: lookAgainAt(await deps.intents.read(key), now),
    });
    // Written before it is read: whoever settles it in between finds the token.
    const intent = await deps.intents.read(key);
    const isOpen = intent !== undefined && isUnsettled(intent, now);
    if (!isOpen) await deliverVerdict(deps, key);
    deps.log.info('waiting for a verdict', { key, state: intent?.state, notBefore: intent?.notBefore });
    return { wait: isOpen ? 'waiting' : 'resumed' };
  };
}

function isUnsettled(intent: Intent, now: Date): boolean {
  const { state } = intent;
  return state === 'sending' || state === 'unknown' || (state === 'prepared' && secondsToWait(intent, now) > 0);
}

function lookAgainAt(intent: Intent | undefined, now: Date): string {
  if (intent?.state === 'prepared' && secondsToWait(intent, now) > 0) return intent.notBefore ?? now.toISOString();
  const inDoubtMs = now.getTime() - Date.parse(intent?.sentAt ?? now.toISOString());
  return new Date(now.getTime() + Math.min(Math.max(inDoubtMs, SOONEST_LOOK_MS), LATEST_LOOK_MS)).toISOString();
}
