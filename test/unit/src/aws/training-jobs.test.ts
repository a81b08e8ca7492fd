import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createDescribeTrainingJob } from '../../../../src/aws/training-jobs.ts';
import { UnusableEventError } from '../../../../src/errors.ts';
import { decideBonus } from '../../../../src/escrow/bonus.ts';
import { startTwin, type Twin } from '../../../../twin/server.ts';
import { awsAt } from '../../../support/aws-clients.ts';
import { aBonusRule } from '../../../support/bonus-escrow.ts';
import { answer, startScriptedServer } from '../../../support/scripted-server.ts';

describe('a training job', () => {
  let twin: Twin;

  beforeEach(async () => {
    twin = await startTwin();
  });
  afterEach(() => twin.close());

  const describeJob = (name: string) => createDescribeTrainingJob(awsAt(twin.url).sageMaker)(name);

  test('is read with its metrics in single precision, and earns what that is worth', async () => {
    const job = await describeJob('churn-xgb-demo');

    expect(job).toEqual({
      name: 'churn-xgb-demo',
      arn: 'arn:aws:sagemaker:us-east-1:000000000000:training-job/churn-xgb-demo',
      status: 'Completed',
      createdAt: new Date('2026-03-06T08:10:00Z'),
      endedAt: new Date('2026-03-06T08:31:00Z'),
      parentArn: undefined,
      finalMetrics: [
        { name: 'validation:accuracy', value: Math.fround(0.93) },
        { name: 'validation:auc', value: Math.fround(0.971) },
      ],
    });
    expect(decideBonus(job, aBonusRule())).toMatchObject({ outcome: 'bonus', amountUsd: '50.00', value: 0.93 });
  });

  test('may have no metrics', async () => {
    expect(await describeJob('fraud-no-metric')).toMatchObject({ finalMetrics: [] });
  });

  test('that SageMaker does not know makes its event unusable', async () => {
    const reading = describeJob('nobody');

    await expect(reading).rejects.toThrow(UnusableEventError);
    await expect(reading).rejects.toThrow('detail.TrainingJobName: SageMaker has no training job "nobody"');
  });
});

describe('an answer of SageMaker', () => {
  test.each<[string, number, object, string]>([
    ['is a fault', 400, { __type: 'ThrottlingException', message: 'Rate exceeded' }, 'Rate exceeded'],
    [
      'lacks what a key is made of',
      200,
      { TrainingJobName: 'churn' },
      'lacks TrainingJobArn, CreationTime or TrainingJobStatus',
    ],
  ])('that %s is no reason to give up on the event', async (_case, status, body, message) => {
    const server = await startScriptedServer();
    try {
      server.script(answer(status, body, { 'content-type': 'application/x-amz-json-1.1' }));
      const reading = createDescribeTrainingJob(awsAt(server.url).sageMaker)('churn');

      await expect(reading).rejects.toThrow(message);
      await expect(reading).rejects.not.toBeInstanceOf(UnusableEventError);
    } finally {
      await server.close();
    }
  });
});
