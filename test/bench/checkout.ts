import { execa } from 'execa';
import { UsageError } from '../../src/command-line.ts';

/**
 * Takes another revision out of this repository, without its packages.
 *
 * @param folder does not exist yet.
 * @throws UsageError where the revision is not known.
 */
export async function checkOut(revision: string, folder: string): Promise<void> {
  const { exitCode, stdout: commit } = await execa(
    'git',
    ['rev-parse', '--verify', '--quiet', `${revision}^{commit}`],
    {
      reject: false,
    },
  );
  if (exitCode !== 0) {
    throw new UsageError(`--baseline ${revision}: no revision of this clone (git fetch --unshallow gets all of them)`);
  }
  await execa('git', ['clone', '--quiet', '--shared', '--no-checkout', '.', folder]);
  await execa('git', ['checkout', '--quiet', '--detach', commit], { cwd: folder });
}
