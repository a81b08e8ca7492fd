import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  completeDelivery,
  lockFunds,
  referenceFor,
  releaseFunds,
  type EscrowEffectDeps,
} from '../../../../src/escrow/escrow-effects.ts';
import { lifecycleInputSchema } from '../../../../src/escrow/lifecycle-input.ts';
import { clientReference, effectKey } from '../../../../src/ledger/effect-key.ts';
import { createEscrowClient } from '../../../../src/purple-flea/escrow-client.ts';
import { PROFILES, type Profile } from '../../../../src/purple-flea/service.ts';
import { startTwin, type Twin } from '../../../../twin/server.ts';
import {
  aRequest,
  aStatusBody,
  ESCROW_ID,
  JOB_NAME,
  OWNER,
  REFERENCE,
  TREASURY,
} from '../../../support/bonus-escrow.ts';
import { afterNoon, anInvocation } from '../../../support/effects.ts';
import { createMemoryIntents, type MemoryIntents } from '../../../support/memory-intents.ts';
import { opening, ownerAt } from '../../../support/owners.ts';
import { aService, CANARY_CREDENTIALS } from '../../../support/purple-flea.ts';
import {
  answer,
  resetAfterRequest,
  startScriptedServer,
  truncated,
  type Reply,
  type ScriptedServer,
} from '../../../support/scripted-server.ts';
import { call, setClock } from '../../twin/calling.ts';

const INPUT = lifecycleInputSchema.parse(aRequest());
const { cause } = INPUT;
const ESCROW = { escrowId: ESCROW_ID, amountUsd: '50.00', counterpartyAgentId: OWNER };
const REQUEST_MS = 2_000;
const REASON = 'delivered by registry at 2026-03-06T10:00:00Z';

let intents: MemoryIntents;
let now: Date;

beforeEach(() => {
  intents = createMemoryIntents();
  now = afterNoon(0);
});

function depsFor(baseUrl: string, credentials = CANARY_CREDENTIALS, profile: Profile = 'reference'): EscrowEffectDeps {
  const service = aService(baseUrl, { totalMs: REQUEST_MS, profile });
  const openEscrow = opening(createEscrowClient(service, credentials));
  const owner = ownerAt(service, credentials);
  return { ...anInvocation({ intents, now: () => now }), owner, openEscrow, requestMs: REQUEST_MS };
}

