import aslValidator from 'asl-validator';
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import * as errors from '../../src/errors.ts';
import { STALE_CLAIM_MS } from '../../src/ledger/resolve-intents.ts';
import { DEFINITION_FILE, readDefinition, transitionsOf, type State } from '../support/lifecycle-execution.ts';
import { synthesizeStage } from '../support/synthesized-stage.ts';

const text = readFileSync(DEFINITION_FILE, 'utf8');
const definition = readDefinition();
const states = Object.entries(definition.States);
const transitions = transitionsOf(definition);
const ofType = (type: State['Type']) => states.filter(([, { Type }]) => Type === type);
const tasks = ofType('Task');

/** Their functions send requests that move money or start a timer which will. */
const SENDS_MONEY = ['LockFunds', 'CompleteDelivery', 'ReleaseFunds', 'RaiseDispute'];

/** Wait for what becomes of the request of the task that they lead back to. */
const VERDICTS = {
  AwaitLockVerdict: 'LockFunds',
  AwaitReleaseVerdict: 'ReleaseFunds',
  AwaitDisputeVerdict: 'RaiseDispute',
};

/** Wait for a signal, and what kind of wait each is. */
const SIGNALS = { AwaitDelivery: 'delivery', AwaitDecision: 'decision', AwaitResolution: 'resolution' };

/** The function of a task is named like it, unless it serves several. */
const SHARED_FUNCTIONS: Readonly<Record<string, string>> = Object.fromEntries([
  ...Object.keys(VERDICTS).map((name) => [name, 'AwaitVerdict']),
  ...Object.keys(SIGNALS).map((name) => [name, 'AwaitSignal']),
]);

/** The placeholder of the function that a task invokes. */
function functionOf(task: State): string {
  return /^\$\{(\w+)\}$/.exec(task.Parameters?.FunctionName ?? task.Resource ?? '')?.[1] ?? '';
}

/** Ends in success, and what each failure is called. */
const ENDS = {
  Released: undefined,
  AutoReleased: undefined,
  Refunded: undefined,
  FundingFailed: 'FundingFailed',
  NeedsAttention: 'NeedsAttention',
};

const stage = synthesizeStage('prod');
const [machine] = stage.resources<{
  DefinitionS3Location: { Key: string };
  DefinitionSubstitutions: Record<string, string>;
}>('AWS::StepFunctions::StateMachine');
const { DefinitionS3Location, DefinitionSubstitutions = {} } = machine?.properties ?? {};

/** Everything that can be reached from a state, itself included. */
function reachableFrom(start: string, found = new Set([start])): Set<string> {
  for (const { from, to } of transitions) {
    if (from === start && !found.has(to)) reachableFrom(to, found.add(to));
  }
  return found;
}

describe('the definition of the escrow lifecycle', () => {
  test('is uploaded as it stands in the file', () => {
    expect(stage.files.get(DefinitionS3Location?.Key ?? '')).toBe(text);
  });

  test('has a placeholder for each function that CDK puts in, and for nothing else', () => {
    const placeholders = [...text.matchAll(/\$\{([^}]*)\}/g)].map(([, name]) => String(name));

    expect(new Set(placeholders)).toEqual(new Set(Object.keys(DefinitionSubstitutions)));
    expect(placeholders.toSorted()).toEqual(tasks.map(([, task]) => functionOf(task)).toSorted());
    for (const [name, task] of tasks) expect(functionOf(task)).toBe(SHARED_FUNCTIONS[name] ?? name);
  });

  test('is valid Amazon States Language once the ARNs are in, paths and ARNs included', () => {
    const deployed = text.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => DefinitionSubstitutions[name] ?? '');

    const { isValid, errorsText } = aslValidator(JSON.parse(deployed) as never, { checkArn: true, checkPaths: true });

    expect(errorsText('\n')).toBe('');
    expect(isValid).toBe(true);
  });

  test('speaks JSONPath everywhere, which every engine that runs it understands', () => {
    expect(text).not.toContain('QueryLanguage');
    expect(text).not.toContain('{%');
    expect(text).not.toMatch(/"(Arguments|Assign|Output|Condition)"/);
  });

  test('bounds the execution as a whole, beyond the longest life of an escrow', () => {
    const longestLock = 720 * 3600;
    const longestCompleted = 720 * 3600;

    expect(definition.TimeoutSeconds).toBeGreaterThan(longestLock + longestCompleted);
  });
});

