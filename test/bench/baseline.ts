import { execa } from 'execa';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { checkOut } from './checkout.ts';
import type { Services } from './services-client.ts';
import type { Bench, Job } from './variants.ts';

/** A function as another revision built it. */
export interface BuiltFunction {
  readonly bundle: string;
  readonly env: Readonly<Record<string, string>>;
  readonly bundleBytes: number;
}

const { setUp } = createRequire(import.meta.url)('../../scripts/set-up.cjs') as {
  readonly setUp: (root: string, say: (line: string) => void) => Promise<number>;
};

/**
 * Builds the functions of another revision as that one does it, with its packages, and puts them beside those of this one. They get
 * the same events, and run on the same Node.
 *
 * @throws UsageError where the revision is not known. Error where it cannot be built.
 */
export async function addBaseline(
  bench: Bench,
  revision: string,
  folder: string,
  { awsUrl, twinUrl }: Pick<Services, 'awsUrl' | 'twinUrl'>,
  say: (line: string) => void,
): Promise<Bench> {
  const tree = join(folder, 'tree');
  say(`checking out ${revision}`);
  await checkOut(revision, tree);
  if ((await setUp(tree, say)) !== 0) throw new Error(`--baseline ${revision}: its packages were not installed`);
  say(`bundling the functions of ${revision}`);
  const script = resolve('test/bench/build-baseline.ts');
  const { stdout } = await execa(process.execPath, [script, join(folder, 'bundles'), awsUrl, twinUrl], {
    cwd: tree,
    stderr: 'inherit',
  });
  const [trade, bonus] = JSON.parse(stdout) as BuiltFunction[];
  return {
    ...bench,
    jobs: [withBaseline(bench.jobs[0], revision, trade), withBaseline(bench.jobs[1], revision, bonus)],
  };
}

function withBaseline(job: Job, revision: string, built: BuiltFunction | undefined): Job {
  const [ours, ...others] = job.variants;
  if (ours === undefined || built === undefined) throw new Error(`${revision} does not say "${job.title}"`);
  const { bundle, env, bundleBytes } = built;
  const command: typeof ours.command = [ours.command[0], ...ours.command.slice(1, -1), bundle];
  return { ...job, variants: [ours, { ...ours, name: revision, command, env, bundleBytes }, ...others] };
}
