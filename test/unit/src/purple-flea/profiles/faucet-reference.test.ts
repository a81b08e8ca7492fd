import { describe, expect, test } from '@jest/globals';
import { createFaucetClient } from '../../../../../src/purple-flea/faucet-client.ts';
import type { HttpAnswer } from '../../../../../src/purple-flea/transport.ts';
import { CLAIM_EXAMPLE, DOCUMENTED_AGENT, FAUCET_STATUS_EXAMPLE } from '../../../../support/documented-examples.ts';
import { aServiceAnswering, anEffectRequest, answered, CANARY_CREDENTIALS } from '../../../../support/purple-flea.ts';

/** A client whose service gives these answers. */
function aClient(...answers: HttpAnswer[]) {
  const { deps, requests } = aServiceAnswering('reference', ...answers);
  return { client: createFaucetClient(deps, { ...CANARY_CREDENTIALS, agentId: DOCUMENTED_AGENT }), requests };
}

const REQUEST = anEffectRequest(JSON.stringify(CLAIM_EXAMPLE.request));

describe('a claim', () => {
  test('is written as the example', () => {
    expect(aClient().client.claimBody(DOCUMENTED_AGENT)).toBe(JSON.stringify(CLAIM_EXAMPLE.request));
  });

  test('that was paid is what the ledger keeps', async () => {
    expect(await aClient(answered(200, CLAIM_EXAMPLE.answer)).client.claim(REQUEST)).toEqual({
      kind: 'applied',
      result: { agentId: DOCUMENTED_AGENT, amountUsd: '1.00' },
    });
  });

  test.each([
    [{ agent_id: 'agent_other' }, 'agent_id is another'],
    [{ claimed_usdc: undefined }, 'claimed_usdc: '],
    [{ claimed_usdc: -1 }, 'claimed_usdc: '],
  ])('that shows %j is unknown', async (shown, problem) => {
    expect(await aClient(answered(200, { ...CLAIM_EXAMPLE.answer, ...shown })).client.claim(REQUEST)).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining(`faucet.claim: HTTP 200, but ${problem}`),
      failure: { moneyMayHaveMoved: true },
    });
  });

  test('of nobody is refused here', async () => {
    const { client, requests } = aClient();

    expect(await client.claim(anEffectRequest('{"agent_id":""}'))).toMatchObject({
      kind: 'rejected',
      reason: expect.stringContaining('faucet.claim: not sent, since agent_id: '),
    });
    expect(requests).toEqual([]);
  });

  test('that was made before is rejected with a code of its own', async () => {
    const { client } = aClient(answered(409, { success: false, error: 'ALREADY_CLAIMED' }));

    expect(await client.claim(REQUEST)).toMatchObject({ kind: 'rejected', failure: { code: 'ALREADY_CLAIMED' } });
  });
});

describe('the status', () => {
  test('is asked for by the agent', async () => {
    const { client, requests } = aClient(answered(200, FAUCET_STATUS_EXAMPLE.answer));

    expect(await client.readStatus()).toEqual({
      kind: 'read',
      value: { canClaim: false, nextEligibleAt: '2026-03-07T09:00:00.000Z' },
    });
    expect(requests.map(({ url }) => url)).toEqual([`http://service${FAUCET_STATUS_EXAMPLE.path}`]);
  });

  test.each([
    [
      { can_claim: true, next_eligible_at: null },
      { canClaim: true, nextEligibleAt: undefined },
    ],
    [
      { can_claim: false, next_eligible_at: undefined },
      { canClaim: false, nextEligibleAt: undefined },
    ],
  ])('may be %j', async (shown, value) => {
    expect(await aClient(answered(200, shown)).client.readStatus()).toEqual({ kind: 'read', value });
  });

  test.each([[{ can_claim: 'yes' }], [{ can_claim: true, next_eligible_at: 'tomorrow' }], [{}]])(
    'cannot be read from %j',
    async (shown) => {
      await expect(aClient(answered(200, shown)).client.readStatus()).rejects.toThrow('faucet.status /api/status');
    },
  );
});
