import { parseConfig, type Config } from '../../lib/config.ts';

const LABELS = {
  name: 'labels',
  counterpartyAgentId: 'ag_labeler',
  amountUsd: '10.00',
  description: 'Labels of the week: "all"',
  timeoutHours: 48,
  schedule: 'cron(0 6 ? * MON *)',
};
const HOSTING = { ...LABELS, name: 'hosting', amountUsd: '25.00', schedule: 'rate(30 days)' };

/** The stage with two subscriptions, checked as its file would be. */
export function subscribed(config: Config): Config {
  const escrows = { ...config.escrows, counterparties: ['ag_labeler'], subscriptions: [LABELS, HOSTING] };
  return parseConfig({ ...config, escrows }, 'config/prod.json');
}

const KMS_KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const ORDER = ['rsi_14', 'volume_z'];

const FIXED = {
  name: 'btc',
  asset: 'BTC-USDC',
  endpointName: 'Direction-BTC',
  features: { source: 'fixed', values: { rsi_14: 62 } },
};
const FROM_S3 = {
  name: 'eth',
  asset: 'ETH-USDC',
  endpointName: 'direction-eth',
  features: { source: 's3', bucket: 'my-features', key: 'eth/latest.json', maxAgeSeconds: 600, kmsKeyArn: KMS_KEY },
  request: { format: 'csv', order: ORDER },
  answer: { kind: 'probability-of-long', format: 'csv', shortBelow: 0.4, longFrom: 0.6 },
  everyMinutes: 5,
};
const FROM_STORE = {
  name: 'sol',
  asset: 'SOL-USDC',
  endpointName: 'direction-sol',
  features: {
    source: 'feature-store',
    featureGroup: 'Market-1m',
    recordId: 'SOL-USDC',
    names: ORDER,
    eventTimeFeature: 'as_of',
    maxAgeSeconds: 120,
  },
  request: { format: 'jsonlines', order: ORDER },
  answer: { kind: 'predicted-label', format: 'jsonlines', labels: ['short', 'long'] },
  everyMinutes: 15,
};
const INFERENCE = {
  name: 'slow',
  asset: 'BTC-USDC',
  bucket: 'my-answers',
  prefix: 'slow/out/',
  answer: { kind: 'direction', format: 'json' },
  kmsKeyArn: KMS_KEY,
};

/** The stage with three predictors and an asynchronous endpoint, checked as its file would be. */
export function predicting(config: Config): Config {
  const trading = { ...config.trading, predictors: [FIXED, FROM_S3, FROM_STORE], inferences: [INFERENCE] };
  return parseConfig({ ...config, trading }, 'config/prod.json');
}
