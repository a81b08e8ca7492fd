import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { composeKeys } from '../../../../operations/compose-keys.ts';
import { checkKeys } from '../../../../src/aws/check-keys.ts';
import { createKeyRing, listCounterparties, type KeySources } from '../../../../src/aws/key-ring.ts';
import { createKeyProbe } from '../../../../src/purple-flea/key-probe.ts';
import { PROFILES } from '../../../../src/purple-flea/service.ts';
import { startTwin, type Twin } from '../../../../twin/server.ts';
import { OWNER, TREASURY } from '../../../support/bonus-escrow.ts';
import { aService } from '../../../support/purple-flea.ts';

const AGENTS = [
  { agentId: TREASURY, apiKey: 'key-of-treasury', balanceUsd: '1000.00' },
  { agentId: OWNER, apiKey: 'key-of-owner', balanceUsd: '0.00' },
  { agentId: 'ag_before', apiKey: 'key-of-before', balanceUsd: '0.00' },
];
const own = (apiKey: string, agentId: string) => JSON.stringify({ apiKey, agentId });
const GOOD: Readonly<Record<string, string>> = {
  Main: own('key-of-treasury', TREASURY),
  Trading: own('key-of-treasury', TREASURY),
  Counterparties: JSON.stringify({ counterpartyKeys: { [OWNER]: 'key-of-owner' } }),
  Before: own('key-of-before', 'ag_before'),
};
const SOURCES: KeySources = {
  treasury: { agentId: TREASURY, secretName: 'Main' },
  trading: { agentId: TREASURY, secretName: 'Trading' },
  wallet: { agentId: TREASURY, secretName: 'Main' },
  counterparties: { secretName: 'Counterparties' },
  predecessor: { agentId: 'ag_before', secretName: 'Before' },
};

describe.each(PROFILES)('the keys that a stage names, in the %s dialect', (profile) => {
  let twin: Twin;
  beforeEach(async () => {
    const dialects = { escrowProfile: profile, tradingProfile: profile, walletProfile: profile };
    twin = await startTwin({ agents: AGENTS, ...dialects, rateLimits: false });
  });
  afterEach(() => twin.close());

  function check(secrets: Readonly<Record<string, string | undefined>>) {
    const read = async (name: string) => ({ ...GOOD, ...secrets })[name];
    const service = aService(twin.url, { profile });
    return checkKeys({
      sources: SOURCES,
      keys: createKeyRing(SOURCES, read),
      listCounterparties: () => listCounterparties(SOURCES, read),
      probe: createKeyProbe({ escrow: service, wallet: service, trading: service }),
    });
  }
  const failing = async (secrets: Readonly<Record<string, string | undefined>>) =>
    (await check(secrets)).filter(({ ok }) => !ok).map(({ role, detail }) => [role, detail]);

  test('are each tried at the service that they are for', async () => {
    const checks = await check({});

    expect(checks.map(({ role, agentId, ok }) => [role, agentId, ok])).toEqual([
      ['treasury', TREASURY, true],
      ['trading', TREASURY, true],
      ['wallet', TREASURY, true],
      ['counterparties', OWNER, true],
      ['predecessor', 'ag_before', true],
    ]);
    expect(composeKeys(checks)[0]).toBe('keys: ready');
  });

  test.each([
    ['predecessor', { Before: own('wrong-key', 'ag_before') }, '401'],
    ['counterparties', { Counterparties: JSON.stringify({ counterpartyKeys: { [OWNER]: 'wrong-key' } }) }, '401'],
    ['counterparties', { Counterparties: '{"counterpartyKeys": {"ag_owner": "a key\\n"}}' }, 'has white space'],
    ['trading', { Trading: undefined }, 'secret Trading: has no value'],
    ['predecessor', { Before: own('key-of-owner', OWNER) }, 'agentId is another than the agentId in the configuration'],
  ])('are named where one does not work: %s', async (role, secrets, detail) => {
    expect(await failing(secrets)).toEqual([[role, expect.stringContaining(detail)]]);
    expect(composeKeys(await check(secrets))[0]).toBe(`keys: not ready (${role})`);
    expect(JSON.stringify(await check(secrets))).not.toMatch(/key-of-|wrong-key/);
  });

  test('need none of a counterparty', async () => {
    const checks = await check({ Counterparties: '{"counterpartyKeys": {}}' });

    expect(checks.find(({ role }) => role === 'counterparties')).toMatchObject({
      ok: true,
      detail: 'none is held: counterparties record deliveries',
    });
  });
});
