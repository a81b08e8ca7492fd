import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What the stacks of stage `local` put out. */
export interface Outputs {
  readonly busName: string;
  readonly secretName: string;
  readonly intentTable: string;
  readonly mailboxTable: string;
  readonly stopParameter: string;
  readonly notificationTopicArn: string;
  readonly stateMachineArn: string;
  /** The function of the first predictor. */
  readonly requestPrediction: string;
  /** Where webhooks go, and the secret that they are signed with; absent where the stage takes none. */
  readonly webhooks?: { readonly url: string; readonly secretName: string };
}

/** Where a running local pipeline is; other commands find it in `.local/session.json`. */
export interface Session {
  readonly endpoint: string;
  readonly twinUrl: string;
  readonly outputs: Outputs;
}

/** The region that the local AWS is in. */
export const LOCAL_REGION = 'us-east-1';

/** Settings of an SDK client for the local AWS. Without keep-alive: the emulator answers reused connections 40 ms later. */
export function localAccess(endpoint: string) {
  return {
    endpoint,
    region: LOCAL_REGION,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: { httpAgent: { keepAlive: false } },
  };
}

/** Lets other commands find this pipeline. Returns what makes them lose it again. */
export function announceSession({ endpoint, twinUrl, outputs }: Session): () => void {
  const file = sessionFile();
  writeFileSync(file, JSON.stringify({ endpoint, twinUrl, outputs }, undefined, 2));
  return () => rmSync(file, { force: true });
}

/** The pipeline that another process runs. Throws where none does. */
export function readSession(): Session {
  try {
    return JSON.parse(readFileSync(sessionFile(), 'utf8')) as Session;
  } catch {
    throw new Error('no local pipeline is running; start one with `npm start` in another terminal');
  }
}

/** Tests that run side by side have a session each. */
function sessionFile(): string {
  return process.env['PURPLE_FLEA_SESSION'] ?? fileURLToPath(new URL('../.local/session.json', import.meta.url));
}
