import { execa } from 'execa';
import getPort from 'get-port';
import { createWriteStream, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCAL_REGION } from '../src/local-session.ts';
import { BIN, ROOT, RUN } from './paths.ts';
import type { LocalAwsCommand } from './python.ts';

export const REGION = LOCAL_REGION;
export const ACCOUNT = '000000000000';

/** A running local AWS. */
export interface Emulator {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Output of the emulator and of every function. */
export const LOG = `${RUN}local-aws.log`;

const START_DEADLINE_MS = 30_000;

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

/**
 * Starts MiniStack on a free port of 127.0.0.1. It stops with this process, however this one ends.
 *
 * @param waitScale is how much of its time a Wait state takes.
 */
export async function startEmulator(command: LocalAwsCommand, waitScale = 1): Promise<Emulator> {
  const port = await getPort({ host: '127.0.0.1' });
  const endpoint = `http://127.0.0.1:${port}`;
  const temporary = makeTemporaryFolder();
  const emulator = execa(`${BIN}/node`, [`${ROOT}local/guarded.ts`, ...command], {
    cwd: temporary,
    detached: true,
    reject: false,
    buffer: false,
    all: true,
    stdin: 'pipe',
    env: {
      ...awsEnvironment(endpoint),
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      MINISTACK_ACCOUNT_ID: ACCOUNT,
      MINISTACK_REGION: REGION,
      IOT_MTLS_ENABLED: '0',
      // IAM: each function runs as its own role, and is refused what its policies do not allow.
      AUTH: 'true',
      SFN_WAIT_SCALE: String(waitScale),
      TMPDIR: temporary,
      PATH: `${BIN}:${process.env['PATH'] ?? ''}`,
      NODE_OPTIONS: undefined,
    },
  });
  emulator.all.pipe(createWriteStream(LOG));
  const stop = async () => {
    emulator.stdin.end();
    await emulator;
  };

  let ended = false;
  void emulator.finally(() => {
    ended = true;
  });
  const deadline = Date.now() + START_DEADLINE_MS;
  while (!(await isUp(endpoint))) {
    if (ended || Date.now() > deadline) {
      await stop();
      throw new Error(`the local AWS did not start; see ${LOG}`);
    }
    await sleep(100);
  }
  return { endpoint, stop };
}

/** A fresh folder for what the emulator unpacks. Bundles are CommonJS, and this project's package.json says otherwise. */
function makeTemporaryFolder(): string {
  const folder = `${RUN}tmp`;
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
