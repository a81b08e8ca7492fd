import { CfnResource, Stack, Validations } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type Config } from '../../lib/config.ts';
import { STAGES, type Stage } from '../../lib/stages.ts';
import { buildPipeline } from '../../lib/pipeline.ts';
import { predicting, subscribed } from '../support/configured-stages.ts';
import { createApp } from '../support/synthesized-stage.ts';

interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly violations: readonly {
      readonly ruleName: string;
      readonly severity: string;
      readonly violatingConstructs: readonly { readonly constructPath: string }[];
    }[];
  }[];
}

interface Outcome {
  readonly failed: boolean;
  /** `rule at construct` for everything that was found. */
  readonly findings: readonly string[];
}

let outdir: string;

beforeAll(() => {
  outdir = mkdtempSync(join(tmpdir(), 'validated-'));
});
afterAll(() => {
  rmSync(outdir, { recursive: true, force: true });
});

/** Builds a stage as `cdk synth` does, with what CloudFormation's schemas forbid as errors, and reads the report. */
function validate(
  stageName: Stage,
  {
    plant,
    schemas = true,
    config = loadConfig(stageName),
  }: { readonly plant?: (scratch: Stack) => void; readonly schemas?: boolean; readonly config?: Config } = {},
): Outcome {
  const folder = mkdtempSync(join(outdir, stageName));
  const app = createApp({
    outdir: folder,
    context: { '@aws-cdk/core:validateAgainstDefaultRules': true },
    builtinCloudFormationValidation: schemas,
  });
  let failed = false;
  try {
    buildPipeline(app, config, { report: () => {} });
    plant?.(new Stack(app, 'scratch'));
    app.synth();
  } catch (error) {
    if (!String(error).includes('ValidationFailed')) throw error;
    failed = true;
  }
  const report = JSON.parse(readFileSync(join(folder, 'validation-report.json'), 'utf8')) as Report;
  const findings = report.pluginReports.flatMap(({ violations }) =>
    violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${ruleName} at ${constructPath}`),
    ),
  );
  return { failed, findings };
}

describe.each(STAGES)('stage %s, checked by cdk-nag and against the schemas of CloudFormation', (stageName) => {
  test('has no finding that is not acknowledged', () => {
    expect(validate(stageName)).toEqual({ failed: false, findings: [] });
  });

  test('fails for a planted queue without TLS, and for nothing else', () => {
    const plant = (scratch: Stack) => void new Queue(scratch, 'Unsafe');

    expect(validate(stageName, { plant, schemas: false })).toEqual({
      failed: true,
      findings: ['AwsSolutions-SQS3 at scratch/Unsafe/Resource', 'AwsSolutions-SQS4 at scratch/Unsafe/Resource'],
    });
  });

  test('acknowledges these findings, each at the construct it is about, with a reason of at least 30 characters', () => {
    const app = createApp({ outdir });
    buildPipeline(app, loadConfig(stageName));
    const acknowledged = app.node.findAll().flatMap((construct) =>
      construct.node.metadata
        .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
        .flatMap(({ data }) => Object.entries(data as Record<string, string>))
        .map(([rule, reason]) => ({ finding: `${rule} at ${construct.node.path}`, reason })),
    );

    const jobs = 'Resource::arn:<AWS::Partition>:sagemaker:<AWS::Region>:<AWS::AccountId>:training-job';
    const at = `purple-flea-${stageName}`;
    const executions = `Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:${at}-escrow-lifecycle`;
    const { webhooks, trading, bonus } = loadConfig(stageName);
    const prefixes = bonus.rules.flatMap((rule) => ('prefix' in rule.jobs ? [rule.jobs.prefix] : []));
    const takesWebhooks = webhooks.enabled;
    const webhookRoute = `${at}-escrow/Webhooks/Api/POST--webhooks--purple-flea`;
    expect(acknowledged.map(({ finding }) => finding.replace('Annotation::', ''))).toEqual([
      `AwsSolutions-SMG4 at ${at}-foundation/ApiKey`,
      ...(takesWebhooks ? [`AwsSolutions-SMG4 at ${at}-foundation/WebhookSecret`] : []),
      `AwsSolutions-IAM5[Resource::*] at ${at}-escrow/Lifecycle/Role`,
      ...prefixes.map((prefix) => `AwsSolutions-IAM5[${jobs}/${prefix}*] at ${at}-escrow/StartBonusFunction`),
      `AwsSolutions-IAM5[Resource::*] at ${at}-escrow/FindMissedJobsFunction`,
      ...prefixes.map((prefix) => `AwsSolutions-IAM5[${jobs}/${prefix}*] at ${at}-escrow/FindMissedJobsFunction`),
      `AwsSolutions-IAM5[${executions}:*] at ${at}-escrow/DecideIntentFunction`,
      ...(takesWebhooks ? [`AwsSolutions-APIG4 at ${webhookRoute}`] : []),
      ...trading.inferences.flatMap(({ bucket, prefix, failurePrefix }) =>
        [prefix, failurePrefix].map(
          (begin) =>
            `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::${bucket}/${begin}*] at ${at}-trading/Inferences/Eth/ReadInferenceEthFunction`,
        ),
      ),
    ]);
    expect(acknowledged.filter(({ reason }) => reason.length < 30)).toEqual([]);
  });
});

test.each(['dev', 'local'] as const)('stage %s with a chat has no finding either', (stageName) => {
  const chat = { slackWorkspaceId: 'T01ABCDEF', slackChannelId: 'C02ABCDEF' };

  expect(validate(stageName, { config: { ...loadConfig(stageName), chat } })).toEqual({ failed: false, findings: [] });
});

test.each([
  ['subscriptions', subscribed],
  ['predictors and inferences', predicting],
])('%s bring no finding of cdk-nag and nothing that CloudFormation does not know', (_, change) => {
  expect(validate('prod', { config: change(loadConfig('prod')) })).toEqual({ failed: false, findings: [] });
});

test('a planted property that CloudFormation does not know is found', () => {
  const plant = (scratch: Stack) =>
    void new CfnResource(scratch, 'Misspelt', { type: 'AWS::SNS::Topic', properties: { TopicNam: 'x' } });

  expect(validate('prod', { plant })).toEqual({ failed: true, findings: ['F3002 at scratch/Misspelt'] });
});
