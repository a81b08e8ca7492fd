import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseEstimate, parseUsd } from '../../../../src/money.ts';
import { PROFILES, type Profile } from '../../../../src/purple-flea/service.ts';
import { createWalletClient } from '../../../../src/purple-flea/wallet-client.ts';
import type { TransferRequest } from '../../../../src/purple-flea/wallet.ts';
import { startTwin, type Twin } from '../../../../twin/server.ts';
import { A_REFERENCE, aService, anEffectRequest } from '../../../support/purple-flea.ts';
import {
  AGENTS,
  BUYER,
  BUYER_KEY,
  PUBLISHED_AGENTS,
  PUBLISHED_BUYER,
  PUBLISHED_SUMMARIZER,
  stoppedClock,
  SUMMARIZER,
  SUMMARIZER_KEY,
} from '../../twin/calling.ts';

const PARTIES = {
  reference: { agents: AGENTS, buyer: BUYER, summarizer: SUMMARIZER, had: '0.00' },
  published: { agents: PUBLISHED_AGENTS, buyer: PUBLISHED_BUYER, summarizer: PUBLISHED_SUMMARIZER, had: '0.50' },
} satisfies Record<Profile, object>;

describe.each(PROFILES)('with the twin in the %s dialect', (profile) => {
  const { agents, buyer, summarizer, had } = PARTIES[profile];
  let twin: Twin;

  beforeEach(async () => {
    twin = await startTwin({ agents, now: stoppedClock, escrowProfile: profile });
  });
  afterEach(() => twin.close());

  const clientOf = (apiKey: string, agentId: string) =>
    createWalletClient(aService(twin.url, { profile }), { apiKey, agentId });
  const transfer = (overrides: Partial<TransferRequest> = {}, apiKey = BUYER_KEY) => {
    const client = clientOf(apiKey, buyer);
    const body = client.transferBody({
      reference: A_REFERENCE,
      fromAgentId: buyer,
      toAgentId: summarizer,
      amount: parseUsd('12.50'),
      memo: 'Labels of batch 7',
      ...overrides,
    });
    return client.transfer(anEffectRequest(body));
  };

  test('a transfer moves money from one to the other', async () => {
    expect(await transfer()).toMatchObject({
      kind: 'applied',
      result: { transferId: expect.stringMatching(/./), toAgentId: summarizer, amountUsd: '12.50' },
    });
    expect(await clientOf(BUYER_KEY, buyer).readBalance()).toMatchObject({
      agentId: buyer,
      available: parseUsd('987.50'),
    });
    expect((await clientOf(SUMMARIZER_KEY, summarizer).readBalance()).available).toBe(
      parseEstimate(String(Number(had) + 12.5)),
    );
  });

  test('a transfer that cannot be is rejected by its code', async () => {
    expect(await transfer({}, 'nobody')).toMatchObject({ kind: 'not-sent', failure: { code: 'UNAUTHORIZED' } });
    expect(await transfer({ amount: parseUsd('1000.01') })).toMatchObject({
      kind: 'rejected',
      failure: { code: 'INSUFFICIENT_BALANCE', moneyMayHaveMoved: false },
    });
    expect(await transfer({ toAgentId: 'ag_nobody' })).toMatchObject({
      kind: 'rejected',
      failure: { code: 'RECIPIENT_NOT_FOUND' },
    });
  });

  test('the ledger has the payment as a negative row, where there is a ledger', async () => {
    await transfer();

    const ledger = await clientOf(BUYER_KEY, buyer).readLedger();
    const amounts = ledger.kind === 'read' ? ledger.value.map(({ amount }) => amount) : [];

    expect([ledger.kind, amounts[0]]).toEqual(
      profile === 'published' ? ['read', parseEstimate('-12.50')] : ['unsupported', undefined],
    );
  });
});
