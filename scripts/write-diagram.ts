import { readFileSync, writeFileSync } from 'node:fs';
import { PAGE, readDiagram, withDiagram } from './lifecycle-diagram.ts';

writeFileSync(PAGE, withDiagram(readFileSync(PAGE, 'utf8'), readDiagram()));
