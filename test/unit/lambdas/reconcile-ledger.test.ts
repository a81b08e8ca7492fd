import { describe, expect, test } from '@jest/globals';
import { lockFunds, releaseFunds } from '../../../src/escrow/escrow-effects.ts';
import { lifecycleInputSchema, type LifecycleInput } from '../../../src/escrow/lifecycle-input.ts';
import { effectKey } from '../../../src/ledger/effect-key.ts';
import { parseUsd } from '../../../src/money.ts';
import { PROFILES } from '../../../src/purple-flea/service.ts';
import type { HttpAnswer, HttpRequest } from '../../../src/purple-flea/transport.ts';
import { openBooks, TREASURY, WORKER, type Books } from '../../reconciliation/books.ts';
import { HOUR, lockByHand, payIn } from '../../reconciliation/history.ts';
import { aRequest } from '../../support/bonus-escrow.ts';
import { aSignal, placeOrderAt } from '../../support/predictions.ts';

function anInput(subject: string): LifecycleInput {
  const request = aRequest({ counterpartyAgentId: WORKER.agentId, timeoutHours: 700 });
  return lifecycleInputSchema.parse({ ...request, cause: { ...request.cause, subject } });
}

/** Locks the escrows of so many causes, and lets the time pass in which that is too new to be compared. */
async function lock(books: Books, count: number, name = 'job'): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const locked = await lockFunds(books.treasury, anInput(`${name}-${index}`));
    ids.push(locked.outcome === 'applied' ? String(locked.result['escrowId']) : 'none');
  }
  await books.pass(HOUR);
  return ids;
}

const keyOf = (subject: string) => effectKey(anInput(subject).cause, 'escrow-create');
const answered = (status: number, body: unknown, retryAfterSeconds?: number): HttpAnswer => ({
  kind: 'answered',
  status,
  body,
  retryAfterSeconds,
});
const isList = ({ url }: HttpRequest) => url.startsWith('/escrow/list') || url.endsWith('/auth/ledger');

