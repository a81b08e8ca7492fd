import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BUNDLE_ALIASES } from '../../lib/bundle-aliases.ts';

const run = promisify(execFile);

/** What CDK passes to esbuild for `PipelineFunction`, but for the entry point: all of them are bundled in one run. */
const ESBUILD = [
  '--bundle',
  '--target=node24',
  '--platform=node',
  '--format=cjs',
  '--minify',
  '--sourcemap',
  '--sources-content=false',
  '--main-fields=module,main',
  '--log-level=warning',
];

/**
 * Bundles entries as functions are bundled for deployment: `<base>/<path>.ts` becomes `<outdir>/<path>.js`.
 *
 * @param aliases what stands in for parts of packages.
 * @throws whatever esbuild complains of, warnings included.
 */
export async function bundleFunctions(
  entries: readonly string[],
  base: string,
  outdir: string,
  aliases: Readonly<Record<string, string>> = BUNDLE_ALIASES,
): Promise<void> {
  const { stdout, stderr } = await run('node_modules/.bin/esbuild', [
    ...entries,
    ...ESBUILD,
    ...Object.entries(aliases).map(([name, file]) => `--alias:${name}=./${file}`),
    `--outbase=${base}`,
    `--outdir=${outdir}`,
  ]);
  if (stdout + stderr !== '') throw new Error(`esbuild said: ${stdout}${stderr}`);
}