describe.each(PROFILES)('with the twin in the %s dialect', (profile) => {
  let twin: Twin;

  beforeEach(async () => {
    const agents = [
      { agentId: TREASURY, apiKey: 'key-of-treasury', balanceUsd: '1000.00' },
      { agentId: OWNER, apiKey: 'key-of-owner', balanceUsd: '0.00' },
    ];
    twin = await startTwin({ agents, now: () => new Date('2026-03-06T09:00:00Z'), escrowProfile: profile });
  });
  afterEach(() => twin.close());

  const asTreasury = () => depsFor(twin.url, { agentId: TREASURY, apiKey: 'key-of-treasury' }, profile);
  const asOwner = () => depsFor(twin.url, { agentId: OWNER, apiKey: 'key-of-owner' }, profile);

  /** What the service keeps of a text that is sent: the published server leaves notes and metadata unread. */
  const kept = <Sent>(sent: Sent): Sent | null => (profile === 'reference' ? sent : null);

  async function lock() {
    const locked = await lockFunds(asTreasury(), INPUT);
    const escrowId = locked.outcome === 'applied' ? String(locked.result['escrowId']) : 'none';
    return { escrowId, amountUsd: '50.00', counterpartyAgentId: OWNER };
  }

  async function escrowsOfTwin(): Promise<Record<string, unknown>[]> {
    const { body } = await call(twin, 'GET /_twin/escrows');
    return body['escrows'] as Record<string, unknown>[];
  }

  async function postsToTwin(): Promise<string[]> {
    const { body } = await call(twin, 'GET /_twin/calls');
    const calls = body['calls'] as { method: string; path: string }[];
    return calls.filter(({ method }) => method === 'POST').map(({ path }) => path);
  }

  test('an escrow is locked once, with its reference first in the description', async () => {
    const first = await lockFunds(asTreasury(), INPUT);
    const second = await lockFunds(asTreasury(), INPUT);

    expect(first).toMatchObject({
      outcome: 'applied',
      duplicate: false,
      result: {
        status: 'locked',
        amountUsd: '50.00',
        feeUsd: '0.50',
        netUsd: '49.50',
        deadlineAt: '2026-03-13T09:00:00.000Z',
      },
    });
    expect(second).toEqual({ ...first, duplicate: true });
    expect(await escrowsOfTwin()).toMatchObject([
      {
        amount_usd: '50.00',
        counterparty_agent_id: OWNER,
        timeout_hours: 168,
        description: `${REFERENCE} Bonus for training job ${JOB_NAME}: validation:accuracy 0.93 > 0.9`,
        metadata: kept({ reference: REFERENCE, rule: 'training-bonus', subject: cause.subject }),
      },
    ]);
  });

  test('ten callers at the same time lock one escrow', async () => {
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => lockFunds(asTreasury(), INPUT)));

    expect(outcomes.filter((outcome) => outcome.outcome === 'applied' && !outcome.duplicate)).toHaveLength(1);
    expect(await escrowsOfTwin()).toHaveLength(1);
  });

  test('the same job trained anew is another cause and another escrow', async () => {
    await lockFunds(asTreasury(), INPUT);
    await lockFunds(asTreasury(), { ...INPUT, cause: { ...cause, createdAt: '2026-03-07T08:10:00.000Z' } });

    expect(await escrowsOfTwin()).toHaveLength(2);
  });

  test('a delivery is completed and the escrow released, each once', async () => {
    const escrow = await lock();
    const delivery = { note: 'model v7', deliveryUrl: 'https://registry.example.com/churn/7' };

    for (const duplicate of [false, true]) {
      expect(await completeDelivery(asOwner(), cause, escrow, delivery)).toEqual({
        outcome: 'applied',
        duplicate,
        result: { escrowId: escrow.escrowId, status: 'completed' },
      });
    }
    for (const duplicate of [false, true]) {
      expect(await releaseFunds(asTreasury(), cause, escrow, REASON)).toEqual({
        outcome: 'applied',
        duplicate,
        result: {
          escrowId: escrow.escrowId,
          status: 'released',
          amountUsd: '50.00',
          feeUsd: '0.50',
          paidOutUsd: '49.50',
        },
      });
    }

    const { escrowId } = escrow;
    expect(await postsToTwin()).toEqual([
      '/escrow/create',
      `/escrow/complete/${escrowId}`,
      `/escrow/release/${escrowId}`,
    ]);
    expect(await escrowsOfTwin()).toMatchObject([
      {
        completion_note: kept('model v7'),
        delivery_url: kept(delivery.deliveryUrl),
        release_note: kept(REASON),
        status: 'released',
      },
    ]);
  });

  test('an escrow that the counterparty completed already needs no call', async () => {
    const escrow = await lock();
    await call(twin, `POST /escrow/complete/${escrow.escrowId}`, { key: 'key-of-owner' });

    expect(await completeDelivery(asOwner(), cause, escrow, {})).toMatchObject({
      outcome: 'applied',
      duplicate: false,
    });
    expect(await postsToTwin()).toHaveLength(2);
  });

  test('an escrow that was released by hand is not released again', async () => {
    const escrow = await lock();
    await call(twin, `POST /escrow/release/${escrow.escrowId}`, { key: 'key-of-treasury' });

    expect(await releaseFunds(asTreasury(), cause, escrow, REASON)).toMatchObject({
      outcome: 'applied',
      result: { paidOutUsd: '49.50' },
    });
    expect(await postsToTwin()).toHaveLength(2);
  });

  test('an escrow whose lock ran out is neither completed nor released', async () => {
    const escrow = await lock();
    await setClock(twin, '2026-03-13T09:00:00Z');

    for (const outcome of [
      await completeDelivery(asOwner(), cause, escrow, {}),
      await releaseFunds(asTreasury(), cause, escrow, REASON),
    ]) {
      expect(outcome).toEqual({ outcome: 'rejected', reason: 'the escrow is refunded' });
    }
    expect(await postsToTwin()).toEqual(['/escrow/create']);
  });
});