describe.each(PROFILES)('the daily reconciliation, in the %s dialect', (profile) => {
  test('tells of a drift by event, metric and summary, keeps a baseline, and says no key', async () => {
    const books = openBooks(profile);
    const [escrowId = ''] = await lock(books, 2);
    books.lost.add(escrowId);

    const { summary, recorder } = await books.reconcile();

    const intent = books.stored.get(keyOf('job-0'));
    const told = {
      agentId: TREASURY.agentId,
      kind: 'escrow-missing',
      escrowId,
      reference: intent?.reference,
      key: intent?.key,
      detail: 'the ledger says that $50.00 was locked for ag_worker; the service has no such escrow',
    };
    expect(recorder.published).toEqual([
      ['ledger.drifted', told],
      ['ledger.reconciled', summary],
    ]);
    expect(summary).toEqual({
      agentId: TREASURY.agentId,
      isComplete: true,
      drifts: 1,
      driftsTold: 1,
      intents: 2,
      escrows: 1,
      problems: [],
      notCompared: [
        ...(profile === 'published' ? ['what is locked: this dialect does not show it'] : []),
        'the available balance: there is no earlier one to compare with',
      ],
      notes: [],
    });
    expect(recorder.counted).toEqual({ LedgerDrifts: 1, LedgerReconciled: 1 });
    expect(books.baselines.items.get(TREASURY.agentId)).toMatchObject({ at: books.now().toISOString() });
    expect(JSON.stringify([recorder.logged, recorder.published])).not.toContain(TREASURY.apiKey);
  });

  test('tells the first 25 drifts by event and counts and logs all; a bus that is down is counted', async () => {
    const books = openBooks(profile);
    for (const id of await lock(books, 30)) books.lost.add(id);

    const { summary, recorder } = await books.reconcile();
    const { recorder: mute } = await books.reconcile({ failsToPublish: true });

    expect(recorder.published.map(([type]) => type)).toEqual([
      ...Array(25).fill('ledger.drifted'),
      'ledger.reconciled',
    ]);
    expect(summary).toMatchObject({ drifts: 30, driftsTold: 25 });
    expect(recorder.counted).toMatchObject({ LedgerDrifts: 30 });
    expect(new Set(JSON.stringify(recorder.logged).match(/esc_\w+/g))).toEqual(books.lost);
    expect(mute.counted).toEqual({ LedgerDrifts: 30, LedgerReconciled: 1, PublishFailures: 26 });
  });

  test.each([
    ['there is no time', { remainingMs: () => 60_000 }],
    ['the balance cannot be read', { answer: (one) => (one.url.includes('balance') ? answered(503, {}) : undefined) }],
    ['the list cannot be read', { answer: (one) => (isList(one) ? answered(503, {}) : undefined) }],
    [
      'a status cannot be read',
      { answer: (one) => (/\/escrow\/(status\/)?esc_/.test(one.url) ? answered(503, {}) : undefined) },
    ],
  ] as [string, { remainingMs?: () => number; answer?: (one: HttpRequest) => HttpAnswer | undefined }][])(
    'is not complete where %s: it says so, tells nothing that it did not see, and keeps the old baseline',
    async (_, options) => {
      const books = openBooks(profile);
      await lock(books, 3);

      const { summary, recorder } = await books.reconcile(options);

      expect(summary).toMatchObject({ isComplete: false, drifts: 0 });
      expect(summary.problems.length).toBeGreaterThan(0);
      expect(recorder.counted).toEqual({ LedgerDrifts: 0 });
      expect(books.baselines.items.size).toBe(0);
    },
  );

  test('asks again after the time that a rate limit names', async () => {
    const books = openBooks(profile);
    await lock(books, 1);
    let refused = 0;
    const waits: number[] = [];
    const answer = (one: HttpRequest) => (isList(one) && refused++ < 2 ? answered(429, {}, 30) : undefined);

    const { summary } = await books.reconcile({ answer, waits });

    expect(summary.isComplete).toBe(true);
    expect(waits.filter((wait) => wait >= 30_000)).toHaveLength(2);
  });

  test('believes nothing that is not there any more when it looks again', async () => {
    const books = openBooks(profile);
    const [escrowId = ''] = await lock(books, 1);
    const release = await releaseFunds(
      books.treasury,
      anInput('job-0').cause,
      { escrowId, amountUsd: '50.00', counterpartyAgentId: WORKER.agentId },
      'good',
    );
    await books.pass(HOUR);
    let stale = 0;
    const word = profile === 'reference' ? 'locked' : 'funded';
    const view = await books.call(TREASURY, 'GET', `/escrow/${profile === 'reference' ? 'status/' : ''}${escrowId}`);
    const answer = ({ url }: HttpRequest) =>
      url.endsWith(escrowId) && stale++ === 0 ? answered(200, { ...view, status: word }) : undefined;

    const { summary } = await books.reconcile({ answer });

    expect(release).toMatchObject({ outcome: 'applied' });
    expect(stale).toBeGreaterThan(1);
    expect(summary).toMatchObject({ drifts: 0, isComplete: true });
  });

  test('says what came in and what others made with the same key, and calls neither a drift', async () => {
    const books = openBooks(profile);
    await lock(books, 1);
    await books.reconcile();
    await books.pass(HOUR);
    payIn(books, '12.34');
    await lockByHand(books, 'made by hand', '7.00');
    await books.pass(HOUR);

    const { summary } = await books.reconcile();

    expect(summary.drifts).toBe(0);
    expect(summary.notes).toEqual([
      '1 escrows bear no reference of this project; nothing is said of them',
      expect.stringMatching(/^\$12\.34 came in since .* that nothing known explains$/),
    ]);
  });

  test('does not guess at the balance where orders were placed', async () => {
    const books = openBooks(profile);
    await lock(books, 1);
    await books.reconcile();
    const order = { asset: 'BTC-USDC', direction: 'long', amount: parseUsd('50.00'), leverage: 1 } as const;
    expect(await placeOrderAt(books.treasury, aSignal(), order)).toMatchObject({
      outcome: 'applied',
    });
    await books.pass(HOUR);

    const { summary } = await books.reconcile();

    expect(summary).toMatchObject({ drifts: 0, isComplete: true, notCompared: ['the balance: positions are open'] });
  });
});

