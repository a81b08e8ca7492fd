import { describe, expect, test } from '@jest/globals';
import { parseEstimate, parseUsd } from '../../../../../src/money.ts';
import type { HttpAnswer } from '../../../../../src/purple-flea/transport.ts';
import { createWalletClient } from '../../../../../src/purple-flea/wallet-client.ts';
import type { TransferRequest } from '../../../../../src/purple-flea/wallet.ts';
import {
  PUBLISHED_BALANCE,
  PUBLISHED_COUNTERPARTY,
  PUBLISHED_CREATOR,
  PUBLISHED_ID,
  PUBLISHED_LEDGER,
  PUBLISHED_PAYMENT,
  PUBLISHED_PAYMENT_ERRORS,
} from '../../../../support/published-examples.ts';
import {
  A_REFERENCE,
  aServiceAnswering,
  anEffectRequest,
  answered,
  CANARY_CREDENTIALS,
} from '../../../../support/purple-flea.ts';

const TRANSFER: TransferRequest = {
  reference: A_REFERENCE,
  fromAgentId: PUBLISHED_CREATOR,
  toAgentId: PUBLISHED_COUNTERPARTY,
  amount: parseUsd('12.50'),
  memo: PUBLISHED_PAYMENT.request.memo,
};

/** A client whose service gives these answers. */
function aClient(...answers: HttpAnswer[]) {
  const { deps, requests } = aServiceAnswering('published', ...answers);
  return { client: createWalletClient(deps, { ...CANARY_CREDENTIALS, agentId: PUBLISHED_CREATOR }), requests };
}

const REQUEST = anEffectRequest(JSON.stringify(PUBLISHED_PAYMENT.request));
const pay = (shown: object = {}) =>
  aClient(answered(200, { ...PUBLISHED_PAYMENT.answer, ...shown })).client.transfer(REQUEST);

describe('a payment', () => {
  test('is written in the words of the server, its memo led by the reference', () => {
    const text = aClient().client.transferBody(TRANSFER);

    expect(JSON.parse(text)).toEqual({
      ...PUBLISHED_PAYMENT.request,
      memo: `${A_REFERENCE} ${PUBLISHED_PAYMENT.request.memo}`,
    });
    expect(text).toContain('"amount":12.50,');
  });

  test('that was made is what the ledger keeps', async () => {
    expect(await pay()).toEqual({
      kind: 'applied',
      result: { transferId: 'pay_0011223344556677', toAgentId: PUBLISHED_COUNTERPARTY, amountUsd: '12.50' },
    });
  });

  test.each([
    ['no id', { tx_id: undefined }, 'tx_id: '],
    ['another recipient', { to: PUBLISHED_CREATOR }, 'to is another'],
    ['another amount', { amount: 12.49 }, 'amount is 12.49'],
  ])('that shows %s is unknown', async (_case, shown, problem) => {
    expect(await pay(shown)).toEqual({
      kind: 'unknown',
      reason: expect.stringContaining(`wallet.transfer: HTTP 200, but ${problem}`),
      failure: expect.objectContaining({ operation: 'wallet.transfer', moneyMayHaveMoved: true }),
    });
  });

  test.each(PUBLISHED_PAYMENT_ERRORS)('that is answered by %i %j was not made', async (status, body, code) => {
    const { client } = aClient(answered(status, { ...body, _info: {} }));

    expect(await client.transfer(REQUEST)).toMatchObject({
      kind: status === 401 ? 'not-sent' : 'rejected',
      reason: `wallet.transfer: HTTP ${status} ${code}`,
      failure: { code, moneyMayHaveMoved: false },
    });
  });

  test.each([
    [{ amount: 0.009 }, 'amount: below the minimum of 0.01'],
    [{ amount: undefined }, 'amount: '],
    [{ to_agent_id: '' }, 'to_agent_id: '],
    [{ memo: 'x'.repeat(281) }, 'memo: '],
  ])('with %j is refused here, with its field', async (overrides, problem) => {
    const { client, requests } = aClient();
    const body = JSON.stringify({ ...PUBLISHED_PAYMENT.request, ...overrides });

    expect(await client.transfer(anEffectRequest(body))).toMatchObject({
      kind: 'rejected',
      reason: expect.stringContaining(`wallet.transfer: not sent, since ${problem}`),
    });
    expect(requests).toEqual([]);
  });
});

describe('a balance', () => {
  test('is what is available; what is locked is not said', async () => {
    const { client, requests } = aClient(answered(200, PUBLISHED_BALANCE.answer));

    expect(await client.readBalance()).toEqual({
      agentId: PUBLISHED_CREATOR,
      available: parseUsd('89.80'),
      locked: undefined,
    });
    expect(requests.map(({ url }) => url)).toEqual(['http://service/api/v1/auth/balance']);
  });

  test.each([
    [{ agent_id: PUBLISHED_COUNTERPARTY }, 'agent_id is another'],
    [{ balance_usd: -1 }, 'balance_usd: '],
    [{ balance_usd: undefined }, 'balance_usd: '],
  ])('cannot be read with %j', async (shown, problem) => {
    const { client } = aClient(answered(200, { ...PUBLISHED_BALANCE.answer, ...shown }));

    await expect(client.readBalance()).rejects.toThrow(problem);
  });
});

describe('the ledger', () => {
  test('has the movements of the agent, negative where they left it', async () => {
    const { client, requests } = aClient(answered(200, PUBLISHED_LEDGER.answer));

    expect(await client.readLedger()).toEqual({
      kind: 'read',
      value: [
        {
          rowId: `${PUBLISHED_ID}_release_credit`,
          amount: parseUsd('49.50'),
          reason: `escrow_release: ${PUBLISHED_ID}`,
          subject: `${PUBLISHED_ID}_release`,
          at: '2026-03-06T10:00:00.000Z',
        },
        {
          rowId: `${PUBLISHED_ID}_debit`,
          amount: parseEstimate('-50.00'),
          reason: `escrow_lock: ${PUBLISHED_ID}`,
          subject: PUBLISHED_ID,
          at: '2026-03-06T09:00:00.000Z',
        },
        {
          rowId: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
          amount: parseUsd('1.00'),
          reason: 'faucet_claim: $1 free credits',
          subject: '',
          at: '2026-03-06T08:00:00.000Z',
        },
      ],
    });
    expect(requests.map(({ url }) => url)).toEqual(['http://service/api/v1/auth/ledger']);
  });

  test.each([
    [{ type: 'transfer' }, 'entries.0.type: '],
    [{ id: '' }, 'entries.0.id: '],
    [{ amount: null }, 'entries.0.amount: '],
    [{ createdAt: 'today' }, 'entries.0.createdAt: '],
    [{ reason: undefined }, 'entries.0.reason: '],
  ])('cannot be read with %j', async (shown, problem) => {
    const entries = [{ ...PUBLISHED_LEDGER.answer.entries[0], ...shown }];

    await expect(aClient(answered(200, { entries })).client.readLedger()).rejects.toThrow(problem);
  });
});
