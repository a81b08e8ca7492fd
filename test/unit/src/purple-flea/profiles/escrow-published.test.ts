import { describe, expect, test } from '@jest/globals';
import { parseUsd } from '../../../../../src/money.ts';
import { createEscrowClient } from '../../../../../src/purple-flea/escrow-client.ts';
import { isFinal } from '../../../../../src/purple-flea/escrow.ts';
import type { HttpAnswer } from '../../../../../src/purple-flea/transport.ts';
import {
  PUBLISHED_COMPLETE,
  PUBLISHED_COUNTERPARTY,
  PUBLISHED_CREATE,
  PUBLISHED_CREATOR,
  PUBLISHED_DISPUTE,
  PUBLISHED_ESCROW_ERRORS,
  PUBLISHED_HEALTH,
  PUBLISHED_ID,
  PUBLISHED_RELEASE,
  PUBLISHED_STATS,
  PUBLISHED_VIEW,
} from '../../../../support/published-examples.ts';
import {
  A_REFERENCE,
  aServiceAnswering,
  anEffectRequest,
  answered,
  CANARY_CREDENTIALS,
} from '../../../../support/purple-flea.ts';

/** A client whose service gives these answers. */
function aClient(...answers: HttpAnswer[]) {
  const { deps, requests } = aServiceAnswering('published', ...answers);
  return { client: createEscrowClient(deps, CANARY_CREDENTIALS), requests };
}

const bodyOf = (overrides: object = {}) =>
  anEffectRequest(JSON.stringify({ ...PUBLISHED_CREATE.request, ...overrides }));

const create = (shown: object = {}, asked: object = {}) =>
  aClient(answered(201, { ...PUBLISHED_CREATE.answer, ...shown })).client.create(bodyOf(asked));
const complete = (shown: object = {}) =>
  aClient(answered(200, { ...PUBLISHED_COMPLETE.answer, ...shown })).client.complete(
    PUBLISHED_ID,
    anEffectRequest('{}'),
  );
const release = (shown: object = {}) =>
  aClient(answered(200, { ...PUBLISHED_RELEASE.answer, ...shown })).client.release(PUBLISHED_ID, anEffectRequest('{}'));
const dispute = (shown: object = {}) =>
  aClient(answered(200, { ...PUBLISHED_DISPUTE.answer, ...shown })).client.dispute(
    PUBLISHED_ID,
    anEffectRequest('{"reason":"No."}'),
  );
const readStatus = (shown: object = {}) =>
  aClient(answered(200, { ...PUBLISHED_VIEW.answer, ...shown })).client.readStatus(PUBLISHED_ID);

const unknown = (operation: string, problem: string) => ({
  kind: 'unknown',
  reason: expect.stringMatching(`^${operation}: HTTP 20[01], but ${problem}`),
  failure: expect.objectContaining({ operation, reference: A_REFERENCE, moneyMayHaveMoved: true }),
});

