import { describe, expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { loadConfig } from '../../lib/config.ts';
import { STAGES } from '../../lib/stages.ts';
import { ruleTerms } from '../../lib/rule-terms.ts';
import { ACCOUNT, alarmTopicOf, REGION, synthesizeStage } from '../support/synthesized-stage.ts';

interface FunctionProperties {
  readonly FunctionName: string;
  readonly Runtime: string;
  readonly Architectures: readonly string[];
  readonly Handler: string;
  readonly Timeout: number;
  readonly Role: string;
  readonly LoggingConfig: { readonly LogGroup: string };
  readonly Environment: { readonly Variables: Readonly<Record<string, string>> };
}

interface AlarmProperties {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly unknown[];
  readonly Threshold: number;
  readonly AlarmActions?: readonly string[];
}

const FOLDERS = readdirSync('lambdas').filter((folder) => folder !== 'shared');

/** Seconds that a function may run. Those of the workflow's tasks are below the tasks' own timeouts. */
const TIMEOUTS: Readonly<Record<string, number>> = {
  'await-signal': 30,
  'await-verdict': 30,
  'check-readiness': 30,
  'check-status': 30,
  'complete-delivery': 45,
  'decide-intent': 120,
  'deliver-deadlines': 60,
  'find-missed-jobs': 300,
  'lock-funds': 30,
  'measure-positions': 60,
  'place-trade': 60,
  'raise-dispute': 60,
  'receive-webhook': 10,
  'record-signal': 30,
  'reconcile-ledger': 900,
  'reject-event': 30,
  'release-funds': 60,
  'read-inference-eth': 30,
  'request-prediction-btc': 60,
  'resolve-intents': 120,
  'review-delivery': 30,
  'start-bonus': 30,
  'start-escrows': 30,
  'watch-escrows': 60,
};

/** Settings that name nothing in AWS. */
const SETTINGS = [
  'POWERTOOLS_SERVICE_NAME',
  'POWERTOOLS_LOG_LEVEL',
  'MAX_RECEIVES',
  'CONNECT_TIMEOUT_MS',
  'REQUEST_TIMEOUT_MS',
  'PACE_PERCENT',
  'ESCROW_SERVICE',
  'TRADING_SERVICE',
  'WALLET_SERVICE',
  'FAUCET_SERVICE',
];

/** What keys look like: those of Purple Flea and of AWS, and any long run of letters and digits. */
const KEY_LIKE = /\bpf_\w+|\bAKIA\w+|\bBearer\b|\b(?=\w*\d)(?=\w*[a-z])\w{24,}\b/i;

describe.each(STAGES)('the functions of stage %s', (stageName) => {
  const stage = synthesizeStage(stageName);
  const { prefix } = stage;
  const takesWebhooks = loadConfig(stageName).webhooks.enabled;
  const functions = stage.resources<FunctionProperties>('AWS::Lambda::Function').map(({ properties }) => properties);
  const topic = alarmTopicOf(stage);

  /** Once, but for those that are there by configuration. */
  const namesOf = (folder: string): string[] => {
    const { predictors, inferences } = loadConfig(stageName).trading;
    if (folder === 'request-prediction') return predictors.map(({ name }) => `${folder}-${name}`);
    if (folder === 'read-inference') return inferences.map(({ name }) => `${folder}-${name}`);
    return folder === 'receive-webhook' && !takesWebhooks ? [] : [folder];
  };

  test('are the folders under lambdas, each deployed once, or once for each predictor and inference', () => {
    expect(functions.map(({ FunctionName }) => FunctionName).toSorted()).toEqual(
      FOLDERS.flatMap(namesOf)
        .map((name) => `${prefix}-${name}`)
        .toSorted(),
    );
  });

  test('have roles and log groups of their own', () => {
    const roles = new Set(functions.map(({ Role }) => Role));
    const groups = new Set(functions.map(({ LoggingConfig }) => LoggingConfig.LogGroup));

    expect(roles.size).toBe(functions.length);
    expect(groups.size).toBe(functions.length);
  });

  describe.each(functions.map((properties) => [stage.shorten(properties.FunctionName), properties] as const))(
    '%s',
    (name, properties) => {
      test('runs on Node.js 24, on arm64, for a limited time', () => {
        expect(properties).toMatchObject({
          Runtime: 'nodejs24.x',
          Architectures: ['arm64'],
          Handler: 'index.handler',
          Timeout: TIMEOUTS[name],
        });
      });

      test('has a role that Lambda alone may assume and that nothing but inline policies add to', () => {
        const [role] = stage
          .resources<Record<string, unknown>>('AWS::IAM::Role')
          .filter(({ arn }) => arn === properties.Role);

        expect(role?.properties['AssumeRolePolicyDocument']).toMatchObject({
          Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }],
        });
        expect(role?.properties).not.toHaveProperty('ManagedPolicyArns');
        expect(role?.properties).not.toHaveProperty('Policies');
      });

      test('logs to a group that keeps its lines for half a year', () => {
        const groups = stage
          .resources<{ LogGroupName: string; RetentionInDays?: number }>('AWS::Logs::LogGroup')
          .filter(({ properties: group }) => group.LogGroupName === properties.LoggingConfig.LogGroup);

        expect(properties.LoggingConfig.LogGroup).toBe(`/aws/lambda/${properties.FunctionName}`);
        expect(groups.map(({ properties: group }) => group.RetentionInDays)).toEqual([180]);
      });

      test('raises an alarm at its first error', () => {
        const alarms = stage
          .resources<AlarmProperties>('AWS::CloudWatch::Alarm')
          .map((alarm) => alarm.properties)
          .filter(({ Namespace, MetricName }) => Namespace === 'AWS/Lambda' && MetricName === 'Errors')
          .filter(({ Dimensions }) => JSON.stringify(Dimensions).includes(`"${properties.FunctionName}"`));

        expect(alarms.map(({ Threshold, AlarmActions }) => [Threshold, AlarmActions])).toEqual([[0, [topic.arn]]]);
      });

      test('has no secret in its environment, at most the name of one', () => {
        const suspects = Object.entries(properties.Environment.Variables).filter(
          ([variable, value]) =>
            KEY_LIKE.test(value) ||
            (/secret|key|token|password/i.test(variable) && !/^(WEBHOOK_SECRET_NAME|SECRETS)$/.test(variable)),
        );

        expect(suspects).toEqual([]);
      });

      test('is told of nothing that does not exist', () => {
        const named = {
          AGENT_ID: loadConfig(stageName).purpleFlea.agentId,
          SECRETS: expect.stringMatching(/^\{("\w+":\{"agentId":"\w+","secretName":"PurpleFleaApiKey(Prod)?"\},?)*\}$/),
          WEBHOOK_SECRET_NAME: 'PurpleFleaApiKeyWebhook',
          EVENT_BUS: prefix,
          INTENT_TABLE: `${prefix}-intents`,
          MAILBOX_TABLE: `${prefix}-mailbox`,
          STOP_PARAMETER: `/${prefix}/stop`,
          STATE_MACHINE_ARN: `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:${prefix}-escrow-lifecycle`,
          QUEUE_URL: expect.stringMatching(
            new RegExp(`^https://sqs\\.${REGION}\\.amazonaws\\.com/${ACCOUNT}/${prefix}-[a-z-]+(\\.fifo)?$`),
          ),
          DEAD_LETTER_QUEUE_URL: expect.stringMatching(
            new RegExp(`^https://sqs\\.${REGION}\\.amazonaws\\.com/${ACCOUNT}/${prefix}-[a-z-]+-dead(\\.fifo)?$`),
          ),
        };
        const variables = Object.entries(properties.Environment.Variables).filter(
          ([variable]) => !SETTINGS.includes(variable) && !variable.startsWith('AWS_ENDPOINT_URL_SAGEMAKER'),
        );

        for (const [variable, value] of variables) {
          expect({ [variable]: value }).toEqual({ [variable]: named[variable as keyof typeof named] });
        }
      });
    },
  );

  test('are told the policies and services of their stage as the configuration has them', () => {
    const { bonus, escrows, budgets, trading, purpleFlea } = loadConfig(stageName);
    const { subscriptions: _, ...requestPolicy } = escrows;
    const { predictors, inferences, paper, ...tradePolicy } = trading;
    const variables = Object.fromEntries(
      functions.map(({ FunctionName, Environment }) => [stage.shorten(FunctionName), Environment.Variables]),
    );
    const read = (name: string, variable: string): unknown => JSON.parse(variables[name]?.[variable] ?? '');
    const trade = { ...tradePolicy, dailyNotionalUsd: budgets.perDay['trade-order'] };
    const symbols = {};
    const terms = ruleTerms(loadConfig(stageName));

    expect(Object.keys(budgets.perDay).length).toBeGreaterThan(0);
    expect(Object.fromEntries(stage.policies)).toEqual({
      'start-bonus': { bonus, terms },
      'find-missed-jobs': { bonus, terms },
      'record-signal': { packages: loadConfig(stageName).modelPackages },
      'start-escrows': { requests: requestPolicy, terms },
      'decide-intent': { terms },
      'lock-funds': { budgets },
      'complete-delivery': { budgets },
      'release-funds': { budgets },
      'raise-dispute': { budgets },
      'place-trade': { budgets, trade, paper, symbols },
      'check-readiness': { budgets, trade, paper, symbols },
      'measure-positions': { trade, paper, symbols },
      'resolve-intents': { budgets, symbols, terms },
      'reconcile-ledger': { symbols },
      ...Object.fromEntries(predictors.map((predictor) => [`request-prediction-${predictor.name}`, { predictor }])),
      ...Object.fromEntries(inferences.map((source) => [`read-inference-${source.name}`, { inference: source }])),
    });
    for (const service of ['escrow', 'trading', 'wallet', 'faucet'] as const) {
      expect(read('resolve-intents', `${service.toUpperCase()}_SERVICE`)).toEqual(purpleFlea[service]);
    }
    for (const trader of ['place-trade', 'check-readiness', 'measure-positions']) {
      expect(read(trader, 'WALLET_SERVICE')).toEqual(purpleFlea.wallet);
      expect(read(trader, 'TRADING_SERVICE')).toEqual(purpleFlea.trading);
    }
    for (const task of ['lock-funds', 'complete-delivery', 'review-delivery', 'release-funds', 'check-status']) {
      expect(read(task, 'ESCROW_SERVICE')).toEqual(purpleFlea.escrow);
    }
  });

  test('may be invoked by no resource policy, but for the one that API Gateway has a route to', () => {
    const invokers = stage
      .resources<{ FunctionName: string; Principal: string }>('AWS::Lambda::Permission')
      .map(({ properties: { FunctionName, Principal } }) => [stage.shorten(FunctionName), Principal]);

    expect(invokers).toEqual(takesWebhooks ? [['lambda:function:receive-webhook', 'apigateway.amazonaws.com']] : []);
    expect(stage.resources('AWS::Lambda::Url')).toEqual([]);
  });
});

test('what is taken for a key is what keys look like', () => {
  expect('pf_live_3f9a').toMatch(KEY_LIKE);
  expect('AKIAIOSFODNN7EXAMPLE').toMatch(KEY_LIKE);
  expect('9f86d081884c7d659a2feaa0c55ad015').toMatch(KEY_LIKE);
  expect('{"agentId":"ag_model_owner_churn"}').not.toMatch(KEY_LIKE);
});