describe.each(PROFILES)('after the services moved, in the %s dialect', (profile) => {
  const place = { baseUrl: 'https://moved.example.com', profile };
  const moved = { places: { escrow: place, wallet: place } };
  const SET_ASIDE = '2 effects at an address or in a dialect that is not configured any more';

  test('what was sent to the former address is set aside, whether or not the new one shows it', async () => {
    const books = openBooks(profile);
    const [escrowId = ''] = await lock(books, 2);
    await books.reconcile();
    books.lost.add(escrowId);
    await books.pass(HOUR);

    const { summary, recorder } = await books.reconcile(moved);

    expect(summary).toMatchObject({ drifts: 0, isComplete: true, intents: 0 });
    expect(summary.notCompared).toContain(SET_ASIDE);
    expect(recorder.counted).toEqual({ LedgerDrifts: 0, LedgerReconciled: 1 });
  });

  test('the balance of the former address explains nothing at the new one', async () => {
    const books = openBooks(profile);
    await lock(books, 2);
    await books.reconcile();
    await books.pass(HOUR);

    const { summary } = await books.reconcile(moved);

    expect(summary).toMatchObject({ drifts: 0, isComplete: true });
    expect(summary.notCompared).toContain('the available balance: there is no earlier one to compare with');
    expect(books.baselines.items.get(TREASURY.agentId)).toMatchObject(moved);
  });
});

test('an agent whose secret cannot be read is said to be unread, and keeps no other from being compared', async () => {
  const books = openBooks('reference');
  const [escrowId = ''] = await lock(books, 1);
  books.lost.add(escrowId);

  const { summaries, recorder } = await books.reconcile({ unread: ['ag_predecessor'] });

  expect(summaries).toMatchObject([
    {
      agentId: 'ag_predecessor',
      isComplete: false,
      drifts: 0,
      problems: ['nothing of it was read: secret of ag_predecessor: has no value'],
    },
    { agentId: TREASURY.agentId, isComplete: true, drifts: 1 },
  ]);
  // While one of them is unread, not all is compared that could be.
  expect(recorder.counted).toEqual({ LedgerDrifts: 1 });
});

test('a list of several pages is read whole, and one that is shorter than it says is not complete', async () => {
  const books = openBooks('reference');
  await lock(books, 230);

  expect((await books.reconcile()).summary).toMatchObject({ isComplete: true, escrows: 230, drifts: 0 });
  const answer = (one: HttpRequest) =>
    isList(one) ? answered(200, { success: true, total: 230, offset: 0, limit: 100, escrows: [] }) : undefined;
  const { summary } = await books.reconcile({ answer });

  expect(summary).toMatchObject({ isComplete: false, drifts: 0 });
  expect(summary.problems[0]).toBe('the list has 0 of 230 escrows');
});

test('an escrow that is there but not in the list makes the list incomplete, not the escrow missing', async () => {
  const books = openBooks('reference');
  const [escrowId = ''] = await lock(books, 1);
  const answer = (one: HttpRequest) =>
    isList(one) ? answered(200, { success: true, total: 0, offset: 0, limit: 100, escrows: [] }) : undefined;

  const { summary } = await books.reconcile({ answer });

  expect(summary).toMatchObject({ isComplete: false, drifts: 0, problems: [`${escrowId} is missing in the list`] });
});

