import { describe, expect, test } from '@jest/globals';
import { InvalidConfigError, loadConfig, parseConfig, type Config } from '../../../lib/config.ts';

const MARKET = { asset: 'BTC-USDC', maxExposureUsd: '500.00' };
const SUBSCRIPTION = {
  name: 'labels',
  counterpartyAgentId: 'ag_model_owner_churn',
  amountUsd: '10.00',
  description: 'Labels of the week',
  timeoutHours: 48,
  schedule: 'rate(7 days)',
};

type Part = 'budgets' | 'escrows' | 'purpleFlea' | 'trading';

/** What is said of the local configuration with some of one part replaced. */
function problemsOf(part: Part, values: object): readonly string[] {
  const config: Config = loadConfig('local');
  try {
    parseConfig({ ...config, [part]: { ...config[part], ...values } }, 'config/local.json');
    return [];
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    return error.message.split('\n').slice(1);
  }
}

const withSchedule = (schedule: string) => problemsOf('escrows', { subscriptions: [{ ...SUBSCRIPTION, schedule }] });
const [PREDICTOR] = loadConfig('local').trading.predictors;

describe('what can never work is refused, by path, value and fix', () => {
  test.each<[string, Part, object, RegExp]>([
    [
      'a predictor without a market',
      'trading',
      { predictors: [{ ...PREDICTOR, asset: 'DOGE-USDC' }] },
      /trading\.predictors\[0\]\.asset: got "DOGE-USDC"; allowed: .*one of trading\.markets \(BTC-USDC, /,
    ],
    [
      'an inference without a market',
      'trading',
      { markets: [MARKET] },
      /trading\.inferences\[0\]\.asset: got "ETH-USDC"; allowed: .*one of trading\.markets \(BTC-USDC\)/,
    ],
    [
      'markets that would have one rule',
      'trading',
      { markets: [...loadConfig('local').trading.markets, { ...MARKET, asset: 'btc_usdc' }] },
      /trading\.markets\[3\]\.asset: got "btc_usdc"; allowed: .*It and "BTC-USDC" would have one rule/,
    ],
    [
      'a market whose rule would have too long a name',
      'trading',
      { markets: [...loadConfig('local').trading.markets, { ...MARKET, asset: 'A'.repeat(33) }] },
      /trading\.markets\[3\]\.asset: got "A+"; allowed: .*At most 32 characters in stage local/,
    ],
    [
      'an order above the largest',
      'trading',
      { maxOrderUsd: '49.99' },
      /trading\.size\.amountUsd: got "50\.00"; allowed: .*at most trading\.maxOrderUsd \(49\.99\)/,
    ],
    [
      'an order above what a market may be exposed to',
      'trading',
      { markets: [...loadConfig('local').trading.markets, { asset: 'XRP', maxExposureUsd: '20.00' }] },
      /trading\.size\.amountUsd: .*at most maxExposureUsd of XRP \(20\.00\)/,
    ],
    [
      'an order above the budget of the day',
      'budgets',
      { perDay: { 'trade-order': '40.00', 'escrow-create': '500.00' } },
      /trading\.size\.amountUsd: .*at most budgets\.perDay\.trade-order \(40\.00\)/,
    ],
    [
      'the largest of orders by confidence above the budget of a market',
      'budgets',
      { perAgentAndDay: { 'trade-order': '40.00' } },
      /trading\.size\.amountUsd: .*at most budgets\.perAgentAndDay\.trade-order \(40\.00\)/,
    ],
    [
      'an order that the paper account cannot pay',
      'trading',
      { mode: 'paper', paper: { balanceUsd: '30.00', feeBasisPoints: 5 } },
      /trading\.size\.amountUsd: .*at most what trading\.paper\.balanceUsd pays for \(30\.00\)/,
    ],
    [
      'a paper account that begins below the least balance',
      'trading',
      { mode: 'paper', minBalanceUsd: '1000.01' },
      /trading\.minBalanceUsd: got "1000\.01"; allowed: .*at most trading\.paper\.balanceUsd \(1000\.00\)/,
    ],
    [
      'a request above the budget of the day',
      'escrows',
      { maxAmountUsd: '200.01' },
      /escrows\.maxAmountUsd: got "200\.01"; allowed: .*at most budgets\.perAgentAndDay\.escrow-create \(200\.00\)/,
    ],
    [
      'a counterparty that is there twice',
      'escrows',
      { counterparties: ['ag_one', 'ag_two', 'ag_one'] },
      /escrows\.counterparties\[2\]: got "ag_one"; allowed: Each is there once\./,
    ],
    [
      'an agent that may get more in a day than all together',
      'budgets',
      { perAgentAndDay: { 'escrow-create': '500.01' } },
      /budgets\.perAgentAndDay\.escrow-create: got "500\.01"; allowed: .*at most budgets\.perDay\.escrow-create \(500\.00\)/,
    ],
    [
      'a connection that may take longer than its request',
      'purpleFlea',
      { connectTimeoutMs: 6000, requestTimeoutMs: 5000 },
      /purpleFlea\.connectTimeoutMs: got 6000; allowed: .*at most requestTimeoutMs \(5000\)/,
    ],
    [
      'a key that would go out in the clear',
      'purpleFlea',
      { wallet: { baseUrl: 'http://api.example.com', profile: 'reference' } },
      /purpleFlea\.wallet\.baseUrl: got "http:\/\/api\.example\.com"; allowed: .*https, or http on this machine/,
    ],
    [
      'a former name that is the present one',
      'purpleFlea',
      { wallet: { baseUrl: 'http://localhost:1', formerBaseUrls: ['http://localhost:1'], profile: 'reference' } },
      /purpleFlea\.wallet\.formerBaseUrls\[0\]: got "http:\/\/localhost:1"; allowed: .*another than baseUrl/,
    ],
    [
      'a former name that keys went to in the clear',
      'purpleFlea',
      { wallet: { baseUrl: 'https://a.example.com', formerBaseUrls: ['http://b.example.com'], profile: 'reference' } },
      /purpleFlea\.wallet\.formerBaseUrls\[0\]: got "http:\/\/b\.example\.com"; allowed: .*https/,
    ],
    [
      'a schedule on features that never change',
      'trading',
      { predictors: [{ ...PREDICTOR, everyMinutes: 5 }] },
      /trading\.predictors\[0\]\.everyMinutes: got 5; allowed: .*read features from s3 or feature-store/,
    ],
  ])('%s', (_, part, values, problem) => {
    const problems = problemsOf(part, values);

    expect(problems.filter((line) => !problem.test(line) && !line.startsWith('  retainData'))).toEqual([]);
    expect(problems[0]).toMatch(problem);
  });

  test('a live market without a symbol that the published server would answer', () => {
    const { purpleFlea, trading } = loadConfig('local');
    const published = { ...purpleFlea, trading: { ...purpleFlea.trading, profile: 'published' } };
    const parse = (market: object, mode = 'live') =>
      parseConfig(
        {
          ...loadConfig('local'),
          purpleFlea: published,
          trading: { ...trading, mode, markets: [...trading.markets, { ...MARKET, ...market }] },
        },
        'config/local.json',
      );

    expect(() => parse({ asset: 'TSLA' })).toThrow(/trading\.markets\[3\]\.symbols: .*TSLA is no pair with USDC/);
    expect(() => parse({ asset: 'TSLA', symbols: { published: 'TSLA' } })).not.toThrow();
    expect(() => parse({ asset: 'TSLA' }, 'paper')).not.toThrow();
  });

  test('more names of markets than the pattern of a rule takes', () => {
    const markets = Array.from({ length: 50 }, (_, index) => ({ ...MARKET, asset: `${'A'.repeat(34)}${10 + index}` }));
    const config = loadConfig('local');
    const trading = { ...config.trading, markets, predictors: [], inferences: [] };

    expect(() => parseConfig({ ...config, stage: 'a', trading }, 'config/a.json')).toThrow(
      /trading\.markets: got "50 markets"; allowed: .*at most 1800 characters/,
    );
  });

  test.each([
    'cron(0 6 ? * MON *)',
    'cron(30 23 1,15 * ? *)',
    'cron(0 0 L * ? 2026-2030)',
    'cron(0 6 ? JAN-MAR 2#1 *)',
  ])('but not the schedule %s', (schedule) => {
    expect(withSchedule(schedule)).toEqual([]);
  });

  test.each([
    'cron(0 6 * * * *)',
    'cron(0 6 ? * ? *)',
    'cron(0 6 1 * MON *)',
    'cron(0 6 foo bar ? *)',
    'cron(0 6 ? * 8 *)',
    'cron(0 6 32 * ? *)',
    'cron(0 6 ? 13 MON *)',
    'cron(0 6 ? * MON 1969)',
    'rate(0 days)',
    'rate(1 days)',
  ])('as is the schedule %s, which AWS refuses', (schedule) => {
    expect(withSchedule(schedule)).toEqual([expect.stringContaining('escrows.subscriptions[0].schedule: got ')]);
  });
});

describe('features', () => {
  const featuresOf = (features: object) => {
    const config = loadConfig('local');
    const trading = { ...config.trading, predictors: [{ ...PREDICTOR, features }] };
    const [predictor] = parseConfig({ ...config, trading }, 'config/local.json').trading.predictors;
    return predictor?.features;
  };

  test('from S3 may be 15 minutes old if nothing else is said, and of any age only if that is said', () => {
    const source = { source: 's3', bucket: 'features', key: 'btc.json' };

    expect(featuresOf(source)).toMatchObject({ maxAgeSeconds: 900 });
    expect(featuresOf({ ...source, maxAgeSeconds: 'unlimited' })).toMatchObject({ maxAgeSeconds: 'unlimited' });
  });

  test('from Feature Store need their event time, unless they may be of any age', () => {
    const source = { source: 'feature-store', featureGroup: 'market', recordId: 'BTC', names: ['rsi_14'] };

    expect(() => featuresOf(source)).toThrow('give eventTimeFeature, or "maxAgeSeconds": "unlimited"');
    expect(featuresOf({ ...source, eventTimeFeature: 'as_of' })).toMatchObject({ maxAgeSeconds: 900 });
    expect(featuresOf({ ...source, maxAgeSeconds: 'unlimited' })).not.toHaveProperty('eventTimeFeature');
  });
});
