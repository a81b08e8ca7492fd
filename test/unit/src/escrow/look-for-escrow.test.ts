import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { lookForCreated, lookForSettled } from '../../../../src/escrow/look-for-escrow.ts';
import { clientReference, retryKey, type EffectKind } from '../../../../src/ledger/effect-key.ts';
import type { Intent } from '../../../../src/ledger/intent.ts';
import type { Canary } from '../../../../src/ledger/latest.ts';
import type { Look } from '../../../../src/ledger/resolve-intents.ts';
import type { EscrowPage, EscrowRow, EscrowStatus } from '../../../../src/purple-flea/escrow.ts';
import { PROFILES } from '../../../../src/purple-flea/service.ts';
import type { LedgerRow } from '../../../../src/purple-flea/wallet.ts';
import { aView, ESCROW_ID, OWNER, TREASURY } from '../../../support/bonus-escrow.ts';
import { afterNoon, aNewIntent, leaveUnknown, MINUTE } from '../../../support/effects.ts';
import { anEscrowClient } from '../../../support/escrow-task.ts';
import { inert } from '../../../support/inert.ts';
import { OWNER_KEY, startLedgerWorld, TREASURY_KEY, type LedgerWorld } from '../../../support/ledger-world.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';
import { call } from '../../twin/calling.ts';

/** The reference of an escrow that is known to be there. */
const KNOWN = 'pf1:cccccccccccccccccccc';

function anIntent(overrides: Parameters<typeof aNewIntent>[0] = {}, sentAt = afterNoon(0)): Promise<Intent> {
  const intent = aNewIntent({ agentId: TREASURY, payee: OWNER, ...overrides });
  return leaveUnknown(createMemoryIntents(), intent, sentAt);
}

