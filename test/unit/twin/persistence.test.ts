import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Twin } from '../../../twin/server.ts';
import {
  AGENTS,
  BUYER,
  BUYER_KEY,
  call,
  createEscrow,
  EXAMPLE_TERMS,
  OUTSIDER_KEY,
  SUMMARIZER_KEY,
  send,
  setClock,
  stoppedClock,
} from './calling.ts';
import { startTwin } from '../../../twin/server.ts';

let folder: string;
let file: string;
let twin: Twin;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twin-'));
  file = join(folder, 'state.jsonl');
  twin = await start();
  await setClock(twin, '2026-03-06T09:00:00Z');
});
afterEach(async () => {
  await twin.close();
  await rm(folder, { recursive: true });
});

function start(): Promise<Twin> {
  return startTwin({ agents: AGENTS, now: stoppedClock, file });
}

async function restart(): Promise<void> {
  await twin.close();
  twin = await start();
}

/** All that a restart must keep. */
async function stateOf(): Promise<unknown[]> {
  const views = ['clock', 'agents', 'ledger', 'escrows', 'orders', 'prices'];
  return Promise.all(views.map(async (view) => (await call(twin, `GET /_twin/${view}`)).body));
}

async function lines(): Promise<string[]> {
  return (await readFile(file, 'utf8')).trimEnd().split('\n');
}

test('a restart keeps balances, escrows, orders, the ledger and the time', async () => {
  const released = await createEscrow(twin);
  const disputed = await createEscrow(twin, { amount_usd: 33.333333 });
  const completed = await createEscrow(twin, { timeout_hours: 2 });
  await createEscrow(twin, { timeout_hours: 1 });
  await call(twin, `POST /escrow/release/${released}`, { key: BUYER_KEY, body: { release_note: 'Well done.' } });
  await call(twin, `POST /escrow/dispute/${disputed}`, { key: BUYER_KEY, body: { reason: 'r' } });
  await call(twin, `POST /escrow/complete/${completed}`, { key: SUMMARIZER_KEY });
  await setClock(twin, '2026-03-06T10:30:00Z');
  const order = { agent_id: BUYER, direction: 'long', amount: 33.33, asset: 'ETH-USDC', order_type: 'market' };
  await call(twin, 'POST /trading/order', { key: BUYER_KEY, body: { ...order, metadata: { source: 'sagemaker' } } });
  await call(twin, 'PUT /_twin/training-jobs/kept', { body: {} });
  const before = await stateOf();

  await restart();

  expect(await stateOf()).toEqual(before);
  expect(before[2]).toMatchObject({ conserved: true });
});

test('timers go on after a restart', async () => {
  await createEscrow(twin, { timeout_hours: 1 });

  await restart();
  await setClock(twin, '2026-03-06T10:00:00Z');

  expect((await call(twin, 'GET /_twin/escrows')).body['escrows']).toMatchObject([
    { status: 'refunded', refunded_at: '2026-03-06T10:00:00Z' },
  ]);
});

test('each request that changes something is one line, and no other is any', async () => {
  const before = await lines();

  await createEscrow(twin);
  expect(await lines()).toHaveLength(before.length + 1);
  await call(twin, 'GET /escrow/list', { key: BUYER_KEY });
  await call(twin, 'POST /escrow/create', { key: SUMMARIZER_KEY, body: EXAMPLE_TERMS });
  await call(twin, 'GET /_twin/ledger');

  expect(await lines()).toHaveLength(before.length + 1);
});

test('what a lost answer applied is in the file', async () => {
  const fault = { route: 'POST /escrow/create', fault: 'applied-answer-lost' };
  await call(twin, 'POST /_twin/faults', { body: fault });
  await expect(send(twin, 'POST /escrow/create', { key: BUYER_KEY, body: EXAMPLE_TERMS })).rejects.toThrow(
    'fetch failed',
  );

  await restart();

  expect((await call(twin, 'GET /_twin/escrows')).body['escrows']).toHaveLength(1);
  expect((await call(twin, 'GET /_twin/faults')).body).toEqual({ faults: [], late_requests: [] });
  expect((await call(twin, 'GET /_twin/calls')).body).toEqual({ calls: [] });
});

test('a last line that was torn is dropped, and the file goes on', async () => {
  await createEscrow(twin);
  const [before, whole] = [await stateOf(), await lines()];
  await createEscrow(twin);
  await twin.close();
  const last = (await lines()).at(-1) ?? '';
  await writeFile(file, `${whole.join('\n')}\n${last.slice(0, 100)}`);

  twin = await start();

  expect(await stateOf()).toEqual(before);
  expect(await lines()).toEqual(whole);
  await createEscrow(twin);
  const after = await stateOf();
  await restart();
  expect(await stateOf()).toEqual(after);
});

test('a line that is broken inside the file is named', async () => {
  await twin.close();
  await appendFile(file, 'not json\n');

  await expect(start()).rejects.toThrow(/state\.jsonl:3 is not a line of a twin's journal/);
});

test('a file belongs to one profile', async () => {
  await twin.close();

  await expect(startTwin({ file, escrowProfile: 'published' })).rejects.toThrow(
    'the earlier state is of a twin with the profile reference, not published',
  );
});

test('the agents of a file are those it began with', async () => {
  await twin.close();

  twin = await startTwin({ file, now: stoppedClock });

  expect((await call(twin, 'GET /escrow/list', { key: OUTSIDER_KEY })).status).toBe(200);
  expect((await call(twin, 'GET /escrow/list', { key: 'pf_local_treasury' })).status).toBe(401);
});
