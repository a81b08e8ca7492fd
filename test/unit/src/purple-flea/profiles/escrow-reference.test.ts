import { describe, expect, test } from '@jest/globals';
import { parseUsd } from '../../../../../src/money.ts';
import { createEscrowClient } from '../../../../../src/purple-flea/escrow-client.ts';
import { ESCROW_STATUSES, isFinal } from '../../../../../src/purple-flea/escrow.ts';
import type { HttpAnswer } from '../../../../../src/purple-flea/transport.ts';
import {
  COMPLETE_EXAMPLE,
  CREATE_EXAMPLE,
  DISPUTE_EXAMPLE,
  ERROR_EXAMPLE,
  EXAMPLE_COUNTERPARTY,
  EXAMPLE_CREATOR,
  EXAMPLE_ID,
  HEALTH_EXAMPLE,
  LIST_EXAMPLE,
  RELEASE_EXAMPLE,
  STATS_EXAMPLE,
  STATUS_EXAMPLE,
} from '../../../../support/escrow-examples.ts';
import {
  A_REFERENCE,
  aServiceAnswering,
  anEffectRequest,
  answered,
  CANARY_CREDENTIALS,
} from '../../../../support/purple-flea.ts';

/** A client whose service gives these answers. */
function aClient(...answers: HttpAnswer[]) {
  const { deps, requests } = aServiceAnswering('reference', ...answers);
  return { client: createEscrowClient(deps, CANARY_CREDENTIALS), requests };
}

const bodyOf = (overrides: object = {}) => anEffectRequest(JSON.stringify({ ...CREATE_EXAMPLE.request, ...overrides }));

const create = (shown: object = {}) =>
  aClient(answered(200, { ...CREATE_EXAMPLE.answer, ...shown })).client.create(bodyOf());
const complete = (shown: object = {}) =>
  aClient(answered(200, { ...COMPLETE_EXAMPLE.answer, ...shown })).client.complete(EXAMPLE_ID, anEffectRequest('{}'));
const release = (shown: object = {}) =>
  aClient(answered(200, { ...RELEASE_EXAMPLE.answer, ...shown })).client.release(EXAMPLE_ID, anEffectRequest('{}'));
const dispute = (shown: object = {}) =>
  aClient(answered(200, { ...DISPUTE_EXAMPLE.answer, ...shown })).client.dispute(
    EXAMPLE_ID,
    anEffectRequest('{"reason":"No."}'),
  );
const readStatus = (shown: object = {}) =>
  aClient(answered(200, { ...STATUS_EXAMPLE.answer, ...shown })).client.readStatus(EXAMPLE_ID);

function unknown(operation: string, problem: string) {
  return {
    kind: 'unknown',
    reason: expect.stringContaining(`${operation}: HTTP 200, but ${problem}`),
    failure: { operation, httpStatus: 200, code: undefined, reference: A_REFERENCE, moneyMayHaveMoved: true },
  };
}

