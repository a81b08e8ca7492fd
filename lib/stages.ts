import { readdirSync } from 'node:fs';

/** Goes into names of AWS, of which the longest have 64 characters. */
export const STAGE_NAME = /^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/;
export type Stage = string;

/** Stages that have a file in `config/`. */
export const STAGES: readonly Stage[] = readdirSync(new URL('../config', import.meta.url))
  .filter((file) => file.endsWith('.json') && file !== 'schema.json')
  .map((file) => file.replace('.json', ''))
  .toSorted();
