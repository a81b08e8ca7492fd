import { afterEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SERVICES, startRun, type Target } from '../../contract/run.ts';
import { checkContract, checksOf, type Finding } from '../../contract/suite.ts';
import { PROFILES, type Profile } from '../../src/purple-flea/service.ts';
import { startTwin, type Twin } from '../../twin/server.ts';
import { answer, startScriptedServer } from '../support/scripted-server.ts';

let twin: Twin | undefined;
afterEach(async () => {
  await twin?.close();
  twin = undefined;
});

/** Checks a twin that speaks one dialect against a profile, the same if none is named. */
async function check(
  speaks: Profile,
  { profile = speaks, faults = [] }: { profile?: Profile; faults?: readonly object[] } = {},
): Promise<Finding[]> {
  twin = await startTwin({ escrowProfile: speaks, rateLimits: false });
  for (const fault of faults) {
    const response = await fetch(`${twin.url}/_twin/faults`, { method: 'POST', body: JSON.stringify(fault) });
    if (!response.ok) throw new Error(await response.text());
  }
  const target = aTarget(profile, twin.url);
  const reported: Finding[] = [];
  const findings = await checkContract(startRun(target, randomUUID), SERVICES, (finding) => reported.push(finding));
  expect(reported).toEqual(findings);
  return findings;
}

/** All services at one address, with the twin's agents. */
function aTarget(profile: Profile, url: string): Target {
  return {
    profile,
    urls: { escrow: url, trading: url, wallet: url, faucet: url },
    creator: { apiKey: 'pf_local_treasury', agentId: 'ag_platform_treasury' },
    counterparty: { apiKey: 'pf_local_owner_churn', agentId: 'ag_model_owner_churn' },
  };
}

function verdictOf(findings: readonly Finding[], operation: string): Finding | undefined {
  return findings.find((finding) => finding.operation === operation);
}

describe.each(PROFILES)('a twin that speaks %s', (profile) => {
  test('agrees with it in every operation', async () => {
    const findings = await check(profile);

    expect(findings.map(({ operation }) => operation)).toEqual(
      checksOf(profile, SERVICES).map(({ operation }) => operation),
    );
    expect(findings.filter(({ verdict }) => verdict !== 'agrees')).toEqual([]);
    expect(findings.flatMap(({ undocumented }) => undocumented)).toEqual([]);
  });

  test.each([
    ['escrow.create', 'POST /escrow/create', 'wrong-amount', 'the amount is another'],
    ['escrow.create', 'POST /escrow/create', 'malformed', 'HTTP 200, but'],
    ['escrow.complete', 'POST /escrow/complete/:id', 'error-500', 'HTTP 500'],
    ['escrow.release', 'POST /escrow/release/:id', 'wrong-id', 'escrow_id is another'],
    ['escrow.dispute', 'POST /escrow/dispute/:id', 'error-500-applied', 'HTTP 500'],
  ])('that fails at %s (%s, %s) differs there', async (operation, route, fault, difference) => {
    const findings = await check(profile, { faults: [{ route, fault, count: null }] });

    const finding = verdictOf(findings, operation);
    expect(finding?.verdict).toBe('differs');
    expect(finding?.differences.join('\n')).toContain(difference);
  });
});

test('what depends on an escrow differs where none could be made', async () => {
  const findings = await check('reference', {
    faults: [{ route: 'POST /escrow/create', fault: 'error-500', count: null }],
  });

  expect(verdictOf(findings, 'escrow.release')?.differences).toEqual([
    'Error: not tried: there is no escrow to try it on',
  ]);
});

describe('a service that speaks the other dialect', () => {
  test('misses the operations that only the reference has', async () => {
    const findings = await check('published', { profile: 'reference' });

    expect(findings.filter(({ verdict }) => verdict === 'agrees').map(({ operation }) => operation)).not.toContain(
      'escrow.create',
    );
    expect(verdictOf(findings, 'escrow.create')).toMatchObject({ verdict: 'differs' });
  });

  test('differs where both have the route, and says what was seen', async () => {
    const findings = await check('reference', { profile: 'published' });

    expect(verdictOf(findings, 'escrow.create')).toMatchObject({ verdict: 'differs' });
    expect(verdictOf(findings, 'escrow.create')?.seen.length).toBeGreaterThan(0);
    expect(verdictOf(findings, 'escrow.list')).toMatchObject({ verdict: 'differs' });
  });
});

test('operations that a service does not have are missing', async () => {
  const nothing = await startScriptedServer();
  try {
    const { url } = nothing;
    nothing.script(...Array.from({ length: 60 }, () => answer(404, { error: 'not_found' })));
    const target = aTarget('reference', url);
    const findings = await checkContract(startRun(target, randomUUID), SERVICES, () => {});

    expect(Object.fromEntries(findings.map(({ operation, verdict }) => [operation, verdict]))).toMatchObject({
      'escrow.health': 'missing',
      'escrow.stats': 'missing',
      'wallet.transfer': 'missing',
      'trading.order': 'missing',
      'faucet.claim': 'missing',
    });
  } finally {
    await nothing.close();
  }
});

/** The server in front of a twin as an exchange fills it: in whole lots. */
async function startExchange(url: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { method = 'GET', url: path = '/', headers } = request;
      const body = Buffer.concat(chunks).toString('utf8');
      const { authorization, 'idempotency-key': key } = headers;
      const answered = await fetch(`${url}${path}`, {
        method,
        headers: {
          'content-type': 'application/json',
          ...(authorization === undefined ? {} : { authorization }),
          ...(typeof key === 'string' ? { 'idempotency-key': key } : {}),
        },
        ...(body === '' ? {} : { body }),
      });
      const text = await answered.text();
      response.writeHead(answered.status, { 'content-type': 'application/json' });
      response.end(path.includes('/trade') ? text.replaceAll(/"(size_?usd)":2(?:\.00)?(?=[,}])/gi, '"$1":1.98') : text);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

test('a published server whose exchange fills whole lots, $1.98 of $2.00, agrees in every operation', async () => {
  twin = await startTwin({ escrowProfile: 'published', rateLimits: false });
  const exchange = await startExchange(twin.url);
  try {
    const findings = await checkContract(startRun(aTarget('published', exchange.url), randomUUID), SERVICES, () => {});

    expect(findings.filter(({ verdict }) => verdict !== 'agrees')).toEqual([]);
    const positions = await fetch(`${exchange.url}/v1/trade/positions`, {
      headers: { authorization: 'Bearer pf_local_treasury' },
    });
    expect(await positions.text()).toContain('"sizeUsd":1.98');
  } finally {
    await exchange.close();
  }
});
