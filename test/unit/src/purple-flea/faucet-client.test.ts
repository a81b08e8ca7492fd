import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createFaucetClient } from '../../../../src/purple-flea/faucet-client.ts';
import { PROFILES, type Profile } from '../../../../src/purple-flea/service.ts';
import { startTwin, type Twin } from '../../../../twin/server.ts';
import { aService, anEffectRequest } from '../../../support/purple-flea.ts';
import {
  AGENTS,
  PUBLISHED_AGENTS,
  PUBLISHED_SUMMARIZER,
  stoppedClock,
  SUMMARIZER,
  SUMMARIZER_KEY,
} from '../../twin/calling.ts';

const PARTIES = {
  reference: { agents: AGENTS, summarizer: SUMMARIZER },
  published: { agents: PUBLISHED_AGENTS, summarizer: PUBLISHED_SUMMARIZER },
} satisfies Record<Profile, object>;

describe.each(PROFILES)('with the twin in the %s dialect', (profile) => {
  const { agents, summarizer } = PARTIES[profile];
  let twin: Twin;

  beforeEach(async () => {
    twin = await startTwin({ agents, now: stoppedClock, escrowProfile: profile });
  });
  afterEach(() => twin.close());

  const client = () =>
    createFaucetClient(aService(twin.url, { profile }), { apiKey: SUMMARIZER_KEY, agentId: summarizer });
  const claim = () => client().claim(anEffectRequest(client().claimBody(summarizer)));

  test('a claim is paid once', async () => {
    expect(await claim()).toEqual({ kind: 'applied', result: { agentId: summarizer, amountUsd: '1.00' } });
    expect((await claim()).kind).not.toBe('applied');
  });

  test('the status says whether one may claim, where there is a status', async () => {
    const before = await client().readStatus();
    await claim();
    const after = await client().readStatus();

    expect([before, after]).toMatchObject(
      profile === 'reference'
        ? [
            { kind: 'read', value: { canClaim: true } },
            { kind: 'read', value: { canClaim: false } },
          ]
        : [{ kind: 'unsupported' }, { kind: 'unsupported' }],
    );
  });
});
