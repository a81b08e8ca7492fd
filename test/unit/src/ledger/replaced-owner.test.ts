import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHandler } from '../../../../lambdas/lock-funds/handler.ts';
import { createKeyRing } from '../../../../src/aws/key-ring.ts';
import { createEscrowClient } from '../../../../src/purple-flea/escrow-client.ts';
import { openToSend } from '../../../../src/purple-flea/open-client.ts';
import { PROFILES, type ServiceDeps } from '../../../../src/purple-flea/service.ts';
import { startTwin, type Twin } from '../../../../twin/server.ts';
import { aRequest, OWNER, TREASURY } from '../../../support/bonus-escrow.ts';
import { afterNoon, MINUTE } from '../../../support/effects.ts';
import { anEscrowTask } from '../../../support/escrow-task.ts';
import { timeLeft } from '../../../support/lambda-events.ts';
import { createMemoryIntents, type MemoryIntents } from '../../../support/memory-intents.ts';
import { ownerAt } from '../../../support/owners.ts';
import { aService } from '../../../support/purple-flea.ts';

const NEXT = 'ag_next_treasury';
const AGENTS = [
  { agentId: TREASURY, apiKey: 'key-of-treasury', balanceUsd: '1000.00' },
  { agentId: NEXT, apiKey: 'key-of-next', balanceUsd: '1000.00' },
  { agentId: OWNER, apiKey: 'key-of-owner', balanceUsd: '0.00' },
];
/** The next agent's own key, with that of the former one under another role. */
const REPLACED = JSON.stringify({
  apiKey: 'key-of-next',
  agentId: NEXT,
  counterpartyKeys: { [TREASURY]: 'key-of-treasury' },
});

describe.each(PROFILES)('a lock that was recorded for an agent, in the %s dialect', (profile) => {
  let twin: Twin;
  let intents: MemoryIntents;
  beforeEach(async () => {
    intents = createMemoryIntents();
    twin = await startTwin({ agents: AGENTS, escrowProfile: profile, rateLimits: false, now: () => afterNoon(0) });
  });
  afterEach(() => twin.close());

  /** One visit of the task, where the stage names this agent and its secret holds this; it notes each POST. */
  async function visit(agentId: string, secret: string, change: Partial<ServiceDeps> = {}, stop = false) {
    const posts: (string | undefined)[] = [];
    const plain = aService(twin.url, { profile });
    const service: ServiceDeps = {
      ...plain,
      async transport(request) {
        if (request.method === 'POST') posts.push(request.apiKey);
        return plain.transport(request);
      },
      ...change,
    };
    const source = { agentId, secretName: 'PurpleFleaApiKey' };
    const keys = createKeyRing({ treasury: source, counterparties: source }, async () => secret);
    const { deps } = anEscrowTask(
      {},
      {
        intents,
        owner: ownerAt(service, { agentId }),
        openEscrow: openToSend(service, (whose) => keys.get(whose, ['treasury']), createEscrowClient),
        readStop: async () => (stop ? 'reducing' : 'running'),
        now: () => afterNoon(stop ? 0 : 60 * MINUTE),
      },
    );
    return { outcome: await createHandler(deps)(aRequest(), timeLeft()), posts };
  }

  const OWN = JSON.stringify({ apiKey: 'key-of-treasury', agentId: TREASURY });

  test.each([
    ['the configuration names another agent', NEXT, 'no key of ag_platform_treasury is held for it'],
    ['the secret holds the key of another agent', TREASURY, 'agentId is another than the agentId in the configuration'],
  ])('is sent under no other: %s', async (_case, configured, reason) => {
    await visit(TREASURY, OWN, {}, true);

    const { outcome, posts } = await visit(configured, REPLACED);

    expect(outcome).toMatchObject({ reason: expect.stringContaining(reason) });
    expect(posts).toEqual([]);
    expect([...intents.items.values()]).toEqual([
      expect.objectContaining({
        state: 'prepared',
        fence: 0,
        agentId: TREASURY,
        service: { baseUrl: twin.url, profile },
      }),
    ]);
  });

  test.each([
    ['address', { baseUrl: 'http://127.0.0.1:9', profile }],
    ['dialect', { baseUrl: '', profile: profile === 'reference' ? ('published' as const) : ('reference' as const) }],
  ])('is sent to no other %s', async (_what, service) => {
    await visit(TREASURY, OWN, {}, true);

    const elsewhere = { ...service, baseUrl: service.baseUrl || twin.url };
    const { outcome, posts } = await visit(TREASURY, OWN, { service: elsewhere });

    expect(outcome).toMatchObject({ reason: expect.stringContaining(`it was recorded for ${twin.url} (${profile})`) });
    expect(posts).toEqual([]);
  });

  test('is sent once its agent is back', async () => {
    await visit(TREASURY, OWN, {}, true);

    const { outcome, posts } = await visit(TREASURY, OWN);

    expect(outcome).toMatchObject({ outcome: 'applied' });
    expect(posts).toEqual(['key-of-treasury']);
  });
});
