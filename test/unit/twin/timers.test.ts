import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startTwin, type Twin } from '../../../twin/server.ts';
import {
  AGENTS,
  availableTo,
  BUYER,
  BUYER_KEY,
  call,
  createEscrow,
  setClock,
  startExampleTwin,
  SUMMARIZER,
  SUMMARIZER_KEY,
} from './calling.ts';

let twin: Twin;

beforeEach(async () => {
  twin = await startExampleTwin();
});
afterEach(() => twin.close());

async function statusOf(id: string): Promise<Record<string, unknown>> {
  return (await call(twin, `GET /escrow/status/${id}`)).body;
}

test('a locked escrow goes back to its creator whole when its time is up', async () => {
  const id = await createEscrow(twin);
  await setClock(twin, '2026-03-08T08:59:59Z');
  expect(await statusOf(id)).toMatchObject({ status: 'locked' });

  await setClock(twin, '2026-03-08T09:00:00Z');

  expect(await statusOf(id)).toMatchObject({ status: 'refunded', released_at: null });
  expect(await availableTo(twin, BUYER)).toBe('1000.00');
  expect((await call(twin, 'GET /_twin/agents')).body).toMatchObject({ fees_usd: '0.00', conserved: true });
});

test('a completed escrow pays the counterparty when the window that completion began is over', async () => {
  const id = await createEscrow(twin);
  await setClock(twin, '2026-03-08T08:00:00Z');
  await call(twin, `POST /escrow/complete/${id}`, { key: SUMMARIZER_KEY });
  await setClock(twin, '2026-03-10T07:59:59Z');
  expect(await statusOf(id)).toMatchObject({ status: 'completed' });

  await setClock(twin, '2026-03-10T08:00:00Z');

  expect(await statusOf(id)).toMatchObject({ status: 'auto_released', released_at: '2026-03-10T08:00:00Z' });
  expect(await availableTo(twin, SUMMARIZER)).toBe('49.50');
  expect((await call(twin, 'GET /_twin/agents')).body).toMatchObject({ fees_usd: '0.50', conserved: true });
});

test('what happened while nobody looked is dated when it was due', async () => {
  const id = await createEscrow(twin);
  await createEscrow(twin, { timeout_hours: 24 });
  await call(twin, `POST /escrow/complete/${id}`, { key: SUMMARIZER_KEY });

  await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: 30 * 24 * 3600 } });

  expect((await call(twin, 'GET /_twin/escrows')).body['escrows']).toMatchObject([
    { status: 'auto_released', released_at: '2026-03-08T09:00:00Z' },
    { status: 'refunded', refunded_at: '2026-03-07T09:00:00Z' },
  ]);
});

test('an action that comes after the deadline finds the escrow settled', async () => {
  const locked = await createEscrow(twin);
  await setClock(twin, '2026-03-08T09:00:00Z');

  const complete = await call(twin, `POST /escrow/complete/${locked}`, { key: SUMMARIZER_KEY });
  const release = await call(twin, `POST /escrow/release/${locked}`, { key: BUYER_KEY });

  expect([complete.status, complete.body['error']]).toEqual([409, 'INVALID_STATUS_TRANSITION']);
  expect([release.status, release.body['error']]).toEqual([409, 'INVALID_STATUS_TRANSITION']);
});

test('a disputed escrow has no deadline', async () => {
  const id = await createEscrow(twin);
  await call(twin, `POST /escrow/dispute/${id}`, { key: BUYER_KEY, body: { reason: 'r' } });

  await setClock(twin, '2026-12-31T00:00:00Z');

  expect(await statusOf(id)).toMatchObject({ status: 'disputed' });
  expect((await call(twin, 'GET /_twin/agents')).body).toMatchObject({ locked_in_escrow_usd: '50.00' });
});

test('moving the clock does what falls due before it answers', async () => {
  await createEscrow(twin, { timeout_hours: 1 });

  await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: 3600 } });
  await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: -7200 } });

  expect((await call(twin, 'GET /_twin/escrows')).body['escrows']).toMatchObject([{ status: 'refunded' }]);
});

test('a released escrow is left alone by its timers', async () => {
  const id = await createEscrow(twin);
  await call(twin, `POST /escrow/complete/${id}`, { key: SUMMARIZER_KEY });
  await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY });

  await setClock(twin, '2026-12-31T00:00:00Z');

  expect(await statusOf(id)).toMatchObject({ status: 'released', released_at: '2026-03-06T09:00:00Z' });
  expect(await availableTo(twin, SUMMARIZER)).toBe('49.50');
});

test('setting the clock back does not undo what has been settled', async () => {
  const id = await createEscrow(twin);
  await setClock(twin, '2026-03-08T09:00:00Z');

  await setClock(twin, '2026-03-06T09:00:00Z');

  expect(await statusOf(id)).toMatchObject({ status: 'refunded' });
});

test('timers fire on real time too, without anyone moving the clock', async () => {
  let now = new Date('2026-03-06T09:00:00Z');
  const onItsOwn = await startTwin({ port: 0, agents: AGENTS, now: () => now });
  try {
    const id = await createEscrow(onItsOwn, { timeout_hours: 1 });
    now = new Date('2026-03-06T10:00:00Z');

    expect((await call(onItsOwn, `GET /escrow/status/${id}`)).body).toMatchObject({ status: 'refunded' });
  } finally {
    await onItsOwn.close();
  }
});

test('what falls due is done within seconds although nobody asks for anything', async () => {
  let now = new Date('2026-03-06T09:00:00Z');
  const lines: string[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'twin-'));
  const file = join(folder, 'state.jsonl');
  const onItsOwn = await startTwin({ port: 0, agents: AGENTS, now: () => now, file });
  try {
    await createEscrow(onItsOwn, { timeout_hours: 1 });
    now = new Date('2026-03-06T10:00:00Z');
    while (!lines.at(-1)?.includes('escrow_timeout_refund')) {
      await new Promise((resolve) => void setTimeout(resolve, 50));
      lines.push((await readFile(file, 'utf8')).trimEnd().split('\n').at(-1) ?? '');
    }
  } finally {
    await onItsOwn.close();
    await rm(folder, { recursive: true });
  }
  expect(lines.at(-1)).toContain('"status":"refunded"');
}, 10_000);
