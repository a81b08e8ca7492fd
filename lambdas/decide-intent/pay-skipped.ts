import { isRunning, type ContinueExecution, type StartExecution } from '../../src/aws/executions.ts';
import { describeError } from '../../src/errors.ts';
import { laterOf, latestBy, weighAbsence } from '../../src/ledger/absence.ts';
import { knownSince, type BeginningStore } from '../../src/ledger/beginnings.ts';
import type { DescribeExecutions } from '../../src/escrow/story.ts';
import { retryKey } from '../../src/ledger/effect-key.ts';
import type { Decision, Intent, IntentStore } from '../../src/ledger/intent.ts';
import { inDoubtSince } from '../../src/ledger/the-past.ts';
import { RESOLVE_DEFAULTS, type Look, type LookFor } from '../../src/ledger/resolve-intents.ts';
import { announce, type AnnounceDeps } from '../shared/announce.ts';

export interface PayDeps extends AnnounceDeps {
  readonly intents: Pick<IntentStore, 'read' | 'move' | 'noteLook'>;
  readonly beginnings: Pick<BeginningStore, 'read'>;
  readonly describeExecutions: DescribeExecutions;
  readonly startExecution: StartExecution;
  readonly continueExecution: ContinueExecution;
  /** Begins a look at the service for escrows of the paying agent, in complete reads that serve all that is looked for. */
  readonly openLook: () => LookFor;
  /** The agents that may have paid it: the treasury, and its predecessor where there is one. */
  readonly payers: readonly string[];
  readonly now: () => Date;
}

/**
 * Pays a skipped cause because a person says so, once, however often it is asked for: by another try, which the escrow's
 * execution sends under budgets and stop. Nothing is paid whose reference is at the service, or may be: a first call looks,
 * and another looks again and pays.
 *
 * @param dryRun looks and records nothing.
 */
export async function paySkipped(
  deps: PayDeps,
  { key, dryRun = false, ...decision }: Decision & { readonly key: string; readonly dryRun?: boolean | undefined },
) {
  const intent = await deps.intents.read(key);
  const refusal = intent === undefined ? `there is no intent ${key}` : refusalOf(intent);
  if (intent === undefined || refusal !== undefined) return { error: `key: ${refusal}` };
  if (intent.retriedAs !== undefined) return goOn(deps, intent);

  const seen = await findWhyNot(deps, intent);
  if (typeof seen === 'string') return { error: `not paid: ${seen}` };
  const unproved = await findUnproved(deps, intent, seen.leftAt, dryRun);
  if (unproved !== undefined) return { error: `not paid yet: ${NOT_THERE}; ${unproved}` };
  if (dryRun) return { intent, execution: `would be started: ${NOT_THERE}` };

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

const NOT_THERE = 'its reference is not at Purple Flea';

/** Why one look that did not show it is not enough. The first that counts is recorded. */
async function findUnproved(deps: PayDeps, intent: Intent, leftAt: Date, dryRun: boolean): Promise<string | undefined> {
  const at = deps.now();
  const absence = weighAbsence(intent, leftAt, RESOLVE_DEFAULTS, at);
  switch (absence.kind) {
    case 'proved':
      return undefined;
    case 'early':
      return `what was sent until ${leftAt.toISOString()} may not be seen before ${absence.until.toISOString()}: ask again then`;
    case 'soon':
      return `it was looked for at ${intent.absentSince}: ask again after ${absence.until.toISOString()}`;
    case 'first': {
      if (!dryRun) await deps.intents.noteLook(intent, at, true);
      const until = new Date(at.getTime() + RESOLVE_DEFAULTS.secondLookMs).toISOString();
      return dryRun
        ? 'two looks are needed, and this one is not recorded'
        : `ask again after ${until}: two looks have to agree`;
    }
  }
}

/** Why it may be paid already, or cannot be seen; otherwise when anything was sent for it at the latest. */
async function findWhyNot(deps: PayDeps, intent: Intent): Promise<string | { readonly leftAt: Date }> {
  const executions = await deps.describeExecutions(intent.key);
  const running = executions.find(isRunning);
  if (running !== undefined) return `its execution ${running.name} is running: see what it does first`;
  const lookFor = deps.openLook();
  for (const agentId of deps.payers) {
    const reason = await findAtService(lookFor, { ...intent, agentId });
    if (reason !== undefined) return reason;
  }
  const began = latestBy(knownSince(await deps.beginnings.read()));
  const ends = executions.flatMap(({ stoppedAt }) => (stoppedAt === undefined ? [] : [new Date(stoppedAt)]));
  return { leftAt: ends.reduce(laterOf, began) };
}

/** Every escrow since the cause came to be is looked at: it may have been made by a ledger that is gone. */
async function findAtService(lookFor: LookFor, intent: Intent): Promise<string | undefined> {
  const before = inDoubtSince(intent.skip?.causedAt ?? intent.createdAt);
  const look = await lookFor({ ...intent, before }).catch((error: unknown): Look => ({
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
      return `it cannot be seen whether Purple Flea has ${intent.reference}: ${look.reason}. Try again later, or look by hand: if it is not there, request an escrow instead`;
  }
}

/** Starts what was asked for; under its own name, or another where an execution of an earlier ledger had that. */
async function goOn(deps: PayDeps, intent: Intent) {
  const { key, retriedAs = '', skip } = intent;
  const sent = await deps.intents.read(retriedAs);
  if (sent !== undefined) return { intent, execution: `was started before; its payment ${retriedAs} is ${sent.state}` };
  const input = JSON.parse(skip?.input ?? '{}') as unknown;
  const executions = await deps.describeExecutions(key);
  // One of an earlier ledger that runs is no reason to get here.
  const running = executions.find(isRunning);
  if (running !== undefined) return { intent, execution: `runs as ${running.name}` };
  const name = executions.length === 0 ? key : `${key}-paid`;
  const isBegun =
    executions.length === 0
      ? (await deps.startExecution(name, input)) === 'started'
      : (await deps.continueExecution(key, name, input)) === 'continued';
  return { intent, execution: isBegun ? `started as ${name}` : await howItStands(deps, key, name) };
}

/** A name is taken for good: what ended under it before anything was sent goes on under another. */
async function howItStands(deps: PayDeps, key: string, name: string): Promise<string> {
  const running = (await deps.describeExecutions(key)).find(isRunning);
  if (running !== undefined) return `runs as ${running.name}`;
  return `nothing was started: ${name} has ended before it paid. "npm run intents -- continue ${key}" continues it`;
}
