import { AssetHashType, DockerImage, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeBundle } from '../bundles.ts';
import { pascalCase } from '../names.ts';
import type { Policies } from '../policies.ts';
import { createAlarm } from './alarm.ts';

const LAMBDAS = fileURLToPath(new URL('../../lambdas/', import.meta.url));

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
export class PipelineFunction extends LambdaFunction {
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
      code: bundledCode(lambda, policies),
      handler: 'index.handler',
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

/** The function's bundle, with its policies beside it. They are among the options, by which CDK tells one bundling from another. */
function bundledCode(lambda: string, policies: Policies | undefined): Code {
  return Code.fromAsset(`${LAMBDAS}${lambda}`, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never pulled: bundling without a container always succeeds, or throws.
      image: DockerImage.fromRegistry('unused'),
      environment: policies === undefined ? {} : { POLICIES: JSON.stringify(policies) },
      local: {
        tryBundle(folder, { environment = {} }) {
          writeBundle(lambda, folder);
          const { POLICIES: text } = environment;
          if (text !== undefined) writeFileSync(join(folder, 'policies.json'), text);
          return true;
        },
      },
    },
  });
}
