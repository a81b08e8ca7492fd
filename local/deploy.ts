import { execa } from 'execa';
import { readFileSync } from 'node:fs';
import { ACCOUNT, awsEnvironment, REGION } from './emulator.ts';
import { BIN, ROOT, STATE } from './paths.ts';

const ASSEMBLY = `${STATE}cdk.out`;
const OUTPUTS = `${STATE}outputs.json`;

/** What the stacks of stage `local` put out. */
export interface Outputs {
  readonly busName: string;
  readonly secretName: string;
  readonly intentTable: string;
  readonly mailboxTable: string;
  readonly stateMachineArn: string;
  readonly requestPrediction: string;
}

type Report = (line: string) => void;

/** Synthesizes stage `local` for a twin, with the real CDK. */
export async function synthesize(twinUrl: string, report: Report): Promise<void> {
  await cdk(['synth', '--quiet', '--output', ASSEMBLY, '-c', 'stage=local', '-c', `twin=${twinUrl}`], {}, report);
}

/** Makes the local account ready for CDK. Run in a folder without an app: it needs none. */
export async function bootstrap(endpoint: string, report: Report): Promise<void> {
  await cdk(['bootstrap', `aws://${ACCOUNT}/${REGION}`], awsEnvironment(endpoint), report, STATE);
}

/** Deploys the synthesized stacks with the real CDK, and returns their outputs. */
export async function deploy(endpoint: string, report: Report): Promise<Outputs> {
  await cdk(
    [
      'deploy',
      '--all',
      '--app',
      ASSEMBLY,
      '--method=direct',
      '--require-approval=never',
      '--progress=events',
      `--outputs-file=${OUTPUTS}`,
    ],
    awsEnvironment(endpoint),
    report,
  );
  const outputs = JSON.parse(readFileSync(OUTPUTS, 'utf8')) as Record<string, Record<string, string>>;
  const of = (stack: string, name: string) => {
    const value = outputs[`purple-flea-local-${stack}`]?.[name];
    if (value === undefined) throw new Error(`stack ${stack} has no output ${name}`);
    return value;
  };
  return {
    busName: of('foundation', 'BusName'),
    secretName: of('foundation', 'SecretName'),
    intentTable: of('foundation', 'IntentTableName'),
    mailboxTable: of('foundation', 'MailboxTableName'),
    stateMachineArn: of('escrow', 'StateMachineArn'),
    requestPrediction: of('trading', 'RequestPredictionName'),
  };
}

async function cdk(
  args: readonly string[],
  environment: Record<string, string | undefined>,
  report: Report,
  cwd: string = ROOT,
): Promise<void> {
  const run = execa(`${BIN}/cdk`, [...args, '--ci', '--no-color', '--no-notices', '--no-version-reporting'], {
    cwd,
    stdin: 'ignore',
    all: true,
    env: { ...environment, PATH: `${BIN}:${process.env['PATH'] ?? ''}`, CI: 'true', NODE_OPTIONS: undefined },
  });
  for await (const line of run.iterable({ from: 'all' })) report(line);
}
