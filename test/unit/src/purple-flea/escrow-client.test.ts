import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ServiceUnreadableError } from '../../../../src/errors.ts';
import { parseUsd } from '../../../../src/money.ts';
import { createEscrowClient } from '../../../../src/purple-flea/escrow-client.ts';
import type { EscrowRequest } from '../../../../src/purple-flea/escrow.ts';
import { PROFILES, type Profile } from '../../../../src/purple-flea/service.ts';
import { startTwin, type Twin } from '../../../../twin/server.ts';
import { LIST_EXAMPLE, STATUS_EXAMPLE } from '../../../support/escrow-examples.ts';
import {
  A_REFERENCE,
  aService,
  aServiceAnswering,
  anEffectRequest,
  answered,
  CANARY_CREDENTIALS,
} from '../../../support/purple-flea.ts';
import {
  answer,
  resetAfterRequest,
  startScriptedServer,
  truncated,
  type Reply,
  type ScriptedServer,
} from '../../../support/scripted-server.ts';
import { allTextOf, CANARY } from '../../../support/secrecy.ts';
import {
  AGENTS,
  BUYER,
  BUYER_KEY,
  OUTSIDER_KEY,
  PUBLISHED_AGENTS,
  PUBLISHED_BUYER,
  PUBLISHED_SUMMARIZER,
  setClock,
  stoppedClock,
  SUMMARIZER,
  SUMMARIZER_KEY,
} from '../../twin/calling.ts';

/** An id that would lead elsewhere, if it were put into a path as it is. */
const CROOKED_ID = '../release/esc_1?x=#';
const STRAIGHTENED = '..%2Frelease%2Fesc_1%3Fx%3D%23';

describe.each(PROFILES)('an escrow client of the %s dialect', (profile) => {
  test('says which dialect it speaks', () => {
    expect(createEscrowClient(aServiceAnswering(profile).deps, CANARY_CREDENTIALS).profile).toBe(profile);
  });

  test('asks for no other path than its own, whatever the id', async () => {
    const failed = Array.from({ length: 4 }, () => answered(404, { error: 'x' }));
    const { deps, requests } = aServiceAnswering(profile, ...failed);
    const client = createEscrowClient(deps, CANARY_CREDENTIALS);

    await client.complete(CROOKED_ID, anEffectRequest('{}'));
    await client.release(CROOKED_ID, anEffectRequest('{}'));
    await client.dispute(CROOKED_ID, anEffectRequest('{"reason":"No."}'));
    await expect(client.readStatus(CROOKED_ID)).rejects.toThrow(ServiceUnreadableError);

    const status = profile === 'reference' ? `/escrow/status/${STRAIGHTENED}` : `/escrow/${STRAIGHTENED}`;
    expect(requests.map(({ method, url }) => `${method} ${url.replace('http://service', '')}`)).toEqual([
      `POST /escrow/complete/${STRAIGHTENED}`,
      `POST /escrow/release/${STRAIGHTENED}`,
      `POST /escrow/dispute/${STRAIGHTENED}`,
      `GET ${status}`,
    ]);
  });

  test('reads a status over HTTP with the key, and sends no body', async () => {
    const server = await startScriptedServer();
    try {
      const client = createEscrowClient(aService(server.url, { profile }), CANARY_CREDENTIALS);
      await expect(client.readStatus('esc_1')).rejects.toThrow('HTTP 501 NOT_SCRIPTED');

      expect(server.requests).toMatchObject([
        { method: 'GET', body: '', headers: { authorization: `Bearer ${CANARY}`, accept: 'application/json' } },
      ]);
    } finally {
      await server.close();
    }
  });
});

