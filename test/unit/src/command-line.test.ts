import { describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { fileURLToPath } from 'node:url';
import { describeFailure } from '../../../src/command-line.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Every command that a person runs, and a way to use it wrongly. */
const COMMANDS: readonly [string, readonly string[]][] = [
  ['local/start.ts', ['--scenario', 'nothing']],
  ['local/send.ts', ['nothing', '--nothing']],
  ['twin/main.ts', ['--port', 'nothing']],
  ['contract/main.ts', ['--nothing']],
  ['operations/signal.ts', []],
  ['operations/escrow.ts', ['show']],
  ['operations/what-if.ts', ['--config', 'dev']],
  ['operations/intents.ts', []],
  ['operations/doctor.ts', ['--nothing']],
  ['test/simulation/main.ts', ['--schedules', 'many']],
  ['test/bench/main.ts', ['--rounds', '0']],
];

const run = (file: string, ...args: string[]) =>
  execa(process.execPath, [file, ...args], { cwd: ROOT, reject: false, env: { NODE_OPTIONS: '' } });

describe.each(COMMANDS)('%s', (file, wrong) => {
  test('says how it is used, exit 0', async () => {
    const { exitCode, stdout, stderr } = await run(file, '--help');

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/npm (run|start)|node /);
  });

  test('says what is wrong and how it is used, exit 2', async () => {
    const { exitCode, stderr } = await run(file, ...wrong);

    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/npm (run|start)|node /);
  });
});

describe('what went wrong', () => {
  const named = (name: string, message: string) => Object.assign(new Error(message), { name });

  test.each([
    [new Error('Region is missing'), 'set AWS_REGION'],
    [named('CredentialsProviderError', 'Could not load'), 'set AWS_PROFILE'],
    [named('ResourceNotFoundException', 'Function not found: f'), 'Is this stage deployed'],
    [new Error('anything else'), 'anything else'],
    ['text', 'text'],
  ])('is told with what to do about it: %s', (error, told) => {
    expect(describeFailure(error)).toContain(told);
  });
});
