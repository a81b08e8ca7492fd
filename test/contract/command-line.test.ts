import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { fileURLToPath } from 'node:url';
import { readArguments } from '../../contract/target.ts';
import { UsageError } from '../../src/command-line.ts';
import { PROFILES } from '../../src/purple-flea/service.ts';
import { startTwin, type Twin } from '../../twin/server.ts';

const MAIN = fileURLToPath(new URL('../../contract/main.ts', import.meta.url));
const KEYS = ['--key', 'k1-canary', '--counterparty-key', 'k2-canary'];

describe('the command line', () => {
  test.each(['http://127.0.0.1:4010', 'http://localhost:4010/', 'http://[::1]:4010', 'http://127.8.9.1'])(
    'takes %s for this machine',
    (url) => {
      const { urls, profile, services } = readArguments(['--base-url', url, ...KEYS], {});

      expect(urls.escrow).toBe(url.replace(/\/$/, ''));
      expect(profile).toBe('reference');
      expect(services).toEqual(['escrow', 'trading', 'wallet', 'faucet']);
    },
  );

  test.each([
    'https://escrow.purpleflea.com',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'http://10.0.0.1',
    'http://user@example.com@127.0.0.1.example.com',
  ])('refuses %s unless it is said that real money may move', (url) => {
    const args = ['--base-url', url, ...KEYS];

    expect(() => readArguments(args, {})).toThrow(UsageError);
    expect(() => readArguments(args, {})).toThrow('--i-understand-this-moves-money');
    expect(readArguments([...args, '--i-understand-this-moves-money'], {}).urls.escrow).toBe(url);
  });

  test('refuses where only one of the services is elsewhere', () => {
    const args = ['--base-url', 'http://127.0.0.1:4010', '--wallet-url', 'https://casino.purpleflea.com', ...KEYS];

    expect(() => readArguments(args, {})).toThrow('https://casino.purpleflea.com is not this machine');
  });

  test('takes from the environment what it is not given', () => {
    const env = {
      PF_BASE_URL: 'http://127.0.0.1:1',
      PF_PROFILE: 'published',
      PF_KEY: 'k1',
      PF_COUNTERPARTY_KEY: 'k2',
    };

    expect(readArguments(['--services', 'escrow,wallet'], env)).toMatchObject({
      urls: { faucet: 'http://127.0.0.1:1' },
      profile: 'published',
      creator: { apiKey: 'k1' },
      counterparty: { apiKey: 'k2' },
      services: ['escrow', 'wallet'],
    });
  });

  test('takes a key for each service, from the environment too, and the one for all elsewhere', () => {
    const args = ['--base-url', 'http://127.0.0.1:1', ...KEYS, '--trading-key', 'k3', '--trading-agent', 'ag_trader'];

    const { creator } = readArguments(args, { PF_TRADING_KEY: 'not-this', PF_WALLET_KEY: 'k4' });

    expect(creator).toEqual({
      apiKey: 'k1-canary',
      agentId: undefined,
      ownKeys: { trading: 'k3', wallet: 'k4' },
      traderId: 'ag_trader',
    });
    expect(() => readArguments([...args, '--faucet-key', ''], {})).toThrow('--faucet-key is missing');
  });

  test.each([
    [[...KEYS], '--base-url (or --escrow-url) is missing'],
    [['--base-url', 'ftp://127.0.0.1', ...KEYS], 'expected a URL such as http://127.0.0.1:4010'],
    [['--base-url', 'http://127.0.0.1'], '--key is missing'],
    [['--base-url', 'http://127.0.0.1', '--key', 'k'], '--counterparty-key is missing'],
    [['--base-url', 'http://127.0.0.1', '--profile', 'other', ...KEYS], 'allowed: reference, published'],
    [['--base-url', 'http://127.0.0.1', '--services', 'casino', ...KEYS], 'allowed: escrow, trading, wallet, faucet'],
    [['--base-ulr', 'http://127.0.0.1', ...KEYS], '--base-ulr'],
  ])('%j is refused, naming the option', (args, message) => {
    expect(() => readArguments(args, {})).toThrow(UsageError);
    expect(() => readArguments(args, {})).toThrow(message);
  });
});

describe('the command', () => {
  let twin: Twin;
  beforeEach(async () => {
    twin = await startTwin({ escrowProfile: 'published' });
  });
  afterEach(() => twin.close());

  const run = (...args: string[]) =>
    execa('node', [MAIN, '--base-url', twin.url, ...args], { reject: false, all: true });

  test('exits 0 where every operation agrees, and finds out whose keys it has', async () => {
    const keys = ['--key', 'pf_local_treasury', '--counterparty-key', 'pf_local_owner_churn'];
    const { exitCode, all } = await run('--profile', 'published', ...keys);

    expect(all).toContain('ag_platform_treasury pays ag_model_owner_churn');
    expect(all).toContain('15 of 15 operations agree.');
    expect(all).not.toMatch(/pf_local/);
    expect(exitCode).toBe(0);
  });

  test('exits 1 and shows what was seen where one does not', async () => {
    const keys = ['--key', 'pf_local_treasury', '--counterparty-key', 'pf_local_owner_churn'];
    const agents = ['--agent', 'ag_platform_treasury', '--counterparty', 'ag_model_owner_churn'];
    const { exitCode, all } = await run('--profile', 'reference', ...agents, ...keys);

    expect(all).toMatch(/escrow\.health differs:\n {2}- /);
    expect(all).toContain('GET /health -> 200 {"status":"ok","service":"agent-escrow"');
    expect(all).not.toMatch(/pf_local/);
    expect(exitCode).toBe(1);
  });

  test('exits 2 where it cannot find out whose key it has', async () => {
    const { exitCode, all } = await run('--profile', 'published', ...KEYS);

    expect(all).toContain('does not tell whose key it is (HTTP 401): name the agent with --agent');
    expect(all).not.toMatch(/canary/);
    expect(exitCode).toBe(2);
  });
});

describe.each(PROFILES)('the command, where trading has a registration of its own in %s', (profile) => {
  let twin: Twin;
  beforeEach(async () => {
    twin = await startTwin({
      escrowProfile: profile,
      rateLimits: false,
      registrations: { trading: ['ag_trader'] },
    });
  });
  afterEach(() => twin.close());

  const run = (...args: string[]) => {
    const keys = ['--key', 'pf_local_treasury', '--counterparty-key', 'pf_local_owner_churn'];
    return execa('node', [MAIN, '--base-url', twin.url, '--profile', profile, ...keys, ...args], {
      reject: false,
      all: true,
    });
  };

  test('agrees with the key of trading, and not with the one for all', async () => {
    const alone = await run('--services', 'trading');
    expect(alone.all).toContain('trading.order differs');
    expect(alone.exitCode).toBe(1);

    const { exitCode, all } = await run('--trading-key', 'pf_local_trader', '--trading-agent', 'ag_trader');
    expect(all).not.toMatch(/differs|missing|pf_local/);
    expect(exitCode).toBe(0);
  });
});