describe('a status that cannot be read', () => {
  let server: ScriptedServer;

  beforeEach(async () => {
    server = await startScriptedServer();
  });
  afterEach(() => server.close());

  const id = STATUS_EXAMPLE.answer.escrow_id;
  const client = () => createEscrowClient(aService(server.url), CANARY_CREDENTIALS);

  test.each<[string, Reply, string]>([
    ['404', answer(404, { error: 'ESCROW_NOT_FOUND' }), 'HTTP 404 ESCROW_NOT_FOUND'],
    ['500', answer(500, STATUS_EXAMPLE.answer), 'HTTP 500'],
    ['429', answer(429), 'HTTP 429'],
    ['a redirect', answer(302, '', { location: '/' }), 'HTTP 302'],
    ['not JSON', answer(200, '<html>'), 'HTTP 200, but body: '],
    ['not declared as JSON', answer(200, STATUS_EXAMPLE.answer, { 'content-type': 'text/html' }), 'but body: '],
    ['a JSON null', answer(200, 'null'), 'HTTP 200, but body: '],
    ['a reset', resetAfterRequest, `escrow.status ${STATUS_EXAMPLE.path}: `],
    ['a truncated body', truncated(200, JSON.stringify(STATUS_EXAMPLE.answer)), 'aborted'],
  ])('because of %s says so, without the key', async (_case, reply, message) => {
    server.script(reply);

    const reading = client().readStatus(id);

    await expect(reading).rejects.toThrow(ServiceUnreadableError);
    await expect(reading).rejects.toThrow(message);
    expect(allTextOf(await reading.catch((error: unknown) => error))).not.toContain(CANARY);
    expect(server.requests).toHaveLength(1);
  });

  test('because the service is not there, or the key fits no header, says so without the key', async () => {
    const badKey = createEscrowClient(aService(server.url), { ...CANARY_CREDENTIALS, apiKey: `${CANARY}\n` });
    const failures = [badKey.readStatus(id)];
    await Promise.allSettled(failures);
    await server.close();
    failures.push(client().readStatus(id));

    for (const result of await Promise.allSettled(failures)) {
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(ServiceUnreadableError) });
      expect(allTextOf(result)).not.toContain(CANARY);
    }
  });
});

test('a list is read in the reference, and in the published dialect nobody is asked', async () => {
  const reference = aServiceAnswering('reference', answered(200, LIST_EXAMPLE.answer));
  const published = aServiceAnswering('published');

  expect(await createEscrowClient(reference.deps, CANARY_CREDENTIALS).list()).toMatchObject({ kind: 'read' });
  expect(await createEscrowClient(published.deps, CANARY_CREDENTIALS).list()).toMatchObject({ kind: 'unsupported' });
  expect([reference.requests.length, published.requests.length]).toEqual([1, 0]);
});

/** The parties of each dialect, and what differs in what they see. */
const PARTIES = {
  reference: { agents: AGENTS, buyer: BUYER, summarizer: SUMMARIZER, insufficient: 400, unknownParty: 400 },
  published: {
    agents: PUBLISHED_AGENTS,
    buyer: PUBLISHED_BUYER,
    summarizer: PUBLISHED_SUMMARIZER,
    insufficient: 402,
    unknownParty: 404,
  },
} satisfies Record<Profile, object>;

