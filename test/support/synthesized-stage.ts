import { App, type AppProps } from 'aws-cdk-lib';
import { hash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type Config } from '../../lib/config.ts';
import type { Stage } from '../../lib/stages.ts';
import { PipelineFunction } from '../../lib/constructs/pipeline-function.ts';
import { buildPipeline, type PipelineOptions } from '../../lib/pipeline.ts';
import type { Policies } from '../../lib/policies.ts';

export const REGION = 'eu-central-1';
export const ACCOUNT = '111122223333';

/** A resource with every reference in it resolved, as CloudFormation does before it creates it. */
export interface Resource<Properties> {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Properties;
  readonly deletionPolicy: string | undefined;
  readonly dependsOn: readonly string[];
  readonly arn: string | undefined;
}

/** The stacks of one stage, from the same code and context as `cdk synth`, without bundles. */
export interface SynthesizedStage {
  readonly name: Stage;
  /** What the names of the stage start with. */
  readonly prefix: string;
  /** The text of all templates, for searches. */
  readonly text: string;
  /** The JSON files that are uploaded, by the key that templates name them by. */
  readonly files: ReadonlyMap<string, string>;
  /** What functions have in `policies.json`, by their names without the stage's prefix. */
  readonly policies: ReadonlyMap<string, Policies>;
  /** Outputs of all stacks, by their names. */
  readonly outputs: ReadonlyMap<string, unknown>;
  /** What the stage said it leaves out. */
  readonly said: string;
  /** All resources of a type, over all stacks. */
  resources<Properties = Readonly<Record<string, unknown>>>(type: string): Resource<Properties>[];
  /** An ARN without what all ARNs of a stage share: `sqs:training-events`. */
  shorten(arn: string): string;
}

/**
 * An app with the context of `cdk synth`. Bundling is left out unless `props` says otherwise: it is slow. What it writes is
 * removed with the folder of the run.
 */
export function createApp(props: AppProps): App {
  const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };
  const outdir = props.outdir ?? mkdtempSync(join(process.env['PURPLE_FLEA_ASSEMBLIES'] ?? tmpdir(), 'app-'));
  return new App({ ...props, outdir, context: { ...context, 'aws:cdk:bundling-stacks': [], ...props.context } });
}

/** What is kept of a synthesis. */
interface Synthesis {
  readonly templates: readonly StackTemplate[];
  readonly policies: readonly (readonly [string, Policies])[];
  readonly files: readonly (readonly [string, string])[];
  readonly said: string;
}

/**
 * Synthesizes a stage. All files of one run of jest that want the same one share it.
 *
 * @param change of the stage's configuration.
 */
export function synthesizeStage(
  name: Stage,
  options: Omit<PipelineOptions, 'report'> = {},
  change?: (config: Config) => Config,
): SynthesizedStage {
  const folder = process.env['PURPLE_FLEA_ASSEMBLIES'];
  const synthesis =
    change !== undefined || folder === undefined
      ? synthesize(name, options, change)
      : kept(`${folder}/${name}-${hash('sha256', JSON.stringify(options))}.json`, () => synthesize(name, options));
  const { templates, policies, files, said } = synthesis;
  const prefix = `purple-flea-${name}`;
  const { resources: all, outputs } = resolveAll(templates);
  return {
    name,
    prefix,
    text: JSON.stringify(templates),
    files: new Map(files),
    policies: new Map(policies),
    outputs,
    said,
    resources: <Properties>(type: string) => all.filter((resource) => resource.type === type) as Resource<Properties>[],
    shorten: (arn) =>
      arn
        .replace(/^arn:aws:([^:]*):[^:]*:[^:]*:(.+)$/, '$1:$2')
        .replaceAll(`${prefix}-`, '')
        .replaceAll(prefix, 'pipeline'),
  };
}

/** Reads a file, or makes it. It appears whole: others may look for it meanwhile. */
function kept(file: string, make: () => Synthesis): Synthesis {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Synthesis;
  const made = make();
  const own = `${file}.${process.pid}`;
  writeFileSync(own, JSON.stringify(made));
  renameSync(own, file);
  return made;
}

