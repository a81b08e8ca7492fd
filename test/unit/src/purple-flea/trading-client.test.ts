import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseUsd } from '../../../../src/money.ts';
import { PROFILES, type Profile } from '../../../../src/purple-flea/service.ts';
import { createTradingClient } from '../../../../src/purple-flea/trading-client.ts';
import type { OrderRequest } from '../../../../src/purple-flea/trading.ts';
import { startTwin, type Twin } from '../../../../twin/server.ts';
import { ORDER_EXAMPLE } from '../../../support/documented-examples.ts';
import { PUBLISHED_ORDER } from '../../../support/published-examples.ts';
import {
  A_REFERENCE,
  aService,
  aServiceAnswering,
  anEffectRequest,
  answered,
  CANARY_CREDENTIALS,
} from '../../../support/purple-flea.ts';
import {
  AGENTS,
  call,
  OUTSIDER,
  OUTSIDER_KEY,
  PUBLISHED_AGENTS,
  stoppedClock,
  SUMMARIZER,
  SUMMARIZER_KEY,
} from '../../twin/calling.ts';

const BODIES: Readonly<Record<Profile, object>> = {
  reference: ORDER_EXAMPLE.request,
  published: PUBLISHED_ORDER.request,
};

describe.each(PROFILES)('an order in the %s dialect', (profile) => {
  const place = async (status: number, body: object) => {
    const { deps, requests } = aServiceAnswering(profile, answered(status, body));
    const request = anEffectRequest(JSON.stringify(BODIES[profile]));
    const result = await createTradingClient(deps, CANARY_CREDENTIALS).placeOrder(request);
    expect(requests).toHaveLength(1);
    return result;
  };

  test('is certainly not placed after 401 UNAUTHORIZED alone: any other refusal may come after the exchange filled it', async () => {
    const kinds: [number, string][] = [];
    for (let status = 400; status < 500; status += 1) {
      const error = profile === 'reference' ? 'UNAUTHORIZED' : 'unauthorized';
      kinds.push([status, (await place(status, { error, message: 'No.' })).kind]);
    }

    expect(kinds.filter(([, kind]) => kind !== 'unknown')).toEqual([
      [401, 'not-sent'],
      [429, 'not-sent'],
    ]);
  });

  test.each(['INSUFFICIENT_BALANCE', 'INVALID_SIZE', 'UNKNOWN_ASSET', 'TRADE_FAILED', 'FORBIDDEN'])(
    'is unknown after 400 %s',
    async (error) => {
      expect(await place(400, { error })).toMatchObject({
        kind: 'unknown',
        reason: `trading.order: HTTP 400 ${error}`,
        failure: { moneyMayHaveMoved: true },
      });
    },
  );
});

describe('with the twin', () => {
  const ORDER: Omit<OrderRequest, 'agentId'> = {
    reference: A_REFERENCE,
    asset: 'BTC-USDC',
    direction: 'long',
    amount: parseUsd('50.00'),
    leverage: 1,
    metadata: { source: 'sagemaker', confidence: '0.72' },
  };
  let twin: Twin;

  afterEach(() => twin.close());

  describe('in the reference dialect', () => {
    beforeEach(async () => {
      twin = await startTwin({ agents: AGENTS, now: stoppedClock });
    });

    const clientOf = (apiKey: string, agentId: string) => createTradingClient(aService(twin.url), { apiKey, agentId });
    const place = (apiKey: string, agentId: string) => {
      const client = clientOf(apiKey, agentId);
      return client.placeOrder(anEffectRequest(client.orderBody({ ...ORDER, agentId })));
    };

    test('an order is filled, and one that it refuses is unknown', async () => {
      expect(await place(OUTSIDER_KEY, OUTSIDER)).toMatchObject({
        kind: 'applied',
        result: { status: 'filled', amountUsd: '50.00' },
      });
      expect(await place(SUMMARIZER_KEY, SUMMARIZER)).toMatchObject({
        kind: 'unknown',
        reason: 'trading.order: HTTP 400 INSUFFICIENT_BALANCE',
      });
      expect(await place('nobody', OUTSIDER)).toMatchObject({
        kind: 'not-sent',
        reason: 'trading.order: HTTP 401 UNAUTHORIZED',
      });
      expect((await call(twin, 'GET /_twin/orders')).body).toMatchObject({
        orders: [{ agent_id: OUTSIDER, amount: 50, metadata: { reference: A_REFERENCE, ...ORDER.metadata } }],
      });
    });

    test('a position can be read, a history not', async () => {
      await place(OUTSIDER_KEY, OUTSIDER);

      expect(await clientOf(OUTSIDER_KEY, OUTSIDER).readPositions()).toMatchObject([
        { asset: 'BTC-USDC', direction: 'long', amount: parseUsd('50.00'), leverage: 1 },
      ]);
      expect(await clientOf(OUTSIDER_KEY, OUTSIDER).readHistory()).toMatchObject({ kind: 'unsupported' });
    });
  });

  describe('in the published dialect', () => {
    const [, , outsider] = PUBLISHED_AGENTS;

    beforeEach(async () => {
      twin = await startTwin({ agents: PUBLISHED_AGENTS, now: stoppedClock, escrowProfile: 'published' });
    });

    const clientOf = (apiKey: string) =>
      createTradingClient(aService(twin.url, { profile: 'published' }), { apiKey, agentId: 'any' });
    const place = (apiKey: string) => {
      const client = clientOf(apiKey);
      return client.placeOrder(anEffectRequest(client.orderBody({ ...ORDER, agentId: 'any' })));
    };

    test('an order is open, its position and its fill can be read', async () => {
      const client = clientOf(outsider?.apiKey ?? '');

      expect(await place(outsider?.apiKey ?? '')).toMatchObject({
        kind: 'applied',
        result: { status: 'open', asset: 'BTC-USDC', direction: 'long' },
      });
      expect(await client.readPositions()).toMatchObject([
        { positionId: expect.stringMatching(/^pos_/), asset: 'BTC-USDC', direction: 'long', leverage: 1 },
      ]);
      expect(await client.readHistory(5)).toMatchObject({
        kind: 'read',
        value: [{ asset: 'BTC-USDC', direction: 'long' }],
      });
    });

    test('an order of nobody is not placed', async () => {
      expect(await place('nobody')).toMatchObject({ kind: 'not-sent', failure: { code: 'UNAUTHORIZED' } });
    });
  });
});
