import { buildSync, type BuildOptions } from 'esbuild';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUNDLE_ALIASES } from './bundle-aliases.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Sources are named from a folder below the root, so that maps, and with them the names of assets, are the same everywhere. */
const NAMED_FROM = `${ROOT}cdk.out`;

/** What a bundle consists of. */
const FILES = ['index.js', 'index.js.map'];

/**
 * How everything is bundled that runs as a function.
 *
 * @param aliases what stands in for parts of packages; paths are from the root of the project.
 */
export function bundleOptions(aliases: Readonly<Record<string, string>> = BUNDLE_ALIASES) {
  return {
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    mainFields: ['module', 'main'],
    logLevel: 'warning',
    alias: Object.fromEntries(Object.entries(aliases).map(([name, file]) => [name, `./${file}`])),
  } satisfies BuildOptions;
}

/** Writes the bundle of a function, `index.js` and its map, into a folder. */
export function writeBundle(lambda: string, folder: string): void {
  for (const file of FILES) copyFileSync(join(bundlesFolder(), lambda, file), join(folder, file));
}

let own: string | undefined;

/** The folder with the bundles of all functions: that of a run of the tests, or else of this process. */
function bundlesFolder(): string {
  const shared = process.env['PURPLE_FLEA_BUNDLES'];
  if (shared === undefined) {
    own ??= temporaryBundles();
    return own;
  }
  if (!existsSync(shared)) shareBundles(shared);
  return shared;
}

function temporaryBundles(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bundles-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  bundleAll(folder);
  return folder;
}

/** The folder appears whole, and the first of several processes that make it makes it. */
function shareBundles(shared: string): void {
  const folder = `${shared}-${process.pid}`;
  bundleAll(folder);
  try {
    renameSync(folder, shared);
  } catch (error) {
    if (!existsSync(shared)) throw error;
    rmSync(folder, { recursive: true });
  }
}

/** One run of esbuild for all functions: they share most of what it has to parse. */
function bundleAll(folder: string): void {
  const lambdas = readdirSync(`${ROOT}lambdas`).filter((name) => existsSync(`${ROOT}lambdas/${name}/index.ts`));
  const { outputFiles, warnings } = buildSync({
    ...bundleOptions(),
    entryPoints: lambdas.map((lambda) => `lambdas/${lambda}/index.ts`),
    outbase: 'lambdas',
    outdir: NAMED_FROM,
    write: false,
  });
  if (warnings.length > 0) throw new Error('esbuild warned about a bundle');
  for (const { path, contents } of outputFiles) {
    const file = path.replace(NAMED_FROM, folder);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, contents);
  }
}
