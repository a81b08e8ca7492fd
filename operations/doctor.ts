import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { parseArgs } from 'node:util';
import { STAGES } from '../lib/stages.ts';
import { prefixOf } from '../lib/names.ts';
import { createClients } from '../local/clients.ts';
import { readSession } from '../local/local-pipeline.ts';
import { runCommand, UsageError } from '../src/command-line.ts';
import type { ReadinessReport } from '../src/trading/readiness.ts';
import { composeReadiness, isReady } from './compose-readiness.ts';

const USAGE = `npm run doctor -- [--stage dev] [--live]    whether orders may go out: key, account, limits, stop

  --stage     local (the default: what npm start runs), or another stage of config/, with your AWS credentials
  --live      exit by what live trading needs, also where the stage trades on paper

Exits 1 where a check fails. Needs lambda:InvokeFunction on check-readiness. It changes nothing.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      stage: { type: 'string', default: 'local' },
      live: { type: 'boolean', default: false },
    },
  });
  const stage = STAGES.find((known) => known === values.stage);
  if (stage === undefined) throw new UsageError(`--stage ${values.stage}: allowed are ${STAGES.join(', ')}`);
  const client = stage === 'local' ? createClients(readSession().endpoint).lambda : new LambdaClient({});
  const { Payload, FunctionError } = await client.send(
    new InvokeCommand({ FunctionName: `${prefixOf(stage)}-check-readiness`, Payload: '{}' }),
  );
  const text = Payload?.transformToString() ?? '';
  if (FunctionError !== undefined) throw new Error(text);
  const report = JSON.parse(text) as ReadinessReport;
  console.log(composeReadiness(report).join('\n'));
  return isReady(report, values.live) ? 0 : 1;
}

await runCommand(USAGE, main);
