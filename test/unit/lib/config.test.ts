import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import {
  configJsonSchema,
  InvalidConfigError,
  loadConfig,
  parseConfig,
  STAGES,
  type Config,
} from '../../../lib/config.ts';
import { parseUsd } from '../../../src/money.ts';

const FILE = 'config/local.json';

/** A deep copy of the local configuration with the value at a path replaced; `undefined` removes it. */
function withValue(path: string, value: unknown): unknown {
  const config: unknown = structuredClone(loadConfig('local'));
  const parts = path.split(/[.[\]]+/).filter(Boolean);
  const last = parts.pop() ?? '';
  let holder = config as Record<string, unknown>;
  for (const part of parts) holder = holder[part] as Record<string, unknown>;
  if (value === undefined) delete holder[last];
  else holder[last] = value;
  return config;
}

function aSubscription(overrides: Readonly<Record<string, unknown>> = {}) {
  return {
    name: 'labels',
    counterpartyAgentId: 'ag_model_owner_churn',
    amountUsd: '10.00',
    description: 'Labels of the week',
    timeoutHours: 48,
    schedule: 'rate(7 days)',
    ...overrides,
  };
}

function messageFor(path: string, value: unknown): string {
  try {
    parseConfig(withValue(path, value), FILE);
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    return error.message;
  }
  return 'accepted';
}

describe('the file of stage', () => {
  test.each(STAGES)('%s loads, and is about that stage', (stage) => {
    const config: Config = loadConfig(stage);

    expect(config.stage).toBe(stage);
    expect(config.retainData).toBe(stage === 'prod');
    expect(config.bonus.tiers.map(({ amountUsd }) => parseUsd(amountUsd))).toEqual(
      expect.arrayContaining([50_000_000n]),
    );
  });

  test.each(['staging', '', 'Prod', '../local', '__proto__', 'undefined'])('"%s" does not exist', (stage) => {
    expect(() => loadConfig(stage)).toThrow(
      new InvalidConfigError(`-c stage=${stage}: there is no such stage; allowed: local, dev, prod`),
    );
  });
});

