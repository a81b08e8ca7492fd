import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { diagramOf, PAGE, readDiagram, withDiagram } from '../../scripts/lifecycle-diagram.ts';
import { readDefinition } from '../support/lifecycle-execution.ts';

test('the page of the workflow shows the definition as it is', () => {
  const page = readFileSync(PAGE, 'utf8');

  const isCurrent = withDiagram(page, readDiagram()) === page;
  expect(isCurrent ? 'current' : 'out of date: run npm run diagram').toBe('current');
});

test('every state but the questions is in the diagram', () => {
  const names = Object.entries(readDefinition().States).flatMap(([name, { Type }]) =>
    Type === 'Choice' ? [] : [name],
  );

  expect(names.filter((name) => !readDiagram().includes(`  ${name} -->`))).toEqual([]);
});

test('answers stand on the arrows, and faults that need attention are left out', () => {
  const diagram = diagramOf({
    StartAt: 'Ask',
    States: {
      Ask: {
        Type: 'Task',
        Next: 'Is it so?',
        Catch: [
          { ErrorEquals: ['States.Timeout'], Next: 'Ask' },
          { ErrorEquals: ['States.ALL'], Next: 'NeedsAttention' },
        ],
      },
      'Is it so?': {
        Type: 'Choice',
        Choices: [
          { StringEquals: 'yes', Next: 'Done' },
          { StringEquals: 'quite', Next: 'Done' },
        ],
        Default: 'Pause',
      },
      Pause: { Type: 'Wait', Next: 'Ask' },
      Done: { Type: 'Succeed' },
    },
  });

  expect(diagram.split('\n')).toEqual([
    'stateDiagram-v2',
    '  [*] --> Ask',
    '  Ask --> Done: yes, quite',
    '  Ask --> Pause: otherwise',
    '  Ask --> Ask: timeout',
    '  Pause --> Ask',
    '  Done --> [*]',
  ]);
});