describe('the example of', () => {
  test('a creation is what the ledger keeps', async () => {
    expect(await create()).toEqual({
      kind: 'applied',
      result: {
        escrowId: EXAMPLE_ID,
        status: 'locked',
        amountUsd: '50.00',
        feeUsd: '0.50',
        netUsd: '49.50',
        deadlineAt: '2026-03-08T09:00:00.000Z',
      },
    });
  });

  test('a completion is the completed escrow', async () => {
    expect(await complete()).toEqual({ kind: 'applied', result: { escrowId: EXAMPLE_ID, status: 'completed' } });
  });

  test('a release is what was paid', async () => {
    expect(await release()).toEqual({
      kind: 'applied',
      result: {
        escrowId: EXAMPLE_ID,
        status: 'released',
        amountUsd: '50.00',
        feeUsd: '0.50',
        paidOutUsd: '49.50',
      },
    });
  });

  test('a dispute has its id', async () => {
    expect(await dispute()).toEqual({
      kind: 'applied',
      result: { escrowId: EXAMPLE_ID, status: 'disputed', disputeId: 'dis_7b3e9f1c2a0d4e5b' },
    });
  });

  test('a status is the escrow with the deadline of its auto-release', async () => {
    expect(await readStatus()).toEqual({
      escrowId: EXAMPLE_ID,
      status: 'completed',
      statusShown: 'completed',
      amount: parseUsd('50.00'),
      fee: parseUsd('0.50'),
      net: parseUsd('49.50'),
      creatorAgentId: EXAMPLE_CREATOR,
      counterpartyAgentId: EXAMPLE_COUNTERPARTY,
      description: STATUS_EXAMPLE.answer.description,
      createdAt: '2026-03-06T09:00:00.000Z',
      deadlineAt: '2026-03-09T14:22:00.000Z',
      unrecognizedFields: [],
    });
  });

  test('a list is asked for with its query, and is a page', async () => {
    const { client, requests } = aClient(answered(200, LIST_EXAMPLE.answer));

    expect(await client.list(LIST_EXAMPLE.query)).toEqual({
      kind: 'read',
      value: {
        total: 3,
        offset: 0,
        escrows: [
          {
            escrowId: EXAMPLE_ID,
            status: 'locked',
            statusShown: 'locked',
            amount: parseUsd('50.00'),
            description: 'Summarize Q1 2026 earnings report...',
            role: 'counterparty',
            createdAt: '2026-03-06T09:00:00.000Z',
            expiresAt: '2026-03-08T09:00:00.000Z',
          },
        ],
      },
    });
    expect(requests.map(({ url }) => url)).toEqual([`http://service${LIST_EXAMPLE.path}`]);
  });

  test('statistics are counts and amounts', async () => {
    expect(await aClient(answered(200, STATS_EXAMPLE.answer)).client.readStats()).toEqual({
      created: 847,
      released: 791,
      disputed: 12,
      active: 23,
      autoReleased: 39,
      volume: parseUsd('41200.00'),
      fees: parseUsd('412.00'),
    });
  });

  test('health names the service and its version', async () => {
    expect(await aClient(answered(200, HEALTH_EXAMPLE.answer)).client.readHealth()).toEqual({
      service: 'purple-flea-escrow',
      version: '1.2.0',
    });
  });

  test('an error is a refusal of an effect, and the code of a read that failed', async () => {
    const answer = answered(ERROR_EXAMPLE.status, ERROR_EXAMPLE.answer);

    expect(await aClient(answer).client.release(EXAMPLE_ID, anEffectRequest('{}'))).toMatchObject({
      kind: 'rejected',
      failure: { code: 'ESCROW_NOT_FOUND', moneyMayHaveMoved: false },
    });
    await expect(aClient(answer).client.readStatus(EXAMPLE_ID)).rejects.toMatchObject({
      code: 'ESCROW_NOT_FOUND',
      httpStatus: 404,
    });
  });
});

describe('a list', () => {
  test('may be asked for without a query, or with all of it', async () => {
    const { client, requests } = aClient(answered(200, LIST_EXAMPLE.answer), answered(200, LIST_EXAMPLE.answer));
    await client.list();
    await client.list({ status: 'auto_released', role: 'creator', limit: 100, offset: 200 });

    expect(requests.map(({ url }) => url)).toEqual([
      'http://service/escrow/list',
      'http://service/escrow/list?status=auto_released&role=creator&limit=100&offset=200',
    ]);
  });

  test('may be empty, or have rows of a status that nobody knows', async () => {
    const [row] = LIST_EXAMPLE.answer.escrows;
    const pages = [{ total: 0, escrows: [] }, { escrows: [{ ...row, status: 'escalated' }] }];
    const { client } = aClient(...pages.map((page) => answered(200, { ...LIST_EXAMPLE.answer, ...page })));

    expect(await client.list()).toMatchObject({ value: { total: 0, escrows: [] } });
    expect(await client.list()).toMatchObject({
      value: { escrows: [{ status: 'unrecognized', statusShown: 'escalated' }] },
    });
  });
});