function synthesize(
  name: Stage,
  options: PipelineOptions,
  change: (config: Config) => Config = (config) => config,
): Synthesis {
  const outdir = mkdtempSync(join(tmpdir(), 'synthesized-'));
  let said = '';
  try {
    // `validation.test.ts` checks the templates against the schemas of CloudFormation, which takes seconds.
    const app = createApp({ outdir, builtinCloudFormationValidation: false });
    buildPipeline(app, change(loadConfig(name)), {
      ...options,
      report: (line) => {
        said += line;
      },
    });
    const templates = app.synth().stacks.map((stack) => ({
      stack: stack.stackName,
      template: stack.template as Template,
    }));
    const files = readdirSync(outdir)
      .filter((file) => /^asset\..*\.json$/.test(file))
      .map((file) => [file.replace('asset.', ''), readFileSync(join(outdir, file), 'utf8')] as const);
    return { templates, policies: [...policiesIn(app, `purple-flea-${name}`)], files, said };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** What functions of an app have in `policies.json`, by their names without the prefix; those that have none are left out. */
export function policiesIn(app: App, prefix: string): ReadonlyMap<string, Policies> {
  return new Map(
    app.node
      .findAll()
      .filter((construct) => construct instanceof PipelineFunction)
      .flatMap(({ name, policies }) =>
        policies === undefined ? [] : [[name.replace(`${prefix}-`, ''), policies] as const],
      ),
  );
}

/** An IAM statement as CDK writes it: single values are not in a list. */
export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Principal?: unknown;
  readonly Condition?: unknown;
}

export interface PolicyProperties {
  readonly PolicyDocument: { readonly Statement: readonly Statement[] };
  readonly Roles?: readonly string[];
  readonly Queues?: readonly string[];
  readonly Topics?: readonly string[];
}

/** Everything a role may do: the statements of the policies attached to it. */
export function statementsOf(stage: SynthesizedStage, roleArn: string): readonly Statement[] {
  const name = roleArn.replace(/^.*role\//, '');
  return stage
    .resources<PolicyProperties>('AWS::IAM::Policy')
    .filter(({ properties }) => properties.Roles?.includes(name))
    .flatMap(({ properties }) => properties.PolicyDocument.Statement);
}

/** The topic that alarms go to. */
export function alarmTopicOf(stage: SynthesizedStage): Resource<unknown> {
  return topicOf(stage, 'alarms');
}

/** The topic `<prefix>-<name>`. */
export function topicOf(stage: SynthesizedStage, name: string): Resource<unknown> {
  const found = stage
    .resources<{ readonly TopicName: string }>('AWS::SNS::Topic')
    .find(({ properties }) => properties.TopicName === `${stage.prefix}-${name}`);
  if (found === undefined) throw new Error(`no topic ${stage.prefix}-${name}`);
  return found;
}

/** One value or many as a list. */
export function listed<Value>(value: Value | readonly Value[]): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Value[]) : [value as Value];
}

/** `actions on resources`, both sorted, ARNs shortened. */
export function describeStatement(stage: SynthesizedStage, { Action, Resource: on }: Statement): string {
  const resources = listed(on).map((arn) => stage.shorten(arn));
  return `${listed(Action).toSorted().join(' ')} on ${resources.toSorted().join(' ')}`;
}

interface Template {
  readonly Resources: Readonly<
    Record<
      string,
      {
        readonly Type: string;
        readonly Properties?: unknown;
        readonly DeletionPolicy?: string;
        readonly DependsOn?: readonly string[];
      }
    >
  >;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: string } }>>;
}

interface StackTemplate {
  readonly stack: string;
  readonly template: Template;
}

/** What `Ref` and `Fn::GetAtt` give for a resource. */
interface Identity {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::AccountId': ACCOUNT,
  'AWS::Partition': 'aws',
  'AWS::Region': REGION,
  'AWS::URLSuffix': 'amazonaws.com',
};

