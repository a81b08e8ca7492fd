import { paginateListFunctions } from '@aws-sdk/client-lambda';
import { renameSync, writeFileSync } from 'node:fs';
import { createClients } from '../../local/clients.ts';
import { startLocalPipeline, type LocalPipelineOptions } from '../../local/local-pipeline.ts';
import { readRolePolicies } from '../../local/role-policies.ts';
import type { HeldStage } from './held-stage.ts';

/** Deploys a stage, says in a file where it is, and keeps it until it is stopped: `node hold-stage.ts FILE OPTIONS`. */
async function main(): Promise<void> {
  const [, , file = '', options = '{}'] = process.argv;
  const write = (text: string) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  try {
    const pipeline = await startLocalPipeline(JSON.parse(options) as LocalPipelineOptions);
    const stop = () => void pipeline.close().finally(() => process.exit());
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
    write(JSON.stringify(await describeStage(pipeline)));
  } catch (error) {
    write(JSON.stringify({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }));
    process.exitCode = 1;
  }
}

/** Where the stage is, and how it was deployed. */
async function describeStage({
  endpoint,
  twinUrl,
  outputs,
  functionLog,
}: Awaited<ReturnType<typeof startLocalPipeline>>): Promise<HeldStage> {
  const clients = createClients(endpoint);
  const environments: Record<string, Record<string, string>> = {};
  for await (const { Functions = [] } of paginateListFunctions({ client: clients.lambda }, {})) {
    for (const { FunctionName = '', Environment } of Functions)
      environments[FunctionName] = Environment?.Variables ?? {};
  }
  const policies = await readRolePolicies(clients, endpoint);
  return { endpoint, twinUrl, outputs, functionLog, environments, policies };
}

await main();
