import { DescribeTrainingJobCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { PutCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createOrderTable } from '../../src/aws/order-table.ts';
import { comparable, STORE_SCENARIOS } from '../e2e/store-scenarios.ts';
import { openDocuments } from '../../src/aws/documents.ts';
import { awsClientFor } from '../support/aws-clients.ts';
import { createMemoryIntents } from '../support/memory-intents.ts';
import { startAwsStub, type AwsStub } from './aws-stub.ts';

let stub: AwsStub;

beforeEach(async () => {
  stub = await startAwsStub('{"apiKey":"key"}');
});
afterEach(() => stub.close());

describe('the tables that a benchmark runs on', () => {
  test.each(STORE_SCENARIOS)('hold the ledger to its conditions: $title', async ({ play }) => {
    const inMemory = await play(createMemoryIntents());
    const inStub = await play(createOrderTable(openDocuments(awsClientFor(stub.url)), 'intents'));

    expect(comparable(inStub)).toEqual(comparable(inMemory));
  });

  test('refuse what they cannot read, so that nothing is measured that does not work', async () => {
    const documents = openDocuments(awsClientFor(stub.url));

    await expect(
      documents.send(new UpdateCommand({ TableName: 't', Key: { key: 'k' }, UpdateExpression: 'SET a.b = c' })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(
      documents.send(new PutCommand({ TableName: 't', Item: { key: 'k' }, ConditionExpression: 'size(a)' })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('an item that does not meet a condition', () => {
  const failing = { TableName: 't', ConditionExpression: 'attribute_not_exists(#key)' } as const;
  const names = {
    ExpressionAttributeNames: { '#key': 'key' },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  } as const;

  beforeEach(async () => {
    await openDocuments(awsClientFor(stub.url)).send(new PutCommand({ TableName: 't', Item: { key: 'k', a: 1 } }));
  });

  test('comes with the refusal of a write, where it is asked for', async () => {
    const put = new PutCommand({ ...failing, ...names, Item: { key: 'k' } });

    await expect(openDocuments(awsClientFor(stub.url)).send(put)).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
      Item: { key: { S: 'k' }, a: { N: '1' } },
    });
  });

  test('comes with the reasons of a transaction, where it is asked for', async () => {
    const transaction = new TransactWriteCommand({
      TransactItems: [
        { Put: { TableName: 't', Item: { key: 'other' } } },
        { Put: { ...failing, ...names, Item: { key: 'k' } } },
      ],
    });

    await expect(openDocuments(awsClientFor(stub.url)).send(transaction)).rejects.toMatchObject({
      CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed', Item: { key: { S: 'k' } } }],
    });
  });
});

describe('an execution that a benchmark starts', () => {
  test('is started once under its name', async () => {
    const start = (input: string) =>
      new SFNClient(awsClientFor(stub.url)).send(
        new StartExecutionCommand({ stateMachineArn: 'arn', name: 'one', input }),
      );

    await start('{}');
    await start('{}');
    await expect(start('{"other":true}')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });

    expect(stub.executions()).toBe(1);
  });
});

test('a secret is what it was told, and an operation that it does not know is refused', async () => {
  const secretsManager = new SecretsManagerClient(awsClientFor(stub.url));
  const sageMaker = new SageMakerClient(awsClientFor(stub.url));

  expect(await secretsManager.send(new GetSecretValueCommand({ SecretId: 's' }))).toMatchObject({
    SecretString: '{"apiKey":"key"}',
  });
  await expect(sageMaker.send(new DescribeTrainingJobCommand({ TrainingJobName: 'j' }))).rejects.toMatchObject({
    name: 'UnknownOperationException',
  });
});

test('a message is taken as SQS takes it, with the hash of its body', async () => {
  const sqs = new SQSClient({ ...awsClientFor(stub.url), useQueueUrlAsEndpoint: false });

  // The client compares the hash itself.
  const sent = await sqs.send(new SendMessageCommand({ QueueUrl: 'https://queue', MessageBody: 'text' }));

  expect(sent).toMatchObject({ MessageId: 'message' });
});