describe('its states', () => {
  test('can all be reached from the start', () => {
    expect(reachableFrom(definition.StartAt)).toEqual(new Set(Object.keys(definition.States)));
  });

  test('all lead to an end', () => {
    const stuck = states.filter(([name]) => Object.keys(ENDS).every((end) => !reachableFrom(name).has(end)));

    expect(stuck).toEqual([]);
  });

  test('end in one of five named ends, failures under their own name and with a cause', () => {
    const ends = [...ofType('Succeed'), ...ofType('Fail')];

    expect(Object.fromEntries(ends.map(([name, { Error: error }]) => [name, error]))).toEqual(ENDS);
    for (const [, fail] of ofType('Fail')) {
      expect(fail).toEqual(
        expect.objectContaining({ [fail.Cause === undefined ? 'CausePath' : 'Cause']: expect.any(String) }),
      );
    }
  });

  test('are questions where they choose, and nowhere else', () => {
    const questions = states.filter(([name]) => name.endsWith('?')).map(([name]) => name);

    expect(questions).toEqual(ofType('Choice').map(([name]) => name));
  });

  test('have an answer for whatever a question meets', () => {
    expect(ofType('Choice').filter(([, { Default }]) => Default === undefined)).toEqual([]);
  });

  test('say what they are for', () => {
    const silent = states.filter(([, { Type, Comment }]) => Type !== 'Choice' && (Comment ?? '').length < 30);

    expect(silent.map(([name]) => name)).toEqual([]);
  });
});

/** Scheduled, started, failed; and submitted, where it waits for a token. */
const EVENTS_OF_A_RETRY = 4;