describe.each(PROFILES)('looking for a creation at the %s service', (profile) => {
  let world: LedgerWorld;

  beforeEach(async () => {
    world = await startLedgerWorld(profile);
  });
  afterEach(() => world.close());

  /** Makes an escrow by hand. */
  async function create(description: string, { amount = 50, minute = 0, from = TREASURY_KEY, to = OWNER } = {}) {
    world.setMinute(minute);
    const { body } = await call(world.twin, 'POST /escrow/create', {
      key: from.apiKey,
      body: { amount_usd: amount, description, counterparty_agent_id: to, timeout_hours: 48 },
    });
    return String(body['escrow_id']);
  }

  function look(intent: Intent, canary?: Canary | 'unnamed'): Promise<Look> {
    const { escrow, wallet } = world.treasury;
    return lookForCreated({ escrow, wallet, findCanary: async () => canary }, intent);
  }

  /** Makes the route that shows the agent's escrows go wrong once. */
  async function spoil(fault: Record<string, unknown>): Promise<void> {
    const route = profile === 'reference' ? 'GET /escrow/list' : 'GET /api/v1/auth/ledger';
    const { status } = await call(world.twin, 'POST /_twin/faults', { body: { route, ...fault } });
    expect(status).toBe(201);
  }

  test.each([
    ['an agent of which none is known, though others have created some', {}, 'unnamed'],
    [
      'a ledger that is younger than what it looks for, and knows of none',
      { unknownSince: '2026-03-06T11:00:00.000Z' },
      undefined,
    ],
  ] as const)('takes nothing for absent that is looked for by %s', async (_case, before, canary) => {
    const intent = { ...(await anIntent()), before };
    await create('by hand');

    expect(await look(intent, canary)).toEqual({ kind: 'unclear', reason: expect.stringContaining('no escrow of') });
    await create(`${intent.reference} the bonus`);
    expect(await look(intent, canary)).toMatchObject({ kind: 'found' });
  });

  test('finds the one with its reference, among others', async () => {
    const intent = await anIntent();
    await create('pf1:bbbbbbbbbbbbbbbbbbbb another of ours');
    const escrowId = await create(`${intent.reference} the bonus`);
    await create('by hand');

    expect(await look(intent)).toEqual({
      kind: 'found',
      result: {
        escrowId,
        reference: intent.reference,
        status: 'locked',
        amountUsd: '50.00',
        feeUsd: '0.50',
        netUsd: '49.50',
        deadlineAt: '2026-03-08T12:00:00.000Z',
      },
    });
  });

  test('finds it whatever has become of it since', async () => {
    const intent = await anIntent();
    const escrowId = await create(`${intent.reference} the bonus`);
    await call(world.twin, `POST /escrow/complete/${escrowId}`, { key: OWNER_KEY.apiKey });
    await call(world.twin, `POST /escrow/release/${escrowId}`, { key: TREASURY_KEY.apiKey });

    expect(await look(intent)).toMatchObject({ kind: 'found', result: { escrowId } });
  });

  test('finds one that was made shortly before the claim by the clock of the service', async () => {
    const intent = await anIntent({}, afterNoon(4 * MINUTE));
    const escrowId = await create(`${intent.reference} the bonus`, { minute: 0 });

    expect(await look(intent)).toMatchObject({ kind: 'found', result: { escrowId } });
  });

  test('does not take a reference that stands elsewhere than at the start, or on the escrow of another agent', async () => {
    const intent = await anIntent({ amountUsd: '5.00' });
    await create(`see ${intent.reference}`, { amount: 5 });
    await create(`${intent.reference} theirs`, { amount: 5, from: OWNER_KEY, to: TREASURY });

    expect(await look(intent)).toEqual({ kind: 'absent' });
  });

  test('sees absence where there is nothing at all', async () => {
    expect(await look(await anIntent())).toEqual({ kind: 'absent' });
  });

  test('freezes where two bear the reference, and names both', async () => {
    const intent = await anIntent();
    const ids = [await create(`${intent.reference} one`), await create(`${intent.reference} two`)];

    const seen = await look(intent);
    expect(seen).toMatchObject({ kind: 'many' });
    for (const id of ids) expect(seen).toMatchObject({ note: expect.stringContaining(id) });
  });

  test.each([1, 2])('freezes where later try %i bears its reference: a ledger that is gone made it', async (tries) => {
    const intent = await anIntent();
    const key = tries === 1 ? retryKey(intent.key) : retryKey(retryKey(intent.key));
    const escrowId = await create(`${clientReference(key)} the bonus`);

    expect(await look(intent)).toEqual({
      kind: 'many',
      note: `the reference of a later try of ${intent.reference} is on ${escrowId}`,
    });
    const own = await create(`${intent.reference} the bonus`);
    expect(await look(intent)).toEqual({
      kind: 'many',
      note: `${intent.reference} and a later try of it are on several escrows: ${own}, ${escrowId}`,
    });
  });

  test('freezes where the one with the reference is for another counterparty', async () => {
    const intent = await anIntent({ payee: 'ag_somebody_else' });
    const escrowId = await create(`${intent.reference} the bonus`);

    expect(await look(intent)).toEqual({
      kind: 'many',
      note: `${intent.reference} is on ${escrowId}, for another amount or counterparty`,
    });
  });

  test('freezes where the one with the reference is for another amount', async () => {
    const intent = await anIntent({ amountUsd: '51.00' });
    const escrowId = await create(`${intent.reference} the bonus`);

    expect(await look(intent)).toEqual({
      kind: 'many',
      note: `${intent.reference} is on ${escrowId}, for another amount or counterparty`,
    });
  });

  test('is not content with a read in which an escrow that is known to be there is missing', async () => {
    const intent = await anIntent({}, afterNoon(2 * MINUTE));
    await create(`${KNOWN} known`, { minute: 1 });
    await create(`${intent.reference} the bonus`, { minute: 2 });
    const canary = { reference: KNOWN, createdAt: afterNoon(MINUTE).toISOString() };
    const place = profile === 'reference' ? 'list' : 'ledger';

    world.setMinute(3);
    await spoil({ fault: 'stale-list', secondsAgo: 150 });
    expect(await look(intent, canary)).toEqual({
      kind: 'unclear',
      reason: `${KNOWN} is missing in the ${place}`,
    });
    expect(await look(intent, canary)).toMatchObject({ kind: 'found' });
  });

  test('is not content with a read that is cut short', async () => {
    const intent = await anIntent({}, afterNoon(2 * MINUTE));
    await create(`${KNOWN} known`, { minute: 1 });
    await create(`${intent.reference} the bonus`, { minute: 2 });
    await spoil({ fault: 'short-list', rows: 0 });

    const canary = { reference: KNOWN, createdAt: afterNoon(MINUTE).toISOString() };
    expect(await look(intent, canary)).toMatchObject({ kind: 'unclear' });
  });

  test('is not content with what cannot be read at all', async () => {
    const intent = await anIntent();
    await spoil({ fault: 'error-500' });

    await expect(look(intent)).rejects.toThrow('HTTP 500');
  });

  test('does not miss an older escrow in a read that does not reach back to it', async () => {
    const canary = { reference: KNOWN, createdAt: '2025-03-06T12:00:00.000Z' };
    const intent = await anIntent();
    const escrowId = await create(`${intent.reference} the bonus`);

    expect(await look(intent, canary)).toMatchObject({ kind: 'found', result: { escrowId } });
  });

  test('finds it behind so many newer ones that they fill more than a page, or says that it cannot see so far', async () => {
    const intent = await anIntent();
    const escrowId = await create(`${intent.reference} the bonus`, { amount: 5 });
    const small = { ...intent, amountUsd: '5.00' };
    for (let index = 0; index < 110; index += 1) await create(`number ${index}`, { amount: 1, minute: 1 });

    expect(await look(small)).toMatchObject(
      profile === 'reference'
        ? { kind: 'found', result: { escrowId } }
        : { kind: 'unclear', reason: "the ledger's 50 rows do not reach back to 2026-03-06T11:55:00.000Z" },
    );
  });

  test('needs no more of a long history than reaches back before the claim', async () => {
    for (let index = 0; index < 110; index += 1) await create(`number ${index}`, { amount: 1, minute: -60 });
    const intent = await anIntent();
    const escrowId = await create(`${intent.reference} the bonus`);
    const before = (await call(world.twin, 'GET /_twin/calls')).body['calls'] as unknown[];

    expect(await look(intent)).toMatchObject({ kind: 'found', result: { escrowId } });
    expect(await look(await anIntent({ subject: 'another' }))).toEqual({ kind: 'absent' });
    const calls = (await call(world.twin, 'GET /_twin/calls')).body['calls'] as { readonly path: string }[];
    const reads = calls.slice(before.length).filter(({ path }) => path.endsWith('/list') || path.endsWith('/ledger'));
    expect(reads).toHaveLength(2);
  });
});

