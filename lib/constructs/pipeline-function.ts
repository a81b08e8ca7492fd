import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogLevel, NodejsFunction, OutputFormat, type BundlingOptions } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { fileURLToPath } from 'node:url';
import { BUNDLE_ALIASES } from '../bundle-aliases.ts';
import { pascalCase } from '../names.ts';
import type { Policies } from '../policies.ts';
import { createAlarm } from './alarm.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface PipelineFunctionProps {
  /** Folder under `lambdas/`; also the function's name behind the stage's prefix. */
  readonly lambda: string;
  /** Kebab-case; goes behind the name where one folder is several functions. */
  readonly variant?: string;
  /** `purple-flea-<stage>`. */
  readonly prefix: string;
  readonly timeout: Duration;
  /** Names, ARNs and settings; never a secret. */
  readonly environment: Readonly<Record<string, string>>;
  /** What it decides by; see `lambdas/shared/policies.ts`. */
  readonly policies?: Policies;
  /** Where the function's error alarm goes. */
  readonly alarmTopic: ITopic;
}

/**
 * A function of the pipeline: arm64, bundled whole by esbuild, with a log group of its own, a role of its own that
 * starts with nothing but writing to that group, and an alarm on errors. Its policies are a file of the bundle, so that a change of them is a new version of the code.
 */
export class PipelineFunction extends NodejsFunction {
  /** Its folder under `lambdas/`. */
  readonly lambda: string;
  /** With the stage's prefix. */
  readonly name: string;
  /** What its bundle says in `policies.json`; undefined where there is none. */
  readonly policies: Policies | undefined;

  constructor(scope: Construct, props: PipelineFunctionProps) {
    const { lambda, variant, prefix, timeout, environment, policies, alarmTopic } = props;
    const name = variant === undefined ? lambda : `${lambda}-${variant}`;
    const id = pascalCase(name);
    const functionName = `${prefix}-${name}`;
    const home = new Construct(scope, `${id}Function`);
    const logGroup = new LogGroup(home, 'Logs', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: RetentionDays.SIX_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(home, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Role of ${functionName}`,
    });
    role.addToPolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    );

    super(home, id, {
      functionName,
      entry: `${ROOT}lambdas/${lambda}/index.ts`,
      depsLockFilePath: `${ROOT}package-lock.json`,
      projectRoot: ROOT,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout,
      role,
      logGroup,
      environment: {
        POWERTOOLS_SERVICE_NAME: prefix,
        POWERTOOLS_LOG_LEVEL: 'INFO',
        ...environment,
      },
      bundling: {
        bundleAwsSDK: true,
        format: OutputFormat.CJS,
        target: 'node24',
        logLevel: LogLevel.WARNING,
        minify: true,
        sourceMap: true,
        sourcesContent: false,
        mainFields: ['module', 'main'],
        esbuildArgs: aliasArguments(),
        ...(policies === undefined ? {} : bundlePolicies(policies)),
      },
    });
    this.lambda = lambda;
    this.name = functionName;
    this.policies = policies;

    createAlarm(home, 'Errors', {
      metric: this.metricErrors({ period: Duration.minutes(5) }),
      description: `${functionName} failed. Its log group has the reason; queues retry, and then keep the message.`,
      topic: alarmTopic,
    });
  }
}

function aliasArguments(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(BUNDLE_ALIASES).map(([name, file]) => [`--alias:${name}`, `${ROOT}${file}`]),
  );
}

/** Writes the file beside `index.js`. The text gets there in a variable of the bundling step, so that no shell reads it. */
function bundlePolicies(policies: Policies): Pick<BundlingOptions, 'environment' | 'commandHooks'> {
  return {
    environment: { POLICIES: JSON.stringify(policies) },
    commandHooks: {
      beforeBundling: () => [],
      beforeInstall: () => [],
      afterBundling: (_, outputDir) => [`printf '%s' "$POLICIES" > "${outputDir}/policies.json"`],
    },
  };
}
