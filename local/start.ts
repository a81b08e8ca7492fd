import { parseArgs } from 'node:util';
import { PROFILES, type Profile } from '../src/purple-flea/service.ts';
import { openBusTap, type BusTap } from './bus-tap.ts';
import { createEventLog, runDemo } from './demo.ts';
import { announceSession, startLocalPipeline, type LocalPipeline } from './local-pipeline.ts';
import { describeEvent } from './timeline.ts';

const USAGE = `npm start               start the pipeline on this machine, show both flows, stay up
npm start -- --once     the same, then stop; exits 0 only if the money is where it should be

  --escrow-profile NAME  the dialect of the escrow API, reference or published; config/local.json has it if left out`;

/** Starts the pipeline, runs the demo, and stays up unless asked not to. */
async function main(): Promise<number> {
  const { values } = readArguments();
  if (values.help === true) {
    console.log(USAGE);
    return 0;
  }
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
  let pipeline: LocalPipeline | undefined;
  // An interrupt comes more than once: the terminal sends it to us and to npm, which passes it on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  stop.signal.addEventListener('abort', () => console.log('\nstopping'));

  try {
    pipeline = await startLocalPipeline({ stop: stop.signal, ...escrowProfileOf(values['escrow-profile']) });
    if (stop.signal.aborted) return 130;
    const log = createEventLog();
    const tap = await openBusTap(pipeline.clients, pipeline.outputs.busName);
    console.log('\nTimeline (UTC), as it happens:\n');
    const tapping = followBus(tap, stop.signal, log.add);
    const demo = runDemo(pipeline, log.awaitEvent, console.log);
    const ended = await Promise.race([demo, tapping, stopped]);
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
    await Promise.race([tapping, stopped]).finally(withdraw);
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
      help: { type: 'boolean', short: 'h' },
    },
  });
}

function escrowProfileOf(name: string | undefined): { readonly escrowProfile?: Profile } {
  if (name === undefined) return {};
  const escrowProfile = PROFILES.find((known) => known === name);
  if (escrowProfile === undefined) {
    throw new Error(`--escrow-profile is "${name}"; allowed: ${PROFILES.join(', ')}`);
  }
  return { escrowProfile };
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

function hints({ endpoint, twinUrl, outputs, functionLog }: LocalPipeline): string {
  return `
It stays up. In another terminal, send an event of your own; what follows from it appears above:

  npm run send -- training --job churn-v2 --accuracy 0.85     a training job finishes
  npm run send -- delivered --job churn-v2 --by "me"          its owner approves: the escrow is released
  npm run send -- prediction --direction short --confidence 0.71
  npm run send -- ask-model                                   the endpoint is asked, as every 5 minutes on AWS
  npm run send -- stop reducing                               no new money goes out until: stop running

Where to look:

  Purple Flea     ${twinUrl}/_twin/agents  /_twin/escrows  /_twin/orders  /_twin/calls
  AWS             export AWS_ENDPOINT_URL=${endpoint} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=us-east-1
  executions      aws stepfunctions list-executions --state-machine-arn ${outputs.stateMachineArn}
  ledger          aws dynamodb scan --table-name ${outputs.intentTable}
  functions' logs ${functionLog}

Stop it with Ctrl-C.
`;
}

process.exitCode = await main();
