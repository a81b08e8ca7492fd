import { afterEach, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { createApp } from '../../../twin/app.ts';
import { readInitialData } from '../../../twin/initial-data.ts';
import { errorSchema, type Operation } from '../../../twin/openapi/operation.ts';
import { openApiDocument, operationsOfProfile } from '../../../twin/openapi.ts';
import { matchesRoute, parseRoute } from '../../../twin/route-pattern.ts';
import { startTwin, type Twin } from '../../../twin/server.ts';
import { createWorld, ESCROW_PROFILES, type EscrowProfile } from '../../../twin/world/world.ts';
import { call, stoppedClock, type Answer } from './calling.ts';

const worldOf = (escrowProfile: EscrowProfile) =>
  createWorld(readInitialData(), { escrowProfile, realNow: stoppedClock });

describe.each(ESCROW_PROFILES)('the description of the %s profile', (profile) => {
  test('has every route that is mounted, and no other', () => {
    const { routes } = createApp(worldOf(profile));
    const mounted = routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`);

    const described = operationsOfProfile(profile).map(({ route }) => route);
    expect(described.toSorted()).toEqual([...new Set(mounted)].toSorted());
  });

  test.each(operationsOfProfile(profile).map((operation) => [operation.route, operation] as const))(
    'has examples that fit: %s',
    (_, { body, bodyExample, answer, answerExample }) => {
      expect(answer.safeParse(answerExample).error).toBeUndefined();
      expect(body?.safeParse(bodyExample).error).toBeUndefined();
      expect(body === undefined).toBe(bodyExample === undefined);
    },
  );

  test('is an OpenAPI document with an id of its own for each operation', () => {
    const { openapi, paths } = openApiDocument(worldOf(profile)) as {
      openapi: string;
      paths: Record<string, Record<string, { operationId: string; responses: object }>>;
    };
    const operations = Object.values(paths).flatMap((path) => Object.values(path));

    expect(openapi).toBe('3.1.0');
    expect(Object.keys(paths).filter((path) => path.includes(':'))).toEqual([]);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operationsOfProfile(profile).length);
  });
});

describe('what is answered', () => {
  const PAYER = 'ag_payer';
  const PAYEE = 'ag_payee';
  const KEYS = { [PAYER]: 'key-of-payer', [PAYEE]: 'key-of-payee' };
  let twin: Twin;
  let answered: Set<string>;

  const start = async (escrowProfile: EscrowProfile): Promise<void> => {
    answered = new Set();
    twin = await startTwin({
      port: 0,
      agents: Object.entries(KEYS).map(([agentId, apiKey]) => ({ agentId, apiKey, balanceUsd: '1000.00' })),
      now: stoppedClock,
      escrowProfile,
      rateLimits: false,
    });
  };
  afterEach(() => twin.close());

  /** Calls, and checks the answer against what is described for its status. */
  async function checked(
    profile: EscrowProfile,
    route: string,
    { as, body }: { as?: keyof typeof KEYS; body?: unknown } = {},
  ): Promise<Answer['body']> {
    const answer = await call(twin, route, { ...(as !== undefined && { key: KEYS[as] }), body });
    const operation = operationFor(profile, route);
    const fits = schemaFor(operation, answer.status).safeParse(answer.body);
    if (!fits.success) throw new Error(`${route} ${answer.status} ${answer.text}\n${z.prettifyError(fits.error)}`);
    answered.add(operation.route);
    return answer.body;
  }

  function operationFor(profile: EscrowProfile, route: string): Operation {
    const [method = '', target = ''] = route.split(' ');
    const [path = ''] = target.split('?');
    const operations = operationsOfProfile(profile);
    const found =
      operations.find((operation) => operation.route === `${method} ${path}`) ??
      operations.find((operation) => matchesRoute(parseRoute(operation.route), method, path));
    if (found === undefined) throw new Error(`${route} is not described`);
    return found;
  }

  function schemaFor({ status = 200, answer, errors, errorForm }: Operation, actual: number): z.ZodType {
    if (actual === status) return answer;
    const codes = errors[actual];
    if (codes === undefined) throw new Error(`status ${actual} is not described`);
    return errorSchema(errorForm, codes);
  }

  const unanswered = (profile: EscrowProfile) =>
    operationsOfProfile(profile)
      .filter(({ tag }) => tag !== 'controls' && tag !== 'sagemaker')
      .map(({ route }) => route)
      .filter((route) => !answered.has(route));

  /** All that both profiles serve alike. */
  async function callServices(profile: EscrowProfile): Promise<void> {
    const order = { agent_id: PAYER, direction: 'long', amount: 50, asset: 'BTC-USDC', order_type: 'market' };
    await checked(profile, 'POST /trading/order', { as: PAYER, body: order });
    await checked(profile, 'POST /trading/order', { as: PAYER, body: { ...order, amount: 0 } });
    await checked(profile, 'POST /trading/order', { body: order });
    await checked(profile, `GET /trading/positions?agent_id=${PAYER}`, { as: PAYER });
    await checked(profile, `GET /trading/positions?agent_id=${PAYEE}`, { as: PAYER });

    const trade = { coin: 'ETH', side: 'short', size_usd: 100 };
    const { position_id: id } = await checked(profile, 'POST /v1/trade/open', { as: PAYER, body: trade });
    await checked(profile, 'POST /v1/trade/open', { as: PAYER, body: 'no json' });
    await checked(profile, 'POST /v1/trade/open', { as: PAYER, body: {} });
    await checked(profile, 'POST /v1/trade/open', { body: trade });
    await checked(profile, 'GET /v1/trade/positions', { as: PAYER });
    await checked(profile, 'POST /v1/trade/close', { as: PAYER, body: { position_id: id } });
    await checked(profile, 'POST /v1/trade/close', { as: PAYER, body: { position_id: id } });
    await checked(profile, 'POST /v1/trade/close', { as: PAYER, body: {} });
    await checked(profile, 'GET /v1/trade/positions?status=all', { as: PAYER });
    await checked(profile, 'GET /v1/trade/history?limit=5', { as: PAYER });

    const transfer = { from_agent: PAYER, to_agent: PAYEE, amount: 1.25 };
    await checked(profile, 'POST /wallet/transfer', { as: PAYER, body: transfer });
    await checked(profile, 'POST /wallet/transfer', { as: PAYER, body: { ...transfer, to_agent: 'nobody' } });
    await checked(profile, 'POST /wallet/transfer', { as: PAYEE, body: transfer });
    await checked(profile, 'GET /wallet/balance', { as: PAYER });
    await checked(profile, 'POST /api/v1/stats/pay', { as: PAYER, body: { to_agent_id: PAYEE, amount: 1 } });
    await checked(profile, 'POST /api/v1/stats/pay', { as: PAYER, body: { to_agent_id: PAYEE, amount: '1' } });
    await checked(profile, 'POST /api/v1/stats/pay', { as: PAYER, body: { to_agent_id: 'nobody', amount: 1 } });
    await checked(profile, 'GET /api/v1/auth/balance', { as: PAYER });
    await checked(profile, 'GET /api/v1/auth/ledger', { as: PAYER });
    await checked(profile, 'GET /api/v1/auth/ledger');

    await checked(profile, `GET /api/status?agent_id=${PAYER}`);
    await checked(profile, 'POST /api/claim', { body: { agent_id: PAYER } });
    await checked(profile, 'POST /api/claim', { body: { agent_id: PAYER } });
    await checked(profile, `GET /api/status?agent_id=${PAYER}`);
    await checked(profile, 'POST /faucet/claim', { body: { agent_casino_id: PAYEE } });
    await checked(profile, 'POST /faucet/claim', { body: { agent_casino_id: PAYEE } });
    await checked(profile, 'POST /faucet/claim', { body: {} });
    await checked(profile, 'GET /faucet/stats');

    const hook = { url: 'http://127.0.0.1:9/hook', events: ['*'] };
    const { id: webhook } = await checked(profile, 'POST /v1/webhooks', { as: PAYER, body: hook });
    await checked(profile, 'POST /v1/webhooks', { as: PAYER, body: {} });
    await checked(profile, 'POST /wallet/transfer', { as: PAYER, body: transfer });
    await checked(profile, 'GET /v1/webhooks', { as: PAYER });
    await checked(profile, `GET /v1/webhooks/${String(webhook)}`, { as: PAYER });
    await checked(profile, 'POST /v1/webhooks/test', {
      as: PAYER,
      body: { webhook_id: webhook, event_type: 'trade_filled' },
    });
    await checked(profile, `DELETE /v1/webhooks/${String(webhook)}`, { as: PAYER });
    await checked(profile, `DELETE /v1/webhooks/${String(webhook)}`, { as: PAYER });
  }

  test('in the documented dialect is what is described', async () => {
    await start('reference');
    const profile = 'reference';
    const terms = { amount_usd: 50, description: 'Bonus', counterparty_agent_id: PAYEE };
    const { escrow_id: id } = await checked(profile, 'POST /escrow/create', { as: PAYER, body: terms });
    await checked(profile, 'POST /escrow/create', { as: PAYER, body: { ...terms, amount_usd: 5000 } });
    await checked(profile, `POST /escrow/complete/${String(id)}`, { as: PAYEE, body: { completion_note: 'done' } });
    await checked(profile, `POST /escrow/complete/${String(id)}`, { as: PAYEE });
    await checked(profile, `GET /escrow/status/${String(id)}`);
    await checked(profile, 'GET /escrow/status/esc_none');
    await checked(profile, `POST /escrow/release/${String(id)}`, { as: PAYEE });
    await checked(profile, `POST /escrow/release/${String(id)}`, { as: PAYER });
    await checked(profile, `GET /escrow/status/${String(id)}`);
    const { escrow_id: other } = await checked(profile, 'POST /escrow/create', { as: PAYER, body: terms });
    await checked(profile, `POST /escrow/dispute/${String(other)}`, { as: PAYER, body: { reason: 'empty' } });
    await checked(profile, `POST /escrow/dispute/${String(other)}`, { as: PAYER, body: { reason: 'empty' } });
    await checked(profile, 'GET /escrow/list', { as: PAYER });
    await checked(profile, 'GET /escrow/stats');
    await checked(profile, 'GET /health');
    await callServices(profile);

    expect(unanswered(profile)).toEqual([]);
  });

  test('in the published dialect is what is described', async () => {
    await start('published');
    const profile = 'published';
    const terms = { amount_usd: 50, description: 'Bonus', counterparty_agent_id: PAYEE };
    const { escrow_id: id } = await checked(profile, 'POST /escrow/create', { as: PAYER, body: terms });
    await checked(profile, 'POST /escrow/create', { as: PAYER, body: { ...terms, amount_usd: 5000 } });
    await checked(profile, `POST /escrow/complete/${String(id)}`, { as: PAYEE });
    await checked(profile, `POST /escrow/complete/${String(id)}`, { as: PAYEE });
    await checked(profile, `GET /escrow/${String(id)}`);
    await checked(profile, `GET /escrow/${String(id)}`, { as: PAYER });
    await checked(profile, 'GET /escrow/esc_none');
    await checked(profile, `POST /escrow/release/${String(id)}`, { as: PAYEE });
    await checked(profile, `POST /escrow/release/${String(id)}`, { as: PAYER });
    const { escrow_id: other } = await checked(profile, 'POST /escrow/create', { as: PAYER, body: terms });
    await checked(profile, `POST /escrow/dispute/${String(other)}`, { as: PAYER });
    await checked(profile, `POST /escrow/dispute/${String(other)}`, { as: PAYER });
    await checked(profile, 'GET /escrow/stats');
    await checked(profile, 'GET /');
    await checked(profile, 'GET /health');
    await callServices(profile);

    expect(unanswered(profile)).toEqual([]);
  });

  test('the document itself is served', async () => {
    await start('published');

    const { status, body } = await call(twin, 'GET /openapi.json');

    expect(status).toBe(200);
    expect(body).toEqual(JSON.parse(JSON.stringify(openApiDocument(worldOf('published')))));
  });
});
