import Table from 'cli-table3';
import { mkdirSync } from 'node:fs';
import { openBusTap, type SeenEvent } from '../../local/bus-tap.ts';
import { createClients } from '../../local/clients.ts';
import { bootstrap, deploy, synthesize } from '../../local/deploy.ts';
import { LOG, startEmulator } from '../../local/emulator.ts';
import { putSecret } from '../../local/local-pipeline.ts';
import { RUN } from '../../local/paths.ts';
import { prepareLocalAws } from '../../local/python.ts';
import { allowPlainHttp, mendRolePolicies } from '../../local/role-policies.ts';
import { readBooks, readCalls } from '../../local/twin-view.ts';
import { startTwin } from '../../twin/server.ts';
import type { Stage } from '../e2e/stage.ts';
import { takeEarlierRelease } from './earlier-release.ts';
import { leaveEscrows, leaveIntents, leaveOrder } from './left-behind.ts';
import { finishEscrows, finishIntents, type Ended } from './finish.ts';

/**
 * Deploys release 0.1.0 to the local AWS, leaves an escrow in every state in which an execution waits and an intent in every
 * state, deploys this version over it, and has all of it end. Exits 0 only if all of it ends as decided.
 */
async function main(): Promise<number> {
  const say = (text: string) => console.log(`${new Date().toISOString().slice(11, 19)}  ${text}`);
  const quiet = (line: string) => void (/❌|FAILED/.test(line) && console.error(line));
  mkdirSync(RUN, { recursive: true });
  const earlier = await takeEarlierRelease();
  const twin = await startTwin({ escrowProfile: 'reference', rateLimits: false });
  const emulator = await startEmulator(await prepareLocalAws(say), WAIT_SCALE);
  const stop = new AbortController();
  let following = Promise.resolve();
  try {
    const { endpoint } = emulator;
    const clients = createClients(endpoint);
    const place = { url: twin.url, escrowProfile: 'reference' } as const;
    const mend = async () => {
      await allowPlainHttp(endpoint, 'purple-flea-local');
      await mendRolePolicies(clients, endpoint);
    };
    say('bootstrapping, and synthesizing release 0.1.0');
    await bootstrap(endpoint, quiet);
    await synthesize(place, quiet, undefined, earlier);
    say('deploying release 0.1.0');
    const outputs = await deploy(endpoint, quiet, undefined, earlier);
    await mend();
    await putSecret(clients, outputs.secretName);

    const seen: SeenEvent[] = [];
    const tap = await openBusTap(clients, outputs.busName);
    following = (async () => {
      for await (const event of tap(stop.signal)) seen.push(event);
    })();
    const stage: Stage = {
      endpoint,
      twinUrl: twin.url,
      outputs,
      clients,
      seen,
      functionLog: LOG,
      close: async () => {},
    };
    say('leaving an intent in every state, and an escrow in every state that waits');
    const intents = await leaveIntents(stage, earlier.root);
    const escrows = await leaveEscrows(stage);
    const calls = (await readCalls(twin.url)).length;

    say('synthesizing this version, and deploying it over that');
    await synthesize(place, quiet);
    const sending = await leaveOrder(stage, earlier.root, 'an order that was just sent');
    const upgraded: Stage = { ...stage, outputs: await deploy(endpoint, quiet) };
    await mend();
    say('ending all of it');
    const ended = [
      ...(await finishEscrows(upgraded, escrows, calls)),
      ...(await finishIntents(upgraded, { sending, ...intents })),
    ];
    const { conserved } = await readBooks(twin.url);
    ended.push({
      what: 'the books of the service',
      left: '',
      expected: 'add up',
      found: conserved ? 'add up' : 'do not',
    });
    console.log(`\n${tableOf(ended)}\n`);
    return ended.every(({ expected, found }) => expected === found) ? 0 : 1;
  } finally {
    stop.abort();
    await following;
    await emulator.stop();
    await twin.close();
  }
}

/** What waits for five minutes waits for three seconds. */
const WAIT_SCALE = 0.01;

function tableOf(ended: readonly Ended[]): string {
  const table = new Table({
    head: ['what', 'left in', 'ends as decided', ''],
    style: { head: [], border: [], compact: true },
  });
  for (const { what, left, expected, found } of ended) {
    table.push([what, left, expected, expected === found ? 'yes' : `NO: ${found}`]);
  }
  return table.toString();
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 1;
});