describe('what the published server answers to', () => {
  test('a creation is what the ledger keeps, in the words of the reference', async () => {
    expect(await create()).toEqual({
      kind: 'applied',
      result: {
        escrowId: PUBLISHED_ID,
        status: 'locked',
        amountUsd: '50.00',
        feeUsd: '0.50',
        netUsd: '49.50',
        deadlineAt: '2026-03-08T09:00:00.000Z',
      },
    });
  });

  test('a completion is the completed escrow', async () => {
    expect(await complete()).toEqual({ kind: 'applied', result: { escrowId: PUBLISHED_ID, status: 'completed' } });
  });

  test('a release is what was paid, and the whole of it', async () => {
    expect(await release()).toEqual({
      kind: 'applied',
      result: {
        escrowId: PUBLISHED_ID,
        status: 'released',
        amountUsd: '50.00',
        feeUsd: '0.50',
        paidOutUsd: '49.50',
      },
    });
  });

  test('a dispute has no id', async () => {
    expect(await dispute()).toEqual({
      kind: 'applied',
      result: { escrowId: PUBLISHED_ID, status: 'disputed', disputeId: undefined },
    });
  });

  test('a look is the escrow, to a party as to anybody', async () => {
    const view = {
      escrowId: PUBLISHED_ID,
      status: 'completed',
      statusShown: 'completed',
      amount: parseUsd('50.00'),
      fee: parseUsd('0.50'),
      net: parseUsd('49.50'),
      creatorAgentId: PUBLISHED_CREATOR,
      counterpartyAgentId: PUBLISHED_COUNTERPARTY,
      description: PUBLISHED_VIEW.answer.description,
      createdAt: '2026-03-06T09:00:00.000Z',
      deadlineAt: '2026-03-08T09:00:00.000Z',
      unrecognizedFields: [],
    };

    expect(await readStatus()).toEqual(view);
    expect(await readStatus({ events: PUBLISHED_VIEW.events })).toEqual(view);
  });

  test('statistics are counts and amounts, without those it does not keep', async () => {
    expect(await aClient(answered(200, PUBLISHED_STATS.answer)).client.readStats()).toEqual({
      created: 847,
      released: 791,
      disputed: 12,
      active: undefined,
      autoReleased: undefined,
      volume: parseUsd('41200.00'),
      fees: parseUsd('412.35'),
    });
  });

  test('health names the service', async () => {
    expect(await aClient(answered(200, PUBLISHED_HEALTH.answer)).client.readHealth()).toEqual({
      service: 'agent-escrow',
      version: undefined,
    });
  });
});

describe('a refusal of the published server', () => {
  const cases = PUBLISHED_ESCROW_ERRORS.flatMap(([operations, status, body, code]) =>
    operations.map((operation) => [operation, status, body, code] as const),
  );

  test.each(cases)('of %s by %i %j is one', async (operation, status, body, code) => {
    const { client } = aClient(answered(status, { ...body, _info: {} }));
    const effect = operation === 'create' ? bodyOf() : anEffectRequest('{"reason":"No."}');

    expect(await (operation === 'create' ? client.create(effect) : client[operation](PUBLISHED_ID, effect))).toEqual({
      ...(status === 401 ? { kind: 'not-sent', retryAfterSeconds: 15, waitsFor: 'secret' } : { kind: 'rejected' }),
      reason: `escrow.${operation}: HTTP ${status} ${code}`,
      failure: {
        operation: `escrow.${operation}`,
        httpStatus: status,
        code,
        reference: A_REFERENCE,
        moneyMayHaveMoved: false,
      },
    });
  });

  test.each([
    ['a wrong state, which the first try may have led to', 409, 'invalid_status', 'INVALID_STATUS_TRANSITION'],
    ['a release that failed halfway', 500, 'release_failed', 'SERVER_ERROR'],
    ['a debit that was lost in a race', 500, 'debit_failed', 'DEBIT_FAILED'],
    ['a record that was not written', 500, 'internal_error', 'SERVER_ERROR'],
    ['a path that is not there', 404, 'not_found', 'NOT_FOUND'],
  ])('is not %s', async (_case, status, error, code) => {
    const { client } = aClient(answered(status, { error }), answered(status, { error }));

    for (const result of [await client.create(bodyOf()), await client.release(PUBLISHED_ID, anEffectRequest('{}'))]) {
      expect(result).toMatchObject({ kind: 'unknown', failure: { httpStatus: status, code, moneyMayHaveMoved: true } });
    }
  });
});

