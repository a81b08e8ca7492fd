import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives the end-to-end files of one run a folder for synthesized stacks; a later run may have other sources. */
export default function makeFolder() {
  process.env['PURPLE_FLEA_ASSEMBLIES'] = mkdtempSync(join(tmpdir(), 'assemblies-'));
}
