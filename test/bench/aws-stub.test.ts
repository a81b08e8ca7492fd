import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createIntentTable } from '../../src/aws/intent-table.ts';
import { comparable, STORE_SCENARIOS } from '../e2e/store-scenarios.ts';
import { awsAt } from '../support/aws-clients.ts';
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
    const inStub = await play(createIntentTable(awsAt(stub.url).dynamoDb, 'intents'));

    expect(comparable(inStub)).toEqual(comparable(inMemory));
  });

  test('refuse what they cannot read, so that nothing is measured that does not work', async () => {
    const { dynamoDb } = awsAt(stub.url);

    await expect(
      dynamoDb('UpdateItem', { TableName: 't', Key: { key: 'k' }, UpdateExpression: 'SET a.b = c' }),
    ).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(
      dynamoDb('PutItem', { TableName: 't', Item: { key: 'k' }, ConditionExpression: 'size(a)' }),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('an execution that a benchmark starts', () => {
  test('is started once under its name', async () => {
    const start = (input: string) =>
      awsAt(stub.url).stepFunctions('StartExecution', { stateMachineArn: 'arn', name: 'one', input });

    await start('{}');
    await start('{}');
    await expect(start('{"other":true}')).rejects.toMatchObject({ name: 'ExecutionAlreadyExists' });

    expect(stub.executions()).toBe(1);
  });
});

test('a secret is what it was told, and an operation that it does not know is refused', async () => {
  const { secretsManager, sageMaker } = awsAt(stub.url);

  expect(await secretsManager('GetSecretValue', { SecretId: 's' })).toMatchObject({ SecretString: '{"apiKey":"key"}' });
  await expect(sageMaker('DescribeTrainingJob', { TrainingJobName: 'j' })).rejects.toMatchObject({
    name: 'UnknownOperationException',
  });
});
