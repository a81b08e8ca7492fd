import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../lib/config.ts';
import { predictorSchema } from '../../src/inference/predictor.ts';
import { predicting } from '../support/configured-stages.ts';
import { describeStatement, statementsOf, synthesizeStage } from '../support/synthesized-stage.ts';

interface FunctionProperties {
  readonly FunctionName: string;
  readonly Role: string;
}

describe('a stage with several predictors', () => {
  const stage = synthesizeStage('prod', {}, predicting);
  const functions = stage.resources<FunctionProperties>('AWS::Lambda::Function').map(({ properties }) => properties);
  const find = (name: string) => {
    const found = functions.find(({ FunctionName }) => stage.shorten(FunctionName) === name);
    if (found === undefined) throw new Error(`no function ${name}`);
    return found;
  };
  const granted = (name: string) =>
    statementsOf(stage, find(name).Role)
      .map((statement) => describeStatement(stage, statement))
      .filter((statement) => !/^(logs|events|sqs):/.test(statement));

  test.each([
    ['request-prediction-btc', ['sagemaker:InvokeEndpoint on sagemaker:endpoint/direction-btc']],
    [
      'request-prediction-eth',
      [
        'sagemaker:InvokeEndpoint on sagemaker:endpoint/direction-eth',
        's3:GetObject on s3:my-features/eth/latest.json',
        'kms:Decrypt on kms:key/1234abcd-12ab-34cd-56ef-1234567890ab',
      ],
    ],
    [
      'request-prediction-sol',
      [
        'sagemaker:InvokeEndpoint on sagemaker:endpoint/direction-sol',
        'sagemaker:GetRecord on sagemaker:feature-group/market-1m',
      ],
    ],
    [
      'read-inference-slow',
      [
        's3:GetObject on s3:my-answers/slow/out/*',
        'kms:Decrypt on kms:key/1234abcd-12ab-34cd-56ef-1234567890ab',
        'kms:Decrypt kms:GenerateDataKey on kms:key/data',
      ],
    ],
  ])('lets %s ask its own model, read its own features, and nothing more', (name, statements) => {
    expect(granted(name).toSorted()).toEqual(statements.toSorted());
  });

  test('tells each what it is to do, as the function reads it', () => {
    for (const { everyMinutes: _, features, ...predictor } of predicting(loadConfig('prod')).trading.predictors) {
      const { kmsKeyArn: _key, ...source } = { kmsKeyArn: undefined, ...features };
      const told = stage.policies.get(`request-prediction-${predictor.name}`);
      expect(told).toEqual({ predictor: { ...predictor, features: source } });
      expect(predictorSchema.safeParse(told?.predictor).success).toBe(true);
    }
  });

  test('asks those that have a schedule, each at its own rate, and each period under the time of the period', () => {
    const schedules = stage
      .resources<{ ScheduleExpression: string; Target: { Arn: string; Input?: string } }>('AWS::Scheduler::Schedule')
      .map(({ properties }) => properties)
      .filter(({ Target }) => Target.Arn.includes('request-prediction'));

    expect(schedules.map(({ ScheduleExpression, Target }) => [stage.shorten(Target.Arn), ScheduleExpression])).toEqual([
      ['lambda:function:request-prediction-eth', 'rate(5 minutes)'],
      ['lambda:function:request-prediction-sol', 'rate(15 minutes)'],
    ]);
    expect(new Set(schedules.map(({ Target }) => Target.Input))).toEqual(
      new Set(['{"scheduledTime":"<aws.scheduler.scheduled-time>"}']),
    );
  });

  test('puts what an asynchronous endpoint writes into a queue, and nothing else of the bucket', () => {
    const rules = stage
      .resources<{ EventPattern: { source?: unknown }; EventBusName: string }>('AWS::Events::Rule')
      .map(({ properties }) => properties)
      .filter(({ EventPattern }) => JSON.stringify(EventPattern.source) === '["aws.s3"]');

    expect(rules).toMatchObject([
      {
        EventBusName: 'default',
        EventPattern: {
          source: ['aws.s3'],
          'detail-type': ['Object Created'],
          detail: { bucket: { name: ['my-answers'] }, object: { key: [{ prefix: 'slow/out/' }] } },
        },
      },
    ]);
  });

  test('says the names of the functions', () => {
    expect(stage.outputs.get('RequestPredictionNames')).toBe(
      ['btc', 'eth', 'sol'].map((name) => `purple-flea-prod-request-prediction-${name}`).join(','),
    );
  });
});

test('without one there is neither a function that asks nor a queue of answers, and no grant on S3 or SageMaker endpoints', () => {
  const stage = synthesizeStage('prod', {}, (config) => ({
    ...config,
    trading: { ...config.trading, predictors: [], inferences: [] },
  }));

  expect(stage.text).not.toMatch(/request-prediction|read-inference|s3:GetObject|InvokeEndpoint|aws\.s3/);
  expect(stage.outputs.has('RequestPredictionNames')).toBe(false);
});
