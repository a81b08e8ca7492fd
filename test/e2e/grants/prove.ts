import Table from 'cli-table3';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../../lib/config.ts';
import { describeError } from '../../../src/errors.ts';
import { readInitialData } from '../../../twin/initial-data.ts';
import { startTwin, type Twin } from '../../../twin/server.ts';
import { readRolePolicies, writeRolePolicy, type RolePolicy } from '../../../local/role-policies.ts';
import { takePlayed } from '../held-stage.ts';
import { patience, startStage, type Stage } from '../stage.ts';
import type { Flow } from './flows.ts';
import { allows, describe, isForQueuedCalls, type Grant } from './grants.ts';
import type { Recorder } from './recorder.ts';
import { recordFunctions, runFlows } from './run-flows.ts';

/**
 * Takes one grant after the other from the functions on a running local AWS, plays a flow that used it, and gives it back.
 * Each has to be missed: the call is refused. Prints a table; exits 0 only if every grant was.
 *
 * @param part of the description of a grant, such as the name of a function: only these are taken.
 */
async function main(part: string): Promise<number> {
  console.log('deploying, and playing every flow once');
  const twin = await startRichTwin();
  const stage = await startStage({ renderer: 'silent', rateLimits: false, twinUrl: twin.url });
  const recorder = await recordFunctions(stage);
  try {
    const { failed, refused, unused, users } = await runFlows(stage, recorder);
    for (const problem of [...failed, ...refused, ...unused]) console.error(`NOT AS IT SHOULD BE: ${problem}`);
    const policies = await readRolePolicies(stage.clients, stage.endpoint);
    const missed = new Map<string, { grants: number; missed: number }>();
    const needless: string[] = [];
    for (const [grant, flows] of users) {
      if (!describe(grant).includes(part) || (flows.length === 0 && isForQueuedCalls(grant))) continue;
      const notMissed = await findWhyNotMissed({ stage, recorder, policies }, grant, flows);
      const isMissed = notMissed === undefined;
      const of = missed.get(grant.functionName) ?? { grants: 0, missed: 0 };
      missed.set(grant.functionName, { grants: of.grants + 1, missed: of.missed + Number(isMissed) });
      if (!isMissed) needless.push(describe(grant));
      console.log(isMissed ? `missed  ${describe(grant)}` : `NOT MISSED  ${describe(grant)}: ${notMissed}`);
    }
    const table = new Table({ head: ['function', 'grants', 'missed'], style: { head: [], border: [], compact: true } });
    for (const [name, { grants, missed: count }] of missed) table.push([name, grants, count]);
    console.log(`\n${table.toString()}\n`);
    return failed.length + refused.length + unused.length + needless.length === 0 ? 0 : 1;
  } finally {
    await stage.close();
    await recorder.close();
    await twin.close();
  }
}

/** A twin whose treasury can lock as often as grants are taken: escrows of flows that do not end are never given back. */
function startRichTwin(): Promise<Twin> {
  const agents = readInitialData().agents.map((agent) => ({ ...agent, balanceUsd: '1000000.00' }));
  return startTwin({ agents, escrowProfile: loadConfig('local').purpleFlea.escrow.profile, rateLimits: false });
}

interface Bench {
  readonly stage: Stage;
  readonly recorder: Recorder;
  readonly policies: readonly RolePolicy[];
}

/** How long a flow is given to miss a grant. */
const MISSED_MS = 120_000;

/** Undefined where a call was refused for want of the grant; otherwise how each flow went without it. */
async function findWhyNotMissed(bench: Bench, grant: Grant, flows: readonly Flow[]): Promise<string | undefined> {
  const { stage, recorder, policies } = bench;
  const { functionName, action, resource } = grant;
  const own = policies.filter((policy) => policy.functionName === functionName);
  for (const policy of own) await writeRolePolicy(stage.endpoint, without(policy, action, resource));
  // What it kept in memory, a secret for one, would hide that it may not be read.
  await recorder.watch(functionName);
  try {
    const ends: string[] = [];
    for (const flow of flows) {
      const end = await findOtherEnd(bench, grant, flow);
      if (end === undefined) return undefined;
      ends.push(`${flow.title}: ${end}`);
    }
    return ends.join('; ');
  } finally {
    for (const policy of own) await writeRolePolicy(stage.endpoint, policy);
    await recorder.watch(functionName);
    // What a flow left behind that did not end, such as the lock of a market, would end the next one.
    await takePlayed(stage.clients, stage.outputs, (url) => url.includes('-tap'));
  }
}

function without(policy: RolePolicy, action: string, resource: string): RolePolicy {
  const statements = policy.statements.flatMap((statement) => {
    const actions = [statement.Action].flat();
    const resources = [statement.Resource].flat();
    if (!actions.includes(action) || !resources.includes(resource)) return [statement];
    const rest = [
      { ...statement, Action: actions.filter((other) => other !== action) },
      { ...statement, Action: action, Resource: resources.filter((other) => other !== resource) },
    ];
    return rest.filter(({ Action, Resource }) => Action.length > 0 && Resource.length > 0);
  });
  return { ...policy, statements };
}

/** Plays a flow until the call that the grant was for is refused. It need not come to its end. Otherwise says how it went. */
async function findOtherEnd({ stage, recorder }: Bench, grant: Grant, flow: Flow): Promise<string | undefined> {
  const before = recorder.accesses.length;
  const refused = () => recorder.accesses.slice(before).some((access) => access.denied && allows(grant, access));
  const enough = new AbortController();
  const ends: string[] = [];
  const playing = patience
    .run(enough.signal, () => flow.play(stage))
    .then(
      () => ends.push('it came to its end'),
      (error: unknown) => ends.push(describeError(error)),
    );
  const deadline = Date.now() + MISSED_MS;
  while (!refused() && ends.length === 0 && Date.now() < deadline) await sleep(50);
  const [end = `it had not come to its end after ${MISSED_MS / 1000} s`] = ends;
  enough.abort();
  await playing;
  return refused() ? undefined : end;
}

process.exitCode = await main(process.argv[2] ?? '');
