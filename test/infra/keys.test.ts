import { describe, expect, test } from '@jest/globals';
import { loadConfig, parseConfig, type Config } from '../../lib/config.ts';
import { listed, statementsOf, synthesizeStage } from '../support/synthesized-stage.ts';

const KEYS = {
  trading: { secretName: 'TradingKey', agentId: 'ag_trader' },
  wallet: { secretName: 'WalletKey', agentId: 'ag_wallet' },
  counterparties: { secretName: 'CounterpartyKeys' },
  predecessor: { secretName: 'PredecessorKey', agentId: 'ag_before' },
};

function withKeys(keys: Config['purpleFlea']['keys']): (config: Config) => Config {
  return (config) =>
    parseConfig({ ...config, purpleFlea: { ...config.purpleFlea, ...(keys === undefined ? {} : { keys }) } }, 'a file');
}

/** The secrets that each function may read, and those that it is told of by role; functions without any are left out. */
function secretsOf(change: (config: Config) => Config) {
  const stage = synthesizeStage('local', {}, change);
  const functions = stage.resources<{
    FunctionName: string;
    Role: string;
    Environment: { Variables: Readonly<Record<string, string>> };
  }>('AWS::Lambda::Function');
  const granted: Record<string, string[]> = {};
  const told: Record<string, Record<string, unknown>> = {};
  for (const { properties } of functions) {
    const name = stage.shorten(properties.FunctionName);
    const named = statementsOf(stage, properties.Role)
      .filter(({ Action }) => listed(Action).includes('secretsmanager:GetSecretValue'))
      .flatMap(({ Resource }) => listed(Resource))
      .map((arn) => /secret:(\w+)-a1B2c3$/.exec(arn)?.[1] ?? arn)
      .filter((secret) => !secret.endsWith('Webhook'));
    if (named.length > 0) granted[name] = named.toSorted();
    const sources = JSON.parse(properties.Environment.Variables['SECRETS'] ?? '{}') as Record<string, unknown>;
    if (Object.keys(sources).length > 0) told[name] = sources;
  }
  const made = stage
    .resources<{ Name: string }>('AWS::SecretsManager::Secret')
    .map(({ properties, logicalId }) => [properties.Name, logicalId.replace(/[0-9A-F]{8}$/, '')]);
  return { granted, told, made: Object.fromEntries(made) as Record<string, string> };
}

describe('a stage with one key', () => {
  const { granted, told, made } = secretsOf((config) => config);

  test('has one secret, under the logical id that it always had', () => {
    expect(made).toEqual({ PurpleFleaApiKey: 'ApiKey', PurpleFleaApiKeyWebhook: 'WebhookSecret' });
  });

  test('lets those functions read it that send, look for or compare effects, and no other', () => {
    expect(Object.keys(granted).toSorted()).toEqual(
      [
        'check-readiness',
        'complete-delivery',
        'decide-intent',
        'lock-funds',
        'measure-positions',
        'place-trade',
        'raise-dispute',
        'reconcile-ledger',
        'release-funds',
        'resolve-intents',
        'watch-escrows',
      ].toSorted(),
    );
    expect(Object.keys(told).toSorted()).toEqual(Object.keys(granted).toSorted());
  });
});

describe('a stage with a key for each role', () => {
  const { granted, told, made } = secretsOf(withKeys(KEYS));

  test('has a secret for each', () => {
    expect(made).toEqual({
      PurpleFleaApiKey: 'ApiKey',
      PurpleFleaApiKeyWebhook: 'WebhookSecret',
      TradingKey: 'TradingKey',
      WalletKey: 'WalletKey',
      CounterpartyKeys: 'CounterpartyKeys',
      PredecessorKey: 'PredecessorKey',
    });
  });

  test('lets each function read those of its roles, and no other', () => {
    const all = ['CounterpartyKeys', 'PredecessorKey', 'PurpleFleaApiKey', 'TradingKey', 'WalletKey'];
    expect(granted).toEqual({
      'check-readiness': ['TradingKey', 'WalletKey'],
      'complete-delivery': ['CounterpartyKeys'],
      'decide-intent': all,
      'lock-funds': ['PurpleFleaApiKey'],
      'measure-positions': ['TradingKey'],
      'place-trade': ['TradingKey', 'WalletKey'],
      'raise-dispute': ['PredecessorKey', 'PurpleFleaApiKey'],
      'reconcile-ledger': ['PredecessorKey', 'PurpleFleaApiKey', 'TradingKey', 'WalletKey'],
      'release-funds': ['PredecessorKey', 'PurpleFleaApiKey'],
      'resolve-intents': all,
    });
  });

  test('tells each function whose keys these are', () => {
    const { agentId } = loadConfig('local').purpleFlea;
    const treasury = { agentId, secretName: 'PurpleFleaApiKey' };
    expect(told['lock-funds']).toEqual({ treasury });
    expect(told['release-funds']).toEqual({ treasury, predecessor: KEYS.predecessor });
    expect(told['complete-delivery']).toEqual({ counterparties: KEYS.counterparties });
    expect(told['place-trade']).toEqual({ trading: KEYS.trading, wallet: KEYS.wallet });
    expect(told['resolve-intents']).toEqual({ treasury, ...KEYS });
  });
});

test('a published trading service needs no key of the wallet, and its escrows no key to be watched', () => {
  const published = { baseUrl: 'https://purpleflea.example.com', profile: 'published' } as const;
  const { granted } = secretsOf((config) => ({
    ...config,
    purpleFlea: {
      ...config.purpleFlea,
      keys: { trading: KEYS.trading },
      escrow: { ...config.purpleFlea.escrow, ...published },
      trading: published,
      wallet: published,
    },
  }));

  expect(granted['place-trade']).toEqual(['TradingKey']);
  expect(granted['watch-escrows']).toBeUndefined();
});

describe('keys are refused', () => {
  const refused = (keys: Config['purpleFlea']['keys'], escrow: 'reference' | 'published' = 'reference') => {
    const config = loadConfig('local');
    const services = {
      escrow: { ...config.purpleFlea.escrow, profile: escrow },
      wallet: { ...config.purpleFlea.wallet, profile: escrow },
    };
    return () =>
      parseConfig({ ...config, purpleFlea: { ...config.purpleFlea, ...services, keys } }, 'config/local.json');
  };

  test.each([
    [{ trading: { secretName: 'PurpleFleaApiKey', agentId: 'ag_trader' } }, 'purpleFlea.keys.trading.secretName'],
    [{ wallet: { secretName: 'PurpleFleaApiKeyWebhook', agentId: 'ag_w' } }, 'purpleFlea.keys.wallet.secretName'],
    [
      { trading: { secretName: 'One', agentId: 'ag_trader' }, predecessor: { secretName: 'One', agentId: 'ag_old' } },
      'purpleFlea.keys.predecessor.secretName',
    ],
    [
      { predecessor: { secretName: 'Old', agentId: loadConfig('local').purpleFlea.agentId } },
      'purpleFlea.keys.predecessor.agentId',
    ],
  ])('where two are in one secret, or the predecessor is the agent itself: %j', (keys, path) => {
    expect(refused(keys)).toThrow(path);
  });

  test('where the wallet is not the one that the rows of escrows are in', () => {
    const keys = { wallet: { secretName: 'WalletKey', agentId: 'ag_wallet' } };

    expect(refused(keys, 'published')).toThrow('purpleFlea.keys.wallet.agentId');
    expect(refused(keys)).not.toThrow();
  });
});
