import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { startLocalSession, type AskedOfAws, type LocalSessionStub } from '../../support/local-session.ts';

const READY = { check: 'key', ok: true, detail: 'the key works' };
const NOT_READY = { check: 'limits', ok: false, detail: 'there are none' };

const KEY = {
  role: 'treasury',
  secretName: 'PurpleFleaApiKey',
  agentId: 'ag_1',
  ok: true,
  detail: 'the service takes it',
};

const STORY = {
  escrowId: 'esc_1',
  cause: { rule: 'a-rule', subject: 'a-subject', status: 'done' },
  executionName: 'an-execution',
  execution: { arn: 'arn:aws:states:us-east-1:000000000000:execution:m:an-execution', status: 'RUNNING' },
  intents: [],
  signals: [],
};

let session: LocalSessionStub;
let keysAnswer: object;

beforeAll(async () => {
  session = await startLocalSession(answerTo);
});
afterAll(() => session.stop());

function answerTo({ of, input }: AskedOfAws): object {
  switch (of) {
    case 'AWSEvents.PutEvents':
      return { FailedEntryCount: 0, Entries: [{ EventId: '1' }] };
    case 'AWSStepFunctions.GetExecutionHistory':
      return { events: [{ id: 1, timestamp: 1_800_000_000, stateEnteredEventDetails: { name: 'AwaitDelivery' } }] };
    case '/2015-03-31/functions/purple-flea-local-check-readiness/invocations':
      return { mode: 'paper', checks: [READY], toGoLive: [READY, NOT_READY] };
    default:
      if (input['action'] === 'keys') return keysAnswer;
      return input['id'] === 'esc_1' ? { story: STORY } : { error: `nothing is known of ${String(input['id'])}` };
  }
}

async function run(command: string, ...args: string[]) {
  session.asked.length = 0;
  return execa(process.execPath, [`operations/${command}.ts`, ...args], { env: session.env, reject: false });
}

describe('commands against the local pipeline', () => {
  test('signal puts one event on the bus', async () => {
    const said = ['--escrow', 'esc_1', '--by', 'me', '--reason', 'in production'];

    expect(await run('signal', 'approve', ...said)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(session.asked).toEqual([
      {
        of: 'AWSEvents.PutEvents',
        input: {
          Entries: [expect.objectContaining({ EventBusName: 'purple-flea-local', DetailType: 'escrow.approved' })],
        },
      },
    ]);
  });

  test('escrow shows a story with where its execution is', async () => {
    const { stdout, stderr, exitCode } = await run('escrow', 'show', 'esc_1');

    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    expect(stdout).toContain('RUNNING in AwaitDelivery');
  });

  test('escrow says what the function says of an unknown one', async () => {
    expect(await run('escrow', 'show', 'esc_2')).toMatchObject({ exitCode: 1, stderr: 'nothing is known of esc_2' });
  });

  const REFUSED_KEY = { ...KEY, ok: false, detail: 'HTTP 401' };

  test.each<[readonly string[], object, number]>([
    [[], KEY, 0],
    [['--live'], KEY, 1],
    [[], REFUSED_KEY, 1],
  ])('doctor %j exits by its checks, and by those of the keys: %j', async (args, key, exitCode) => {
    keysAnswer = { keys: [key] };

    const { stdout, ...ended } = await run('doctor', ...args);

    expect(ended).toMatchObject({ exitCode });
    expect(stdout).toContain('paper: ready');
    expect(stdout).toContain('PurpleFleaApiKey');
  });

  test('doctor says where the keys could not be tried', async () => {
    keysAnswer = { error: 'action: no such action' };

    const { stderr, exitCode } = await run('doctor');

    expect({ stderr, exitCode }).toEqual({
      stderr: 'decide-intent tried no key: action: no such action',
      exitCode: 1,
    });
  });

  test.each(['doctor', 'signal', 'escrow'])('%s refuses a stage that has no file', async (command) => {
    const args = { doctor: [], signal: ['approve', '--escrow', 'esc_1'], escrow: ['show', 'esc_1'] }[command] ?? [];

    expect(await run(command, ...args, '--stage', 'nowhere')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('--stage nowhere: allowed are dev, local, prod'),
    });
    expect(session.asked).toEqual([]);
  });
});
