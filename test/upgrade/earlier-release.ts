import { execa } from 'execa';
import { mkdirSync, symlinkSync } from 'node:fs';
import type { AppPlace } from '../../local/deploy.ts';
import { ROOT, RUN } from '../../local/paths.ts';

/** The commit of release 0.1.0. */
const RELEASE = 'e0a77ac';

/**
 * Takes release 0.1.0 out of the repository's own history, into a folder of this run. It is built with today's packages.
 *
 * @throws Error if the history is not there, with what to do.
 */
export async function takeEarlierRelease(): Promise<AppPlace> {
  const known = await execa('git', ['cat-file', '-e', `${RELEASE}^{commit}`], { cwd: ROOT, reject: false });
  if (known.exitCode !== 0) {
    throw new Error(`release 0.1.0 (${RELEASE}) is not in this clone: run git fetch --unshallow, then this again`);
  }
  const root = `${RUN}earlier/`;
  mkdirSync(root, { recursive: true });
  await execa('git', ['archive', '--output', `${RUN}earlier.tar`, RELEASE], { cwd: ROOT });
  await execa('tar', ['-xf', `${RUN}earlier.tar`, '-C', root]);
  symlinkSync(`${ROOT}node_modules`, `${root}node_modules`);
  return { root, assembly: `${RUN}earlier.cdk.out` };
}
