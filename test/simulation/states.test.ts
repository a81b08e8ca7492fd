import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { FOLLOWING, LAST_STATES, QUESTIONS } from './states.ts';

interface StateDefinition {
  readonly Type: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly Choices?: readonly { readonly Variable: string; readonly StringEquals: string; readonly Next: string }[];
}

const { States: states } = JSON.parse(readFileSync('statemachines/escrow-lifecycle.asl.json', 'utf8')) as {
  readonly States: Readonly<Record<string, StateDefinition>>;
};

function ofType(...types: string[]): [string, StateDefinition][] {
  return Object.entries(states).filter(([, { Type: type }]) => types.includes(type));
}

describe('the simulated executions follow the state machine', () => {
  test('in every choice', () => {
    const choices = ofType('Choice').map(([name, { Choices: cases = [], Default: otherwise }]) => [
      name,
      {
        variable: cases[0]?.Variable,
        answers: Object.fromEntries(cases.map(({ StringEquals: answer, Next: next }) => [answer, next])),
        otherwise,
      },
    ]);

    expect(Object.fromEntries(choices)).toEqual(QUESTIONS);
  });

  test('from every task and wait', () => {
    expect(Object.fromEntries(ofType('Task', 'Wait').map(([name, { Next: next }]) => [name, next]))).toEqual(FOLLOWING);
  });

  test('to every end', () => {
    const ends = ofType('Succeed', 'Fail').map(([name, { Type: type }]) => [name, type === 'Succeed']);

    expect(Object.fromEntries(ends)).toEqual(LAST_STATES);
  });
});
