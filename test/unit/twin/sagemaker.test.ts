import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DescribeTrainingJobCommand, ListTagsCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { InvokeEndpointCommand, ModelError, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { startTwin, type Twin } from '../../../twin/server.ts';
import { call, setClock, stoppedClock } from './calling.ts';

let twin: Twin;
let sageMaker: SageMakerClient;
let runtime: SageMakerRuntimeClient;

beforeEach(async () => {
  twin = await startTwin({ port: 0, now: stoppedClock });
  const settings = {
    endpoint: twin.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
    maxAttempts: 1,
  };
  sageMaker = new SageMakerClient(settings);
  runtime = new SageMakerRuntimeClient(settings);
});
afterEach(async () => {
  sageMaker.destroy();
  runtime.destroy();
  await twin.close();
});

describe('DescribeTrainingJob', () => {
  const describeJob = (name: string) => sageMaker.send(new DescribeTrainingJobCommand({ TrainingJobName: name }));

  test('answers a job of the initial data, with metrics as 32-bit floats', async () => {
    const job = await describeJob('churn-xgb-demo');

    expect(job).toMatchObject({
      TrainingJobName: 'churn-xgb-demo',
      TrainingJobArn: 'arn:aws:sagemaker:us-east-1:000000000000:training-job/churn-xgb-demo',
      TrainingJobStatus: 'Completed',
      SecondaryStatus: 'Completed',
      CreationTime: new Date('2026-03-06T08:10:00Z'),
      TrainingEndTime: new Date('2026-03-06T08:31:00Z'),
      LastModifiedTime: new Date('2026-03-06T08:31:00Z'),
      FinalMetricDataList: [
        {
          MetricName: 'validation:accuracy',
          Value: 0.9300000071525574,
          Timestamp: new Date('2026-03-06T08:31:00Z'),
        },
        { MetricName: 'validation:auc', Value: Math.fround(0.971) },
      ],
    });
  });

  test('has no metric list for a job without metrics', async () => {
    expect((await describeJob('fraud-no-metric')).FinalMetricDataList).toBeUndefined();
  });

  test('answers what was registered under a name, and what replaced it', async () => {
    await setClock(twin, '2026-03-06T09:00:00Z');
    const path = 'PUT /_twin/training-jobs/Fraud-GBM-7';
    await call(twin, path, { body: { status: 'InProgress', createdAt: '2026-03-06T08:00:00Z' } });
    const running = await describeJob('Fraud-GBM-7');
    await call(twin, path, { body: { metrics: { 'validation:accuracy': 0.875 } } });
    const completed = await describeJob('Fraud-GBM-7');

    expect(running).toMatchObject({
      TrainingJobArn: 'arn:aws:sagemaker:us-east-1:000000000000:training-job/fraud-gbm-7',
      TrainingJobStatus: 'InProgress',
      SecondaryStatus: 'Training',
      CreationTime: new Date('2026-03-06T08:00:00Z'),
    });
    expect(running.TrainingEndTime).toBeUndefined();
    expect(completed).toMatchObject({
      TrainingJobStatus: 'Completed',
      CreationTime: new Date('2026-03-06T09:00:00Z'),
      FinalMetricDataList: [{ MetricName: 'validation:accuracy', Value: 0.875 }],
    });
  });

  test('says of which job it is a part, and ListTags its tags, in pages', async () => {
    const TuningJobArn = 'arn:aws:sagemaker:us-east-1:000000000000:hyper-parameter-tuning-job/search';
    const tags = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`key-${index}`, `value ${index}`]));
    await call(twin, 'PUT /_twin/training-jobs/trial-1', { body: { partOf: { TuningJobArn }, tags } });

    const { TrainingJobArn: ResourceArn, ...job } = await describeJob('trial-1');
    const first = await sageMaker.send(new ListTagsCommand({ ResourceArn }));
    const { NextToken } = first;
    const rest = await sageMaker.send(new ListTagsCommand({ ResourceArn, NextToken }));

    expect(job.TuningJobArn).toBe(TuningJobArn);
    expect([first.Tags?.length, rest.Tags, rest.NextToken]).toEqual([
      50,
      [{ Key: 'key-50', Value: 'value 50' }],
      undefined,
    ]);
    await expect(sageMaker.send(new ListTagsCommand({ ResourceArn: 'arn:none' }))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  test('refuses an unknown job as the real service does', async () => {
    await expect(describeJob('no-such-job')).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Requested resource not found.',
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('speaks AWS JSON 1.1 on the wire', async () => {
    const response = await fetch(twin.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'SageMaker.DescribeTrainingJob' },
      body: '{"TrainingJobName":"churn-baseline"}',
    });

    expect(response.headers.get('content-type')).toBe('application/x-amz-json-1.1');
    expect(await response.json()).toMatchObject({ CreationTime: 1_772_719_200 });
  });

  test.each([
    ['SageMaker.CreateTrainingJob', '{}', 'UnknownOperationException'],
    ['SageMaker.DescribeTrainingJob', '{}', 'ValidationException'],
    ['SageMaker.DescribeTrainingJob', 'not json', 'SerializationException'],
  ])('answers %s with body %s with an error', async (target, body, type) => {
    const response = await fetch(twin.url, { method: 'POST', headers: { 'x-amz-target': target }, body });

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ __type: type });
  });
});

