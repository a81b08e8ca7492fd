import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuiltFunction } from './baseline.ts';
import type * as Variants from './variants.ts';

/**
 * Runs in the checkout of another revision: has it bundle its functions in its own way, and prints what it says of them. How
 * that revision describes them is its `prepare` of `test/bench/variants.ts`.
 */

const [, , outdir = '', awsUrl = '', twinUrl = ''] = process.argv;
const { href } = pathToFileURL(join(process.cwd(), 'test/bench/variants.ts'));
const { prepare } = (await import(href)) as Pick<typeof Variants, 'prepare'>;
const { jobs } = await prepare(outdir, awsUrl, twinUrl);
const built: BuiltFunction[] = jobs.map(({ variants: [variant] }) => {
  if (variant?.bundleBytes === undefined) throw new Error('its first variant is no bundle');
  return { bundle: variant.command.at(-1) ?? '', env: variant.env, bundleBytes: variant.bundleBytes };
});
process.stdout.write(JSON.stringify(built));
