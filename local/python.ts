import { execa } from 'execa';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { ROOT, STATE } from './paths.ts';

const REQUIREMENTS = `${ROOT}local/requirements.txt`;
const CANDIDATES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];

/** No usable Python; the message names both ways out. */
export class PythonMissingError extends Error {
  override readonly name = 'PythonMissingError';
}

/**
 * Makes the project's own virtual environment with the pinned local AWS in it, unless it stands already.
 * Returns the path of its `ministack` program.
 *
 * @throws PythonMissingError where there is no Python 3.10 or later.
 */
export async function prepareLocalAws(report: (line: string) => void): Promise<string> {
  const digest = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 16);
  const venv = `${STATE}venv-${digest}`;
  const program = `${venv}/bin/ministack`;
  const stamp = `${venv}/installed`;
  if (existsSync(stamp)) return program;

  const python = await findPython();
  report(`creating a virtual environment with ${python}`);
  await execa(python, ['-m', 'venv', '--clear', venv]);
  report('installing the local AWS (MiniStack)');
  await execa(`${venv}/bin/python`, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--requirement',
    REQUIREMENTS,
  ]);
  writeFileSync(stamp, '');
  return program;
}

async function findPython(): Promise<string> {
  for (const candidate of CANDIDATES) {
    const probe = await execa(candidate, ['-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))'], {
      reject: false,
    });
    if (probe.exitCode === 0) return candidate;
  }
  throw new PythonMissingError(
    [
      'The local AWS (MiniStack) runs on Python 3.10 or later with venv, and none was found. Two ways out:',
      '  - install Python 3.10 or later (on Debian and Ubuntu: apt install python3 python3-venv), or',
      '  - start an AWS emulator yourself and name it: AWS_ENDPOINT_URL=http://127.0.0.1:4566 npm start',
    ].join('\n'),
  );
}
