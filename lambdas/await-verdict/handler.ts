import * as z from 'zod/mini';
import { deliverVerdict, intentAddress, type MailboxDeps } from '../../src/escrow/mailbox.ts';
import type { IntentStore } from '../../src/ledger/intent.ts';
import type { Log } from '../../src/observability.ts';

export interface Deps extends MailboxDeps {
  readonly intents: IntentStore;
  readonly now: () => Date;
  readonly log: Log;
}

const inputSchema = z.object({ taskToken: z.string(), key: z.string() });

/** When to look again although nobody said anything: the one who is sending may just have crashed. */
const LOOK_AGAIN_MS = 10 * 60_000;

/** Leaves the execution's task token for whoever settles an effect in doubt, and ends the wait if that has happened. */
export function createHandler(deps: Deps) {
  return async (input: unknown) => {
    const { taskToken, key } = inputSchema.parse(input);
    const now = deps.now();
    await deps.mailbox.putWait({
      taskToken,
      addresses: [intentAddress(key)],
      takes: [],
      notBefore: now.toISOString(),
      deadlineAt: new Date(now.getTime() + LOOK_AGAIN_MS).toISOString(),
    });
    // Written before it is read: whoever settles it in between finds the token.
    const intent = await deps.intents.read(key);
    const isOpen = intent?.state === 'sending' || intent?.state === 'unknown';
    if (!isOpen) await deliverVerdict(deps, key);
    deps.log.info('waiting for a verdict', { key, state: intent?.state });
    return { wait: isOpen ? 'waiting' : 'resumed' };
  };
}
