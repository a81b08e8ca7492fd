import { DeleteBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import { execa } from 'execa';
import { readFileSync } from 'node:fs';
import type { Profile } from '../src/purple-flea/service.ts';
import { localAccess, type Outputs } from '../src/local-session.ts';
import { ACCOUNT, awsEnvironment, REGION } from './emulator.ts';
import { BIN, ROOT, RUN, STATE } from './paths.ts';

/** Where this process's own stacks are synthesized. */
export const ASSEMBLY = `${RUN}cdk.out`;

const OUTPUTS = `${RUN}outputs.json`;

type Report = (line: string) => void;

/** Where an app's sources are, and where its synthesized stacks go. */
export interface AppPlace {
  readonly root: string;
  readonly assembly: string;
}

/** Synthesizes stage `local` for a twin, with the real CDK. `cdk synth` checks the templates against CloudFormation's schemas; no start has to. */
export async function synthesize(
  twin: { readonly url: string; readonly escrowProfile: Profile; readonly pacePercent?: number },
  report: Report,
  stop?: AbortSignal,
  { root, assembly }: AppPlace = { root: ROOT, assembly: ASSEMBLY },
): Promise<void> {
  const context = ['stage=local', `twin=${twin.url}`, `escrowProfile=${twin.escrowProfile}`];
  if (twin.pacePercent !== undefined) context.push(`pacePercent=${twin.pacePercent}`);
  const args = ['synth', '--quiet', '--output', assembly, ...context.flatMap((pair) => ['-c', pair])];
  await cdk({ args, environment: { CDK_VALIDATION: 'false' }, report, stop, cwd: root });
}

/**
 * Makes the local account ready for CDK. Run in a folder without an app: it needs none. The policy of CDK's bucket refuses
 * plain HTTP, which is all that the local AWS speaks, so it is taken away.
 */
export async function bootstrap(endpoint: string, report: Report, stop?: AbortSignal): Promise<void> {
  const args = ['bootstrap', `aws://${ACCOUNT}/${REGION}`];
  await cdk({ args, environment: awsEnvironment(endpoint), report, stop, cwd: RUN });
  const Bucket = `cdk-hnb659fds-assets-${ACCOUNT}-${REGION}`;
  await new S3Client(localAccess(endpoint)).send(new DeleteBucketPolicyCommand({ Bucket }));
}

/** Deploys the synthesized stacks with the real CDK, and returns their outputs. */
export async function deploy(
  endpoint: string,
  report: Report,
  stop?: AbortSignal,
  { assembly }: Pick<AppPlace, 'assembly'> = { assembly: ASSEMBLY },
): Promise<Outputs> {
  await cdk({
    args: [
      'deploy',
      '--all',
      '--app',
      assembly,
      '--method=direct',
      '--require-approval=never',
      '--progress=events',
      `--outputs-file=${OUTPUTS}`,
    ],
    environment: awsEnvironment(endpoint),
    report,
    stop,
  });
  const outputs = JSON.parse(readFileSync(OUTPUTS, 'utf8')) as Record<string, Record<string, string>>;
  const find = (stack: string, name: string) => outputs[`purple-flea-local-${stack}`]?.[name];
  const of = (stack: string, name: string) => {
    const value = find(stack, name);
    if (value === undefined) throw new Error(`stack ${stack} has no output ${name}`);
    return value;
  };
  return {
    busName: of('foundation', 'BusName'),
    secretName: of('foundation', 'SecretName'),
    intentTable: of('foundation', 'IntentTableName'),
    mailboxTable: of('foundation', 'MailboxTableName'),
    stopParameter: of('foundation', 'StopParameterName'),
    notificationTopicArn: of('foundation', 'NotificationTopicArn'),
    stateMachineArn: of('escrow', 'StateMachineArn'),
    requestPrediction: of('trading', 'RequestPredictionNames').split(',')[0] ?? '',
    ...(find('escrow', 'WebhookUrl') === undefined
      ? {}
      : {
          webhooks: {
            url: localAddress(endpoint, of('escrow', 'WebhookUrl')),
            secretName: of('foundation', 'WebhookSecretName'),
          },
        }),
  };
}

/** Host names of the local AWS's APIs resolve nowhere; their ids do as a path. */
function localAddress(endpoint: string, url: string): string {
  const [, apiId, path] = /^https?:\/\/([^.]+)\.execute-api\.[^/]+(\/.*)$/.exec(url) ?? [];
  if (apiId === undefined || path === undefined) throw new Error(`${url} is no address of an API`);
  return `${endpoint}/_aws/execute-api/${apiId}/$default${path}`;
}

interface CdkRun {
  readonly args: readonly string[];
  readonly environment: Record<string, string | undefined>;
  /** Takes each line of the CDK's output. */
  readonly report: Report;
  readonly stop?: AbortSignal | undefined;
  readonly cwd?: string;
}

async function cdk({ args, environment, report, stop, cwd = ROOT }: CdkRun): Promise<void> {
  const run = execa(`${BIN}/cdk`, [...args, '--ci', '--no-color', '--no-notices', '--no-version-reporting'], {
    cwd,
    stdin: 'ignore',
    all: true,
    ...(stop === undefined ? {} : { cancelSignal: stop }),
    env: {
      ...environment,
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      NODE_COMPILE_CACHE: `${STATE}compile-cache`,
      PATH: `${BIN}:${process.env['PATH'] ?? ''}`,
      CI: 'true',
      NODE_OPTIONS: undefined,
    },
  });
  for await (const line of run.iterable({ from: 'all' })) report(line);
}