describe('a created escrow', () => {
  test.each([
    ['numbers with float noise', { amount_usd: 50.00000000000001, fee_usd: 0.5, net_payout_usd: 49.5 }],
    ['fields that nobody documented', { risk_score: 7, metadata: {} }],
    ['a fee of nothing', { fee_usd: '0.00', net_payout_usd: '50.00' }],
  ])('may have %s', async (_case, shown) => {
    expect(await create(shown)).toMatchObject({ kind: 'applied', result: { amountUsd: '50.00' } });
  });

  test.each([
    ['no success', { success: undefined }, 'success: '],
    ['success false', { success: false }, 'success: '],
    ['success in words', { success: 'true' }, 'success: '],
    ['another amount', { amount_usd: '51.00', net_payout_usd: '50.50' }, 'the amount is another'],
    [
      'an amount that is a micro-dollar off',
      { amount_usd: '50.000001', net_payout_usd: '49.500001' },
      'the amount is another',
    ],
    ['a fee that does not add up', { fee_usd: '0.51' }, 'the fee and what is paid out do not add up'],
    ['another counterparty', { counterparty_agent_id: EXAMPLE_CREATOR }, 'the counterparty is another'],
    ['another description', { description: 'Summarize' }, 'the description is another'],
    [
      'a description with a blank',
      { description: `${CREATE_EXAMPLE.answer.description} ` },
      'the description is another',
    ],
    ['another timeout', { timeout_hours: 24 }, 'the timeout is another'],
    ['a timeout in words', { timeout_hours: '48' }, 'timeout_hours: '],
    ['an empty id', { escrow_id: '' }, 'escrow_id: '],
    ['no id', { escrow_id: undefined }, 'escrow_id: '],
    ['another status', { status: 'completed' }, 'status: '],
    ['the word of the published server', { status: 'funded' }, 'status: '],
    ['a deadline that is none', { expires_at: 'soon' }, 'expires_at: '],
    ['no deadline', { expires_at: null }, 'expires_at: '],
    ['an amount that is none', { amount_usd: '50 USDC' }, 'amount_usd: '],
    ['a negative amount', { amount_usd: -50 }, 'amount_usd: '],
    ['an amount with an exponent', { amount_usd: '5e1' }, 'amount_usd: '],
    ['an amount in a list', { amount_usd: ['50.00'] }, 'amount_usd: '],
    ['a seventh decimal', { fee_usd: '0.5000001' }, 'fee_usd: '],
  ])('with %s is unknown', async (_case, shown, problem) => {
    expect(await create(shown)).toEqual(unknown('escrow.create', problem));
  });
});

describe('a completed, released or disputed escrow', () => {
  test.each([
    ['completion', 'escrow.complete', complete],
    ['release', 'escrow.release', release],
    ['dispute', 'escrow.dispute', dispute],
  ] as const)(
    'is unknown after a %s that shows another id, another status, or no success',
    async (_case, name, send) => {
      expect(await send({ escrow_id: 'esc_other' })).toEqual(unknown(name, 'escrow_id is another'));
      expect(await send({ escrow_id: undefined })).toEqual(unknown(name, 'escrow_id: '));
      for (const status of ['locked', 'funded', 'auto_released', '', null]) {
        expect(await send({ status })).toEqual(unknown(name, 'status: '));
      }
      for (const success of [false, undefined, null, 1]) {
        expect(await send({ success })).toEqual(unknown(name, 'success: '));
      }
    },
  );

  test.each([
    [{ amount_paid_out: '49.00' }, 'the fee and what is paid out do not add up'],
    [{ amount_locked: null }, 'amount_locked: '],
    [{ fee_charged: '0.5 %' }, 'fee_charged: '],
    [{ amount_paid_out: undefined }, 'amount_paid_out: '],
  ])('is unknown after a release with %j', async (shown, problem) => {
    expect(await release(shown)).toEqual(unknown('escrow.release', problem));
  });

  test('is unknown after a dispute without an id', async () => {
    expect(await dispute({ dispute_id: undefined })).toEqual(unknown('escrow.dispute', 'dispute_id: '));
    expect(await dispute({ dispute_id: '' })).toEqual(unknown('escrow.dispute', 'dispute_id: '));
  });
});

