import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { aNewIntent } from '../../support/effects.ts';

const MANUAL = { ...aNewIntent({ key: 'pf1:manual' }), state: 'manual' };
const BEGINNINGS = { at: '2026-01-01T00:00:00.000Z', rules: {}, moves: [] };

/** What the function answers, by action. */
const ANSWERS: Readonly<Record<string, object>> = {
  page: { intents: [MANUAL] },
  rejected: { intents: [{ ...aNewIntent({ key: 'pf1:rejected' }), state: 'rejected' }] },
  skipped: { intents: [] },
  beginnings: { beginnings: BEGINNINGS },
  show: { intent: null },
  continue: { execution: 'started' },
  pay: { error: 'the operator is missing' },
};

let folder: string;
let lambda: Server;
const asked: unknown[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'intents-command-'));
  lambda = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await once(lambda, 'listening');
  const endpoint = `http://127.0.0.1:${(lambda.address() as AddressInfo).port}`;
  writeFileSync(join(folder, 'session.json'), JSON.stringify({ endpoint, twinUrl: endpoint, outputs: {} }));
});
afterAll(() => {
  lambda.close();
  rmSync(folder, { recursive: true });
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const input = JSON.parse(await text(request)) as { action: string };
  asked.push({ path: request.url, ...input });
  response.end(JSON.stringify(ANSWERS[input.action] ?? {}));
}

async function run(...args: string[]) {
  asked.length = 0;
  const env = { PURPLE_FLEA_SESSION: join(folder, 'session.json') };
  return execa(process.execPath, ['operations/intents.ts', ...args], { env, reject: false });
}

describe('npm run intents', () => {
  test('list asks for what waits for a person', async () => {
    expect(await run('list')).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringContaining('pf1:manual') });
    expect(asked).toEqual([
      expect.objectContaining({
        path: '/2015-03-31/functions/purple-flea-local-decide-intent/invocations',
        action: 'page',
        state: 'manual',
      }),
    ]);
  });

  test.each([
    [['retry', '--all', '--dry-run'], 0, 'pf1:rejected'],
    [['skipped'], 0, 'None.'],
    [['pay', '--all'], 0, 'None.'],
    [['pay', 'pf1:one'], 1, 'pf1:one  the operator is missing'],
    [['begin'], 0, 'the ledger  2026-01-01'],
    [['show', 'pf1:gone'], 1, 'There is no intent pf1:gone'],
    [['continue', 'pf1:one'], 0, 'execution: started'],
  ])('%j exits %i and says what came of it', async (args, exitCode, said) => {
    const { stdout, stderr, exitCode: exited } = await run(...args);

    expect(stdout + stderr).toContain(said);
    expect(exited).toBe(exitCode);
  });

  test.each([
    [['list', '--state', 'lost'], '--state lost: allowed are prepared,'],
    [['list', '--open', '--state', 'manual'], 'list: say either --open or --state'],
    [['list', '--stage', 'nowhere'], '--stage nowhere: allowed are dev, local, prod'],
    [['pay'], 'pay: say either a KEY or --all'],
    [['retry', '--all', 'pf1:one'], 'retry --all: takes no KEY'],
    [['resolve', 'pf1:one'], 'resolve: say either --applied ID or --not-applied'],
  ])('%j asks nothing and says what is allowed', async (args, said) => {
    expect(await run(...args)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(said) });
    expect(asked).toEqual([]);
  });
});
