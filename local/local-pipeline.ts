import { InvokeCommand } from '@aws-sdk/client-lambda';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { ListStateMachinesCommand } from '@aws-sdk/client-sfn';
import getPort from 'get-port';
import { Listr, type ListrRendererValue } from 'listr2';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadConfig } from '../lib/config.ts';
import type { Outputs, Session } from '../src/local-session.ts';
import type { Profile } from '../src/purple-flea/service.ts';
import { startTwin, type Twin } from '../twin/server.ts';
import { createClients, type Clients } from './clients.ts';
import { ASSEMBLY, bootstrap, deploy, synthesize } from './deploy.ts';
import { LOG, startEmulator, useRunningEmulator, type Emulator } from './emulator.ts';
import { ROOT, RUN, STATE } from './paths.ts';
import { prepareLocalAws } from './python.ts';
import { allowPlainHttp, mendRolePolicies } from './role-policies.ts';

/** The agents of the twin that the local stage's money moves between. */
export const LOCAL_AGENTS = {
  treasury: 'ag_platform_treasury',
  owner: 'ag_model_owner_churn',
} as const;

/** The pace against a twin without limits: a hundred times what the service documents, in per cent. */
const WITHOUT_LIMITS = 10_000;

/** What the local stage's webhooks are signed with; it is good for nothing else. */
export const LOCAL_WEBHOOK_SECRET = 'whsec_local_pipeline';

/** The deployed pipeline on this machine. */
export interface LocalPipeline extends Session {
  readonly clients: Clients;
  /** File with the output of every function. */
  readonly functionLog: string;
  /** Stops everything that was started. May be called more than once. */
  close(): Promise<void>;
}

export interface LocalPipelineOptions {
  readonly renderer?: ListrRendererValue;
  readonly stop?: AbortSignal;
  /** The dialect of the escrow API; the one that `config/local.json` names if left out. */
  readonly escrowProfile?: Profile;
  /** Whether the twin limits calls as Purple Flea does, and the pipeline paces them; both if left out. */
  readonly rateLimits?: boolean;
  /** How much of their time the workflow's Wait states take; all of it if left out. */
  readonly waitScale?: number;
  /** What starts that follow each other share; each has its own if left out. */
  readonly shared?: SharedStart;
  /** The address of a twin that listens by the time it is called; one is started if left out. */
  readonly twinUrl?: string;
}

/** Stacks hold the twin's address: where a later twin listens on the same port, they need not be synthesized again. */
export interface SharedStart {
  /** The port of the twin. It is taken if it is free, and another one if not. */
  readonly twinPort: number;
  /** The folder for synthesized stacks. Other sources need another folder. */
  readonly assemblies: string;
}

/**
 * Starts a twin and a local AWS, and deploys the stacks of stage `local` with the real CDK.
 * What was started is stopped again if any of it fails.
 */
export async function startLocalPipeline({
  renderer = 'default',
  stop,
  escrowProfile = loadConfig('local').purpleFlea.escrow.profile,
  rateLimits = true,
  waitScale,
  shared,
  twinUrl,
}: LocalPipelineOptions = {}): Promise<LocalPipeline> {
  removeDeadRuns();
  mkdirSync(RUN, { recursive: true });
  const started: { twin?: Twin; emulator?: Emulator; outputs?: Outputs } = {};
  const addressOfTwin = () => twinUrl ?? the(started.twin).url;
  const assembly = () => assemblyOf({ twinUrl: addressOfTwin(), escrowProfile, rateLimits, shared });
  const close = async () => {
    await started.emulator?.stop();
    await started.twin?.close();
  };

  const tasks = new Listr<object, ListrRendererValue>(
    [
      {
        title: 'Twin of Purple Flea and SageMaker',
        enabled: twinUrl === undefined,
        task: async (_, task) => {
          const port = shared === undefined ? 0 : await getPort({ port: shared.twinPort, host: '127.0.0.1' });
          started.twin = await startTwin({ port, escrowProfile, rateLimits });
          task.title = `Twin of Purple Flea and SageMaker at ${started.twin.url} (escrow profile: ${escrowProfile})`;
        },
      },
      {
        title: 'Local AWS',
        task: async (_, task) => {
          started.emulator = await obtainEmulator(reportTo(task), waitScale);
          task.title = `Local AWS at ${started.emulator.endpoint}`;
        },
      },
      {
        title: 'Stacks',
        task: (_, task) =>
          task.newListr(
            [
              {
                title: 'Bootstrap the local AWS (cdk bootstrap)',
                task: (__, subtask) => bootstrap(the(started.emulator).endpoint, reportTo(subtask), stop),
              },
              {
                title: 'Synthesize the stacks (cdk synth)',
                task: async (__, subtask) => {
                  if (shared !== undefined && existsSync(doneFile(assembly()))) return;
                  await synthesize(
                    {
                      url: addressOfTwin(),
                      escrowProfile,
                      ...(rateLimits ? {} : { pacePercent: WITHOUT_LIMITS }),
                    },
                    reportTo(subtask),
                    stop,
                    { root: ROOT, assembly: assembly() },
                  );
                  if (shared !== undefined) writeFileSync(doneFile(assembly()), '');
                },
              },
            ],
            { concurrent: true },
          ),
      },
      {
        title: 'Deploy the stacks (cdk deploy)',
        task: async (_, task) => {
          started.outputs = await deploy(the(started.emulator).endpoint, reportTo(task), stop, {
            assembly: assembly(),
          });
        },
      },
      {
        title: 'Mend the policies',
        task: async (_, task) => {
          const { endpoint } = the(started.emulator);
          await allowPlainHttp(endpoint, 'purple-flea-local');
          const mended = await mendRolePolicies(createClients(endpoint), endpoint);
          task.title = `Mend what the local AWS makes of policies (${mended} of functions)`;
        },
      },
      {
        title: 'Put the keys into Secrets Manager',
        task: async () => {
          await putSecrets(createClients(the(started.emulator).endpoint), the(started.outputs));
        },
      },
      {
        title: 'Let the ledger begin two months ago: what is played here may be weeks old',
        task: () => beginLongAgo(createClients(the(started.emulator).endpoint)),
      },
    ],
    {
      renderer,
      rendererOptions: { collapseSubtasks: false },
      fallbackRenderer: 'simple',
      // Whoever starts this decides what an interrupt does; Listr's own handler would exit before anything is stopped.
      registerSignalListeners: false,
    },
  );

  try {
    await tasks.run();
  } catch (error) {
    await close();
    throw error;
  }
  const session: Session = {
    endpoint: the(started.emulator).endpoint,
    twinUrl: addressOfTwin(),
    outputs: the(started.outputs),
  };
  return { ...session, clients: createClients(session.endpoint), functionLog: LOG, close };
}

