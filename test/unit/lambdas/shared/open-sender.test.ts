import { describe, expect, test } from '@jest/globals';
import { isReadable } from '../../../../lambdas/resolve-intents/is-readable.ts';
import { createOpenSender } from '../../../../lambdas/shared/open-sender.ts';
import { createKeyRing } from '../../../../src/aws/key-ring.ts';
import type { IntentOwner } from '../../../../src/ledger/owner.ts';
import type { EffectKind } from '../../../../src/ledger/effect-key.ts';
import { aNewIntent, NOON } from '../../../support/effects.ts';
import { inert } from '../../../support/inert.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';
import { PLACES } from '../../../support/places.ts';
import { answered, aServiceAnswering } from '../../../support/purple-flea.ts';

const SECRETS: Readonly<Record<string, string>> = {
  Main: '{"apiKey": "key-of-treasury", "agentId": "ag_treasury", "counterpartyKeys": {"ag_payee": "key-of-payee"}}',
  Before: '{"apiKey": "key-of-before", "agentId": "ag_before"}',
};
const SOURCES = {
  treasury: { agentId: 'ag_treasury', secretName: 'Main' },
  counterparties: { agentId: 'ag_treasury', secretName: 'Main' },
  predecessor: { agentId: 'ag_before', secretName: 'Before' },
};
const EMPTY_LIST = answered(200, { success: true, total: 0, limit: 1, offset: 0, escrows: [] });

/** Whether what waits for its sender may be woken, and with which keys that was asked. */
async function ask(kind: EffectKind, owner: IntentOwner) {
  const { deps, requests } = aServiceAnswering('reference', EMPTY_LIST);
  const keys = createKeyRing(SOURCES, async (name) => SECRETS[name]);
  const openSender = createOpenSender(deps, keys, PLACES.wallet);
  const intent = await createMemoryIntents().prepare(aNewIntent({ kind, ...owner }), NOON);
  const readable = await isReadable({ openSender, openWallet: inert('openWallet') }, intent);
  return [readable, ...requests.map(({ apiKey }) => apiKey)];
}

describe('whether the sender of an effect is back is asked', () => {
  const service = { baseUrl: 'http://service', profile: 'reference' } as const;

  test.each([
    ['escrow-create', 'ag_treasury', true, 'key-of-treasury'],
    ['escrow-release', 'ag_treasury', true, 'key-of-treasury'],
    ['escrow-release', 'ag_before', true, 'key-of-before'],
    ['escrow-dispute', 'ag_before', true, 'key-of-before'],
    ['escrow-complete', 'ag_payee', true, 'key-of-payee'],
    // A predecessor begins nothing, and no counterparty settles: who waits for that is not woken in vain.
    ['escrow-create', 'ag_before', false],
    ['escrow-create', 'ag_payee', false],
    ['escrow-release', 'ag_payee', false],
    ['escrow-complete', 'ag_treasury', false],
  ] as const)('with the key of a role that sends it: %s of %s', async (kind, agentId, ...expected) => {
    expect(await ask(kind, { agentId, service })).toEqual(expected);
  });

  test.each([
    ['another address', { service: { ...service, baseUrl: 'http://before' } }],
    ['another dialect', { service: { ...service, profile: 'published' as const } }],
  ])('at the configured service alone, and not at %s', async (_case, owner) => {
    expect(await ask('escrow-create', { agentId: 'ag_treasury', ...owner })).toEqual([false]);
  });
});