describe('a created escrow', () => {
  test.each([
    [{ amount_usd: 0.1 }, { amount_usd: 0.1, commission_usd: 0.001, net_to_counterparty: 0.099 }, '0.10', '0.001'],
    [
      { amount_usd: 1.005 },
      { amount_usd: 1.005, commission_usd: 0.01005, net_to_counterparty: 0.99495 },
      '1.005',
      '0.01005',
    ],
    [
      { amount_usd: 89.8 },
      { amount_usd: 89.80000000000001, commission_usd: 0.898, net_to_counterparty: 88.902 },
      '89.80',
      '0.898',
    ],
    [
      { amount_usd: 250_000 },
      { amount_usd: 250_000, commission_usd: 2_500, net_to_counterparty: 247_500 },
      '250000.00',
      '2500.00',
    ],
    [{ amount_usd: 50 }, { amount_usd: '50', commission_usd: '0.5', net_to_counterparty: '49.50' }, '50.00', '0.50'],
  ])('of %j may show %j', async (asked, shown, amountUsd, feeUsd) => {
    expect(await create(shown, asked)).toMatchObject({ kind: 'applied', result: { amountUsd, feeUsd } });
  });

  test.each([
    ['another amount', { amount_usd: 51, net_to_counterparty: 50.5 }, 'the amount is another'],
    ['a fee that does not add up', { commission_usd: 0.6 }, 'the fee and what is paid out do not add up'],
    ['another counterparty', { counterparty_id: PUBLISHED_CREATOR }, 'the counterparty is another'],
    ['another description', { description: 'Summarize' }, 'the description is another'],
    ['a timeout that was cut', { timeout_hours: 24 }, 'the timeout is another'],
    ['an empty id', { escrow_id: '' }, 'escrow_id: '],
    ['no id', { escrow_id: undefined }, 'escrow_id: '],
    ['the word of the reference', { status: 'locked' }, 'status: '],
    ['another status', { status: 'pending' }, 'status: '],
    ['a deadline that is none', { auto_release_at: 'soon' }, 'auto_release_at: '],
    ['an amount that is none', { amount_usd: NaN }, 'amount_usd: '],
    ['a seventh decimal', { commission_usd: 0.1234567 }, 'commission_usd: '],
    ['the field names of the reference', { commission_usd: undefined, fee_usd: '0.50' }, 'commission_usd: '],
  ])('with %s is unknown', async (_case, shown, problem) => {
    expect(await create(shown)).toEqual(unknown('escrow.create', problem));
  });
});

describe('a completed, released or disputed escrow', () => {
  test.each([
    ['completion', 'escrow.complete', complete],
    ['release', 'escrow.release', release],
    ['dispute', 'escrow.dispute', dispute],
  ] as const)('is unknown after a %s that shows another id or another status', async (_case, name, send) => {
    expect(await send({ escrow_id: 'esc_other' })).toEqual(unknown(name, 'escrow_id is another'));
    expect(await send({ escrow_id: undefined })).toEqual(unknown(name, 'escrow_id: '));
    for (const status of ['funded', 'locked', '', null]) {
      expect(await send({ status })).toEqual(unknown(name, 'status: '));
    }
  });

  test.each([
    [{ amount_released: undefined }, 'amount_released: '],
    [{ commission: 'none' }, 'commission: '],
    [{ commission: -0.5 }, 'commission: '],
  ])('is unknown after a release with %j', async (shown, problem) => {
    expect(await release(shown)).toEqual(unknown('escrow.release', problem));
  });

  test('is released with noise in its amounts', async () => {
    expect(await release({ amount_released: 88.90199999999999, commission: 0.8980000000000001 })).toMatchObject({
      kind: 'applied',
      result: { amountUsd: '89.80', feeUsd: '0.898', paidOutUsd: '88.902' },
    });
  });
});