describe('looking for a creation in a list', () => {
  const row = (index: number, minute: number, description = `number ${index}`): EscrowRow => ({
    escrowId: `esc_${index}`,
    status: 'locked',
    statusShown: 'locked',
    amount: 1_000_000n as EscrowRow['amount'],
    description,
    role: 'creator',
    createdAt: afterNoon(minute * MINUTE).toISOString(),
    expiresAt: afterNoon(9_999 * MINUTE).toISOString(),
  });

  function lookIn(intent: Intent, pages: readonly EscrowPage[]) {
    const asked: unknown[] = [];
    const escrow = anEscrowClient({
      list: async (query) => {
        asked.push(query);
        const page = pages[asked.length - 1];
        return page === undefined ? inert('list')() : { kind: 'read', value: page };
      },
    });
    const wallet = {
      profile: 'reference',
      transferBody: inert('w'),
      pacedReads: inert('w'),
      transfer: inert('w'),
      readBalance: inert('w'),
      readLedger: inert('w'),
    } as const;
    return { asked, seen: lookForCreated({ escrow, wallet, findCanary: async () => undefined }, intent) };
  }

  const rows = (count: number, minute: (index: number) => number) =>
    Array.from({ length: count }, (_, index) => row(index, minute(index)));

  test('that has fewer rows than it says is unclear', async () => {
    const { seen } = lookIn(await anIntent(), [{ total: 25, offset: 0, escrows: rows(20, () => 0) }]);

    expect(await seen).toEqual({ kind: 'unclear', reason: 'the list has 20 of 25 escrows' });
  });

  test('that is not in order has to be read to its end', async () => {
    const unordered = rows(100, (index) => (index === 50 ? 30 : -60));
    const { seen, asked } = lookIn(await anIntent(), [
      { total: 150, offset: 0, escrows: unordered },
      { total: 150, offset: 100, escrows: rows(50, () => -60) },
    ]);

    expect(await seen).toEqual({ kind: 'absent' });
    expect(asked).toEqual([
      { role: 'creator', limit: 100, offset: 0 },
      { role: 'creator', limit: 100, offset: 100 },
    ]);
  });

  test('that goes on for more than twenty pages is unclear', async () => {
    const page = { total: 10_000, offset: 0, escrows: rows(100, () => 1) };
    const { seen, asked } = lookIn(
      await anIntent(),
      Array.from({ length: 20 }, () => page),
    );

    expect(await seen).toEqual({
      kind: 'unclear',
      reason: 'the list does not reach back to 2026-03-06T11:55:00.000Z in 20 pages',
    });
    expect(asked).toHaveLength(20);
  });
});

