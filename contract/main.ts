import { randomUUID } from 'node:crypto';
import { progressLine, summary } from './report.ts';
import { startRun } from './run.ts';
import { checkContract } from './suite.ts';
import { findTarget, readArguments, USAGE, UsageError } from './target.ts';

/** Exits 0 only if every operation agrees; 2 where the command line cannot be used. */
async function main(args: readonly string[]): Promise<number> {
  if (args.length === 0 || args.includes('--help')) {
    console.log(USAGE);
    return args.length === 0 ? 2 : 0;
  }
  try {
    const asked = readArguments(args, process.env);
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
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