describe('InvokeEndpoint', () => {
  const invoke = (endpoint: string, body: string) =>
    runtime.send(new InvokeEndpointCommand({ EndpointName: endpoint, ContentType: 'application/json', Body: body }));

  const features = { momentum_5m: 0.004, momentum_1h: 0.01, rsi_14: 65, volume_z: 0.5, funding_rate: 0.0001 };

  test('answers a direction with its confidence', async () => {
    const answer = await invoke('direction-model', JSON.stringify(features));

    expect(answer.ContentType).toBe('application/json');
    expect(JSON.parse(answer.Body.transformToString())).toEqual({ direction: 'long', confidence: 0.9184 });
  });

  test.each([
    ['text/csv', '0.004,0.01,65,0.5,0.0001', 'text/csv', '0.0062,0.0754,0.9184\n'],
    [
      'application/jsonlines',
      '{"features":[0.004,0.01,65,0.5,0.0001]}\n',
      'application/jsonlines',
      '{"score":[0.0062,0.0754,0.9184],"predicted_label":2}\n',
    ],
    ['text/csv', '0.004,0.01,65,0.5,0.0001', 'application/json', '{"direction":"long","confidence":0.9184}'],
  ])('takes %s, %s, and answers in %s', async (contentType, body, accept, expected) => {
    const answer = await runtime.send(
      new InvokeEndpointCommand({
        EndpointName: 'direction-model',
        ContentType: contentType,
        Accept: accept,
        Body: body,
      }),
    );

    expect(answer.ContentType).toBe(accept);
    expect(answer.Body.transformToString()).toBe(expected);
  });

  test.each([
    ['text/csv', '0.004,0.01,65,0.5', /not valid text\/csv/],
    ['text/csv', '0.004,0.01,,0.5,0.0001', /rsi_14/],
    ['text/csv', '0.004,0.01,high,0.5,0.0001', /rsi_14/],
    ['application/jsonlines', '{"features":[1]}', /not valid application\/jsonlines/],
    ['application/jsonlines', '[1]', /not valid application\/jsonlines/],
  ])('answers %s with body %s with a ModelError', async (contentType, body, reason) => {
    const command = new InvokeEndpointCommand({
      EndpointName: 'direction-model',
      ContentType: contentType,
      Body: body,
    });

    await expect(runtime.send(command)).rejects.toMatchObject({
      name: 'ModelError',
      message: expect.stringMatching(reason),
    });
  });

  test.each([
    ['a missing feature', JSON.stringify({ ...features, rsi_14: undefined }), /rsi_14/],
    ['a body that is not JSON', 'rsi_14=65', /not valid application\/json/],
  ])('answers %s with a ModelError', async (_, body, reason) => {
    const error: unknown = await invoke('direction-model', body).catch((caught: unknown) => caught);

    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({
      name: 'ModelError',
      message: expect.stringMatching(reason),
      OriginalStatusCode: 400,
      OriginalMessage: expect.stringMatching(reason),
      $metadata: { httpStatusCode: 424 },
    });
  });

  test('refuses an unknown endpoint as the real service does', async () => {
    await expect(invoke('no-such-endpoint', '{}')).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'Endpoint no-such-endpoint of account 000000000000 not found.',
      $metadata: { httpStatusCode: 400 },
    });
  });
});
