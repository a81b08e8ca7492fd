import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createDescribeTrainingJob, createReadTags } from '../../../../src/aws/training-jobs.ts';
import { UnusableEventError } from '../../../../src/errors.ts';
import { decideBonus } from '../../../../src/escrow/bonus.ts';
import { startTwin, type Twin } from '../../../../twin/server.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { aBonusRule, trainingJobArn } from '../../../support/bonus-escrow.ts';
import { answer, startScriptedServer } from '../../../support/scripted-server.ts';

describe('a training job', () => {
  let twin: Twin;

  beforeEach(async () => {
    twin = await startTwin();
  });
  afterEach(() => twin.close());

  const describeJob = (name: string) => createDescribeTrainingJob(new SageMakerClient(awsClientFor(twin.url)))(name);

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

  test.each(['TuningJobArn', 'AutoMLJobArn', 'LabelingJobArn'])('may be a child of another job: %s', async (field) => {
    const body = JSON.stringify({ partOf: { [field]: 'arn:parent' } });
    await fetch(`${twin.url}/_twin/training-jobs/churn-trial`, { method: 'PUT', body });

    expect(await describeJob('churn-trial')).toMatchObject({ parentArn: 'arn:parent' });
  });

  test('has its tags read through all pages', async () => {
    const tags = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`key-${index}`, `value ${index}`]));
    const body = JSON.stringify({ tags });
    await fetch(`${twin.url}/_twin/training-jobs/churn-tagged`, { method: 'PUT', body });

    expect(await createReadTags(new SageMakerClient(awsClientFor(twin.url)))(trainingJobArn('churn-tagged'))).toEqual(
      tags,
    );
  });

  test('that SageMaker does not know makes its event unusable', async () => {
    const reading = describeJob('nobody');

    await expect(reading).rejects.toThrow(UnusableEventError);
    await expect(reading).rejects.toThrow('detail.TrainingJobName: SageMaker has no training job "nobody"');
  });
});

test('tags that may not be read are unknown, and other faults are faults', async () => {
  const server = await startScriptedServer();
  try {
    const headers = { 'content-type': 'application/x-amz-json-1.1' };
    const readTags = createReadTags(new SageMakerClient(awsClientFor(server.url)));
    server.script(answer(400, { __type: 'AccessDeniedException', message: 'not yours' }, headers));
    expect(await readTags('arn:of-others')).toBeUndefined();

    server.script(answer(400, { __type: 'ValidationException', message: 'no ARN' }, headers));
    await expect(readTags('arn:of-others')).rejects.toThrow('no ARN');
  } finally {
    await server.close();
  }
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
      const reading = createDescribeTrainingJob(new SageMakerClient(awsClientFor(server.url)))('churn');

      await expect(reading).rejects.toThrow(message);
      await expect(reading).rejects.not.toBeInstanceOf(UnusableEventError);
    } finally {
      await server.close();
    }
  });
});
