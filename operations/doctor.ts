import { parseArgs } from 'node:util';
import { runCommand } from '../src/command-line.ts';
import type { ReadinessReport } from '../src/trading/readiness.ts';
import type { KeyCheck } from '../src/aws/check-keys.ts';
import { composeKeys } from './compose-keys.ts';
import { composeReadiness, isReady } from './compose-readiness.ts';
import { openFunction } from './invoke-function.ts';
import { readStage } from './stage-access.ts';

const USAGE = `npm run doctor -- [--stage dev] [--live]    whether orders may go out: key, account, limits, stop; and whether each key works

  --stage     local (the default: what npm start runs), or another stage of config/, with your AWS credentials
  --live      check for live trading, even if the stage trades on paper

Exits 1 where a check fails. Needs lambda:InvokeFunction on check-readiness and decide-intent. It changes nothing.`;

interface KeysAnswer {
  readonly keys?: readonly KeyCheck[];
  readonly error?: string;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      stage: { type: 'string', default: 'local' },
      live: { type: 'boolean', default: false },
    },
  });
  const stage = readStage(values.stage);
  const check = openFunction(stage, 'check-readiness');
  const decide = openFunction(stage, 'decide-intent');
  const report = JSON.parse(await check({})) as ReadinessReport;
  const { keys, error } = JSON.parse(await decide({ action: 'keys' })) as KeysAnswer;
  if (keys === undefined) throw new Error(`decide-intent tried no key: ${error ?? 'deploy the stage again'}`);
  console.log([...composeReadiness(report), ...composeKeys(keys)].join('\n'));
  return isReady(report, values.live) && keys.every(({ ok }) => ok) ? 0 : 1;
}

await runCommand(USAGE, main);