describe('a configuration', () => {
  test.each([
    ['bonus.tiers[0].amountUsd', '1.00'],
    ['bonus.tiers[0].amountUsd', '10000'],
    ['bonus.timeoutHours', 720],
    ['bonus.payees[0].jobNamePrefix', ''],
    ['bonus.payees', []],
    ['trading.confidenceThreshold', 0],
    ['trading.orderSizeUsd', '50000.00'],
    ['trading.predictor.everyMinutes', 5],
    ['escrows.counterparties', []],
    ['escrows.maxAmountUsd', '200000.00'],
    ['escrows.subscriptions', undefined],
    ['escrows.subscriptions', [aSubscription(), aSubscription({ name: 'hosting' })]],
    ['escrows.subscriptions', [aSubscription({ amountUsd: '200.00' })]],
    ['alarmEmail', 'ops@example.com'],
    ['purpleFlea.escrow.baseUrl', 'https://escrow.example.com/v1'],
    ['purpleFlea.wallet.profile', 'published'],
    ['budgets.perDay', {}],
    ['budgets.perDay.transfer', '0.01'],
    ['budgets.perAgentAndDay.trade-order', '999999'],
  ])('may have %s %j', (path, value) => {
    expect(messageFor(path, value)).toBe('accepted');
  });

  test.each<[string, unknown, string, string]>([
    ['stage', 'qa', 'got "qa"', '"local"|"dev"|"prod"'],
    ['retainData', 'yes', 'got "yes"', 'expected boolean'],
    ['retainData', undefined, 'is missing', 'expected boolean'],
    ['secretName', 'a secret', 'got "a secret"', 'Name of the secret'],
    ['alarmEmail', 'nobody', 'got "nobody"', 'Invalid email address'],
    [
      'purpleFlea.escrow.baseUrl',
      'https://escrow.example.com/',
      'got "https://escrow.example.com/"',
      'without a slash at the end',
    ],
    ['purpleFlea.trading.baseUrl', 'ftp://api.example.com', 'got "ftp://api.example.com"', 'http or https'],
    ['purpleFlea.escrow.profile', 'v2', 'got "v2"', 'expected one of "reference"|"published"'],
    ['purpleFlea.connectTimeoutMs', 0, 'got 0', 'expected number to be >=500'],
    ['purpleFlea.requestTimeoutMs', 60_000, 'got 60000', 'expected number to be <=15000'],
    ['budgets', undefined, 'is missing', 'What may go out.'],
    ['budgets.perDay', undefined, 'is missing', 'The most of each kind in one UTC day'],
    ['budgets.perDay.escrow-create', 500, 'got 500', 'Decimal USD as a string, 0.01 to 999999.00.'],
    ['budgets.perDay.trade-order', 'much', 'got "much"', 'Decimal USD as a string, 0.01 to 999999.00.'],
    ['budgets.perAgentAndDay.escrow-create', '0.00', 'got "0.00"', 'Decimal USD as a string, 0.01 to 999999.00.'],
    ['bonus', null, 'got null', 'expected object'],
    ['bonus.metric', '', 'got ""', 'Final metric that the bonus goes by'],
    ['bonus.tiers', [], 'got []', 'expected array to have >=1 items'],
    ['bonus.tiers[1].above', '0.8', 'got "0.8"', 'strictly above this'],
    ['bonus.tiers[1].amountUsd', 20, 'got 20', 'Decimal USD as a string, 1.00 to 10000.00.'],
    ['bonus.tiers[1].amountUsd', '0.99', 'got "0.99"', 'Decimal USD as a string, 1.00 to 10000.00.'],
    ['bonus.tiers[1].amountUsd', '10000.01', 'got "10000.01"', 'Decimal USD as a string, 1.00 to 10000.00.'],
    ['bonus.tiers[1].amountUsd', 'twenty', 'got "twenty"', 'Decimal USD as a string, 1.00 to 10000.00.'],
    ['bonus.tiers[1].amountUsd', '-20.00', 'got "-20.00"', 'Decimal USD as a string, 1.00 to 10000.00.'],
    ['bonus.tiers[1].amountUsd', '20.0000000', 'got "20.0000000"', 'Decimal USD as a string, 1.00 to 10000.00.'],
    ['bonus.timeoutHours', 0, 'got 0', 'expected number to be >=1'],
    ['bonus.timeoutHours', 721, 'got 721', 'expected number to be <=720'],
    ['bonus.timeoutHours', 1.5, 'got 1.5', 'expected int'],
    ['bonus.payees[1].agentId', 'me', 'got "me"', 'Registered agent that is paid.'],
    ['bonus.payees[0].jobNamePrefix', 'churn_', 'got "churn_"', 'Start of a training job name'],
    ['bonus.endpoints', 'churn-scorer', 'got "churn-scorer"', 'none if left out'],
    ['bonus.endpoints[0]', 'churn_scorer', 'got "churn_scorer"', 'Name of a SageMaker endpoint'],
    ['escrows', undefined, 'is missing', 'requested by events and schedules'],
    ['escrows.counterparties', undefined, 'is missing', 'Agents that escrow.requested may have paid'],
    ['escrows.counterparties[0]', 'me', 'got "me"', 'expected string to have >=3 characters'],
    ['escrows.maxAmountUsd', '0.99', 'got "0.99"', 'The most that one request may lock'],
    ['escrows.maxAmountUsd', '200000.01', 'got "200000.01"', 'The most that one request may lock'],
    ['escrows.gate', undefined, 'is missing', 'What turns a delivery into a release'],
    ['escrows.guard', undefined, 'is missing', 'No escrow settles because nobody looked'],
    ['webhooks.enabled', 'yes', 'got "yes"', 'Whether there is a public address'],
    ['trading.confidenceThreshold', 60, 'got 60', 'expected number to be <=1'],
    ['trading.orderSizeUsd', '1.00', 'got "1.00"', 'Decimal USD as a string, 1.01 to 50000.00.'],
    ['trading.orderSizeUsd', '50000.01', 'got "50000.01"', 'Decimal USD as a string, 1.01 to 50000.00.'],
    ['trading.leverage', 0, 'got 0', 'expected number to be >=1'],
    ['trading.leverage', 21, 'got 21', 'expected number to be <=20'],
    ['trading.assets[0]', '', 'got ""', 'expected string to have >=1 characters'],
    ['trading.maxAgeSeconds', 0, 'got 0', 'expected number to be >=1'],
    ['trading.predictor.endpointName', '-x', 'got "-x"', 'SageMaker endpoint'],
    ['bonus.guard.alertHours', 0.2, 'got 0.2', 'expected number to be >=0.25'],
    ['bonus.guard.alertHours', 73, 'got 73', 'expected number to be <=72'],
    ['bonus.guard.default', 'wait', 'got "wait"', '"release"|"dispute"|"let-lapse"'],
    ['trading.predictor.features', {}, 'got {}', 'at least one'],
    ['trading.predictor.features.rsi_14', '62', 'got "62"', 'expected number'],
    ['trading.predictor.everyMinutes', 0, 'got 0', 'expected number to be >=1'],
  ])('may not have %s %j: path, value and what is allowed are said', (path, value, got, allowed) => {
    const [heading, problem, ...more] = messageFor(path, value).split('\n');

    expect(heading).toBe('config/local.json is not a valid configuration:');
    expect(problem).toMatch(new RegExp(`^ {2}${path.replaceAll(/[.[\]]/g, '\\$&')}: `));
    expect(problem).toContain(`${got}; allowed: `);
    expect(problem).toContain(allowed);
    expect(more).toEqual([]);
  });

  test.each([
    ['bonus.tier', 'metric, tiers, timeoutHours, gate, guard, payees, endpoints'],
    ['bonus.payees[0].agent', 'jobNamePrefix, agentId'],
    [
      'apiKey',
      '$schema, stage, retainData, secretName, alarmEmail, purpleFlea, budgets, bonus, escrows, trading, webhooks',
    ],
    ['escrows.payees', 'counterparties, maxAmountUsd, gate, guard, subscriptions'],
    ['webhooks.url', 'enabled'],
    ['trading.predictor.every', 'endpointName, asset, features, everyMinutes'],
    ['budgets.perDay.escrow-release', 'escrow-create, trade-order, transfer'],
    ['budgets.perAgentAndDay.bonus', 'escrow-create, trade-order, transfer'],
  ])('may not have the unknown key %s: those that are known are listed', (path, known) => {
    expect(messageFor(path, 1)).toBe(
      `config/local.json is not a valid configuration:\n  ${path}: unknown; allowed here: ${known}`,
    );
  });

  test('that has escrows in the published dialect has the wallet in it too, whose ledger takes the place of their list', () => {
    expect(messageFor('purpleFlea.escrow.profile', 'published')).toMatch(
      /^ {2}purpleFlea\.wallet\.profile: got "reference"; allowed: .*"published" where purpleFlea\.escrow\.profile is/m,
    );

    const both = withValue('purpleFlea.escrow.profile', 'published') as Config;
    both.purpleFlea.wallet.profile = 'published';
    expect(parseConfig(both, FILE).purpleFlea.wallet.profile).toBe('published');
  });

  test('has all its problems listed, one a line', () => {
    const config = withValue('bonus.timeoutHours', 0) as Config;

    expect(() => parseConfig({ ...config, stage: 'qa', secret: 'x' }, FILE)).toThrow(
      /^config\/local\.json is not a valid configuration:\n {2}stage: .*\n {2}bonus\.timeoutHours: .*\n {2}secret: unknown; .*$/,
    );
  });

  test.each([[null], ['text'], [[]], [{}]])('is not %j', (value) => {
    expect(() => parseConfig(value, FILE)).toThrow(InvalidConfigError);
  });
});

