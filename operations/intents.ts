import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import Table from 'cli-table3';
import { parseArgs } from 'node:util';
import { createClients } from '../local/clients.ts';
import { readSession } from '../local/local-pipeline.ts';
import { runCommand, UsageError } from '../src/command-line.ts';
import type { EscrowStory } from '../src/escrow/story.ts';
import type { Beginnings } from '../src/ledger/beginnings.ts';
import { INTENT_STATES, type Intent, type IntentCursor, type IntentState } from '../src/ledger/intent.ts';
import { listIntents, listOpen, type OpenEscrow } from './open-intents.ts';
import { listRejected, retryAll } from './retry-intents.ts';
import { listSkipped, paySkipped, showBeginnings, showSkipped } from './skipped-intents.ts';

const USAGE = `npm run intents -- list [--state manual] [--agent ID]    effects that a person has to decide, or those of another state
npm run intents -- list --open [--agent ID]    what is not at its end: intents in any open state, and escrows that are not settled
npm run intents -- show KEY                    all that is recorded of one
npm run intents -- resolve KEY --applied ID --operator NAME --evidence TEXT --reason TEXT
npm run intents -- resolve KEY --not-applied --operator NAME --evidence TEXT --reason TEXT
npm run intents -- retry KEY --operator NAME --evidence TEXT --reason TEXT
npm run intents -- retry --all --operator NAME --evidence TEXT [--kind KIND] [--reason TEXT] [--since TIME] [--dry-run]
npm run intents -- continue KEY
npm run intents -- skipped [--since TIME] [--rule NAME]      what skipped causes would pay
npm run intents -- pay KEY --operator NAME --evidence TEXT --reason TEXT [--dry-run]
npm run intents -- pay --all [--since TIME] [--rule NAME] --operator NAME --evidence TEXT --reason TEXT [--dry-run]
npm run intents -- begin [--at TIME --operator NAME --reason TEXT [--rule NAME]]

  resolve     records what you found out about a manual one; where it was applied, its escrow's execution goes on
  retry       asks for another try of a rejected one, under a new key that names the old. --all: of every rejected one but orders;
              --kind, --reason (a text in why it was rejected) and --since narrow it; --dry-run only lists them
  continue    starts the execution of its escrow again, if that has ended; it does what is left to do
  skipped     lists causes that were too old to be paid, and what they would pay
  pay         pays a skipped cause, once, unless Purple Flea shows its reference; --dry-run only looks
  begin       shows when the ledger and its rules began; with --at it moves the ledger's beginning, or that of a rule

  KEY         of an effect; for retry and continue also the name of an execution that ended before any effect was recorded
  TIME        ISO 8601 in UTC, such as 2026-11-01T00:00:00Z; --since is 30 days ago if left out
  ID          what Purple Flea calls it: the escrow's, order's or payment's id
  --stage     local (the default: what npm start runs), or another stage of config/, with your AWS credentials

None of these sends anything itself. What an execution has left to do it does under the budgets and the stop.`;

const ACTIONS = ['list', 'show', 'resolve', 'retry', 'continue', 'skipped', 'pay', 'begin'];
const WITH_KEY = ['show', 'resolve', 'retry', 'continue'];
const DAY_MS = 24 * 3_600_000;

