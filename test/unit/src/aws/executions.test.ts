import { SFNClient } from '@aws-sdk/client-sfn';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ContinuationStore } from '../../../../src/aws/continuation-table.ts';
import { createContinueExecution, createResume, createStartExecution } from '../../../../src/aws/executions.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { inert } from '../../../support/inert.ts';
import {
  answer,
  startScriptedServer,
  type ReceivedRequest,
  type Reply,
  type ScriptedServer,
} from '../../../support/scripted-server.ts';

const ARN = 'arn:aws:states:us-east-1:000000000000:stateMachine:escrow-lifecycle';

const NOT_CONTINUED: ContinuationStore = { read: async () => [], add: inert('add') };

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

    expect(
      await createStartExecution({ stepFunctions: client, stateMachineArn: ARN, continuations: NOT_CONTINUED })(
        'name',
        { request: { amountUsd: '50.00' } },
      ),
    ).toBe('started');
    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({
      stateMachineArn: ARN,
      name: 'name',
      input: '{"request":{"amountUsd":"50.00"}}',
    });
  });

  test('whose name was taken has been started before', async () => {
    server.script(refusal('ExecutionAlreadyExists'));

    expect(
      await createStartExecution({ stepFunctions: client, stateMachineArn: ARN, continuations: NOT_CONTINUED })(
        'name',
        {},
      ),
    ).toBe('already-started');
  });

  test('that cannot be started for another reason is a fault', async () => {
    server.script(refusal('ExecutionLimitExceeded'));

    await expect(
      createStartExecution({ stepFunctions: client, stateMachineArn: ARN, continuations: NOT_CONTINUED })('name', {}),
    ).rejects.toThrow('ExecutionLimitExceeded');
  });
});

