import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { directionModelSchema, type DirectionModel } from './sagemaker/direction-model.ts';
import {
  metricsSchema,
  trainingJobNameSchema,
  trainingJobStatusSchema,
  type TrainingJob,
} from './sagemaker/training-job.ts';
import { pricesFileSchema } from './trading/prices.ts';

const agentsSchema = z.array(
  z.strictObject({
    agentId: z.string().min(1),
    apiKey: z.string().min(1),
    balanceUsd: z.string(),
    referralCode: z.string().min(1).optional(),
    referredBy: z.string().min(1).optional(),
  }),
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
  /** `REF_<agentId>` where it is left out. */
  readonly referralCode?: string | undefined;
  /** The id of the agent that earns a share of this one's escrow fees. */
  readonly referredBy?: string | undefined;
}

/** All that a twin knows when it starts. */
export interface InitialData {
  readonly agents: readonly InitialAgent[];
  /** By asset: how its price moves from the start on. */
  readonly prices: z.output<typeof pricesFileSchema>;
  readonly trainingJobs: readonly TrainingJob[];
  readonly endpoints: ReadonlyMap<string, DirectionModel>;
}

/** Reads the files in `data/`. */
export function readInitialData(): InitialData {
  const endpoints = readJson(dataFile('endpoints.json'), z.record(z.string(), z.string()));
  const trainingJobs = readJson(dataFile('training-jobs.json'), trainingJobsSchema);
  return {
    agents: readAgents(dataFile('agents.json')),
    prices: readJson(dataFile('prices.json'), pricesFileSchema),
    trainingJobs: trainingJobs.map(({ createdAt, endedAt, ...job }) => ({
      ...job,
      id: job.name,
      createdAt: Date.parse(createdAt),
      changedAt: Date.parse(endedAt),
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
