import { loadConfig, parseConfig, type Config } from '../../lib/config.ts';
import type { Stage } from '../../lib/stages.ts';

const many = <Item>(length: number, make: (index: number) => Item): Item[] => Array.from({ length }, (_, i) => make(i));

/** A text of exactly this length that ends in a number of its own. */
const long = (length: number, index: number): string => `${'x'.repeat(length)}${index}`.slice(-length);

const KMS_KEY = `arn:aws:kms:ap-southeast-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const HOURS = {
  days: [1, 2, 3, 4, 5, 6, 7],
  from: '00:00',
  until: '23:59',
  timeZone: 'America/Argentina/Rio_Gallegos',
};
const AMOUNT = '123.456789';

/** A stage's configuration with everything that the schema has, as often and as long as it takes it, and checked by it. */
export function largestConfig(stage: Stage): Config {
  const config = loadConfig(stage);
  const gate = { mode: 'auto-then-person', rule: { metric: long(255, 1), atLeast: -1.7976931348623157e308 } };
  const formerBaseUrls = [2, 3].map((name) => `https://${long(62, name)}`);
  const service = { baseUrl: `https://${long(192, 1)}`, formerBaseUrls, profile: 'published' };
  const assets = many(50, (index) => long(31, index));
  const answer = { kind: 'predicted-label', format: 'jsonlines', labels: ['short', 'hold', 'long'] };
  const names = many(200, (index) => long(64, index));
  const largest = {
    ...config,
    retainData: true,
    secretName: long(200, 1),
    purpleFlea: {
      ...config.purpleFlea,
      agentId: long(100, 0),
      keys: {
        trading: { secretName: long(200, 2), agentId: long(100, 2) },
        wallet: { secretName: long(200, 3), agentId: long(100, 0) },
        counterparties: { secretName: long(200, 4) },
        predecessor: { secretName: long(200, 5), agentId: long(100, 5) },
      },
      escrow: service,
      trading: service,
      wallet: service,
      faucet: service,
    },
    bonus: {
      rules: many(50, (index) => ({
        name: long(30, index),
        jobs: { prefix: long(63, index) },
        metric: long(255, index),
        direction: 'higher',
        plausible: { min: 0, max: 1_000_000 },
        tiers: many(20, (tier) => ({ beyond: 0.1234567890123456 + tier, amountUsd: `${100 + tier}.456789` })),
        payee: long(100, index),
        timeoutHours: 168,
        gate,
      })),
      endpoints: many(50, (index) => long(63, index)),
    },
    modelPackages: {
      by: 'life-cycle',
      approved: many(6, (index) => ({ stage: long(63, index), status: long(63, index) })),
      rejected: many(6, (index) => ({ stage: long(63, 10 + index), status: long(63, 10 + index) })),
    },
    escrows: {
      ...config.escrows,
      counterparties: many(200, (index) => long(100, index)),
      gate,
      subscriptions: many(50, (index) => ({
        name: long(30, index),
        counterpartyAgentId: long(100, index),
        amountUsd: '10.00',
        description: long(200, index),
        timeoutHours: 720,
        schedule: 'rate(7 days)',
      })),
    },
    trading: {
      ...config.trading,
      markets: assets.map((asset, index) => ({
        asset,
        maxExposureUsd: AMOUNT,
        hours: HOURS,
        symbols: { reference: long(40, index), published: long(40, index) },
      })),
      predictors: many(20, (index) => ({
        name: long(20, index),
        asset: assets[index],
        endpointName: long(63, index),
        features: {
          source: 'feature-store',
          featureGroup: long(64, index),
          recordId: long(200, index),
          names,
          eventTimeFeature: long(64, 0),
          maxAgeSeconds: 31_536_000,
          kmsKeyArn: KMS_KEY,
        },
        priceFeature: names[0],
        request: { format: 'jsonlines', order: names },
        answer,
        everyMinutes: 1440,
      })),
      inferences: many(10, (index) => ({
        name: long(20, index),
        asset: assets[index],
        bucket: long(63, index),
        prefix: long(512, index),
        failurePrefix: long(512, index + 100),
        answer,
        kmsKeyArn: KMS_KEY,
      })),
    },
  };
  return parseConfig(largest, `config/${stage}.json`);
}