describe('with a service that fails', () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await startScriptedServer();
  });
  afterEach(() => server.close());

  const shows = (status: string, overrides: object = {}) => answer(200, aStatusBody({ status, ...overrides }));
  const UNREADABLE = answer(500, { error: 'SERVER_ERROR' });
  const PAID = {
    success: true,
    escrow_id: ESCROW_ID,
    status: 'released',
    amount_locked: '50.00',
    fee_charged: '0.50',
    amount_paid_out: '49.50',
  };
  const RELEASED = { escrowId: ESCROW_ID, status: 'released', amountUsd: '50.00', feeUsd: '0.50', paidOutUsd: '49.50' };

  const requests = () => server.requests.map(({ method, path }) => `${method} ${path.split('/')[2]}`);
  const release = (deps = depsFor(server.url)) => releaseFunds(deps, cause, ESCROW, REASON);
  const complete = () => completeDelivery(depsFor(server.url), cause, ESCROW, { note: 'model v7' });

  describe('a lock', () => {
    test('that may have been made is left in doubt and never sent again', async () => {
      server.script(answer(500, { error: 'SERVER_ERROR' }));

      const pending = await lockFunds(depsFor(server.url), INPUT);
      expect(pending).toEqual({
        outcome: 'pending',
        reason: 'escrow.create: HTTP 500 SERVER_ERROR',
        key: effectKey(cause, 'escrow-create'),
      });
      expect(await lockFunds(depsFor(server.url), INPUT)).toEqual(pending);
      expect(requests()).toEqual(['POST create']);
    });

    test('is recorded in the ledger with its exact body', async () => {
      server.script(resetAfterRequest);

      await lockFunds(depsFor(server.url), INPUT);

      const intent = intents.items.get(effectKey(cause, 'escrow-create'));
      expect(server.requests[0]?.body).toBe(intent?.requestBody);
      expect(intent).toMatchObject({
        kind: 'escrow-create',
        reference: REFERENCE,
        cause,
        agentId: CANARY_CREDENTIALS.agentId,
        payee: OWNER,
        amountUsd: '50.00',
        expiresAt: '2026-03-13T12:00:00.000Z',
        state: 'unknown',
      });
      expect(intent?.requestBody).toContain('"amount_usd":50.00,');
    });

    test('needs the time of one request and five seconds', async () => {
      const deps = (remainingMs: number) => ({ ...depsFor(server.url), remainingMs: () => remainingMs });

      await expect(lockFunds(deps(REQUEST_MS + 4_999), INPUT)).rejects.toThrow('6999 ms left, 7000 ms needed');
      expect(requests()).toEqual([]);
    });
  });

  describe('a release', () => {
    test('reads the status before and after it posts', async () => {
      server.script(shows('completed'), answer(200, PAID), shows('released'));

      expect(await release()).toEqual({ outcome: 'applied', duplicate: false, result: RELEASED });
      expect(requests()).toEqual(['GET status', 'POST release', 'GET status']);
      expect(server.requests[1]).toMatchObject({
        path: `/escrow/release/${ESCROW_ID}`,
        body: JSON.stringify({ release_note: REASON }),
        headers: { 'idempotency-key': effectKey(cause, 'escrow-release') },
      });
    });

    test.each<[string, Reply]>([
      ['500', answer(500, { error: 'SERVER_ERROR' })],
      ['a reset', resetAfterRequest],
      ['a truncated body', truncated(200, JSON.stringify(PAID))],
      ['409', answer(409, { error: 'INVALID_STATUS_TRANSITION' })],
      ['a refusal', answer(403, { error: 'FORBIDDEN' })],
    ])('that paid although it answered with %s is applied by what is read back', async (_case, reply) => {
      server.script(shows('locked'), reply, shows('released'));

      expect(await release()).toEqual({ outcome: 'applied', duplicate: false, result: RELEASED });
      expect(requests()).toEqual(['GET status', 'POST release', 'GET status']);
    });

    test.each<[string, Reply, Reply, string]>([
      [
        '500 and still locked',
        answer(500, { error: 'SERVER_ERROR' }),
        shows('locked'),
        'escrow.release: HTTP 500 SERVER_ERROR; afterwards the escrow is locked',
      ],
      [
        '200 and still locked',
        answer(200, PAID),
        shows('locked'),
        'the service said it was done; afterwards the escrow is locked',
      ],
      [
        '200 and disputed',
        answer(200, PAID),
        shows('disputed'),
        'the service said it was done; afterwards the escrow is disputed',
      ],
      [
        '200 about another and still completed',
        answer(200, { ...PAID, escrow_id: 'esc_other' }),
        shows('completed'),
        'escrow.release: HTTP 200, but escrow_id is another; afterwards the escrow is completed',
      ],
      [
        '500 and unreadable',
        answer(500),
        UNREADABLE,
        `HTTP 500 without a code; ServiceUnreadableError: escrow.status /escrow/status/${ESCROW_ID}: HTTP 500 SERVER_ERROR`,
      ],
      [
        '500 and an unknown word',
        answer(500),
        shows('settled'),
        'HTTP 500 without a code; afterwards the escrow is settled',
      ],
      [
        'a refusal and unreadable',
        answer(403, { error: 'FORBIDDEN' }),
        UNREADABLE,
        'escrow.release: HTTP 403 FORBIDDEN; ServiceUnreadableError',
      ],
    ])('is in doubt after %s, and never posted again', async (_case, reply, after, reason) => {
      server.script(shows('locked'), reply, after);

      expect(await release()).toMatchObject({
        outcome: 'pending',
        reason: expect.stringContaining(reason),
        key: effectKey(cause, 'escrow-release'),
      });
      expect(await release()).toMatchObject({ outcome: 'pending', reason: expect.stringContaining(reason) });
      expect(requests()).toEqual(['GET status', 'POST release', 'GET status']);
    });

    test('that was answered with its proof is applied although it cannot be read back', async () => {
      server.script(shows('locked'), answer(200, PAID), UNREADABLE);

      expect(await release()).toEqual({ outcome: 'applied', duplicate: false, result: RELEASED });
    });

    test('that was refused and left the escrow locked is rejected', async () => {
      server.script(shows('locked'), answer(403, { error: 'FORBIDDEN' }), shows('locked'));

      expect(await release()).toEqual({ outcome: 'rejected', reason: 'escrow.release: HTTP 403 FORBIDDEN' });
    });

    test.each<[string, Reply]>([
      ['500', UNREADABLE],
      ['404', answer(404, { error: 'ESCROW_NOT_FOUND' })],
      ['another escrow', shows('locked', { escrow_id: 'esc_other' })],
      ['a reset', resetAfterRequest],
    ])('is not sent where the status cannot be read before it (%s), and may be later', async (_case, reply) => {
      server.script(reply, shows('locked'), answer(200, PAID), shows('released'));

      expect(await release()).toMatchObject({ outcome: 'not-sent', retryAfterSeconds: 15 });
      expect(requests()).toEqual(['GET status']);
      now = afterNoon(15_000);
      expect(await release()).toMatchObject({ outcome: 'applied', duplicate: false });
      expect(requests()).toEqual(['GET status', 'GET status', 'POST release', 'GET status']);
    });

    test('is not sent where the status is limited in rate, and may be when that is over', async () => {
      server.script(answer(429, { error: 'RATE_LIMITED' }, { 'retry-after': '42' }));

      expect(await release()).toMatchObject({ outcome: 'not-sent', retryAfterSeconds: 42 });
      expect(requests()).toEqual(['GET status']);
    });

    test('that meets a rate limit is not sent, and not read back', async () => {
      server.script(shows('locked'), answer(429, { error: 'RATE_LIMITED' }, { 'retry-after': '42' }));

      expect(await release()).toEqual({
        outcome: 'not-sent',
        reason: 'escrow.release: HTTP 429, rate limited',
        retryAfterSeconds: 42,
      });
      expect(requests()).toEqual(['GET status', 'POST release']);
    });

    test('of what is released already is applied without a post', async () => {
      server.script(shows('released'));

      expect(await release()).toEqual({ outcome: 'applied', duplicate: false, result: RELEASED });
      expect(requests()).toEqual(['GET status']);
    });

    test('of what is in a state that nobody knows is tried again later, since the word may be passing', async () => {
      server.script(shows('under_review'));

      expect(await release()).toEqual({
        outcome: 'not-sent',
        reason: 'the escrow is under_review',
        retryAfterSeconds: 15,
      });
      expect(requests()).toEqual(['GET status']);
    });

    test.each(['refunded', 'disputed', 'auto_released'])('of what is %s is rejected without a post', async (status) => {
      server.script(shows(status));

      expect(await release()).toEqual({ outcome: 'rejected', reason: `the escrow is ${status}` });
      expect(requests()).toEqual(['GET status']);
    });

    test('needs the time of three requests and five seconds', async () => {
      const deps = { ...depsFor(server.url), remainingMs: () => 3 * REQUEST_MS + 4_999 };

      await expect(release(deps)).rejects.toThrow('10999 ms left, 11000 ms needed');
      expect(requests()).toEqual([]);
    });

    test('shortens its note to what the service takes', async () => {
      server.script(shows('locked'), answer(200, PAID), shows('released'));

      await releaseFunds(depsFor(server.url), cause, ESCROW, 'x'.repeat(600));

      expect(server.requests[1]?.body).toBe(JSON.stringify({ release_note: 'x'.repeat(500) }));
    });
  });

  describe('a completion', () => {
    const DONE = { success: true, escrow_id: ESCROW_ID, status: 'completed' };

    test('reads the status, and posts what was delivered', async () => {
      server.script(shows('locked'), answer(200, DONE));

      expect(await complete()).toMatchObject({ outcome: 'applied', duplicate: false });
      expect(requests()).toEqual(['GET status', 'POST complete']);
      expect(server.requests[1]).toMatchObject({
        path: `/escrow/complete/${ESCROW_ID}`,
        body: '{"completion_note":"model v7"}',
        headers: { 'idempotency-key': effectKey(cause, 'escrow-complete') },
      });
    });

    test('is in doubt after an unclear answer, and never posted again', async () => {
      server.script(shows('locked'), answer(500));

      expect(await complete()).toMatchObject({ outcome: 'pending', key: effectKey(cause, 'escrow-complete') });
      expect(await complete()).toMatchObject({ outcome: 'pending', key: effectKey(cause, 'escrow-complete') });
      expect(requests()).toEqual(['GET status', 'POST complete']);
    });

    test('is rejected by a refusal', async () => {
      server.script(shows('locked'), answer(403, { error: 'WRONG_PARTY' }));

      expect(await complete()).toEqual({ outcome: 'rejected', reason: 'escrow.complete: HTTP 403 WRONG_PARTY' });
    });

    test('is not sent where the status cannot be read', async () => {
      server.script(UNREADABLE);

      expect(await complete()).toMatchObject({ outcome: 'not-sent', retryAfterSeconds: 15 });
      expect(requests()).toEqual(['GET status']);
    });

    test('of what is in a state that nobody knows is tried again later, since the word may be passing', async () => {
      server.script(shows('under_review'));

      expect(await complete()).toEqual({
        outcome: 'not-sent',
        reason: 'the escrow is under_review',
        retryAfterSeconds: 15,
      });
      expect(requests()).toEqual(['GET status']);
    });

    test.each(['released', 'auto_released', 'refunded', 'disputed'])(
      'of what is %s is rejected without a post',
      async (status) => {
        server.script(shows(status));

        expect(await complete()).toEqual({ outcome: 'rejected', reason: `the escrow is ${status}` });
        expect(requests()).toEqual(['GET status']);
      },
    );
  });
});

test('the effects of one cause have keys and references of their own, and the escrow bears that of its creation', () => {
  const keys = (['escrow-create', 'escrow-complete', 'escrow-release'] as const).map((kind) => effectKey(cause, kind));

  expect(new Set(keys).size).toBe(3);
  expect(new Set(keys.map(clientReference)).size).toBe(3);
  expect(referenceFor(cause)).toBe(clientReference(effectKey(cause, 'escrow-create')));
});