test('where ledger rows do not reach back to the last time, that is said once, and the next compares from there', async () => {
  const books = openBooks('published');
  await lock(books, 1);
  await books.reconcile();
  await lock(books, 60, 'later');

  const { summary, recorder } = await books.reconcile();
  const { summary: next } = await books.reconcile();

  expect(summary).toMatchObject({ isComplete: false, drifts: 0, escrows: 61 });
  expect(summary.problems[0]).toMatch(/^the ledger's 50 rows reach back to /);
  expect(recorder.counted).toEqual({ LedgerDrifts: 0 });
  expect(next).toMatchObject({ isComplete: true, drifts: 0 });
  expect(next.notCompared[0]).toMatch(/^escrows that no intent names and that were locked before /);
});

test('a balance that moves all the while is not compared, and the earlier baseline stays', async () => {
  const books = openBooks('reference');
  await lock(books, 1);
  await books.reconcile();
  const before = books.baselines.items.get(TREASURY.agentId);
  await books.pass(HOUR);

  const { summary } = await books.reconcile({ meanwhile: async () => payIn(books, '0.01') });

  expect(summary).toMatchObject({ drifts: 0, isComplete: true });
  expect(summary.notCompared).toEqual(['the balance: it changed whenever the escrows were read']);
  expect(books.baselines.items.get(TREASURY.agentId)).toBe(before);
});

test('a release that is in doubt explains a lock that is paid out and not shown as such', async () => {
  const books = openBooks('reference');
  const [escrowId = ''] = await lock(books, 1);
  await books.reconcile();
  await books.call(TREASURY, 'POST', '/_twin/faults', { route: 'POST /escrow/release/:id', fault: 'stuck-funded' });
  const escrow = { escrowId, amountUsd: '50.00', counterpartyAgentId: WORKER.agentId };
  const { cause } = anInput('job-0');
  expect(await releaseFunds(books.treasury, cause, escrow, 'good')).toMatchObject({ outcome: 'pending' });
  await books.pass(HOUR);

  expect((await books.reconcile()).summary).toMatchObject({ drifts: 0, isComplete: true });

  const release = books.stored.get(effectKey(cause, 'escrow-release'));
  if (release !== undefined) await books.intents.move(release, { state: 'rejected', note: 'not paid' }, books.now());
  await books.pass(HOUR);
  const { recorder } = await books.reconcile();
  expect(recorder.published).toMatchObject([
    ['ledger.drifted', { kind: 'locked-differs', detail: 'the service shows $0.50 locked; open escrows are $50.00' }],
    ['ledger.reconciled', {}],
  ]);
});

test('nothing is compared with a ledger that could not be read whole', async () => {
  const books = openBooks('reference');
  await lock(books, 3);
  let asked = 0;

  const { summary, requests } = await books.reconcile({ remainingMs: () => (++asked > 3 ? 900_000 : 0) });

  expect(summary).toMatchObject({ isComplete: false, drifts: 0, escrows: 0 });
  expect(requests).toBe(0);
});

test('what a list alone shows is not told where the status cannot be read', async () => {
  const books = openBooks('reference');
  const [escrowId = ''] = await lock(books, 1);
  const intent = books.stored.get(keyOf('job-0'));
  if (intent !== undefined) books.stored.set(intent.key, { ...intent, amountUsd: '51.00' });
  const answer = ({ url }: HttpRequest) => (url.endsWith(escrowId) ? answered(503, {}) : undefined);

  expect((await books.reconcile({ answer })).summary).toMatchObject({ isComplete: false, drifts: 0 });
  expect((await books.reconcile()).summary).toMatchObject({ isComplete: true, drifts: 1 });
});

test('an outflow that a second look does not show is none', async () => {
  const books = openBooks('reference');
  await lock(books, 1);
  await books.reconcile();
  await books.pass(HOUR);
  let stale = 0;
  const answer = ({ url }: HttpRequest) =>
    url.includes('balance') && stale++ < 2
      ? answered(200, { agent_id: TREASURY.agentId, available_usdc: 90_000, locked_usdc: 50 })
      : undefined;

  expect((await books.reconcile({ answer })).summary).toMatchObject({ drifts: 0, isComplete: true });
  expect(stale).toBe(4);
});

test('a refund explains no more than what the escrow took', async () => {
  const books = openBooks('reference');
  await lock(books, 1);
  await books.reconcile();
  await books.pass(2 * HOUR);
  await books.reconcile();
  await books.pass(700 * HOUR);
  expect((await books.call(TREASURY, 'GET', '/escrow/list'))['escrows']).toMatchObject([{ status: 'refunded' }]);
  const payment = { from_agent: TREASURY.agentId, to_agent: WORKER.agentId, amount: 5 };
  await books.call(TREASURY, 'POST', '/wallet/transfer', payment);

  const { recorder } = await books.reconcile();

  expect(recorder.published[0]).toMatchObject([
    'ledger.drifted',
    { kind: 'unexplained-outflow', detail: expect.stringMatching(/^\$5\.00 left the available balance since /) },
  ]);
});
