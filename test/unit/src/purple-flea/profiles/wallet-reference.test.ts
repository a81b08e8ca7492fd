import { describe, expect, test } from '@jest/globals';
import { parseUsd } from '../../../../../src/money.ts';
import type { HttpAnswer } from '../../../../../src/purple-flea/transport.ts';
import { createWalletClient } from '../../../../../src/purple-flea/wallet-client.ts';
import type { TransferRequest } from '../../../../../src/purple-flea/wallet.ts';
import { BALANCE_EXAMPLE, DOCUMENTED_AGENT, TRANSFER_EXAMPLE } from '../../../../support/documented-examples.ts';
import {
  A_REFERENCE,
  aServiceAnswering,
  anEffectRequest,
  answered,
  CANARY_CREDENTIALS,
} from '../../../../support/purple-flea.ts';

const TRANSFER: TransferRequest = {
  reference: A_REFERENCE,
  fromAgentId: DOCUMENTED_AGENT,
  toAgentId: TRANSFER_EXAMPLE.request.to_agent,
  amount: parseUsd('12.50'),
  memo: TRANSFER_EXAMPLE.request.memo,
};

/** A client whose service gives these answers. */
function aClient(...answers: HttpAnswer[]) {
  const { deps, requests } = aServiceAnswering('reference', ...answers);
  return { client: createWalletClient(deps, { ...CANARY_CREDENTIALS, agentId: DOCUMENTED_AGENT }), requests };
}

const transfer = (shown: object = {}) =>
  aClient(answered(200, { ...TRANSFER_EXAMPLE.answer, ...shown })).client.transfer(
    anEffectRequest(JSON.stringify(TRANSFER_EXAMPLE.request)),
  );

describe('a transfer', () => {
  test('is written as the example, its memo led by the reference', () => {
    const text = aClient().client.transferBody(TRANSFER);

    expect(JSON.parse(text)).toEqual({
      ...TRANSFER_EXAMPLE.request,
      memo: `${A_REFERENCE} ${TRANSFER_EXAMPLE.request.memo}`,
    });
    expect(text).toContain('"amount":12.50,');
  });

  test('has at most 280 characters of memo', () => {
    const { memo } = JSON.parse(aClient().client.transferBody({ ...TRANSFER, memo: 'x'.repeat(500) })) as {
      memo: string;
    };

    expect(memo).toBe(`${A_REFERENCE} ${'x'.repeat(255)}`);
  });

  test('that was made is what the ledger keeps', async () => {
    expect(await transfer()).toEqual({
      kind: 'applied',
      result: { transferId: 'tx_0011223344556677', toAgentId: 'agent_labeler', amountUsd: '12.50' },
    });
  });

  test.each([
    ['no id', { tx_id: undefined }, 'tx_id: '],
    ['an empty id', { tx_id: '' }, 'tx_id: '],
    ['another recipient', { to_agent: DOCUMENTED_AGENT }, 'to_agent is another'],
    ['another amount', { amount: 12.49 }, 'amount is 12.49'],
    ['an amount that is none', { amount: '12,50' }, 'amount: '],
  ])('that shows %s is unknown', async (_case, shown, problem) => {
    expect(await transfer(shown)).toEqual({
      kind: 'unknown',
      reason: expect.stringContaining(`wallet.transfer: HTTP 200, but ${problem}`),
      failure: expect.objectContaining({ operation: 'wallet.transfer', moneyMayHaveMoved: true }),
    });
  });

  test.each([
    [{ amount: 0.009999 }, 'amount: below the minimum of 0.01'],
    [{ amount: 0 }, 'amount: below the minimum of 0.01'],
    [{ amount: -1 }, 'amount: -1 is not an amount'],
    [{ to_agent: '' }, 'to_agent: '],
    [{ from_agent: undefined }, 'from_agent: '],
    [{ memo: 'x'.repeat(281) }, 'memo: '],
  ])('with %j is refused here, with its field', async (overrides, problem) => {
    const { client, requests } = aClient();
    const body = JSON.stringify({ ...TRANSFER_EXAMPLE.request, ...overrides });

    expect(await client.transfer(anEffectRequest(body))).toMatchObject({
      kind: 'rejected',
      reason: expect.stringContaining(`wallet.transfer: not sent, since ${problem}`),
      failure: { moneyMayHaveMoved: false },
    });
    expect(requests).toEqual([]);
  });

  test('of a cent is not', async () => {
    const { client } = aClient(answered(200, { ...TRANSFER_EXAMPLE.answer, amount: 0.01 }));
    const body = JSON.stringify({ ...TRANSFER_EXAMPLE.request, amount: 0.01 });

    expect(await client.transfer(anEffectRequest(body))).toMatchObject({ kind: 'applied' });
  });
});

describe('a balance', () => {
  test('is what is available and what is locked, asked for by the agent', async () => {
    const { client, requests } = aClient(answered(200, BALANCE_EXAMPLE.answer));

    expect(await client.readBalance()).toEqual({
      agentId: DOCUMENTED_AGENT,
      available: parseUsd('89.80'),
      locked: parseUsd('50.00'),
    });
    expect(requests.map(({ url }) => url)).toEqual([`http://service${BALANCE_EXAMPLE.path}`]);
  });

  test.each([
    [{ agent_id: 'agent_other' }, 'agent_id is another'],
    [{ available_usdc: -1 }, 'available_usdc: '],
    [{ locked_usdc: undefined }, 'locked_usdc: '],
  ])('cannot be read with %j', async (shown, problem) => {
    const { client } = aClient(answered(200, { ...BALANCE_EXAMPLE.answer, ...shown }));

    await expect(client.readBalance()).rejects.toThrow(
      `wallet.balance ${BALANCE_EXAMPLE.path}: HTTP 200, but ${problem}`,
    );
  });
});

test('a ledger is not to be had, and nothing is asked', async () => {
  const { client, requests } = aClient();

  expect(await client.readLedger()).toEqual({ kind: 'unsupported', reason: expect.stringContaining('list') });
  expect(requests).toEqual([]);
});
