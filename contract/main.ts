import { randomUUID } from 'node:crypto';
import { runCommand } from '../src/command-line.ts';
import { progressLine, summary } from './report.ts';
import { startRun } from './run.ts';
import { checkContract } from './suite.ts';
import { findTarget, readArguments, USAGE } from './target.ts';

/** Exits 0 only if every operation agrees. */
async function main(): Promise<number> {
  const asked = readArguments(process.argv.slice(2), process.env);
  const target = await findTarget(asked);
  console.log(`Checking ${target.urls.escrow} against the ${target.profile} profile`);
  console.log(`${target.creator.agentId} pays ${target.counterparty.agentId}\n`);
  const findings = await checkContract(startRun(target, randomUUID), asked.services, (finding) =>
    console.log(progressLine(finding)),
  );
  console.log(`\n${summary(findings)}`);
  const agreeing = findings.filter(({ verdict }) => verdict === 'agrees').length;
  console.log(`\n${agreeing} of ${findings.length} operations agree.`);
  return agreeing === findings.length ? 0 : 1;
}

await runCommand(USAGE, main);