describe('a request beyond the limits is refused here, with its field', () => {
  test.each([
    [{ amount_usd: 0.99 }, 'amount_usd: below the minimum of 1.00'],
    [{ amount_usd: 0 }, 'amount_usd: below the minimum of 1.00'],
    [{ amount_usd: -1 }, 'amount_usd: -1 is not an amount'],
    [{ amount_usd: 10_000.01 }, 'amount_usd: above the maximum of 10000.00'],
    [{ amount_usd: 1e21 }, 'amount_usd: '],
    [{ amount_usd: undefined }, 'amount_usd: '],
    [{ timeout_hours: 0 }, 'timeout_hours: '],
    [{ timeout_hours: 721 }, 'timeout_hours: '],
    [{ timeout_hours: 1.5 }, 'timeout_hours: '],
    [{ timeout_hours: undefined }, 'timeout_hours: '],
    [{ description: 'x'.repeat(281) }, 'description: '],
    [{ description: 'ab' }, 'description: '],
    [{ counterparty_agent_id: 'ab' }, 'counterparty_agent_id: '],
    [{ counterparty_agent_id: undefined }, 'counterparty_agent_id: '],
    [{ metadata: { task: 7 } }, 'metadata.task: '],
    [{ metadata: 'task' }, 'metadata: '],
    [{ referral_code: 7 }, 'referral_code: '],
  ])('a creation with %j', async (overrides, problem) => {
    const { client, requests } = aClient();

    expect(await client.create(bodyOf(overrides))).toEqual({
      kind: 'rejected',
      reason: expect.stringContaining(`escrow.create: not sent, since ${problem}`),
      failure: {
        operation: 'escrow.create',
        httpStatus: undefined,
        code: undefined,
        reference: A_REFERENCE,
        moneyMayHaveMoved: false,
      },
    });
    expect(requests).toEqual([]);
  });

  test.each([
    [{ amount_usd: 1 }],
    [{ amount_usd: 10_000 }],
    [{ timeout_hours: 1 }],
    [{ timeout_hours: 720 }],
    [{ description: 'x'.repeat(280) }],
  ])('but not a creation with %j', async (overrides) => {
    const { client, requests } = aClient({ kind: 'lost', reason: 'aborted' });

    expect(await client.create(bodyOf(overrides))).toMatchObject({ kind: 'unknown' });
    expect(requests).toHaveLength(1);
  });

  test.each([
    ['complete', { completion_note: 'x'.repeat(1_001) }, 'completion_note: '],
    ['complete', { delivery_url: 7 }, 'delivery_url: '],
    ['release', { release_note: 'x'.repeat(501) }, 'release_note: '],
    ['dispute', { reason: 'x'.repeat(2_001) }, 'reason: '],
    ['dispute', { reason: '' }, 'reason: '],
    ['dispute', {}, 'reason: '],
    ['dispute', { reason: 'No.', evidence_url: 7 }, 'evidence_url: '],
  ] as const)('a %s with %j', async (operation, body, problem) => {
    const { client, requests } = aClient();

    expect(await client[operation](EXAMPLE_ID, anEffectRequest(JSON.stringify(body)))).toMatchObject({
      kind: 'rejected',
      reason: expect.stringContaining(`escrow.${operation}: not sent, since ${problem}`),
      failure: { moneyMayHaveMoved: false },
    });
    expect(requests).toEqual([]);
  });
});