describe('what an execution was started for', () => {
  const INPUT = { request: { amountUsd: '50.00' } };

  /** Step Functions with these executions. What is started runs, and can be described only once it is shown. */
  function aStateMachine(statuses: Record<string, string>) {
    const executions = new Map(Object.entries(statuses));
    const hidden = new Set<string>();
    const started: string[] = [];
    const answerTo = ({ headers, body }: ReceivedRequest): Reply => {
      const { executionArn = '', name = '' } = JSON.parse(body) as { executionArn?: string; name?: string };
      const described = executionArn.split(':').at(-1) ?? '';
      switch (String(headers['x-amz-target']).split('.')[1]) {
        case 'StartExecution':
          if (executions.has(name)) return refusal('ExecutionAlreadyExists');
          executions.set(name, 'RUNNING');
          hidden.add(name);
          started.push(name);
          return answer(200, { executionArn: `${ARN}:${name}`, startDate: 1772787600 });
        case 'DescribeExecution': {
          const status = executions.get(described);
          if (status === undefined || hidden.has(described)) return refusal('ExecutionDoesNotExist');
          return answer(200, { status, input: JSON.stringify(INPUT) });
        }
        case 'ListExecutions': {
          const names = [...executions].filter(([one, status]) => status === 'RUNNING' && !hidden.has(one));
          return answer(200, { executions: names.map(([one, status]) => ({ name: one, status })) });
        }
        default:
          return refusal('UnknownOperationException');
      }
    };
    const reply: Reply = (request, response) => {
      const received = server.requests.at(-1);
      if (received !== undefined) answerTo(received)(request, response);
    };
    server.script(...Array.from({ length: 40 }, () => reply));
    return { executions, hidden, started };
  }

  /** Continuations as the table keeps them. */
  function aRecord(names: readonly string[] = []): ContinuationStore {
    let recorded = names;
    return {
      read: async () => recorded,
      add: async (_first, known, name) => {
        if (known.join() === recorded.join()) recorded = [...known, name];
        return recorded;
      },
    };
  }

  const continueWith = (continuations: ContinuationStore) =>
    createContinueExecution({ stepFunctions: client, stateMachineArn: ARN, continuations });

  test.each(['FAILED', 'TIMED_OUT', 'ABORTED', 'SUCCEEDED'])(
    'goes on in another after one that is %s',
    async (status) => {
      const { started } = aStateMachine({ key: status });

      expect(await continueWith(aRecord())('key', 'key-1')).toBe('continued');

      expect(started).toEqual(['key-1']);
      const [, , start] = server.requests.map(({ body }) => JSON.parse(body) as unknown);
      expect(start).toEqual({ stateMachineArn: ARN, name: 'key-1', input: JSON.stringify(INPUT) });
    },
  );

  test('goes on with another input where that is given', async () => {
    aStateMachine({ key: 'FAILED' });
    await continueWith(aRecord())('key', 'key-paid', { request: 'of this ledger' });

    expect(server.requests.at(-1)?.body).toContain('of this ledger');
  });

  test.each(['RUNNING', 'PENDING_REDRIVE'])('is left to the first while that is %s', async (status) => {
    const { started } = aStateMachine({ key: status });

    expect(await continueWith(aRecord())('key', 'key-1')).toBe('running');
    expect(started).toEqual([]);
  });

  test('is left to one that continues the first, however much later it is asked for', async () => {
    const { started, hidden } = aStateMachine({ key: 'FAILED' });
    const goOn = continueWith(aRecord());
    await goOn('key', 'key-1');
    hidden.clear();

    expect(await goOn('key', 'key-2')).toBe('running');
    expect(started).toEqual(['key-1']);
  });

  test('is left to one that was started, and is not shown yet', async () => {
    const { started } = aStateMachine({ key: 'FAILED' });
    const goOn = continueWith(aRecord());
    await goOn('key', 'key-1');

    expect(await goOn('key', 'key-2')).toBe('continued');
    expect(started).toEqual(['key-1']);
  });

  test('is left to the first where a person made that go on after others', async () => {
    const { started } = aStateMachine({ key: 'RUNNING', 'key-1': 'FAILED' });

    expect(await continueWith(aRecord(['key-1']))('key', 'key-2')).toBe('running');
    expect(started).toEqual([]);
  });

  test('goes on once where two ask at the same time', async () => {
    const { started } = aStateMachine({ key: 'FAILED' });
    const goOn = continueWith(aRecord());

    expect(await Promise.all([goOn('key', 'key-1'), goOn('key', 'key-2')])).toEqual(['continued', 'continued']);
    expect(started).toHaveLength(1);
  });

  test('goes on under the name that was recorded, where nothing was started under it', async () => {
    const { started } = aStateMachine({ key: 'FAILED' });

    expect(await continueWith(aRecord(['key-1']))('key', 'key-2')).toBe('continued');
    expect(started).toEqual(['key-1']);
  });

  test('goes on again where what continued it has ended, and not twice under one name', async () => {
    const { executions, started, hidden } = aStateMachine({ key: 'FAILED', 'key-1': 'FAILED' });
    const goOn = continueWith(aRecord(['key-1']));

    expect(await goOn('key', 'key-1')).toBe('ended');
    expect(await goOn('key', 'key-2')).toBe('continued');
    executions.set('key-2', 'FAILED');
    hidden.clear();
    expect(await goOn('key', 'key-3')).toBe('continued');
    expect(started).toEqual(['key-2', 'key-3']);
  });

  test('is left to a continuation that an earlier release started and recorded nowhere', async () => {
    const { started } = aStateMachine({ key: 'FAILED', 'key-20261101T1200': 'RUNNING', other: 'RUNNING' });

    expect(await continueWith(aRecord())('key', 'key-1')).toBe('running');
    expect(started).toEqual([]);
  });

  test('is not started anew beside what continues it, once the first name is forgotten', async () => {
    const { started } = aStateMachine({ 'key-1': 'RUNNING' });

    expect(
      await createStartExecution({ stepFunctions: client, stateMachineArn: ARN, continuations: aRecord(['key-1']) })(
        'key',
        INPUT,
      ),
    ).toBe('already-started');
    expect(started).toEqual([]);
  });

  test('is not there where nothing has that name', async () => {
    aStateMachine({});

    expect(await continueWith(aRecord())('key', 'key-1')).toBe('unknown');
  });

  test('that cannot be described is a fault', async () => {
    server.script(refusal('AccessDeniedException'));

    await expect(continueWith(aRecord())('key', 'key-1')).rejects.toThrow('AccessDeniedException');
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
