import { readdirSync, readFileSync } from 'node:fs';
import { InvalidConfigError, parseConfigText, type Config } from './config.ts';
import { realServices } from './loopback.ts';
import { claimsOf, findOverlaps } from './stage-overlap.ts';
import { CONFIG_FOLDER } from './stages.ts';

/**
 * Compares a stage with the stages of all other files in `config/`.
 *
 * @throws InvalidConfigError naming both files and what they would both do, or the file that cannot be compared.
 */
export function refuseOverlaps(config: Config, folder: URL = CONFIG_FOLDER): void {
  if (realServices(config.purpleFlea).length === 0) return;
  const own = `${config.stage}.json`;
  const claims = claimsOf(`config/${own}`, config);
  const others = readdirSync(folder).filter((name) => name.endsWith('.json') && ![own, 'schema.json'].includes(name));
  const lines = others.flatMap((name) => {
    const file = `config/${name}`;
    const other = parseConfigText(readFileSync(new URL(name, folder), 'utf8'), file);
    return findOverlaps([claims, claimsOf(file, other)]);
  });
  if (lines.length > 0) {
    throw new InvalidConfigError(['Two stages would do the same:', ...lines.map((line) => `  ${line}`)].join('\n'));
  }
}