describe('the status of an escrow', () => {
  test.each(ESCROW_STATUSES)('may be %s', async (status) => {
    expect(await readStatus({ status })).toMatchObject({ status, statusShown: status });
  });

  test.each(['settled', 'funded', 'pending', 'Released', ''])(
    'in a word that nobody knows is shown as it is, and is not final: %p',
    async (word) => {
      const { status, statusShown } = await readStatus({ status: word });

      expect([status, statusShown, isFinal(status)]).toEqual(['unrecognized', word, false]);
    },
  );

  test('has the end of the lock for its deadline until it is completed', async () => {
    expect(
      await readStatus({ status: 'locked', completed_at: null, auto_release_at: null, completion_note: null }),
    ).toMatchObject({ deadlineAt: '2026-03-08T09:00:00.000Z' });
    expect(await readStatus({ auto_release_at: undefined, timeout_hours: 1 })).toMatchObject({
      deadlineAt: '2026-03-06T10:00:00.000Z',
    });
  });

  test('names the fields that nobody documented, and reads nothing from them', async () => {
    const view = await readStatus({ expires_at: '2026-03-08T09:00:00Z', resolution: { winner: 'creator' } });

    expect(view.unrecognizedFields).toEqual(['expires_at', 'resolution']);
    expect({ ...view, unrecognizedFields: [] }).toEqual(await readStatus());
  });

  test.each([
    [{ escrow_id: 'esc_other' }, 'escrow_id is another'],
    [{ success: false }, 'success: '],
    [{ success: undefined }, 'success: '],
    [{ status: 7 }, 'status: '],
    [{ amount_usd: undefined }, 'amount_usd: '],
    [{ net_payout_usd: 'none' }, 'net_payout_usd: '],
    [{ created_at: 'yesterday' }, 'created_at: '],
    [{ auto_release_at: 'tomorrow' }, 'auto_release_at: '],
    [{ counterparty_agent_id: null }, 'counterparty_agent_id: '],
    [{ description: undefined }, 'description: '],
  ])('cannot be read with %j', async (shown, problem) => {
    await expect(readStatus(shown)).rejects.toThrow(`escrow.status ${STATUS_EXAMPLE.path}: HTTP 200, but ${problem}`);
  });
});

describe('a list, statistics or health', () => {
  const [row] = LIST_EXAMPLE.answer.escrows;

  test.each([
    [{ success: false }, 'success: '],
    [{ total: '3' }, 'total: '],
    [{ escrows: undefined }, 'escrows: '],
    [{ escrows: [{ ...row, escrow_id: '' }] }, 'escrows.0.escrow_id: '],
    [{ escrows: [row, { ...row, your_role: 'staff' }] }, 'escrows.1.your_role: '],
    [{ escrows: [{ ...row, amount_usd: null }] }, 'escrows.0.amount_usd: '],
  ])('cannot be read from a page with %j', async (shown, problem) => {
    const { client } = aClient(answered(200, { ...LIST_EXAMPLE.answer, ...shown }));

    await expect(client.list()).rejects.toThrow(`escrow.list /escrow/list: HTTP 200, but ${problem}`);
  });

  test.each([
    [{ success: false }, 'success: '],
    [{ total_escrows_created: 1.5 }, 'total_escrows_created: '],
    [{ total_volume_usd: '-1' }, 'total_volume_usd: '],
  ])('cannot be read from statistics with %j', async (shown, problem) => {
    const { client } = aClient(answered(200, { ...STATS_EXAMPLE.answer, ...shown }));

    await expect(client.readStats()).rejects.toThrow(problem);
  });

  test.each([[{ status: 'degraded' }], [{ service: undefined }]])(
    'cannot be read from health with %j',
    async (shown) => {
      const { client } = aClient(answered(200, { ...HEALTH_EXAMPLE.answer, ...shown }));

      await expect(client.readHealth()).rejects.toThrow('escrow.health /health: HTTP 200, but ');
    },
  );
});
