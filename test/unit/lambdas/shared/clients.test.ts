import { DescribeTrainingJobCommand } from '@aws-sdk/client-sagemaker';
import { GetRecordCommand } from '@aws-sdk/client-sagemaker-featurestore-runtime';
import { InvokeEndpointCommand } from '@aws-sdk/client-sagemaker-runtime';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { SendTaskSuccessCommand } from '@aws-sdk/client-sfn';
import { ChangeMessageVisibilityCommand } from '@aws-sdk/client-sqs';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { documents } from '../../../../lambdas/shared/clients/documents.ts';
import { eventBridge } from '../../../../lambdas/shared/clients/event-bridge.ts';
import { featureStore } from '../../../../lambdas/shared/clients/feature-store.ts';
import { s3 } from '../../../../lambdas/shared/clients/s3.ts';
import { sageMaker } from '../../../../lambdas/shared/clients/sage-maker.ts';
import { sageMakerRuntime } from '../../../../lambdas/shared/clients/sage-maker-runtime.ts';
import { secretsManager } from '../../../../lambdas/shared/clients/secrets-manager.ts';
import { sqs } from '../../../../lambdas/shared/clients/sqs.ts';
import { ssm } from '../../../../lambdas/shared/clients/ssm.ts';
import { stepFunctions } from '../../../../lambdas/shared/clients/step-functions.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'AKIDROLE', AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'session' };

/** For AWS in general, and for the one service that has an address of its own. */
let others: ScriptedServer;
let models: ScriptedServer;

beforeAll(async () => {
  others = await startScriptedServer();
  models = await startScriptedServer();
  Object.assign(process.env, {
    ...CREDENTIALS,
    AWS_REGION: 'eu-west-1',
    AWS_ENDPOINT_URL: others.url,
    AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: models.url,
  });
});
afterAll(async () => {
  await others.close();
  await models.close();
});

const QUEUE = 'https://sqs.eu-west-1.amazonaws.com/000000000000/queue';
const CALLS: readonly [service: string, call: () => Promise<unknown>][] = [
  ['dynamodb', () => documents.send(new GetCommand({ TableName: 't', Key: { key: 'k' } }))],
  ['events', () => eventBridge.send(new PutEventsCommand({ Entries: [] }))],
  ['states', () => stepFunctions.send(new SendTaskSuccessCommand({ taskToken: 't', output: '{}' }))],
  [
    'sqs',
    () => sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: QUEUE, ReceiptHandle: 'r', VisibilityTimeout: 1 })),
  ],
  ['ssm', () => ssm.send(new GetParameterCommand({ Name: 'p' }))],
  ['secretsmanager', () => secretsManager.send(new GetSecretValueCommand({ SecretId: 's' }))],
  ['sagemaker', () => sageMaker.send(new DescribeTrainingJobCommand({ TrainingJobName: 'j' }))],
  [
    'sagemaker',
    () => featureStore.send(new GetRecordCommand({ FeatureGroupName: 'g', RecordIdentifierValueAsString: 'r' })),
  ],
  ['s3', () => s3.send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }))],
];

describe('the clients of functions', () => {
  test.each(CALLS)('of %s go where the environment says, with the credentials of its role', async (service, call) => {
    const before = others.requests.length;
    others.script(answer(200, {}));

    await call();

    expect(others.requests.slice(before)).toMatchObject([
      {
        headers: {
          authorization: expect.stringMatching(new RegExp(`Credential=AKIDROLE/\\d{8}/eu-west-1/${service}/`)),
          'x-amz-security-token': 'session',
        },
      },
    ]);
  });

  test('take the address of a service before that of all', async () => {
    models.script(answer(200, '1'));

    await sageMakerRuntime.send(new InvokeEndpointCommand({ EndpointName: 'e', Body: '1' }));

    expect(models.requests).toMatchObject([{ path: '/endpoints/e/invocations' }]);
  });

  test.each([
    documents,
    eventBridge,
    stepFunctions,
    sqs,
    ssm,
    secretsManager,
    sageMaker,
    sageMakerRuntime,
    featureStore,
    s3,
  ])('are all set alike (%#)', async ({ config }) => {
    expect(await config.maxAttempts()).toBe(4);
  });
});
