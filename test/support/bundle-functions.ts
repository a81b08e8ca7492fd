import { build } from 'esbuild';
import { bundleOptions } from '../../lib/bundles.ts';

/**
 * Bundles entries as functions are bundled for deployment: `<base>/<path>.ts` becomes `<outdir>/<path>.js`.
 *
 * @param aliases what stands in for parts of packages; those of functions if left out.
 * @throws where esbuild complains of anything, after it printed what.
 */
export async function bundleFunctions(
  entries: readonly string[],
  base: string,
  outdir: string,
  aliases?: Readonly<Record<string, string>>,
): Promise<void> {
  const { warnings } = await build({
    ...bundleOptions(aliases),
    entryPoints: [...entries],
    outbase: base,
    outdir,
  });
  if (warnings.length > 0) throw new Error('esbuild warned about a bundle');
}
