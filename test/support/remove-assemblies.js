import { rmSync } from 'node:fs';

/** Removes what the files of this run shared. */
export default function removeFolder() {
  rmSync(process.env['PURPLE_FLEA_ASSEMBLIES'], { recursive: true, force: true });
}
