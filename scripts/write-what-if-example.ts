import { writeFileSync } from 'node:fs';
import { writeExample } from './what-if-example.ts';

for (const [path, text] of await writeExample()) writeFileSync(new URL(`../${path}`, import.meta.url), text);
