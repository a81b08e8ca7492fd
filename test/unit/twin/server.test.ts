import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { readAgents } from '../../../twin/initial-data.ts';
import { startTwin } from '../../../twin/server.ts';
import { call } from './calling.ts';

describe('a twin', () => {
  test('listens on the loopback address with the agents of its data file', async () => {
    const twin = await startTwin();
    try {
      expect(twin.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      expect((await call(twin, 'GET /_twin/agents')).body).toMatchObject({
        agents: [
          { agent_id: 'ag_platform_treasury', available_usd: '1000.00' },
          { agent_id: 'ag_model_owner_churn', available_usd: '0.00' },
          { agent_id: 'ag_model_owner_fraud', available_usd: '0.00' },
          { agent_id: 'ag_trader', available_usd: '500.00' },
        ],
      });
    } finally {
      await twin.close();
    }
  });

  test('shares nothing with another twin', async () => {
    const [one, other] = await Promise.all([startTwin(), startTwin()]);
    try {
      await call(one, 'GET /health');

      expect((await call(other, 'GET /_twin/calls')).body).toEqual({ calls: [] });
    } finally {
      await Promise.all([one.close(), other.close()]);
    }
  });

  test('lets something stand around every answer', async () => {
    const asked: string[] = [];
    const twin = await startTwin({
      around: async (request, answer) => {
        asked.push(`${request.method} ${new URL(request.url).pathname}`);
        return new Response('late', { status: (await answer()).status });
      },
    });
    try {
      const response = await fetch(`${twin.url}/nowhere`);

      expect([response.status, await response.text()]).toEqual([404, 'late']);
      expect(asked).toEqual(['GET /nowhere']);
    } finally {
      await twin.close();
    }
  });

  test('announces that it closes idle connections after five seconds', async () => {
    const twin = await startTwin();
    try {
      expect((await call(twin, 'GET /health')).headers.get('keep-alive')).toBe('timeout=5');
    } finally {
      await twin.close();
    }
  });

  test('closes at once although a client is in the middle of a request, and closes twice', async () => {
    const twin = await startTwin();
    const socket = connect(Number(new URL(twin.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write('POST /escrow/create HTTP/1.1\r\nHost: twin\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n');
    await once(socket, 'data');

    const started = performance.now();
    await Promise.all([twin.close(), once(socket, 'close')]);
    await twin.close();

    expect(performance.now() - started).toBeLessThan(1000);
  });

  test('does not start on a port that is taken', async () => {
    const twin = await startTwin();
    try {
      await expect(startTwin({ port: Number(new URL(twin.url).port) })).rejects.toThrow(/EADDRINUSE/);
    } finally {
      await twin.close();
    }
  });

  test.each([
    ['agentId', { agentId: 'agent_a', apiKey: 'other' }],
    ['apiKey', { agentId: 'other', apiKey: 'key-a' }],
  ])('does not start with two agents of the same %s', async (field, second) => {
    const first = { agentId: 'agent_a', apiKey: 'key-a', balanceUsd: '1.00' };

    await expect(startTwin({ agents: [first, { ...second, balanceUsd: '1.00' }] })).rejects.toThrow(field);
  });

  test('says what is wrong with a file of agents', () => {
    const file = fileURLToPath(new URL('../../../twin/data/prices.json', import.meta.url));

    expect(() => readAgents(file)).toThrow(/prices\.json cannot be used:\n.*expected array/);
  });
});

describe('the start script', () => {
  const script = fileURLToPath(new URL('../../../twin/main.ts', import.meta.url));

  async function run(
    args: string[],
    signal: NodeJS.Signals = 'SIGTERM',
  ): Promise<{ code: number | null; output: string }> {
    const child = spawn(process.execPath, [script, ...args]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.endsWith('Stop with Ctrl+C.\n')) child.kill(signal);
      });
    }
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output };
  }

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'prints where it listens and what to try, and ends well on %s',
    async (signal) => {
      const { code, output } = await run(['--port', '0'], signal);

      expect(output).toMatch(/Purple Flea twin on http:\/\/127\.0\.0\.1:\d+/);
      expect(output).toMatch(/ag_platform_treasury +\$ +1000\.00 +pf_local_treasury/);
      expect(output).toContain('curl -X POST');
      expect(output).toContain('The twin is stopped');
      expect(code).toBe(0);
    },
  );

  test('says which dialect it speaks, and tries what that serves', async () => {
    const { output } = await run(['--port', '0', '--profile', 'published', '--no-rate-limits']);

    expect(output).toContain('Escrow dialect: published. Rate limits: off. State: in memory alone.');
    expect(output).toContain('/api/v1/auth/ledger');
    expect(output).not.toContain('/escrow/list');
  });

  test('shows how it is used', async () => {
    const { code, output } = await run(['--help']);

    expect(output).toMatch(/^Usage: node twin\/main\.ts/);
    expect(code).toBe(0);
  });

  test('names a wrong option and shows how it is used', async () => {
    const { code, output } = await run(['--port', 'http']);

    expect(output).toContain('--port must be a number from 0 to 65535, got "http"');
    expect(output).toContain('Usage: node twin/main.ts');
    expect(code).toBe(2);
  });
});
