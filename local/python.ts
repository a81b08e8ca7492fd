import { execa } from 'execa';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { ROOT, STATE } from './paths.ts';

const REQUIREMENTS = `${ROOT}local/requirements.txt`;
const CANDIDATES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];

/** No usable Python; the message names both ways out. */
export class PythonMissingError extends Error {
  override readonly name = 'PythonMissingError';
}

/** How the local AWS is started: a program and its arguments. */
export type LocalAwsCommand = readonly [program: string, ...args: string[]];

/**
 * Makes the project's own virtual environment with the pinned local AWS in it, unless it stands already.
 *
 * @throws PythonMissingError where there is no Python 3.10 or later.
 */
export async function prepareLocalAws(report: (line: string) => void): Promise<LocalAwsCommand> {
  const digest = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 16);
  const venv = `${STATE}venv-${digest}`;
  if (!existsSync(venv)) await makeVenv(venv, report);
  return [`${venv}/bin/python`, '-m', 'ministack'];
}

/** Made aside and moved into place whole, so that neither an interrupt nor a second process leaves half of one. */
async function makeVenv(venv: string, report: (line: string) => void): Promise<void> {
  const python = await findPython();
  const draft = `${venv}.${process.pid}`;
  report(`creating a virtual environment with ${python}`);
  await execa(python, ['-m', 'venv', '--clear', draft]);
  report('installing the local AWS (MiniStack)');
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', REQUIREMENTS];
  await execa(`${draft}/bin/python`, install);
  try {
    renameSync(draft, venv);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(venv)) throw error;
  }
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