describe.each(PROFILES)('with the twin in the %s dialect', (profile) => {
  const { agents, buyer, summarizer, insufficient, unknownParty } = PARTIES[profile];
  let twin: Twin;

  beforeEach(async () => {
    twin = await startTwin({ agents, now: stoppedClock, escrowProfile: profile });
    await setClock(twin, '2026-03-06T09:00:00Z');
  });
  afterEach(() => twin.close());

  const clientOf = (apiKey: string) => createEscrowClient(aService(twin.url, { profile }), { apiKey, agentId: 'any' });

  function bodyOf(overrides: Partial<EscrowRequest> = {}): string {
    return clientOf(BUYER_KEY).bodies.create({
      reference: A_REFERENCE,
      amount: parseUsd('50.00'),
      description: 'Bonus for a training job',
      counterpartyAgentId: summarizer,
      timeoutHours: 48,
      metadata: { rule: 'training-bonus' },
      ...overrides,
    });
  }

  async function lock(): Promise<string> {
    const created = await clientOf(BUYER_KEY).create(anEffectRequest(bodyOf()));
    if (created.kind !== 'applied') throw new Error(created.reason);
    return created.result.escrowId;
  }

  test('an escrow goes from lock to payout', async () => {
    const [own, theirs] = [clientOf(BUYER_KEY), clientOf(SUMMARIZER_KEY)];

    expect(await own.create(anEffectRequest(bodyOf()))).toMatchObject({
      kind: 'applied',
      result: { status: 'locked', amountUsd: '50.00', netUsd: '49.50', deadlineAt: '2026-03-08T09:00:00.000Z' },
    });
    const escrowId = await lock();
    expect(await own.readStatus(escrowId)).toMatchObject({
      status: 'locked',
      creatorAgentId: buyer,
      counterpartyAgentId: summarizer,
      description: `${A_REFERENCE} Bonus for a training job`,
      createdAt: '2026-03-06T09:00:00.000Z',
      deadlineAt: '2026-03-08T09:00:00.000Z',
      unrecognizedFields: [],
    });
    expect(await theirs.complete(escrowId, anEffectRequest('{"completion_note":"done"}'))).toMatchObject({
      kind: 'applied',
      result: { escrowId, status: 'completed' },
    });
    expect(await theirs.readStatus(escrowId)).toMatchObject({ status: 'completed', unrecognizedFields: [] });
    expect(await own.release(escrowId, anEffectRequest('{"release_note":"good"}'))).toMatchObject({
      kind: 'applied',
      result: { amountUsd: '50.00', feeUsd: '0.50', paidOutUsd: '49.50' },
    });
    expect(await own.readStatus(escrowId)).toMatchObject({ status: 'released', unrecognizedFields: [] });
  });

  test('an escrow is frozen by a dispute', async () => {
    const escrowId = await lock();

    expect(await clientOf(SUMMARIZER_KEY).dispute(escrowId, anEffectRequest('{"reason":"No."}'))).toMatchObject({
      kind: 'applied',
      result: { escrowId, status: 'disputed' },
    });
    expect(await clientOf(BUYER_KEY).readStatus(escrowId)).toMatchObject({ status: 'disputed' });
  });

  test('create is rejected by the refusals of the service', async () => {
    const refused = async (key: string, overrides: Partial<EscrowRequest>) => {
      const result = await clientOf(key).create(anEffectRequest(bodyOf(overrides)));
      return result.kind === 'rejected' ? result.reason : result.kind;
    };

    expect(await refused('nobody', {})).toBe('not-sent');
    expect(await refused(BUYER_KEY, { amount: parseUsd('1000.01') })).toBe(
      `escrow.create: HTTP ${insufficient} INSUFFICIENT_BALANCE`,
    );
    expect(await refused(BUYER_KEY, { counterpartyAgentId: 'ag_nobody' })).toBe(
      `escrow.create: HTTP ${unknownParty} COUNTERPARTY_NOT_FOUND`,
    );
  });

  test('release is rejected for outsiders, for the other party and for an escrow that is not there', async () => {
    const escrowId = await lock();
    const refused = async (key: string, id: string) => clientOf(key).release(id, anEffectRequest('{}'));

    expect(await refused(OUTSIDER_KEY, escrowId)).toMatchObject({
      kind: 'rejected',
      reason: 'escrow.release: HTTP 403 FORBIDDEN',
    });
    expect(await refused(SUMMARIZER_KEY, escrowId)).toMatchObject({
      kind: 'rejected',
      reason: `escrow.release: HTTP 403 ${profile === 'reference' ? 'WRONG_PARTY' : 'FORBIDDEN'}`,
    });
    expect(await refused(BUYER_KEY, 'esc_none')).toMatchObject({
      kind: 'rejected',
      reason: 'escrow.release: HTTP 404 ESCROW_NOT_FOUND',
    });
  });

  test('a second release is not taken for a refusal: the first may have paid', async () => {
    const escrowId = await lock();
    await clientOf(BUYER_KEY).release(escrowId, anEffectRequest('{}'));

    expect(await clientOf(BUYER_KEY).release(escrowId, anEffectRequest('{}'))).toMatchObject({
      kind: 'unknown',
      reason: 'escrow.release: HTTP 409 INVALID_STATUS_TRANSITION',
      failure: { moneyMayHaveMoved: true },
    });
  });

  test('statistics and health can be read, and a list where there is one', async () => {
    await lock();
    const client = clientOf(BUYER_KEY);

    expect(await client.readStats()).toMatchObject({ created: 1, released: 0, volume: parseUsd('50.00') });
    expect((await client.readHealth()).service).toMatch(/escrow/);
    expect(await client.list({ role: 'creator' })).toMatchObject(
      profile === 'reference'
        ? { kind: 'read', value: { total: 1, escrows: [{ status: 'locked', amount: parseUsd('50.00') }] } }
        : { kind: 'unsupported' },
    );
  });
});