/** Where the stacks for a twin are synthesized. */
function assemblyOf({
  twinUrl,
  escrowProfile,
  rateLimits,
  shared,
}: Pick<LocalPipelineOptions, 'shared'> & {
  readonly twinUrl: string;
  readonly escrowProfile: Profile;
  readonly rateLimits: boolean;
}): string {
  if (shared === undefined) return ASSEMBLY;
  const name = [escrowProfile, rateLimits ? 'paced' : 'unpaced', new URL(twinUrl).port].join('-');
  return `${shared.assemblies}/${name}`;
}

/** Says that the stacks in a folder are whole: a start that was interrupted leaves some. */
function doneFile(assembly: string): string {
  return `${assembly}.done`;
}

/** Removes what earlier runs left; their logs were kept until now. */
function removeDeadRuns(): void {
  if (!existsSync(STATE)) return;
  for (const name of readdirSync(STATE)) {
    const pid = /^run-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(`${STATE}${name}`, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Shows a command's latest line under its task; on a terminal only, elsewhere it would be a flood. */
function reportTo(task: { output: string }): (line: string) => void {
  return (line) => {
    if (process.stdout.isTTY && line.trim() !== '') task.output = line;
  };
}

async function obtainEmulator(report: (line: string) => void, waitScale: number | undefined): Promise<Emulator> {
  const running = process.env['AWS_ENDPOINT_URL'];
  if (running !== undefined && running !== '') {
    const emulator = await useRunningEmulator(running);
    await refuseExistingStacks(createClients(emulator.endpoint), emulator.endpoint);
    return emulator;
  }
  return startEmulator(await prepareLocalAws(report), waitScale);
}

/** Deploying over what is there loses data on a local AWS, and says it succeeded. */
async function refuseExistingStacks(clients: Clients, endpoint: string): Promise<void> {
  const { stateMachines = [] } = await clients.stepFunctions.send(new ListStateMachinesCommand({}));
  if (stateMachines.some(({ name }) => name?.startsWith('purple-flea-local-') === true)) {
    throw new Error(
      `${endpoint} has the stacks already: restart that emulator, or reset it (MiniStack: POST /_ministack/reset)`,
    );
  }
}

const LONG_AGO_MS = 60 * 86_400_000;

/** Moves the ledger's beginning: what is older is recorded and not paid. */
export async function beginLongAgo({ lambda }: Clients): Promise<void> {
  const at = new Date(Date.now() - LONG_AGO_MS).toISOString();
  const asked = { action: 'begin', at, operator: 'local tools', reason: 'what is played here may be weeks old' };
  const { Payload, FunctionError } = await lambda.send(
    new InvokeCommand({ FunctionName: 'purple-flea-local-decide-intent', Payload: JSON.stringify(asked) }),
  );
  const text = Payload?.transformToString() ?? '';
  if (FunctionError !== undefined || text.includes('"error"')) throw new Error(`the beginning was not moved: ${text}`);
}

/** Puts the twin's keys, and what webhooks are signed with, into their secrets. */
export async function putSecrets(clients: Clients, { secretName, webhooks }: Outputs): Promise<void> {
  await putSecret(clients, secretName);
  if (webhooks !== undefined) await putWebhookSecret(clients, webhooks.secretName);
}

/** Puts the twin's keys into the secret: the treasury's, and that of one counterparty. */
export async function putSecret(clients: Clients, secretName: string): Promise<void> {
  const agents = JSON.parse(readFileSync(new URL('../twin/data/agents.json', import.meta.url), 'utf8')) as {
    agentId: string;
    apiKey: string;
  }[];
  const keyOf = (agentId: string) => the(agents.find((agent) => agent.agentId === agentId)).apiKey;
  const { treasury, owner } = LOCAL_AGENTS;
  const SecretString = JSON.stringify({
    apiKey: keyOf(treasury),
    agentId: treasury,
    counterpartyKeys: { [owner]: keyOf(owner) },
  });
  await clients.secrets.send(new PutSecretValueCommand({ SecretId: secretName, SecretString }));
}

/** Puts what the local stage's webhooks are to be signed with. */
async function putWebhookSecret(clients: Clients, secretName: string): Promise<void> {
  const SecretString = JSON.stringify({ current: LOCAL_WEBHOOK_SECRET });
  await clients.secrets.send(new PutSecretValueCommand({ SecretId: secretName, SecretString }));
}

function the<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('used before it was started');
  return value;
}
