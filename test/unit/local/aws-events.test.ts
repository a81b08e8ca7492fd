import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { deliverAwsEvent } from '../../../local/aws-events.ts';
import { createClients } from '../../../local/clients.ts';
import { answer, answerFrom, startScriptedServer, type ScriptedServer } from '../../support/scripted-server.ts';

let aws: ScriptedServer;
let before = 0;

beforeAll(async () => {
  aws = await startScriptedServer();
});

beforeEach(() => {
  before = aws.requests.length;
});

afterAll(async () => {
  await aws.close();
});

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:jobs.fifo';
const JOB = 'arn:aws:sagemaker:us-east-1:000000000000:training-job/churn-1';

const deliver = () =>
  deliverAwsEvent(createClients(aws.url), {
    busName: 'default',
    source: 'aws.sagemaker',
    detailType: 'SageMaker Training Job State Change',
    resources: [JOB],
    detail: { TrainingJobStatus: 'Completed' },
  });

const scriptRules = (...rules: object[]) => aws.script(answer(200, { Rules: rules }));
const scriptMatch = (Result: boolean) => aws.script(answer(200, { Result }));
const scriptTargets = (...targets: object[]) => aws.script(answer(200, { Targets: targets }));

/** What SQS answers to a message: the SDK checks the digest. */
function receipt() {
  const { MessageBody } = JSON.parse(aws.requests.at(-1)?.body ?? '') as { readonly MessageBody: string };
  return { MessageId: '1', MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex') };
}

/** The operations that were called, with what they were given. */
const called = () =>
  aws.requests
    .slice(before)
    .map(({ headers, body }) => [String(headers['x-amz-target']).split('.').at(-1), JSON.parse(body) as unknown]);

test('goes whole to the queue of each rule that matches, in the group that the rule names, and says which rules did', async () => {
  aws.script(answer(200, { Rules: [{ Name: 'others', EventPattern: '{"source":["aws.ec2"]}' }], NextToken: 'more' }));
  scriptRules(
    { Name: 'jobs', EventPattern: '{"source":["aws.sagemaker"]}', State: 'ENABLED' },
    { Name: 'off', EventPattern: '{"source":["aws.sagemaker"]}', State: 'DISABLED' },
    { Name: 'hourly', ScheduleExpression: 'rate(1 hour)' },
  );
  scriptMatch(false);
  scriptMatch(true);
  scriptTargets({ Id: 'Target0', Arn: QUEUE, SqsParameters: { MessageGroupId: 'training' } });
  aws.script(answer(200, { QueueUrl: `${aws.url}/000000000000/jobs.fifo` }), answerFrom(200, receipt));

  expect(await deliver()).toEqual(['jobs']);

  const calls = called();
  expect(calls.map(([operation]) => operation)).toEqual([
    'ListRules',
    'ListRules',
    'TestEventPattern',
    'TestEventPattern',
    'ListTargetsByRule',
    'GetQueueUrl',
    'SendMessage',
  ]);
  expect(calls[1]).toEqual(['ListRules', { EventBusName: 'default', NextToken: 'more' }]);
  expect(calls[5]).toEqual(['GetQueueUrl', { QueueName: 'jobs.fifo' }]);
  const sent = calls[6]?.[1] as { readonly MessageBody: string; readonly MessageGroupId: string };
  expect(sent.MessageGroupId).toBe('training');
  expect(JSON.parse(sent.MessageBody)).toEqual({
    version: '0',
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    'detail-type': 'SageMaker Training Job State Change',
    source: 'aws.sagemaker',
    account: '000000000000',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    region: 'us-east-1',
    resources: [JOB],
    detail: { TrainingJobStatus: 'Completed' },
  });
});

test('that no rule takes fails, and names the rules that were asked', async () => {
  scriptRules({ Name: 'one', EventPattern: '{}' }, { Name: 'two', EventPattern: '{}' });
  scriptMatch(false);
  scriptMatch(false);

  await expect(deliver()).rejects.toThrow(
    'no deployed rule takes this event (aws.sagemaker, "SageMaker Training Job State Change"); rules of bus default: one, two',
  );
});

test.each<[string, object, string]>([
  ['rewrites it', { Arn: QUEUE, InputTransformer: { InputTemplate: '{}' } }, 'changes the event on its way'],
  ['passes a part of it on', { Arn: QUEUE, InputPath: '$.detail' }, 'changes the event on its way'],
  ['is a function', { Arn: 'arn:aws:lambda:us-east-1:000000000000:function:start' }, 'is no queue'],
])('whose target %s is refused, and sent to nobody', async (_, target, problem) => {
  scriptRules({ Name: 'jobs', EventPattern: '{}' });
  scriptMatch(true);
  scriptTargets({ Id: 'Target0', ...target });

  await expect(deliver()).rejects.toThrow(`target Target0 of rule jobs ${problem}`);
  expect(called().map(([operation]) => operation)).not.toContain('SendMessage');
});

test('whose rule has no target is refused', async () => {
  scriptRules({ Name: 'jobs', EventPattern: '{}' });
  scriptMatch(true);
  scriptTargets();

  await expect(deliver()).rejects.toThrow('rule jobs takes this event and has no target');
});