/** What the function decide-intent answers. */
interface Answer {
  readonly error?: string;
  readonly intents?: readonly Intent[];
  readonly intent?: Intent | null;
  /** What becomes of the escrow's execution. */
  readonly execution?: string;
  readonly next?: IntentCursor;
  readonly beginnings?: Beginnings;
  readonly story?: EscrowStory;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      stage: { type: 'string', default: 'local' },
      state: { type: 'string' },
      kind: { type: 'string' },
      applied: { type: 'string' },
      'not-applied': { type: 'boolean', default: false },
      operator: { type: 'string' },
      evidence: { type: 'string' },
      reason: { type: 'string' },
      since: { type: 'string' },
      rule: { type: 'string' },
      at: { type: 'string' },
      agent: { type: 'string' },
      open: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
    },
  });
  const [action, key] = positionals;
  if (action === undefined || !ACTIONS.includes(action)) throw new UsageError(`say one of ${ACTIONS.join(', ')}`);
  const needsKey = WITH_KEY.includes(action) && !values.all;
  if (needsKey && key === undefined) throw new UsageError(`${action}: the KEY is missing`);
  if (action === 'resolve' && (values.applied === undefined) === !values['not-applied']) {
    throw new UsageError('resolve: say either --applied ID or --not-applied');
  }
  const { operator, evidence, reason } = values;
  const decide = (asked: object) => invoke(values.stage, asked);
  const filter = { since: values.since ?? new Date(Date.now() - 30 * DAY_MS).toISOString(), rule: values.rule };
  if (action === 'list') {
    console.log(await showList(decide, values));
    return 0;
  }
  if (action === 'skipped') {
    console.log(showSkipped(await listSkipped(decide, filter)));
    return 0;
  }
  if (action === 'pay') {
    if ((key === undefined) !== values.all) throw new UsageError('pay: say either a KEY or --all');
    const keys = key === undefined ? (await listSkipped(decide, filter)).payable.map((intent) => intent.key) : [key];
    const decision = { operator, evidence, reason, dryRun: values['dry-run'] };
    const { lines, refused } = await paySkipped(decide, keys, decision);
    console.log(lines.join('\n') || 'None.');
    return refused === 0 ? 0 : 1;
  }
  if (action === 'retry' && values.all) {
    if (key !== undefined || (values.state ?? 'rejected') !== 'rejected') {
      throw new UsageError('retry --all: takes no KEY, and no --state but rejected');
    }
    const meant = { since: filter.since, kind: values.kind, reason };
    const intents = await listRejected(decide, meant);
    if (values['dry-run']) {
      console.log(tableOf(intents));
      return 0;
    }
    const refused = await retryAll(decide, intents, { operator, evidence, filter: meant }, { say: console.log });
    console.log(`${intents.length - refused} of ${intents.length} are tried again`);
    return refused === 0 ? 0 : 1;
  }
  if (action === 'begin') {
    const { at, rule } = values;
    const moving = { action, at, operator, reason, ...(rule === undefined ? {} : { rule }) };
    const { error, beginnings } = await decide(at === undefined ? { action: 'beginnings' } : moving);
    if (error !== undefined) console.error(error);
    else if (beginnings !== undefined) console.log(showBeginnings(beginnings));
    return error === undefined ? 0 : 1;
  }
  const verdict =
    values.applied === undefined ? { verdict: 'not-applied' } : { verdict: 'applied', id: values.applied };
  const answer = await decide({ action, key, operator, evidence, reason, ...verdict });
  if (answer.error !== undefined) {
    console.error(answer.error);
    return 1;
  }
  if (answer.intent === null) {
    console.error(
      `There is no intent ${key}. See npm run intents -- list, or npm run escrow -- show ID by an escrow's id.`,
    );
    return 1;
  }
  if (answer.intent !== undefined) console.log(JSON.stringify(answer.intent, undefined, 2));
  if (answer.execution !== undefined) console.log(`execution: ${answer.execution}`);
  return 0;
}

async function showList(
  decide: (asked: object) => Promise<Answer>,
  { state, agent, open }: { state?: string | undefined; agent?: string | undefined; open: boolean },
): Promise<string> {
  if (!open) return tableOf(await listIntents(decide, [readState(state ?? 'manual')], { agentId: agent }));
  if (state !== undefined) throw new UsageError('list: say either --open or --state');
  const { intents, escrows } = await listOpen(decide, agent, new Date());
  return `Intents:\n${tableOf(intents)}\n\nEscrows that are not settled:\n${escrowTableOf(escrows)}`;
}

function readState(text: string): IntentState {
  const state = INTENT_STATES.find((known) => known === text);
  if (state === undefined) throw new UsageError(`--state ${text}: allowed are ${INTENT_STATES.join(', ')}`);
  return state;
}

async function invoke(stage: string, input: object): Promise<Answer> {
  const client = stage === 'local' ? createClients(readSession().endpoint).lambda : new LambdaClient({});
  const { Payload, FunctionError } = await client.send(
    new InvokeCommand({ FunctionName: `purple-flea-${stage}-decide-intent`, Payload: JSON.stringify(input) }),
  );
  const text = Payload?.transformToString() ?? '{}';
  if (FunctionError !== undefined) throw new Error(text);
  return JSON.parse(text) as Answer;
}

function tableOf(intents: readonly Intent[]): string {
  if (intents.length === 0) return 'None.';
  const table = new Table({
    head: ['key', 'reference', 'agent', 'state', 'kind', 'amount', 'to', 'sent', 'why'],
    style: { head: [], border: [], compact: true },
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

function escrowTableOf(escrows: readonly OpenEscrow[]): string {
  if (escrows.length === 0) return 'None.';
  const table = new Table({
    head: ['escrow', 'reference', 'agent', 'amount', 'to', 'created', 'status'],
    style: { head: [], border: [], compact: true },
  });
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

await runCommand(USAGE, main);
