import { execFile } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Policies } from '../../lib/policies.ts';
import { INCOMING } from '../../src/events/catalogue.ts';
import { aTrainingEvent } from '../support/bonus-escrow.ts';
import { bundleFunctions } from '../support/bundle-functions.ts';
import { aBatch, anEvent } from '../support/lambda-events.ts';
import { MARKETS } from './markets.ts';
import { synthesizeStage } from '../support/synthesized-stage.ts';

const run = promisify(execFile);
const HERE = 'test/bench';

/** One way to do a job. */
export interface Variant {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  /** The event for one fact, by its number. */
  readonly eventOf: (fact: number) => unknown;
  /** Undefined where it is not bundled. */
  readonly bundleBytes: number | undefined;
}

/** What an event leads to, done in several ways. */
export interface Job {
  readonly title: string;
  readonly variants: readonly Variant[];
}

export interface Bench {
  /** The empty function that starts are compared with; one of the variants of the first job. */
  readonly empty: Variant;
  /** The function of this project is the first variant of each job. */
  readonly jobs: readonly [trade: Job, bonus: Job];
  /** What was left out, and why. */
  readonly leftOut: readonly string[];
}

export const PLAIN = 'plain SDK';
export const PYTHON = 'Python';

/** The training job of a fact. */
export const jobNameOf = (fact: number): string => `churn-bench-${fact}`;

const FEATURES = { momentum_5m: 0.006, momentum_1h: 0.012, rsi_14: 62, volume_z: 1.2, funding_rate: 0.0001 };

/**
 * Builds and describes everything that is measured. Later revisions call this of an earlier one, to compare themselves with it
 * (`build-baseline.ts`): its parameters and the first variants of its jobs stay.
 *
 * @param outdir for bundles.
 */
export async function prepare(outdir: string, awsUrl: string, twinUrl: string): Promise<Bench> {
  await bundleFunctions(['lambdas/place-trade/index.ts', 'lambdas/start-bonus/index.ts'], 'lambdas', outdir);
  await bundleFunctions([`${HERE}/empty.ts`, `${HERE}/plain-trade.ts`, `${HERE}/plain-bonus.ts`], HERE, outdir, {});

  const aws = {
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: awsUrl,
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const { environmentOf, policiesOf } = deployedSettings(twinUrl);
  for (const lambda of ['place-trade', 'start-bonus']) {
    writeFileSync(`${outdir}/${lambda}/policies.json`, JSON.stringify(policiesOf(lambda)));
  }
  const node = (lambda: string, file: string, name: string, eventOf: Variant['eventOf']): Variant => ({
    name,
    command: [process.execPath, `${HERE}/run-function.cjs`, `${outdir}/${file}`],
    env: { ...aws, ...environmentOf(lambda), POLICIES: JSON.stringify(policiesOf(lambda)) },
    eventOf,
    bundleBytes: statSync(`${outdir}/${file}`).size,
  });
  const trade = node('place-trade', 'place-trade/index.js', 'place-trade', predictionOf);
  const bonus = node('start-bonus', 'start-bonus/index.js', 'start-bonus', trainingJobOf);
  const python = await findPython();
  const notebook = (file: string, eventOf: Variant['eventOf']): readonly Variant[] =>
    python === undefined
      ? []
      : [
          {
            name: PYTHON,
            command: [python, `${HERE}/run_function.py`, `${HERE}/${file}`],
            env: {
              ...aws,
              PATH: process.env['PATH'] ?? '',
              PYTHONDONTWRITEBYTECODE: '1',
              AWS_DEFAULT_REGION: aws.AWS_REGION,
              AWS_ENDPOINT_URL_SAGEMAKER: twinUrl,
              AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: twinUrl,
              SAGEMAKER_ENDPOINT: 'direction-model',
              PF_BASE_URL: twinUrl,
              PF_API_KEY: 'pf_local_treasury',
              PF_AGENT_ID: 'ag_platform_treasury',
              PF_COUNTERPARTY_ID: 'ag_model_owner_churn',
            },
            eventOf,
            bundleBytes: undefined,
          },
        ];

  const empty = node('place-trade', 'empty.js', 'empty', () => ({}));
  return {
    empty,
    jobs: [
      {
        title: 'A prediction becomes an order',
        variants: [
          trade,
          node('place-trade', 'plain-trade.js', PLAIN, predictionOf),
          ...notebook('notebook_trade.py', () => ({ features: FEATURES })),
          empty,
        ],
      },
      {
        title: 'A completed training job becomes a bonus',
        variants: [
          bonus,
          node('start-bonus', 'plain-bonus.js', PLAIN, trainingJobOf),
          ...notebook('notebook_bonus.py', (fact) => ({
            detail: { TrainingJobName: jobNameOf(fact), TrainingJobStatus: 'Completed' },
          })),
        ],
      },
    ],
    leftOut: python === undefined ? ['Python: `python3 -c "import boto3, requests"` fails here'] : [],
  };
}

/** The pacer takes its turn for every call, and never has to wait. */
const WITHOUT_LIMITS = 10_000_000;

/** Environment and policies of functions as stage `local` deploys them, with limits that a benchmark does not use up. */
function deployedSettings(twinUrl: string): {
  readonly environmentOf: (lambda: string) => Readonly<Record<string, string>>;
  readonly policiesOf: (lambda: string) => Policies;
} {
  const stage = synthesizeStage('local', { twinUrl, pacePercent: WITHOUT_LIMITS }, (config) => ({
    ...config,
    trading: {
      ...config.trading,
      markets: MARKETS.map((asset) => ({ asset, maxExposureUsd: '999999.00' })),
      dailyLossUsd: '999999.00',
    },
    budgets: { perDay: { 'trade-order': '1000000.00', 'escrow-create': '1000000.00' }, perAgentAndDay: {} },
  }));
  const functions = stage.resources<{
    FunctionName: string;
    Environment: { Variables: Readonly<Record<string, string>> };
  }>('AWS::Lambda::Function');
  const environmentOf = (lambda: string) => {
    const found = functions.find(({ properties }) => stage.shorten(properties.FunctionName) === lambda);
    if (found === undefined) throw new Error(`no function ${lambda}`);
    return found.properties.Environment.Variables;
  };
  return { environmentOf, policiesOf: (lambda) => stage.policies.get(lambda) ?? {} };
}

function predictionOf(fact: number): unknown {
  const at = new Date().toISOString();
  const asset = MARKETS[fact % MARKETS.length] ?? '';
  const detail = { predictionId: `bench-${fact}`, direction: 'long', confidence: 0.9, asset, at };
  const body = anEvent(INCOMING.inferenceCompleted, detail, { time: at });
  return aBatch({ body, messageId: `message-${fact}`, groupId: `market-${asset}` });
}

function trainingJobOf(fact: number): unknown {
  const body = aTrainingEvent(jobNameOf(fact));
  return aBatch({ body, messageId: `message-${fact}` });
}

async function findPython(): Promise<string | undefined> {
  try {
    await run('python3', ['-c', 'import boto3, requests']);
    return 'python3';
  } catch {
    return undefined;
  }
}