function resolveAll(templates: readonly StackTemplate[]): {
  readonly resources: Resource<unknown>[];
  readonly outputs: ReadonlyMap<string, unknown>;
} {
  const resolve = (value: unknown, at: StackTemplate): unknown => {
    if (Array.isArray(value)) return value.map((item) => resolve(item, at));
    if (typeof value !== 'object' || value === null) return value;
    const [[key, argument] = ['', undefined], ...others] = Object.entries(value);
    if (others.length === 0 && (key === 'Ref' || key.startsWith('Fn::'))) return call(key, argument, at);
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, resolve(item, at)]));
  };

  const call = (name: string, argument: unknown, at: StackTemplate): unknown => {
    switch (name) {
      case 'Ref':
        return PSEUDO[String(argument)] ?? identify(String(argument), at).ref;
      case 'Fn::GetAtt': {
        const [logicalId = '', attribute = ''] = argument as string[];
        const found = identify(logicalId, at).attributes[attribute];
        if (found === undefined) throw new Error(`${at.stack}: ${logicalId}.${attribute} is not known here`);
        return found;
      }
      case 'Fn::Join': {
        const [separator, parts] = argument as [string, unknown[]];
        return parts.map((part) => String(resolve(part, at))).join(separator);
      }
      case 'Fn::Sub':
        return String(argument).replaceAll(/\$\{([^}]+)\}/g, (_, id: string) => String(call('Ref', id, at)));
      case 'Fn::ImportValue':
        return importValue(String(argument));
      default:
        throw new Error(`${at.stack}: ${name} is not known here`);
    }
  };

  const importValue = (name: string): unknown => {
    for (const from of templates) {
      const output = Object.values(from.template.Outputs ?? {}).find(({ Export }) => Export?.Name === name);
      if (output !== undefined) return resolve(output.Value, from);
    }
    throw new Error(`no stack exports ${name}`);
  };

  const identify = (logicalId: string, at: StackTemplate): Identity => {
    const resource = at.template.Resources[logicalId];
    if (resource === undefined) throw new Error(`${at.stack} has no resource ${logicalId}`);
    const nameOf = (property: string): string => {
      const value = resolve((resource.Properties as Record<string, unknown>)[property], at);
      if (typeof value !== 'string') throw new Error(`${at.stack}: ${logicalId} has no ${property}`);
      return value;
    };
    return identity(resource.Type, `${at.stack}-${logicalId}`, nameOf);
  };

  const outputs = new Map(
    templates.flatMap((at) =>
      Object.entries(at.template.Outputs ?? {}).map(([name, { Value }]) => [name, resolve(Value, at)] as const),
    ),
  );
  const resources = templates.flatMap((at) =>
    Object.entries(at.template.Resources).map(([logicalId, { Type, Properties, DeletionPolicy, DependsOn }]) => ({
      stack: at.stack,
      logicalId,
      type: Type,
      properties: resolve(Properties ?? {}, at),
      deletionPolicy: DeletionPolicy,
      dependsOn: DependsOn ?? [],
      arn: identify(logicalId, at).attributes['Arn'],
    })),
  );
  return { resources, outputs };
}

function identity(type: string, generated: string, nameOf: (property: string) => string): Identity {
  const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
  switch (type) {
    case 'AWS::KMS::Key':
      return { ref: generated, attributes: { Arn: arn('kms', 'key/data') } };
    case 'AWS::SecretsManager::Secret': {
      const Arn = arn('secretsmanager', `secret:${nameOf('Name')}-a1B2c3`);
      return { ref: Arn, attributes: { Arn } };
    }
    case 'AWS::Events::EventBus':
      return { ref: nameOf('Name'), attributes: { Arn: arn('events', `event-bus/${nameOf('Name')}`) } };
    case 'AWS::DynamoDB::Table':
      return { ref: nameOf('TableName'), attributes: { Arn: arn('dynamodb', `table/${nameOf('TableName')}`) } };
    case 'AWS::SSM::Parameter':
      return { ref: nameOf('Name'), attributes: {} };
    case 'AWS::SNS::Topic': {
      const Arn = arn('sns', nameOf('TopicName'));
      return { ref: Arn, attributes: { Arn } };
    }
    case 'AWS::SQS::Queue': {
      const QueueName = nameOf('QueueName');
      return {
        ref: `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${QueueName}`,
        attributes: { Arn: arn('sqs', QueueName), QueueName },
      };
    }
    case 'AWS::Lambda::Function': {
      const name = nameOf('FunctionName');
      return { ref: name, attributes: { Arn: arn('lambda', `function:${name}`) } };
    }
    // CloudFormation puts `:*`, the group's streams, behind this ARN; nothing here needs it.
    case 'AWS::Logs::LogGroup': {
      const name = nameOf('LogGroupName');
      return { ref: name, attributes: { Arn: arn('logs', `log-group:${name}`) } };
    }
    case 'AWS::IAM::Role':
      return { ref: generated, attributes: { Arn: `arn:aws:iam::${ACCOUNT}:role/${generated}` } };
    case 'AWS::StepFunctions::StateMachine': {
      const Arn = arn('states', `stateMachine:${nameOf('StateMachineName')}`);
      return { ref: Arn, attributes: { Arn } };
    }
    case 'AWS::ApiGatewayV2::Api': {
      const ApiEndpoint = `https://${generated}.execute-api.${REGION}.amazonaws.com`;
      return { ref: generated, attributes: { ApiEndpoint } };
    }
    default:
      return { ref: generated, attributes: {} };
  }
}
