import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import {
  configJsonSchema,
  InvalidConfigError,
  loadConfig,
  parseConfig,
  parseConfigText,
  type Config,
} from '../../../lib/config.ts';
import { STAGES } from '../../../lib/stages.ts';

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

const KMS_KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

function aRecord(overrides: Readonly<Record<string, unknown>> = {}) {
  return { source: 'feature-store', featureGroup: 'market', recordId: 'BTC-USDC', names: ['rsi_14'], ...overrides };
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

const HOURS = { days: [1, 2, 3, 4, 5], from: '09:30', until: '16:00', timeZone: 'America/New_York' };

describe('the file of stage', () => {
  test.each(STAGES)('%s loads, and is about that stage', (stage) => {
    const config: Config = loadConfig(stage);

    expect(config.stage).toBe(stage);
    expect(config.retainData).toBe(stage !== 'local');
    expect(config.bonus.rules.map(({ payee }) => payee)).toEqual(
      stage === 'local' ? ['ag_model_owner_churn', 'ag_model_owner_fraud'] : [],
    );
  });

  test.each(['staging', '', 'Prod', '../local', '__proto__', 'undefined'])('"%s" does not exist', (stage) => {
    expect(() => loadConfig(stage)).toThrow(`-c stage=${stage}: there is no such stage; there are dev, local, prod; `);
  });

  test('has to be about the stage that it is named after: a copy would be deployed over the other', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    try {
      copyFileSync('config/dev.json', join(folder, 'prod.json'));
      copyFileSync('config/dev.json', join(folder, 'dev.json'));
      const load = (stage: string) => loadConfig(stage, pathToFileURL(`${folder}/`));

      expect(load('dev').stage).toBe('dev');
      expect(() => load('prod')).toThrow(InvalidConfigError);
      expect(() => load('prod')).toThrow(
        /^config\/prod\.json is not a valid configuration:\n {2}stage: got "dev"; allowed: the name of the file\. Set it to "prod"/,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test.each(['staging', 'qa-2', 'a', 'dev1', 'load-test-eu'])('may be of a stage "%s"', (stage) => {
    expect(messageFor('stage', stage)).toBe('accepted');
  });

  test.each(['', 'Prod', '1st', '-a', 'a-', 'a_b', 'thirteen-long'])('may not be of a stage "%s"', (stage) => {
    expect(messageFor('stage', stage)).toContain(`stage: got "${stage}"; allowed: Name of the file`);
  });

  test.each([
    ['{\n  "stage": "dev",\n}', 'line 3, column 1: expected a key in double quotation marks, found "}"'],
    ['{\n  "stage": dev\n}', 'line 2, column 12: expected a value, found "d"'],
    ['{"stage": "dev" "retainData": true}', 'line 1, column 17: expected "," or "}", found "\\""'],
    ['{"stage": "dev",\n "stage": "prod"}', 'line 2, column 2: "stage" is there twice'],
    ['{"bonus": {"rules": [1, 2}}', 'line 1, column 26: expected "," or "]", found "}"'],
    ['{"a": 1', 'line 1, column 8: expected "," or "}", found the end of the file'],
    ['{"a": 1}\n{}', 'line 2, column 1: expected the end of the file, found "{"'],
    ['', 'line 1, column 1: expected a value, found the end of the file'],
    ['\uFEFF{}', 'line 1, column 1: expected a value, found "\uFEFF"'],
    ['{"a": 01}', 'line 1, column 8: expected "," or "}", found "1"'],
    ["{'a': 1}", 'line 1, column 2: expected a key in double quotation marks, found "\'"'],
  ])('that is no JSON is refused by line and column: %j', (text, problem) => {
    expect(() => parseConfigText(text, 'config/dev.json')).toThrow(
      new InvalidConfigError(`config/dev.json is not JSON: ${problem}`),
    );
  });
});

describe('a configuration', () => {
  test.each([
    ['bonus', { rules: [] }],
    ['bonus.rules[0].tiers[2].amountUsd', '1.00'],
    ['bonus.rules[0].timeoutHours', 720],
    ['bonus.rules[0].gate', undefined],
    ['bonus.rules[0].guard', undefined],
    ['bonus.rules[0].guard.default', { locked: 'let-lapse', completed: 'dispute' }],
    ['bonus.rules[0].jobs', { pattern: 'pipelines-*-TrainChurn-*' }],
    ['bonus.rules[0].jobs', { pattern: '*' }],
    ['bonus.rules[0].jobs', { tag: { key: 'purple-flea:team', value: 'churn' } }],
    ['bonus.rules[0].jobs', { prefix: 'fraud-xgb-' }],
    ['bonus.rules[0].tiers', [{ beyond: 0, amountUsd: '5.00' }]],
    ['modelPackages', { by: 'approval-status' }],
    ['modelPackages', { by: 'life-cycle', approved: [{ stage: 'Production', status: 'Approved' }] }],
    ['trading.confidenceThreshold', 0],
    ['trading.size', { by: 'fixed', amountUsd: '100.00' }],
    ['trading.size', { by: 'confidence', fromUsd: '10.00', toUsd: '10.00' }],
    ['trading.mode', 'paper'],
    ['trading.markets[0].hours', HOURS],
    ['trading.markets[0].symbols', { published: 'BTC' }],
    ['trading.coolDownSeconds', 86_400],
    ['trading.minBalanceUsd', '0.00'],
    ['trading.predictors', []],
    ['trading.predictors[0].everyMinutes', undefined],
    ['trading.predictors[0].features', { source: 's3', bucket: 'my.features', key: 'btc/latest.json' }],
    [
      'trading.predictors[0].features',
      { source: 's3', bucket: 'features', key: 'btc.json', names: ['rsi_14'], maxAgeSeconds: 600, kmsKeyArn: KMS_KEY },
    ],
    ['trading.predictors[0].features', aRecord({ maxAgeSeconds: 'unlimited' })],
    ['trading.predictors[0].features', aRecord({ eventTimeFeature: 'as_of' })],
    ['trading.predictors[0].features', aRecord({ eventTimeFeature: 'as_of', maxAgeSeconds: 600 })],
    ['trading.predictors[0].request', { format: 'csv', order: ['rsi_14', 'momentum_5m'] }],
    ['trading.predictors[0].answer', { kind: 'probability-of-long', format: 'csv', shortBelow: 0.5, longFrom: 0.5 }],
    ['trading.predictors[0].answer', { kind: 'predicted-label', format: 'json', labels: ['long', 'short'] }],
    ['trading.inferences', undefined],
    ['trading.inferences[0].failurePrefix', undefined],
    ['trading.inferences[0].kmsKeyArn', KMS_KEY],
    ['escrows.counterparties', []],
    ['escrows.maxAmountUsd', '1.00'],
    ['trading.markets[0].hours', { ...HOURS, timeZone: 'America/Argentina/Buenos_Aires' }],
    ['purpleFlea.escrow.baseUrl', 'http://localhost:9000'],
    ['escrows.subscriptions', undefined],
    ['escrows.subscriptions', [aSubscription(), aSubscription({ name: 'hosting' })]],
    ['escrows.subscriptions', [aSubscription({ amountUsd: '200.00' })]],
    ['alarmEmail', 'ops@example.com'],
    ['notifications', undefined],
    ['notifications.orders', false],
    ['chat', { slackWorkspaceId: 'T01ABCDEF', slackChannelId: 'C02ABCDEF' }],
    ['purpleFlea.escrow.baseUrl', 'https://escrow.localhost/v1'],
    ['purpleFlea.wallet.profile', 'published'],
    ['budgets.perDay', { 'trade-order': '500.00' }],
    ['budgets.perDay.transfer', '0.01'],
    ['budgets.perAgentAndDay.trade-order', '500'],
  ])('may have %s %j', (path, value) => {
    expect(messageFor(path, value)).toBe('accepted');
  });

  test.each<[string, unknown, string, string]>([
    ['stage', 'QA', 'got "QA"', 'Name of the file'],
    ['retainData', 'yes', 'got "yes"', 'expected boolean'],
    ['retainData', undefined, 'is missing', 'expected boolean'],
    ['secretName', 'a secret', 'got "a secret"', 'Name of the secret'],
    ['alarmEmail', 'nobody', 'got "nobody"', 'Invalid email address'],
    ['notifications.orders', 'no', 'got "no"', 'Whether every order that is placed is a line'],
    [
      'purpleFlea.escrow.baseUrl',
      'https://escrow.localhost/',
      'got "https://escrow.localhost/"',
      'without a slash at the end',
    ],
    ['purpleFlea.trading.baseUrl', 'ftp://127.0.0.1', 'got "ftp://127.0.0.1"', 'http or https'],
    ['purpleFlea.escrow.profile', 'v2', 'got "v2"', 'expected one of "reference"|"published"'],
    ['purpleFlea.connectTimeoutMs', 0, 'got 0', 'expected number to be >=500'],
    ['purpleFlea.requestTimeoutMs', 60_000, 'got 60000', 'expected number to be <=15000'],
    ['budgets', undefined, 'is missing', 'What may go out.'],
    ['budgets.perDay', undefined, 'is missing', 'The most of each kind in one UTC day'],
    ['budgets.perDay.escrow-create', 500, 'got 500', 'Decimal USD as a string, 0.01 to 999999.00.'],
    ['budgets.perDay.trade-order', 'much', 'got "much"', 'Decimal USD as a string, 0.01 to 999999.00.'],
    ['budgets.perAgentAndDay.escrow-create', '0.00', 'got "0.00"', 'Decimal USD as a string, 0.01 to 999999.00.'],
    ['bonus', null, 'got null', 'expected object'],
    ['bonus.rules', undefined, 'is missing', 'Which job earns what, and for whom'],
    ['bonus.rules[0].name', 'Churn', 'got "Churn"', 'lower case'],
    ['bonus.rules[0].metric', '', 'got ""', 'Final metric that the bonus goes by'],
    ['bonus.rules[0].direction', 'up', 'got "up"', 'Whether higher or lower values are better'],
    ['bonus.rules[0].direction', undefined, 'is missing', 'Whether higher or lower values are better'],
    ['bonus.rules[0].plausible', undefined, 'is missing', 'Outside them nothing is paid'],
    ['bonus.rules[0].tiers', [], 'got []', 'expected array to have >=1 items'],
    ['bonus.rules[0].tiers[1].beyond', '0.8', 'got "0.8"', 'strictly better than this'],
    ['bonus.rules[0].tiers[1].amountUsd', 20, 'got 20', 'Decimal USD as a string, 1.00 to 10000.00.'],
    ['bonus.rules[0].tiers[2].amountUsd', '0.99', 'got "0.99"', 'Decimal USD as a string, 1.00 to 10000.00.'],
    ['bonus.rules[0].tiers[1].amountUsd', 'twenty', 'got "twenty"', 'Decimal USD as a string, 1.00 to 10000.00.'],
    ['bonus.rules[0].tiers[1].amountUsd', '-20.00', 'got "-20.00"', 'Decimal USD as a string, 1.00 to 10000.00.'],
    [
      'bonus.rules[0].tiers[1].amountUsd',
      '20.0000000',
      'got "20.0000000"',
      'Decimal USD as a string, 1.00 to 10000.00.',
    ],
    ['bonus.rules[0].timeoutHours', 0, 'got 0', 'expected number to be >=1'],
    ['bonus.rules[0].timeoutHours', 721, 'got 721', 'expected number to be <=720'],
    ['bonus.rules[0].timeoutHours', 1.5, 'got 1.5', 'expected int'],
    ['bonus.rules[1].payee', 'me', 'got "me"', 'Registered agent that is paid.'],
    ['bonus.rules[0].jobs', {}, 'got {}', 'give one of tag, prefix, pattern'],
    ['bonus.rules[0].jobs.prefix', 'churn_', 'got "churn_"', 'Start of the job names'],
    ['bonus.rules[0].jobs.prefix', '', 'got ""', 'Start of the job names'],
    ['bonus.rules[1].name', 'churn', 'got "churn"', 'Each rule needs a name of its own'],
    ['bonus.rules[0].tiers[0].amountUsd', '200.01', 'got "200.01"', 'budgets.perAgentAndDay.escrow-create (200.00)'],
    ['bonus.rules[0].plausible', { min: 1, max: 1 }, 'got {"min":1,"max":1}', 'min has to be less than max'],
    ['bonus.endpoints', 'churn-scorer', 'got "churn-scorer"', 'none if left out'],
    ['bonus.endpoints[0]', 'churn_scorer', 'got "churn_scorer"', 'Name of a SageMaker endpoint'],
    ['modelPackages.by', 'stages', 'got {"by":"stages"}', "'approval-status' | 'life-cycle'"],
    ['escrows', undefined, 'is missing', 'requested by events and schedules'],
    ['escrows.counterparties', undefined, 'is missing', 'Agents that escrow.requested may have paid'],
    ['escrows.counterparties[0]', 'me', 'got "me"', '3 to 100 letters, digits'],
    ['escrows.maxAmountUsd', '0.99', 'got "0.99"', 'The most that one request may lock'],
    ['escrows.maxAmountUsd', '200000.01', 'got "200000.01"', 'The most that one request may lock'],
    ['escrows.gate', undefined, 'is missing', 'What turns a delivery into a release'],
    ['escrows.guard', undefined, 'is missing', 'No escrow settles because nobody looked'],
    ['webhooks.enabled', 'yes', 'got "yes"', 'Whether there is a public address'],
    ['trading.confidenceThreshold', 60, 'got 60', 'expected number to be <=1'],
    ['trading.size.amountUsd', '1.00', 'got "1.00"', '1.01 to 50000.00'],
    ['trading.maxOrderUsd', '50000.01', 'got "50000.01"', 'No order is larger'],
    ['trading.mode', 'real', 'got "real"', 'paper: orders go to a book of our own'],
    ['trading.markets[0].maxExposureUsd', '1.00', 'got "1.00"', 'The most that its open positions'],
    [
      'trading.markets[0].hours',
      { ...HOURS, until: '09:30' },
      `got ${JSON.stringify({ ...HOURS, until: '09:30' })}`,
      'until has to be later than from',
    ],
    ['trading.dailyLossUsd', '0.00', 'got "0.00"', 'With this much lost in a UTC day'],
    ['trading.coolDownSeconds', -1, 'got -1', 'expected number to be >=0'],
    ['trading.paper.feeBasisPoints', 1001, 'got 1001', 'expected number to be <=1000'],
    ['budgets.perDay.trade-order', undefined, 'is missing', 'no trading without a limit'],
    ['trading.leverage', 0, 'got 0', 'expected number to be >=1'],
    ['trading.leverage', 21, 'got 21', 'expected number to be <=20'],
    ['trading.markets[0].asset', '', 'got ""', 'letters, digits and . _ : / -, up to 40'],
    ['trading.maxAgeSeconds', 0, 'got 0', 'expected number to be >=1'],
    ['trading.predictors[0].name', 'BTC', 'got "BTC"', 'lower case'],
    ['trading.predictors[0].name', 'x'.repeat(21), 'got "xxxxxxxxxxxxxxxxxxxxx"', 'up to 20'],
    ['trading.predictors[0].endpointName', '-x', 'got "-x"', 'SageMaker endpoint'],
    ['bonus.rules[0].guard.alertHours', 0.2, 'got 0.2', 'expected number to be >=0.25'],
    ['bonus.rules[0].guard.alertHours', 73, 'got 73', 'expected number to be <=72'],
    ['bonus.rules[0].guard.default', 'wait', 'got "wait"', 'release, dispute or let-lapse'],
    ['trading.predictors[0].features.values', {}, 'got {}', 'at least one'],
    ['trading.predictors[0].features.values.rsi_14', '62', 'got "62"', 'expected number'],
    ['trading.predictors[0].everyMinutes', 0, 'got 0', 'expected number to be >=1'],
    ['trading.inferences', 'all', 'got "all"', 'none if left out'],
    ['trading.inferences[0].bucket', 'My_Bucket', 'got "My_Bucket"', 'A bucket of S3'],
    ['trading.inferences[0].prefix', '', 'got ""', 'with a slash at the end'],
    ['trading.inferences[0].prefix', 'answers/*', 'got "answers/*"', 'S3OutputPath'],
    ['trading.inferences[0].failurePrefix', '$x', 'got "$x"', 'S3FailurePath'],
    [
      'trading.inferences[0].failurePrefix',
      'answers/failed/',
      'got "answers/failed/"',
      'another prefix of the same bucket',
    ],
    ['trading.inferences[0].kmsKeyArn', 'alias/mine', 'got "alias/mine"', 'one of your own'],
    ['trading.inferences[0].answer.labels', ['long'], 'got ["long"]', 'expected array to have >=2 items'],
    ['trading.inferences[0].answer.labels', ['long', 'long'], 'got ["long","long"]', 'each once'],
  ])('may not have %s %j: path, value and what is allowed are said', (path, value, got, allowed) => {
    const [heading, problem, ...more] = messageFor(path, value).split('\n');

    expect(heading).toBe('config/local.json is not a valid configuration:');
    expect(problem).toMatch(new RegExp(`^ {2}${path.replaceAll(/[.[\]]/g, '\\$&')}: `));
    expect(problem).toContain(`${got}; allowed: `);
    expect(problem).toContain(allowed);
    expect(more).toEqual([]);
  });

  test.each([
    ['bonus.rule', 'rules, endpoints; did you mean "rules"?'],
    ['bonus.rules[0].agent', 'name, jobs, metric, direction, plausible, tiers, payee, timeoutHours, gate, guard'],
    ['bonus.rules[0].jobs.tags', 'tag, prefix, pattern; did you mean "tag"?'],
    [
      'apiKey',
      '$schema, stage, retainData, deployTo, secretName, alarmEmail, notifications, chat, purpleFlea, budgets, bonus, modelPackages, escrows, trading, webhooks',
    ],
    ['escrows.payees', 'counterparties, maxAmountUsd, gate, guard, subscriptions'],
    ['webhooks.url', 'enabled'],
    ['trading.predictors[0].every', 'name, asset, endpointName, features, priceFeature, request, answer, everyMinutes'],
    ['trading.predictors[0].features.key', 'source, values'],
    ['trading.inferences[0].answer.order', 'kind, format, labels'],
    ['bonus.rules[0].gate.rules', 'mode, rule; did you mean "rule"?'],
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
    const config = withValue('bonus.rules[0].timeoutHours', 0) as Config;

    expect(() => parseConfig({ ...config, stage: 'Qa', secret: 'x' }, FILE)).toThrow(
      /^config\/local\.json is not a valid configuration:\n {2}stage: .*\n {2}bonus\.rules\[0\]\.timeoutHours: .*\n {2}secret: unknown; .*$/,
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

test.each([
  [{ ...HOURS, timeZone: 'Mars/Phobos' }, 'trading.markets[0].hours.timeZone: got "Mars/Phobos"; allowed: IANA name.'],
  [{ ...HOURS, days: [0] }, 'trading.markets[0].hours.days[0]: got 0'],
  [{ ...HOURS, from: '9:30' }, 'trading.markets[0].hours.from: got "9:30"'],
])('hours of a market that are none are named: %j', (hours, problem) => {
  expect(messageFor('trading.markets[0].hours', hours)).toContain(problem);
});

test.each([
  [{ slackWorkspaceId: 'T01ABCDEF' }, "chat.slackChannelId: is missing; allowed: The end of the channel's link."],
  [
    { slackWorkspaceId: 'T01ABCDEF', slackChannelId: '#trades' },
    `chat.slackChannelId: got "#trades"; allowed: The end of the channel's link.`,
  ],
  [
    { slackWorkspaceId: 'T01ABCDEF', slackChannelId: 'C02ABCDEF', url: 'x' },
    'chat.url: unknown; allowed here: slackWorkspaceId, slackChannelId',
  ],
])('a Slack channel is named by two ids: %j is not accepted', (chat, problem) => {
  expect(messageFor('chat', chat)).toContain(`\n  ${problem}`);
});

test('a market that is there twice, and sizes the wrong way round, are named', () => {
  const market = { asset: 'BTC-USDC', maxExposureUsd: '500.00' };

  expect(messageFor('trading.markets', [market, market])).toContain(
    'trading.markets[1].asset: got "BTC-USDC"; allowed: As predictions and alerts name it: letters, digits and . _ : / -, up to 40. Each market is there once.',
  );
  expect(messageFor('trading.size', { by: 'confidence', fromUsd: '20.00', toUsd: '10.00' })).toContain(
    'trading.size.toUsd: got "10.00"; allowed: ',
  );
});

describe('a predictor', () => {
  const features = (value: unknown) => messageFor('trading.predictors[0].features', value);

  test.each<[unknown, string]>([
    [
      { source: 's3', bucket: 'features', key: 'btc/*' },
      'features.key: got "btc/*"; allowed: Key of an object; without *, ? and $.',
    ],
    [{ source: 's3', bucket: 'features', key: '/btc' }, 'features.key: got "/btc"'],
    [{ source: 's3', bucket: 'Features', key: 'btc' }, 'features.bucket: got "Features"'],
    [{ source: 's3', bucket: 'features', key: 'btc', names: [] }, 'features.names: got []'],
    [
      { source: 's3', bucket: 'features', key: 'btc', maxAge: 60 },
      'features.maxAge: unknown; allowed here: source, bucket, key, names, maxAgeSeconds, kmsKeyArn',
    ],
    [{ source: 's3', bucket: 'features', key: 'btc', maxAgeSeconds: 0 }, 'features.maxAgeSeconds: got 0'],
    [aRecord({ names: [] }), 'features.names: got []; allowed: Which of its features are taken, one at least.'],
    [aRecord({ names: undefined }), 'features.names: is missing'],
    [aRecord(), 'give eventTimeFeature, or "maxAgeSeconds": "unlimited"'],
    [aRecord({ maxAgeSeconds: 600 }), 'give eventTimeFeature, or "maxAgeSeconds": "unlimited"'],
    [aRecord({ eventTimeFeature: 'as_of', maxAgeSeconds: 'unlimited' }), 'not both'],
    [
      aRecord({ featureGroup: 'arn:aws:sagemaker:x' }),
      'features.featureGroup: got "arn:aws:sagemaker:x"; allowed: A feature group',
    ],
  ])('may not read features from %j', (source, problem) => {
    expect(features(source)).toContain(problem);
  });

  test('may not have a price that is none of its features', () => {
    expect(messageFor('trading.predictors[0].priceFeature', 'rsi_14')).toBe('accepted');
    expect(messageFor('trading.predictors[0].priceFeature', 'close')).toContain('It has to be one of the features.');
  });

  test('may not be asked by an order that has a feature which it does not read', () => {
    const request = { format: 'csv', order: ['rsi_14', 'rsi_15'] };

    expect(messageFor('trading.predictors[0].request', request)).toContain(
      'trading.predictors[0].request.order: got ["rsi_15"]; allowed: ',
    );
  });

  test.each([
    ['features.source', 'redis', "Expected 'fixed' | 's3' | 'feature-store'"],
    ['request.format', 'xml', "Expected 'json' | 'csv' | 'jsonlines'"],
    ['answer.kind', 'guess', "Expected 'direction' | 'probability-of-long' | 'probabilities' | 'predicted-label'"],
  ])('may not have %s %s: what there is is said', (path, value, allowed) => {
    const message = messageFor(`trading.predictors[0].${path}`, value);

    expect(message).toContain(`  trading.predictors[0].${path}: got {`);
    expect(message).toContain(allowed);
  });

  test('may not go by thresholds that leave a probability both short and long', () => {
    const answer = { kind: 'probability-of-long', format: 'csv', shortBelow: 0.6, longFrom: 0.4 };

    expect(messageFor('trading.predictors[0].answer', answer)).toContain('shortBelow is at most longFrom');
  });

  test('may not be told a label by CSV, which has none', () => {
    const answer = { kind: 'predicted-label', format: 'csv', labels: ['short', 'long'] };

    expect(messageFor('trading.predictors[0].answer', answer)).toContain('answer.format: got "csv"');
  });

  test('may not have the name of another: their functions and predictions would be one', () => {
    const [predictor] = loadConfig('local').trading.predictors;

    expect(messageFor('trading.predictors', [predictor, predictor])).toContain(
      'trading.predictors[1].name: got "btc"; allowed: ',
    );
  });

  test('may have 200 features and no more', () => {
    const values = (length: number) =>
      Object.fromEntries(Array.from({ length }, (_, index) => [`a_feature_of_many_${index}`, 1]));

    expect(features({ source: 'fixed', values: values(200) })).toBe('accepted');
    expect(features({ source: 'fixed', values: values(201) })).toContain(
      'Features by name; at least one, at most 200.',
    );
  });

  test('asks with JSON by name and understands the JSON of this project, if nothing else is said', () => {
    expect(loadConfig('dev').trading.predictors).toMatchObject([
      { request: { format: 'json' }, answer: { kind: 'direction', format: 'json' } },
    ]);
  });
});

describe('an inference', () => {
  const [inference] = loadConfig('local').trading.inferences;

  test.each([
    ['the same prefix', { ...inference, name: 'other', failurePrefix: undefined }],
    ['a prefix below it', { ...inference, name: 'other', prefix: 'answers/btc/', failurePrefix: undefined }],
    ['the prefix of its failures', { ...inference, name: 'other', prefix: 'failures/', failurePrefix: undefined }],
  ])('may not share its objects with another: %s', (_, other) => {
    expect(messageFor('trading.inferences', [inference, other])).toContain('It may not begin with another prefix');
  });

  test('may have the prefix of another in another bucket', () => {
    expect(messageFor('trading.inferences', [inference, { ...inference, name: 'other', bucket: 'other' }])).toBe(
      'accepted',
    );
  });
});

test('config/schema.json is that of the code', () => {
  const file = new URL('../../../config/schema.json', import.meta.url);
  const isCurrent = isDeepStrictEqual(JSON.parse(readFileSync(file, 'utf8')), configJsonSchema());

  expect(isCurrent ? 'current' : 'out of date: run npm run config:schema').toBe('current');
});
