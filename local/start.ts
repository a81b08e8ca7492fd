import { parseArgs } from 'node:util';
import { loadConfig } from '../lib/config.ts';
import { runCommand, UsageError } from '../src/command-line.ts';
import { announceSession } from '../src/local-session.ts';
import { PROFILES, type Profile } from '../src/purple-flea/service.ts';
import { openBusTap, type BusTap } from './bus-tap.ts';
import { createEventLog, runDemo, type DemoResult } from './demo.ts';
import { expectedEnd, playScenario, SCENARIOS, type Scenario, type Stage } from './scenarios.ts';
import { startLocalPipeline, type LocalPipeline } from './local-pipeline.ts';
import { watchDeadLetters } from './dead-letters.ts';
import { describeDeadLetter, describeEvent, line } from './timeline.ts';
import { readBooks } from './twin-view.ts';

const USAGE = `npm start               start the pipeline on this machine, show both flows, stay up
npm start -- --once     the same, then stop; exits 0 only if the money is where it should be

  --scenario NAME        one course of an escrow, instead of both flows:
${scenarioList()}

  --escrow-profile NAME  the dialect of the escrow API, reference or published; if left out, that of config/local.json`;

/** Starts the pipeline, runs the demo, and stays up unless asked not to. */
async function main(): Promise<number> {
  const { values } = readArguments();
  const scenario = scenarioNamed(values.scenario);
  const profile = escrowProfileOf(values['escrow-profile']);
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
  let pipeline: LocalPipeline | undefined;
  // An interrupt comes more than once: the terminal sends it to us and to npm, which passes it on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  stop.signal.addEventListener('abort', () => console.log('\nstopping'));

  try {
    pipeline = await startLocalPipeline({ stop: stop.signal, escrowProfile: profile });
    if (stop.signal.aborted) return 130;
    const log = createEventLog();
    const tap = await openBusTap(pipeline.clients, pipeline.outputs.busName);
    console.log('\nTimeline (UTC), as it happens:\n');
    const tapping = followBus(tap, stop.signal, log.add);
    const watching = followDeadLetters(pipeline.clients, stop.signal);
    const stage = { pipeline, awaitEvent: log.awaitEvent, print: console.log };
    const demo =
      scenario === undefined ? runDemo(pipeline, log.awaitEvent, console.log) : show(stage, scenario, profile);
    const ended = await Promise.race([demo, tapping, watching, stopped]);
    if (ended === undefined) return 130;

    for (const problem of ended.problems) console.error(`NOT AS IT SHOULD BE: ${problem}`);
    if (values.once === true) {
      console.log(ended.problems.length === 0 ? 'The money is where it should be.' : '');
      stop.abort();
      await tapping;
      return ended.problems.length === 0 ? 0 : 1;
    }
    const withdraw = announceSession(pipeline);
    console.log(hints(pipeline));
    await Promise.race([tapping, watching, stopped]).finally(withdraw);
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 130;
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    stop.abort();
    await pipeline?.close();
  }
}

function readArguments() {
  return parseArgs({
    options: {
      once: { type: 'boolean' },
      'escrow-profile': { type: 'string' },
      scenario: { type: 'string' },
    },
  });
}

function escrowProfileOf(name = loadConfig('local').purpleFlea.escrow.profile as string): Profile {
  const escrowProfile = PROFILES.find((known) => known === name);
  if (escrowProfile === undefined) {
    throw new UsageError(`--escrow-profile is "${name}"; allowed: ${PROFILES.join(', ')}`);
  }
  return escrowProfile;
}

function scenarioList(): string {
  return Object.entries(SCENARIOS)
    .map(([name, { title }]) => `    ${name.padEnd(20)} ${title}`)
    .join('\n');
}

function scenarioNamed(name: string | undefined): Scenario | undefined {
  if (name === undefined) return undefined;
  const scenario = Object.hasOwn(SCENARIOS, name) ? SCENARIOS[name] : undefined;
  if (scenario !== undefined) return scenario;
  throw new UsageError(`--scenario is "${name}"; allowed: ${Object.keys(SCENARIOS).join(', ')}`);
}

/** Plays a scenario and says whether it ended as it should. */
async function show(stage: Stage, scenario: Scenario, profile: Profile): Promise<DemoResult> {
  const expected = expectedEnd(scenario, profile);
  stage.print(line('event', scenario.title));
  const { escrowId, executionName, end, status } = await playScenario(stage, scenario);
  stage.print(line('execution', `${executionName.slice(0, 12)}… ended in ${end}; ${escrowId} is ${status}`));
  const { conserved } = await readBooks(stage.pipeline.twinUrl);
  const checks: [boolean, string][] = [
    [end === expected.end, `the execution ended in ${end}, not ${expected.end}`],
    [status === expected.status, `the escrow is ${status}, not ${expected.status}`],
    [conserved, 'the books of the twin do not add up'],
  ];
  return { problems: checks.filter(([holds]) => !holds).map(([, problem]) => problem) };
}

async function followBus(
  tap: BusTap,
  stop: AbortSignal,
  add: ReturnType<typeof createEventLog>['add'],
): Promise<undefined> {
  for await (const event of tap(stop)) {
    console.log(describeEvent(event));
    add(event);
  }
  return undefined;
}

async function followDeadLetters(clients: LocalPipeline['clients'], stop: AbortSignal): Promise<undefined> {
  for await (const letter of watchDeadLetters(clients, stop)) console.log(describeDeadLetter(letter));
  return undefined;
}

function hints({ endpoint, twinUrl, outputs, functionLog }: LocalPipeline): string {
  return `
It stays up. In another terminal, send an event of your own; the effects appear above:

  npm run send -- training --job churn-v2 --accuracy 0.85     a training job finishes
  npm run send -- delivered --job churn-v2 --by "me"          its owner approves: the escrow is released
  npm run signal -- reject --job churn-v2 --by "me" --reason "too slow"   or somebody rejects it: it is disputed
  npm run send -- prediction --direction short --confidence 0.71
  npm run send -- alert --direction long --price 61000.00     a price alert asks for an order
  npm run send -- ask-model                                   a predictor asks the endpoint, as a schedule would on AWS
  npm run send -- stop reducing                               holds back new payments until: stop running

Where to look:

  Purple Flea     ${twinUrl}/_twin/agents  /_twin/escrows  /_twin/orders  /_twin/calls
  AWS             export AWS_ENDPOINT_URL=${endpoint} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=us-east-1
  executions      aws stepfunctions list-executions --state-machine-arn ${outputs.stateMachineArn}
  ledger          aws dynamodb scan --table-name ${outputs.intentTable}
  functions' logs ${functionLog}

Stop it with Ctrl-C.
`;
}

await runCommand(USAGE, main);
