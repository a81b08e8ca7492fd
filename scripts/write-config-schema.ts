import { writeFileSync } from 'node:fs';
import { configJsonSchema } from '../lib/config.ts';

writeFileSync(
  new URL('../config/schema.json', import.meta.url),
  `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`,
);
