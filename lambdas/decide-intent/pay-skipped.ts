import type { StartExecution } from '../../src/aws/executions.ts';
import { describeError } from '../../src/errors.ts';
import type { DescribeExecution } from '../../src/escrow/story.ts';
import { clientReference, retryKey } from '../../src/ledger/effect-key.ts';
import type { Decision, Intent, IntentStore } from '../../src/ledger/intent.ts';
import type { Look, LookFor } from '../../src/ledger/resolve-intents.ts';
import { announce, type AnnounceDeps } from '../shared/announce.ts';

export interface PayDeps extends AnnounceDeps {
  readonly intents: Pick<IntentStore, 'read' | 'move'>;
  readonly describeExecution: DescribeExecution;
  readonly startExecution: StartExecution;
  /** Begins a look at the service for escrows of the paying agent, in complete reads that serve all that is looked for. */
  readonly openLook: () => LookFor;
  /** The agents that may have paid it: the treasury, and its predecessor where there is one. */
  readonly payers: readonly string[];
  readonly now: () => Date;
}

/** Another ledger may have paid it by another try: so many references are looked for. */
const TRIES = 3;

/** An execution that has just ended may have sent what is not to be seen yet: the ledger's quarantine. */
const SETTLING_MS = 15 * 60_000;

/**
 * Pays a skipped cause because a person says so, once, however often it is asked for: by another try, which the escrow's
 * execution sends under budgets and stop. Nothing is paid whose reference is at the service, or may be.
 *
 * @param dryRun looks and changes nothing.
 */
export async function paySkipped(
  deps: PayDeps,
  { key, dryRun = false, ...decision }: Decision & { readonly key: string; readonly dryRun?: boolean | undefined },
) {
  const intent = await deps.intents.read(key);
  const refusal = intent === undefined ? `there is no intent ${key}` : refusalOf(intent);
  if (intent === undefined || refusal !== undefined) return { error: `key: ${refusal}` };
  if (intent.retriedAs !== undefined) return goOn(deps, intent);

  const reason = await findWhyNot(deps, intent);
  if (reason !== undefined) return { error: `not paid: ${reason}` };
  if (dryRun) return { intent, execution: 'would be started: the reference is not at Purple Flea' };

  const { operator, evidence } = decision;
  const note = `to be paid, says ${operator}: ${decision.reason} (${evidence})`;
  const retriedAs = retryKey(key);
  const asked = await deps.intents.move(intent, { state: 'skipped', note, decision, retriedAs }, deps.now());
  const { reference, kind } = asked;
  await announce(deps, 'intent.retried', { key, reference, kind, retriedAs, note });
  return goOn(deps, asked);
}

function refusalOf({ state, skip, reason }: Intent): string | undefined {
  if (state !== 'skipped') return `the intent is ${state}; only "skipped" ones are paid so`;
  return skip?.input === undefined ? `it earned nothing (${reason}); there is no amount to pay` : undefined;
}

/** Why it may be paid already, or cannot be seen. */
async function findWhyNot(deps: PayDeps, intent: Intent): Promise<string | undefined> {
  const execution = await deps.describeExecution(intent.key);
  if (execution?.status === 'RUNNING') return `its execution ${intent.key} is running: see what it does first`;
  const endedAt = Date.parse(execution?.stoppedAt ?? '');
  if (deps.now().getTime() - endedAt < SETTLING_MS) {
    return `its execution ${intent.key} ended at ${execution?.stoppedAt}: what it sent may not be seen before a quarter of an hour has passed`;
  }
  const lookFor = deps.openLook();
  let key = intent.key;
  for (let tries = 0; tries < TRIES; tries += 1) {
    for (const agentId of deps.payers) {
      const reason = await findAtService(lookFor, { ...intent, agentId, key, reference: clientReference(key) });
      if (reason !== undefined) return reason;
    }
    key = retryKey(key);
  }
  return undefined;
}

/** Every escrow since the cause came to be is looked at: it may have been made by a ledger that is gone. */
async function findAtService(lookFor: LookFor, intent: Intent): Promise<string | undefined> {
  const createdAt = intent.skip?.causedAt ?? intent.createdAt;
  const look = await lookFor({ ...intent, createdAt }).catch((error: unknown): Look => ({
    kind: 'unclear',
    reason: describeError(error),
  }));
  switch (look.kind) {
    case 'absent':
      return undefined;
    case 'found':
      return `${String(look.result['escrowId'])} at Purple Flea bears its reference ${intent.reference}`;
    case 'many':
      return look.note;
    case 'unclear':
    case 'unreadable':
    case 'invisible':
      return `it cannot be seen whether Purple Flea has ${intent.reference}: ${look.reason}. Try again later`;
  }
}

/** Starts what was asked for; under its own name, or another where an execution of an earlier ledger had that. */
async function goOn(deps: PayDeps, intent: Intent) {
  const { key, retriedAs = '', skip } = intent;
  const sent = await deps.intents.read(retriedAs);
  if (sent !== undefined) return { intent, execution: `was started before; its payment ${retriedAs} is ${sent.state}` };
  const execution = await deps.describeExecution(key);
  // One of an earlier ledger that runs is no reason to get here.
  if (execution?.status === 'RUNNING') return { intent, execution: `runs as ${key}` };
  const name = execution === undefined ? key : `${key}-paid`;
  await deps.startExecution(name, JSON.parse(skip?.input ?? '{}'));
  return { intent, execution: `started as ${name}` };
}
