import { SFNClient } from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createContinueExecution, createResume, createStartExecution } from '../../../../src/aws/executions.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

const ARN = 'arn:aws:states:us-east-1:000000000000:stateMachine:escrow-lifecycle';

let server: ScriptedServer;
let client: SFNClient;

beforeEach(async () => {
  server = await startScriptedServer();
  client = new SFNClient(awsClientFor(server.url));
});
afterEach(() => server.close());

function refusal(name: string) {
  return answer(400, { __type: `com.amazonaws.swf.service.v2.model#${name}`, message: name });
}

describe('an execution', () => {
  test('is started under its name with its input as JSON', async () => {
    server.script(answer(200, { executionArn: `${ARN}:name`, startDate: 1772787600 }));

    expect(await createStartExecution(client, ARN)('name', { request: { amountUsd: '50.00' } })).toBe('started');
    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
      stateMachineArn: ARN,
      name: 'name',
      input: '{"request":{"amountUsd":"50.00"}}',
    });
  });

  test('whose name was taken has been started before', async () => {
    server.script(refusal('ExecutionAlreadyExists'));

    expect(await createStartExecution(client, ARN)('name', {})).toBe('already-started');
  });

  test('that cannot be started for another reason is a fault', async () => {
    server.script(refusal('ExecutionLimitExceeded'));

    await expect(createStartExecution(client, ARN)('name', {})).rejects.toThrow('ExecutionLimitExceeded');
  });
});

describe('an execution that was for something else to go on with', () => {
  const ended = (status: string) => answer(200, { status, input: '{"request":{"amountUsd":"50.00"}}' });

  test.each(['FAILED', 'TIMED_OUT', 'ABORTED', 'SUCCEEDED'])('and is %s goes on under another name', async (status) => {
    server.script(ended(status), answer(200, { executionArn: `${ARN}:name-2`, startDate: 1772787600 }));

    expect(await createContinueExecution(client, ARN)('name', 'name-2')).toBe('continued');

    const [described, started] = server.requests.map(({ body }) => JSON.parse(body) as unknown);
    expect(described).toEqual({
      executionArn: 'arn:aws:states:us-east-1:000000000000:execution:escrow-lifecycle:name',
    });
    expect(started).toEqual({ stateMachineArn: ARN, name: 'name-2', input: '{"request":{"amountUsd":"50.00"}}' });
  });

  test('that went on before is left to itself', async () => {
    server.script(ended('FAILED'), refusal('ExecutionAlreadyExists'));

    expect(await createContinueExecution(client, ARN)('name', 'name-2')).toBe('continued');
  });

  test.each(['RUNNING', 'PENDING_REDRIVE'])('that is %s is left to itself', async (status) => {
    server.script(ended(status));

    expect(await createContinueExecution(client, ARN)('name', 'name-2')).toBe('running');
    expect(server.requests).toHaveLength(1);
  });

  test('that there is not is said', async () => {
    server.script(refusal('ExecutionDoesNotExist'));

    expect(await createContinueExecution(client, ARN)('name', 'name-2')).toBe('unknown');
  });

  test('that cannot be described is a fault', async () => {
    server.script(refusal('AccessDeniedException'));

    await expect(createContinueExecution(client, ARN)('name', 'name-2')).rejects.toThrow('AccessDeniedException');
  });
});

describe('a task', () => {
  const output = { signal: 'deadline', deadlineAt: '2026-03-13T09:00:00Z' } as const;

  test('is ended by its token', async () => {
    server.script(answer(200, {}));

    expect(await createResume(client)('token-1', output)).toBe(true);
    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
      taskToken: 'token-1',
      output: JSON.stringify(output),
    });
  });

  test.each(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken'])(
    'that has ended already (%s) is no fault',
    async (name) => {
      server.script(refusal(name));

      expect(await createResume(client)('token-1', output)).toBe(false);
    },
  );

  test('whose end is not taken for another reason is a fault', async () => {
    server.script(refusal('InvalidOutput'));

    await expect(createResume(client)('token-1', output)).rejects.toThrow('InvalidOutput');
  });
});