describe('its tasks', () => {
  test.each(tasks)('%s ends by itself, is retried for named errors and catches the rest', (_, task) => {
    expect(task.TimeoutSeconds).toBeGreaterThan(0);
    expect(task.Retry?.length).toBeGreaterThan(0);
    expect(task.Retry?.flatMap(({ ErrorEquals }) => ErrorEquals)).not.toContain('States.ALL');
    expect(task.Catch?.at(-1)?.ErrorEquals).toEqual(['States.ALL']);
  });

  test.each(tasks.filter(([name]) => name !== 'CompleteDelivery'))(
    '%s is retried for a day, every 15 minutes at the latest, in less than 500 events of the history',
    (_, task) => {
      for (const { IntervalSeconds, MaxAttempts, BackoffRate, MaxDelaySeconds = Infinity } of task.Retry ?? []) {
        const pauses = Array.from({ length: MaxAttempts }, (_none, index) =>
          Math.min(IntervalSeconds * BackoffRate ** index, MaxDelaySeconds),
        );
        expect(pauses.reduce((sum, pause) => sum + pause)).toBeGreaterThan(24 * 3600);
        expect(Math.max(...pauses)).toBe(900);
        expect(MaxAttempts * EVENTS_OF_A_RETRY).toBeLessThan(500);
      }
    },
  );

  test('CompleteDelivery, which is no condition for a release, is retried five times', () => {
    expect(definition.States['CompleteDelivery']?.Retry?.map(({ MaxAttempts }) => MaxAttempts)).toEqual([5]);
  });

  test.each(SENDS_MONEY)(
    '%s is visited again at once only where its function certainly did not start, and otherwise once its claim is stale',
    (name) => {
      const [notStarted, ...others] = definition.States[name]?.Retry ?? [];

      expect(notStarted?.ErrorEquals).toEqual(['Lambda.TooManyRequestsException']);
      for (const { IntervalSeconds } of others) expect(IntervalSeconds * 1000).toBeGreaterThan(STALE_CLAIM_MS);
    },
  );

  test('run longer than their functions may, so that a function ends before its task', () => {
    const functions = stage.resources<{ FunctionName: string; Timeout: number }>('AWS::Lambda::Function');
    const outlived = tasks.filter(([, task]) => {
      const ending = functionOf(task).replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      const [found] = functions.filter(({ properties }) => properties.FunctionName.endsWith(ending));
      return (task.TimeoutSeconds ?? 0) <= (found?.properties.Timeout ?? Infinity);
    });

    expect(outlived).toEqual([]);
  });

  test('match on errors that Step Functions, Lambda or this project throws', () => {
    const matched = tasks.flatMap(([, { Retry = [], Catch = [] }]) =>
      [...Retry, ...Catch].flatMap(({ ErrorEquals }) => ErrorEquals),
    );
    const unknown = matched.filter((name) => !/^(States|Lambda)\.\w+$/.test(name) && !Object.hasOwn(errors, name));

    expect(unknown).toEqual([]);
  });

  test('that wait for a signal have a backstop of hours or days, below what a timer can hold', () => {
    const waits = tasks.filter(([, { Resource }]) => Resource?.endsWith('.waitForTaskToken'));

    expect(waits.map(([name, { TimeoutSeconds }]) => [name, TimeoutSeconds])).toEqual([
      ['AwaitLockVerdict', 2 * 3600],
      ['AwaitDelivery', 7 * 24 * 3600],
      ['AwaitDecision', 7 * 24 * 3600],
      ['AwaitReleaseVerdict', 2 * 3600],
      ['AwaitDisputeVerdict', 2 * 3600],
      ['AwaitResolution', 7 * 24 * 3600],
    ]);
  });

  test.each(Object.entries(SIGNALS))(
    '%s says that it waits for a %s, and looks where nobody ends it',
    (name, awaits) => {
      const wait = definition.States[name];
      const backstop = wait?.Catch?.find(({ ErrorEquals }) => ErrorEquals.includes('States.Timeout'));

      expect(wait?.Parameters?.Payload).toEqual({ 'taskToken.$': '$$.Task.Token', awaits, 'state.$': '$' });
      expect(backstop?.Next).toBe(name === 'AwaitDecision' ? 'ReviewDelivery' : 'CheckStatus');
    },
  );

  test('that pay or freeze are led to by a review alone, which decided so', () => {
    const leading = (to: string) =>
      transitions.filter((transition) => transition.to === to && transition.from !== to).map(({ name }) => name);

    expect(leading('ReleaseFunds')).toEqual([
      'Is gate passed? $.review.decision is release -> ReleaseFunds',
      'WaitToRelease -> ReleaseFunds',
      'AwaitReleaseVerdict -> ReleaseFunds',
      'AwaitReleaseVerdict fails with States.Timeout -> ReleaseFunds',
    ]);
    expect(leading('RaiseDispute')).toEqual([
      'Is gate passed? $.review.decision is dispute -> RaiseDispute',
      'WaitToDispute -> RaiseDispute',
      'AwaitDisputeVerdict -> RaiseDispute',
      'AwaitDisputeVerdict fails with States.Timeout -> RaiseDispute',
    ]);
  });

  test.each(Object.entries(VERDICTS))(
    '%s waits for the effect that %s names, and leads back to it however the wait ends',
    (name, sender) => {
      const wait = definition.States[name];
      const asked = transitions.find(({ from, to }) => to === name && definition.States[from]?.Type === 'Choice');
      const output = (definition.States[sender] as { ResultPath?: string } | undefined)?.ResultPath;
      const after = transitions.filter(({ from }) => from === name).map(({ to }) => to);

      expect(asked?.name).toContain(`${output}.outcome is pending`);
      expect(wait?.Parameters?.Payload['key.$']).toBe(`${output}.key`);
      expect(new Set(after)).toEqual(new Set([sender, 'NeedsAttention']));
      expect(wait?.Catch?.find(({ ErrorEquals }) => ErrorEquals.includes('States.Timeout'))?.Next).toBe(sender);
    },
  );

  test('leave a verdict to nobody but the sweeper: what is in doubt leads to no other task', () => {
    const pending = transitions.filter(({ name }) => name.includes(' is pending '));

    expect(pending.map(({ to }) => to)).toEqual(Object.keys(VERDICTS));
  });

  test('are waited between for the seconds that the ledger asks for', () => {
    expect(ofType('Wait').map(([name, { SecondsPath }]) => [name, SecondsPath])).toEqual([
      ['WaitToLock', '$.escrow.retryAfterSeconds'],
      ['WaitToRelease', '$.payment.retryAfterSeconds'],
      ['WaitToDispute', '$.dispute.retryAfterSeconds'],
    ]);
  });
});
