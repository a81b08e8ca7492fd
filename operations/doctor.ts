import { parseArgs } from 'node:util';
import { runCommand } from '../src/command-line.ts';
import type { ReadinessReport } from '../src/trading/readiness.ts';
import { composeReadiness, isReady } from './compose-readiness.ts';
import { openFunction } from './invoke-function.ts';
import { readStage } from './stage-access.ts';

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
  const check = openFunction(readStage(values.stage), 'check-readiness');
  const report = JSON.parse(await check({})) as ReadinessReport;
  console.log(composeReadiness(report).join('\n'));
  return isReady(report, values.live) ? 0 : 1;
}

await runCommand(USAGE, main);
