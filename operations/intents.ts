import { parseArgs } from 'node:util';
import { runCommand, UsageError } from '../src/command-line.ts';
import type { Answer, Decide } from './intents/decide.ts';
import { openFunction } from './invoke-function.ts';
import { readStage } from './stage-access.ts';

const USAGE = `npm run intents -- list [--state manual] [--agent ID]    intents in a state; without --state those that a person must decide
npm run intents -- list --open [--agent ID]    all open intents, and escrows that are not settled
npm run intents -- list --elsewhere [--agent ID]    those of them at an address or in a dialect that is no longer configured
npm run intents -- show KEY                    everything recorded about one intent
npm run intents -- resolve KEY --applied ID --operator NAME --evidence TEXT --reason TEXT
npm run intents -- resolve KEY --not-applied --operator NAME --evidence TEXT --reason TEXT
npm run intents -- retry KEY --operator NAME --evidence TEXT --reason TEXT
npm run intents -- retry --all --operator NAME --evidence TEXT [--kind KIND] [--reason TEXT] [--since TIME] [--dry-run]
npm run intents -- continue KEY
npm run intents -- skipped [--since TIME] [--rule NAME]      skipped causes, and what they would pay
npm run intents -- pay KEY --operator NAME --evidence TEXT --reason TEXT [--dry-run]
npm run intents -- pay --all [--since TIME] [--rule NAME] --operator NAME --evidence TEXT --reason TEXT [--dry-run]
npm run intents -- begin [--at TIME --operator NAME --reason TEXT [--rule NAME]]

  resolve     records what you found out about a manual intent; if it was applied, its escrow's execution continues
  retry       asks for another try of a rejected intent, under a new key that names the old. --all: of all rejected intents except orders;
              --kind, --reason (a text in the reason of the rejection) and --since narrow it; --dry-run only lists them
  continue    if the execution of its escrow has ended, starts it again; it does only what is left
  skipped     lists causes that were too old to pay, and what they would pay
  pay         pays a skipped cause once, unless Purple Flea shows its reference; --dry-run only looks
  begin       shows when the ledger and its rules began; with --at it moves the ledger's beginning, or that of a rule

  KEY         the key of an effect; for retry and continue also the name of an execution that ended before any effect was recorded
  TIME        ISO 8601 in UTC, such as 2026-11-01T00:00:00Z; --since is 30 days ago if left out
  ID          Purple Flea's id of the escrow, order or payment
  --stage     local (the default: what npm start runs), or another stage of config/, with your AWS credentials

None of these commands sends anything itself. Executions that they start or continue obey the budgets and the stop.`;

const ACTIONS = ['list', 'show', 'resolve', 'retry', 'continue', 'skipped', 'pay', 'begin'];
const WITH_KEY = ['show', 'resolve', 'retry', 'continue'];

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
      elsewhere: { type: 'boolean', default: false },
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
  const invoke = openFunction(readStage(values.stage), 'decide-intent');
  const decide: Decide = async (asked) => JSON.parse(await invoke(asked)) as Answer;
  // Only what a command needs is loaded.
  switch (action) {
    case 'list':
      return (await import('./intents/list.ts')).list(decide, values);
    case 'skipped':
      return (await import('./intents/pay.ts')).skipped(decide, values);
    case 'pay':
      return (await import('./intents/pay.ts')).pay(decide, values, key);
    case 'begin':
      return (await import('./intents/begin.ts')).begin(decide, values);
    case 'retry':
      if (values.all) return (await import('./intents/retry.ts')).retryRejected(decide, values, key);
  }
  return (await import('./intents/one.ts')).decideOne(decide, action, values, key);
}

await runCommand(USAGE, main);
