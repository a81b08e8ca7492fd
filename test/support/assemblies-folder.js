import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives the files of one run a folder for synthesized stacks and bundles; a later run may have other sources. */
export default function makeFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'assemblies-'));
  process.env['PURPLE_FLEA_ASSEMBLIES'] = folder;
  process.env['PURPLE_FLEA_BUNDLES'] = join(folder, 'bundles');
}
