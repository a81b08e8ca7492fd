import { describe, expect, test } from '@jest/globals';
import { parseUsd } from '../../src/money.ts';
import { unpaced } from '../../src/pacing/pacer.ts';
import { createEscrowClient } from '../../src/purple-flea/escrow-client.ts';
import { createFaucetClient } from '../../src/purple-flea/faucet-client.ts';
import { PROFILES, type Profile, type ServiceDeps } from '../../src/purple-flea/service.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import type { HttpRequest } from '../../src/purple-flea/transport.ts';
import { createWalletClient } from '../../src/purple-flea/wallet-client.ts';
import { createApp } from '../../twin/app.ts';
import { readInitialData } from '../../twin/initial-data.ts';
import { createWorld } from '../../twin/world/world.ts';
import { createService } from './service/service.ts';
import { KEYS, OTHER, TREASURY, WORKER } from './service/parties.ts';
import { operationOf, type ServiceAnswer } from './service/operations.ts';

const NOW = Date.UTC(2026, 2, 6, 9);
const BALANCES = { [TREASURY]: '1000.00', [WORKER]: '5.00', [OTHER]: '0.00' };

type Serve = (request: HttpRequest) => Promise<ServiceAnswer>;

function serveSimulated(profile: Profile): Serve {
  const service = createService(profile, BALANCES);
  return async ({ method, url, apiKey, body, idempotencyKey: key }) =>
    service.handle({ method, path: url, apiKey, body, key }, NOW);
}

function serveTwin(profile: Profile): Serve {
  const agents = Object.entries(BALANCES).map(([agentId, balanceUsd]) => ({
    agentId,
    apiKey: KEYS[agentId] ?? '',
    balanceUsd,
  }));
  const data = { ...readInitialData(), agents };
  const world = createWorld(data, { escrowProfile: profile, realNow: () => new Date(NOW) });
  const app = createApp(world, { rateLimits: false });
  return async ({ method, url, apiKey, body }) => {
    const headers = {
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      'content-type': 'application/json',
    };
    const request = new Request(`http://twin${url}`, { method, headers, ...(body === undefined ? {} : { body }) });
    const answer = await app.fetch(request);
    return { status: answer.status, body: (await answer.json()) as ServiceAnswer['body'] };
  };
}

/** One exchange, less what is no dialect's: ids, prices, texts. */
interface Exchange {
  readonly operation: string;
  readonly status: number;
  readonly code: unknown;
  readonly shape: unknown;
}

/** Types in place of values; of a list its first row. What only describes the server is left out. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  const kept = Object.entries(value).filter(([name]) => !['_info', 'events', 'message', 'balance'].includes(name));
  return Object.fromEntries(
    kept.map(([name, one]) => [name, shapeOf(one)] as const).toSorted(([name], [other]) => name.localeCompare(other)),
  );
}

/** What the clients ask, in an order in which each answer occurs. */
async function play(profile: Profile, serve: Serve): Promise<Exchange[]> {
  const exchanges: Exchange[] = [];
  const deps: ServiceDeps = {
    service: { baseUrl: '', profile },
    async transport(request) {
      const { status, body } = await serve(request);
      const operation = operationOf(request.method, request.url);
      exchanges.push({ operation, status, code: body['error'], shape: status < 300 ? shapeOf(body) : 'refusal' });
      return { kind: 'answered', status, body, retryAfterSeconds: undefined };
    },
    pacer: unpaced,
    readMs: 0,
    now: () => NOW,
    sleep: async () => {},
    random: () => 0,
  };
  const own = { apiKey: KEYS[TREASURY] ?? '', agentId: TREASURY };
  const theirs = { apiKey: KEYS[WORKER] ?? '', agentId: WORKER };
  const escrow = createEscrowClient(deps, own);
  const counterparty = createEscrowClient(deps, theirs);
  const wallet = createWalletClient(deps, own);
  const trading = createTradingClient(deps, own);
  const faucet = createFaucetClient(deps, { apiKey: KEYS[OTHER] ?? '', agentId: OTHER });
  const sent = (body: string) => ({ body, key: 'key', reference: 'pf1:aaaaaaaaaaaaaaaaaaaa' });
  const lock = async (amount: string, to: string = WORKER): Promise<string> => {
    const terms = {
      reference: 'pf1:aaaaaaaaaaaaaaaaaaaa',
      amount: parseUsd(amount),
      description: 'A description that is longer than what a list shows of it, by some words',
      counterpartyAgentId: to,
      timeoutHours: 48,
      metadata: {},
    };
    const answer = await escrow.create(sent(escrow.bodies.create(terms)));
    return answer.kind === 'applied' ? answer.result.escrowId : 'esc_0000000000000000';
  };
  const complete = sent(escrow.bodies.complete({ note: 'done' }));
  const release = sent(escrow.bodies.release('good'));
  const dispute = sent(escrow.bodies.dispute({ reason: 'bad' }));

  const first = await lock('50.00');
  const second = await lock('20.00');
  await lock('9999.00');
  await lock('5.00', 'ag_nobody');
  await escrow.complete(first, complete);
  await counterparty.complete(first, complete);
  await counterparty.complete(first, complete);
  await escrow.readStatus(first);
  await counterparty.release(first, release);
  await escrow.release(first, release);
  await escrow.release(first, release);
  await escrow.dispute(first, dispute);
  await escrow.dispute(second, dispute);
  await escrow.dispute(second, dispute);
  await escrow.release('esc_0000000000000000', release);
  await escrow.readStatus(first);
  await escrow.readStatus(second);
  await escrow.list({ role: 'creator', limit: 100 });
  await wallet.readLedger();

  const transfer = { reference: 'pf1:aaaaaaaaaaaaaaaaaaaa', fromAgentId: TREASURY, memo: 'thanks' };
  for (const [toAgentId, amount] of [
    [WORKER, '3.00'],
    [WORKER, '99999.00'],
    ['ag_nobody', '1.00'],
  ] as const) {
    await wallet.transfer(sent(wallet.transferBody({ ...transfer, toAgentId, amount: parseUsd(amount) })));
  }

  for (const amount of ['50.00', '9000.00']) {
    const order = {
      reference: 'pf1:aaaaaaaaaaaaaaaaaaaa',
      agentId: TREASURY,
      asset: 'BTC-USDC',
      direction: 'long',
      amount: parseUsd(amount),
      leverage: 1,
      metadata: {},
    } as const;
    await trading.placeOrder(sent(trading.orderBody(order)));
  }
  await trading.readPositions();
  await trading.readHistory();

  await faucet.readStatus();
  await faucet.claim(sent(faucet.claimBody(OTHER)));
  await faucet.readStatus();
  await faucet.claim(sent(faucet.claimBody(OTHER)));
  return exchanges;
}

describe.each(PROFILES)('in the dialect %s', (profile) => {
  test('the simulated service answers as the twin does', async () => {
    const simulated = await play(profile, serveSimulated(profile));
    const twin = await play(profile, serveTwin(profile));

    expect(simulated.length).toBeGreaterThan(20);
    expect(simulated).toEqual(twin);
  });
});
