import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { directionModelSchema, type DirectionModel } from './direction-model.ts';
import { metricsSchema, trainingJobNameSchema, trainingJobStatusSchema, type TrainingJob } from './training-job.ts';

const agentsSchema = z.array(
  z.strictObject({ agentId: z.string().min(1), apiKey: z.string().min(1), balanceUsd: z.string() }),
);

const trainingJobsSchema = z.array(
  z.strictObject({
    name: trainingJobNameSchema,
    status: trainingJobStatusSchema,
    createdAt: z.iso.datetime(),
    endedAt: z.iso.datetime(),
    metrics: metricsSchema,
  }),
);

/** An agent at the start. `balanceUsd` is a decimal string; the key is made up and good for nothing but the twin. */
export interface InitialAgent {
  readonly agentId: string;
  readonly apiKey: string;
  readonly balanceUsd: string;
}

/** All that a twin knows when it starts. */
export interface InitialData {
  readonly agents: readonly InitialAgent[];
  /** USD per unit, as decimal strings. */
  readonly prices: Readonly<Record<string, string>>;
  readonly trainingJobs: readonly TrainingJob[];
  readonly endpoints: ReadonlyMap<string, DirectionModel>;
}

/** Reads the files in `data/`. */
export function readInitialData(): InitialData {
  const endpoints = readJson(dataFile('endpoints.json'), z.record(z.string(), z.string()));
  const trainingJobs = readJson(dataFile('training-jobs.json'), trainingJobsSchema);
  return {
    agents: readAgents(dataFile('agents.json')),
    prices: readJson(dataFile('prices.json'), z.record(z.string(), z.string())),
    trainingJobs: trainingJobs.map(({ createdAt, endedAt, ...job }) => ({
      ...job,
      createdAt: new Date(createdAt),
      changedAt: new Date(endedAt),
    })),
    endpoints: new Map(
      Object.entries(endpoints).map(([name, file]) => [name, readJson(dataFile(file), directionModelSchema)]),
    ),
  };
}

/** Reads a file of agents in the format of `data/agents.json`. */
export function readAgents(file: string | URL): InitialAgent[] {
  return readJson(file, agentsSchema);
}

function dataFile(name: string): URL {
  return new URL(`./data/${name}`, import.meta.url);
}

function readJson<Content>(file: string | URL, schema: z.ZodType<Content>): Content {
  const result = schema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!result.success) throw new Error(`${String(file)} cannot be used:\n${z.prettifyError(result.error)}`);
  return result.data;
}