describe('a request beyond the limits is refused here, with its field', () => {
  test.each([
    [{ amount_usd: 0.09 }, 'amount_usd: below the minimum of 0.10'],
    [{ amount_usd: 0 }, 'amount_usd: below the minimum of 0.10'],
    [{ amount_usd: -1 }, 'amount_usd: -1 is not an amount'],
    [{ timeout_hours: 0 }, 'timeout_hours: '],
    [{ timeout_hours: 721 }, 'timeout_hours: '],
    [{ description: 'x'.repeat(281) }, 'description: '],
    [{ description: 'ab' }, 'description: '],
    [{ counterparty_agent_id: 'ab' }, 'counterparty_agent_id: '],
  ])('a creation with %j', async (overrides, problem) => {
    const { client, requests } = aClient();

    expect(await client.create(bodyOf(overrides))).toMatchObject({
      kind: 'rejected',
      reason: expect.stringContaining(`escrow.create: not sent, since ${problem}`),
      failure: { moneyMayHaveMoved: false },
    });
    expect(requests).toEqual([]);
  });

  test.each([
    [{ amount_usd: 0.1 }],
    [{ amount_usd: 0.5 }],
    [{ amount_usd: 10_000.01 }],
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
    ['release', { release_note: 'x'.repeat(501) }, 'release_note: '],
    ['dispute', { reason: 'x'.repeat(2_001) }, 'reason: '],
    ['dispute', {}, 'reason: '],
  ] as const)('a %s with %j', async (operation, body, problem) => {
    const { client, requests } = aClient();

    expect(await client[operation](PUBLISHED_ID, anEffectRequest(JSON.stringify(body)))).toMatchObject({
      kind: 'rejected',
      reason: expect.stringContaining(`escrow.${operation}: not sent, since ${problem}`),
    });
    expect(requests).toEqual([]);
  });
});

describe('the status of an escrow', () => {
  test.each([
    ['funded', 'locked', false],
    ['completed', 'completed', false],
    ['disputed', 'disputed', false],
    ['released', 'released', true],
    ['refunded', 'refunded', true],
    ['locked', 'unrecognized', false],
    ['auto_released', 'unrecognized', false],
    ['cancelled', 'unrecognized', false],
    ['', 'unrecognized', false],
    ['constructor', 'unrecognized', false],
  ] as const)('%p is %s to us, and final: %p', async (word, status, final) => {
    const view = await readStatus({ status: word });

    expect(view).toMatchObject({ status, statusShown: word });
    expect(isFinal(view.status)).toBe(final);
  });

  test('names the fields that nobody documented', async () => {
    expect((await readStatus({ resolution: 'creator', success: true })).unrecognizedFields).toEqual([
      'resolution',
      'success',
    ]);
  });

  test('may show its times as seconds, as its events do', async () => {
    expect(await readStatus({ created_at: 1_772_787_600, auto_release_at: 1_772_960_400 })).toMatchObject({
      createdAt: '2026-03-06T09:00:00.000Z',
      deadlineAt: '2026-03-08T09:00:00.000Z',
    });
  });

  test.each([
    [{ escrow_id: 'esc_other' }, 'escrow_id is another'],
    [{ status: null }, 'status: '],
    [{ amount_usd: undefined }, 'amount_usd: '],
    [{ auto_release_at: null }, 'auto_release_at: '],
    [{ created_at: 'yesterday' }, 'created_at: '],
    [{ creator_id: undefined }, 'creator_id: '],
  ])('cannot be read with %j', async (shown, problem) => {
    await expect(readStatus(shown)).rejects.toThrow(`escrow.status ${PUBLISHED_VIEW.path}: HTTP 200, but ${problem}`);
  });

  test('is not found where the message says so', async () => {
    const { client } = aClient(answered(404, { error: 'not_found', message: 'Escrow not found', _info: {} }));

    await expect(client.readStatus(PUBLISHED_ID)).rejects.toMatchObject({ code: 'ESCROW_NOT_FOUND', httpStatus: 404 });
  });
});

test('a list is not to be had, and nothing is asked', async () => {
  const { client, requests } = aClient();

  expect(await client.list({ status: 'locked' })).toEqual({
    kind: 'unsupported',
    reason: expect.stringContaining('ledger'),
  });
  expect(requests).toEqual([]);
});
