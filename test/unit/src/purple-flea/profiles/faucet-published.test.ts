import { describe, expect, test } from '@jest/globals';
import { createFaucetClient } from '../../../../../src/purple-flea/faucet-client.ts';
import type { HttpAnswer } from '../../../../../src/purple-flea/transport.ts';
import {
  PUBLISHED_CLAIM,
  PUBLISHED_CLAIM_ERRORS,
  PUBLISHED_COUNTERPARTY,
  PUBLISHED_CREATOR,
} from '../../../../support/published-examples.ts';
import { aServiceAnswering, anEffectRequest, answered, CANARY_CREDENTIALS } from '../../../../support/purple-flea.ts';

/** A client whose service gives these answers. */
function aClient(...answers: HttpAnswer[]) {
  const { deps, requests } = aServiceAnswering('published', ...answers);
  return { client: createFaucetClient(deps, CANARY_CREDENTIALS), requests };
}

const REQUEST = anEffectRequest(JSON.stringify(PUBLISHED_CLAIM.request));

describe('a claim', () => {
  test('is written in the words of the server', () => {
    expect(aClient().client.claimBody(PUBLISHED_CREATOR)).toBe(JSON.stringify(PUBLISHED_CLAIM.request));
  });

  test('that was paid is what the ledger keeps', async () => {
    expect(await aClient(answered(200, PUBLISHED_CLAIM.answer)).client.claim(REQUEST)).toEqual({
      kind: 'applied',
      result: { agentId: PUBLISHED_CREATOR, amountUsd: '1.00' },
    });
  });

  test.each([
    [{ agent_id: PUBLISHED_COUNTERPARTY }, 'agent_id is another'],
    [{ credited: undefined }, 'credited: '],
  ])('that shows %j is unknown', async (shown, problem) => {
    expect(await aClient(answered(200, { ...PUBLISHED_CLAIM.answer, ...shown })).client.claim(REQUEST)).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining(`faucet.claim: HTTP 200, but ${problem}`),
    });
  });

  test.each(PUBLISHED_CLAIM_ERRORS)('that is answered by %i %j is rejected', async (status, body, code) => {
    const { client } = aClient(answered(status, { ...body, _info: {} }));

    expect(await client.claim(REQUEST)).toMatchObject({ kind: 'rejected', failure: { code, httpStatus: status } });
  });

  test.each(['rate_limited', 'ip_rate_limited'])('that is answered by 429 %s may be tried again', async (error) => {
    const { client } = aClient(answered(429, { error }));

    expect(await client.claim(REQUEST)).toMatchObject({
      kind: 'not-sent',
      retryAfterSeconds: 15,
      failure: { code: 'RATE_LIMITED' },
    });
  });

  test('of nobody is refused here', async () => {
    const { client, requests } = aClient();

    expect(await client.claim(anEffectRequest('{}'))).toMatchObject({
      kind: 'rejected',
      reason: expect.stringContaining('faucet.claim: not sent, since agent_casino_id: '),
    });
    expect(requests).toEqual([]);
  });
});

test('a status is not to be had, and nothing is asked', async () => {
  const { client, requests } = aClient();

  expect(await client.readStatus()).toEqual({ kind: 'unsupported', reason: expect.stringContaining('claiming twice') });
  expect(requests).toEqual([]);
});
