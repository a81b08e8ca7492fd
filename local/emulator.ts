import { execa, type ResultPromise } from 'execa';
import getPort from 'get-port';
import { createWriteStream, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BIN, STATE } from './paths.ts';

export const REGION = 'us-east-1';
export const ACCOUNT = '000000000000';

/** A running local AWS. */
export interface Emulator {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 5_000;

/** The environment of everything that talks to the local AWS. The credentials are good for nothing else. */
export function awsEnvironment(endpoint: string): Record<string, string | undefined> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** Uses the emulator that AWS_ENDPOINT_URL names. Refuses one that is not on this machine or its network. */
export async function useRunningEmulator(endpoint: string): Promise<Emulator> {
  const { hostname } = new URL(endpoint);
  if (/(^|\.)amazonaws\.com(\.cn)?$/.test(hostname)) {
    throw new Error(`AWS_ENDPOINT_URL=${endpoint} is AWS itself; name an emulator, or unset it to have one started`);
  }
  if (!(await isUp(endpoint)))
    throw new Error(`AWS_ENDPOINT_URL=${endpoint}: nothing answers there; unset it to have a local AWS started`);
  return { endpoint, stop: () => Promise.resolve() };
}

/** Starts MiniStack on a free port of 127.0.0.1, in a process group of its own. */
export async function startEmulator(program: string): Promise<Emulator> {
  const port = await getPort({ host: '127.0.0.1' });
  const endpoint = `http://127.0.0.1:${port}`;
  const temporary = makeTemporaryFolder();
  const emulator = execa(program, {
    cwd: temporary,
    detached: true,
    cleanup: false,
    reject: false,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    all: true,
    extendEnv: true,
    env: {
      ...awsEnvironment(endpoint),
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      MINISTACK_ACCOUNT_ID: ACCOUNT,
      MINISTACK_REGION: REGION,
      IOT_MTLS_ENABLED: '0',
      TMPDIR: temporary,
      PATH: `${BIN}:${process.env['PATH'] ?? ''}`,
      NODE_OPTIONS: undefined,
    },
  });
  emulator.all.pipe(createWriteStream(`${STATE}local-aws.log`));
  const stopOnExit = () => killGroup(emulator.pid, 'SIGKILL');
  process.once('exit', stopOnExit);
  const stop = async () => {
    process.off('exit', stopOnExit);
    await stopGroup(emulator);
  };

  let ended = false;
  void emulator.finally(() => {
    ended = true;
  });
  const deadline = Date.now() + START_DEADLINE_MS;
  while (!(await isUp(endpoint))) {
    if (ended || Date.now() > deadline) {
      await stop();
      throw new Error(`the local AWS did not start; see ${STATE}local-aws.log`);
    }
    await sleep(100);
  }
  return { endpoint, stop };
}

/** A fresh folder for what the emulator unpacks. Bundles are CommonJS, and this project's package.json says otherwise. */
function makeTemporaryFolder(): string {
  const folder = `${STATE}tmp`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/package.json`, '{ "type": "commonjs" }');
  return folder;
}

async function isUp(endpoint: string): Promise<boolean> {
  try {
    const response = await fetch(`${endpoint}/_localstack/health`, { signal: AbortSignal.timeout(2_000) });
    return response.ok;
  } catch {
    return false;
  }
}

async function stopGroup(emulator: ResultPromise): Promise<void> {
  killGroup(emulator.pid, 'SIGTERM');
  const ended = await Promise.race([emulator.then(() => true), sleep(STOP_DEADLINE_MS, false, { ref: false })]);
  killGroup(emulator.pid, 'SIGKILL');
  if (!ended) await emulator;
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
