import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** A request to AWS: the path, or the operation where the service takes one, and what was sent. */
export interface AskedOfAws {
  readonly of: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What commands take for a running local pipeline: a stub of AWS, and the session that leads there. */
export interface LocalSessionStub {
  readonly env: Readonly<Record<string, string>>;
  readonly asked: AskedOfAws[];
  stop(): void;
}

/** Starts the stub. @param answerTo gives the answer to a request, as JSON. */
export async function startLocalSession(answerTo: (request: AskedOfAws) => object): Promise<LocalSessionStub> {
  const folder = mkdtempSync(join(tmpdir(), 'local-session-'));
  const asked: AskedOfAws[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const of = String(request.headers['x-amz-target'] ?? request.url);
    const one = { of, input: JSON.parse(await text(request)) as AskedOfAws['input'] };
    asked.push(one);
    response.end(JSON.stringify(answerTo(one)));
  };
  const aws = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await once(aws, 'listening');
  const endpoint = `http://127.0.0.1:${(aws.address() as AddressInfo).port}`;
  const file = join(folder, 'session.json');
  writeFileSync(file, JSON.stringify({ endpoint, twinUrl: endpoint, outputs: {} }));
  const stop = () => {
    aws.close();
    rmSync(folder, { recursive: true });
  };
  return { env: { PURPLE_FLEA_SESSION: file }, asked, stop };
}
