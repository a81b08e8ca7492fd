import { readdirSync } from 'node:fs';

/** Goes into names of AWS, of which the longest have 64 characters. */
export const STAGE_NAME = /^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/;
export type Stage = string;

/** Where the files of the stages are. */
export const CONFIG_FOLDER = new URL('../config/', import.meta.url);

/** Stages that have a file there. */
export const STAGES: readonly Stage[] = readdirSync(CONFIG_FOLDER)
  .filter((file) => file.endsWith('.json') && file !== 'schema.json')
  .map((file) => file.replace('.json', ''))
  .toSorted();