describe('looking for a creation in the ledger of the published server', () => {
  function lookIn(intent: Intent, rows: readonly Partial<LedgerRow>[], readStatus: () => Promise<never>) {
    const whole = rows.map((row, index) => ({
      rowId: `led_${index}`,
      amount: -50_000_000n as LedgerRow['amount'],
      reason: 'agent_payment',
      subject: 'x',
      at: afterNoon(0).toISOString(),
      ...row,
    }));
    const escrow = anEscrowClient({ list: async () => ({ kind: 'unsupported', reason: 'no list' }), readStatus });
    const wallet = {
      profile: 'published',
      transferBody: inert('transferBody'),
      pacedReads: inert('pacedReads'),
      transfer: inert('transfer'),
      readBalance: inert('readBalance'),
      readLedger: async () => ({ kind: 'read', value: whole }) as const,
    } as const;
    return lookForCreated({ escrow, wallet, findCanary: async () => undefined }, intent);
  }
  const notFound = () => Promise.reject(new Error('escrow.status: HTTP 404'));

  test('money that was taken for an escrow that is not recorded is never absence', async () => {
    const seen = lookIn(await anIntent(), [{ reason: 'escrow_lock: esc_0011223344556677' }], notFound);

    await expect(seen).rejects.toThrow('HTTP 404');
  });

  test.each<[string, Partial<LedgerRow>]>([
    ['another kind', { reason: 'escrow_refund: esc_1' }],
    ['a time long before the claim', { at: afterNoon(-6 * MINUTE).toISOString(), reason: 'escrow_lock: esc_1' }],
  ])('a row of %s is not it', async (_case, row) => {
    expect(await lookIn(await anIntent(), [row], notFound)).toEqual({ kind: 'absent' });
  });
});

describe('looking for a settlement', () => {
  const FOUND: Partial<Record<EffectKind, Record<string, unknown>>> = {
    'escrow-complete': { escrowId: ESCROW_ID, status: 'completed' },
    'escrow-release': {
      escrowId: ESCROW_ID,
      status: 'released',
      amountUsd: '50.00',
      feeUsd: '0.50',
      paidOutUsd: '49.50',
    },
    'escrow-dispute': { escrowId: ESCROW_ID, status: 'disputed' },
  };

  test.each<[EffectKind, EscrowStatus | 'unrecognized', Look['kind']]>([
    ['escrow-complete', 'locked', 'absent'],
    ['escrow-complete', 'completed', 'found'],
    ['escrow-complete', 'released', 'found'],
    ['escrow-complete', 'auto_released', 'found'],
    ['escrow-complete', 'disputed', 'absent'],
    ['escrow-complete', 'refunded', 'absent'],
    ['escrow-complete', 'unrecognized', 'unclear'],
    ['escrow-release', 'locked', 'absent'],
    ['escrow-release', 'completed', 'absent'],
    ['escrow-release', 'released', 'found'],
    ['escrow-release', 'auto_released', 'invisible'],
    ['escrow-release', 'disputed', 'invisible'],
    ['escrow-release', 'refunded', 'invisible'],
    ['escrow-release', 'unrecognized', 'unclear'],
    ['escrow-dispute', 'locked', 'absent'],
    ['escrow-dispute', 'completed', 'absent'],
    ['escrow-dispute', 'disputed', 'found'],
    ['escrow-dispute', 'released', 'invisible'],
    ['escrow-dispute', 'auto_released', 'invisible'],
    ['escrow-dispute', 'refunded', 'invisible'],
    ['escrow-dispute', 'unrecognized', 'unclear'],
  ])('a %s of an escrow that is %s is %s', async (kind, status, expected) => {
    const asked: string[] = [];
    const client = anEscrowClient({
      readStatus: async (escrowId) => {
        asked.push(escrowId);
        return aView({ status });
      },
    });
    const intent = await anIntent({ kind, escrowId: ESCROW_ID });

    const seen = await lookForSettled(client, intent);

    expect(seen).toMatchObject(expected === 'found' ? { kind: 'found', result: FOUND[kind] } : { kind: expected });
    expect(asked).toEqual([ESCROW_ID]);
  });

  test('names no escrow only by a fault', async () => {
    const intent = await anIntent({ kind: 'escrow-release', escrowId: undefined });

    await expect(lookForSettled(anEscrowClient(), intent)).rejects.toThrow('names no escrow');
  });
});