describe('a subscription', () => {
  test.each([
    'rate(1 day)',
    'rate(2 days)',
    'rate(999 days)',
    'rate(24 hours)',
    'rate(168 hours)',
    'cron(0 6 * * ? *)',
    'cron(59 23 1 * ? 2027)',
    'cron(5 00 ? * MON-FRI *)',
  ])('may be of %s', (schedule) => {
    expect(messageFor('escrows.subscriptions', [aSubscription({ schedule })])).toBe('accepted');
  });

  test.each([
    'rate(23 hours)',
    'rate(1 hour)',
    'rate(1440 minutes)',
    'rate(0 days)',
    'rate(1 days)',
    'cron(* 6 * * ? *)',
    'cron(0/5 6 * * ? *)',
    'cron(0 6,18 * * ? *)',
    'cron(0 * * * ? *)',
    'cron(60 6 * * ? *)',
    'cron(0 24 * * ? *)',
    'cron(0 6 * * ?)',
    'at(2027-01-01T00:00:00)',
    'daily',
  ])('may not be of %s, which is no schedule, or one that comes more than once a day', (schedule) => {
    expect(messageFor('escrows.subscriptions', [aSubscription({ schedule })])).toMatch(
      /^ {2}escrows\.subscriptions\[0\]\.schedule: got .*; allowed: Once a day at most, in UTC: /m,
    );
  });

  test.each([
    ['name', 'Labels', 'lower case'],
    ['name', 'a/b', 'lower case'],
    ['counterpartyAgentId', 'ag_somebody_else', 'It has to be in escrows.counterparties.'],
    ['amountUsd', '200.01', 'It has to be at most escrows.maxAmountUsd.'],
    ['amountUsd', 'much', 'Decimal USD as a string'],
    ['description', 'x'.repeat(201), 'up to 200'],
    ['timeoutHours', 721, 'expected number to be <=720'],
  ])('may not have %s %j', (field, value, allowed) => {
    const message = messageFor('escrows.subscriptions', [aSubscription({ [field]: value })]);

    expect(message).toContain(`escrows.subscriptions[0].${field}: got ${JSON.stringify(value)}; allowed: `);
    expect(message).toContain(allowed);
  });

  test('may not have the name of another: the requests of both would be one', () => {
    expect(messageFor('escrows.subscriptions', [aSubscription(), aSubscription({ amountUsd: '5.00' })])).toContain(
      'escrows.subscriptions[1].name: got "labels"; allowed: ',
    );
  });

  test.each(STAGES)('is none where nobody configured one: stage %s', (stage) => {
    expect(loadConfig(stage).escrows.subscriptions).toEqual([]);
  });
});

test('config/schema.json is that of the code', () => {
  const file = new URL('../../../config/schema.json', import.meta.url);
  const isCurrent = isDeepStrictEqual(JSON.parse(readFileSync(file, 'utf8')), configJsonSchema());

  expect(isCurrent ? 'current' : 'out of date: run npm run config:schema').toBe('current');
});
