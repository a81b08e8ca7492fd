import { ACCOUNT, REGION } from '../../../local/emulator.ts';

/** One request as a function made it. */
export interface AwsCall {
  /** As it was signed for. */
  readonly service: string;
  readonly path: string;
  readonly target: string | undefined;
  readonly body: string;
}

/** What IAM is asked for by a call. */
export interface Access {
  /** `dynamodb:PutItem`, for example. */
  readonly action: string;
  /** ARN; undefined where the call names none. */
  readonly resource: string | undefined;
  /** What of events is a condition of the grant: `source, detail type`. */
  readonly events?: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const arn = (service: string, resource: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;

/** Everything that IAM decides on for one call: a transaction is many accesses, most calls are one. */
export function accessesOf(call: AwsCall): Access[] {
  const { service, path, target, body } = call;
  if (target === undefined) return [accessOfPath(service, path)];
  const operation = target.split('.').at(-1) ?? '';
  const input = JSON.parse(body) as Json;
  if (operation === 'TransactWriteItems') return accessesOfTransaction(input);
  const access = { action: `${service}:${operation}`, resource: resourceOf(service, input) };
  const entries = service === 'events' ? (input['Entries'] as Json[]) : undefined;
  return [
    entries === undefined
      ? access
      : { ...access, events: entries.map((entry) => `${String(entry['Source'])}, ${String(entry['DetailType'])}`) },
  ];
}

/** A transaction needs what its items would need one by one. */
function accessesOfTransaction(input: Json): Access[] {
  const actions: Json = {
    Put: 'PutItem',
    Update: 'UpdateItem',
    Delete: 'DeleteItem',
    ConditionCheck: 'ConditionCheckItem',
  };
  return (input['TransactItems'] as Readonly<Record<string, Json>>[]).flatMap((item) =>
    Object.entries(item).map(([kind, details]) => ({
      action: `dynamodb:${String(actions[kind])}`,
      resource: resourceOf('dynamodb', details),
    })),
  );
}

function resourceOf(service: string, input: Json): string | undefined {
  const text = (name: string) => String(input[name]);
  switch (service) {
    case 'dynamodb':
      return arn(
        service,
        `table/${text('TableName')}${input['IndexName'] === undefined ? '' : `/index/${text('IndexName')}`}`,
      );
    case 'events':
      return arn(service, `event-bus/${String((input['Entries'] as Json[])[0]?.['EventBusName'])}`);
    case 'secretsmanager':
      return arn(service, `secret:${text('SecretId')}-??????`);
    case 'ssm':
      return arn(service, `parameter${text('Name')}`);
    case 'sqs':
      return arn(service, text('QueueUrl').split('/').at(-1) ?? '');
    case 'states':
      return (input['stateMachineArn'] ?? input['executionArn']) as string | undefined;
    case 'sagemaker':
      if (input['TrainingJobName'] !== undefined)
        return arn(service, `training-job/${text('TrainingJobName').toLowerCase()}`);
      return input['ResourceArn'] as string | undefined;
    default:
      throw new Error(`what a call of ${service} needs is not written down in accesses.ts`);
  }
}

/** Calls that are paths: reading objects, models and records. */
function accessOfPath(service: string, path: string): Access {
  const [route = ''] = path.split('?');
  const parts = route.split('/').slice(1).map(decodeURIComponent);
  if (service === 's3') return { action: 's3:GetObject', resource: `arn:aws:s3:::${parts.join('/')}` };
  if (parts[0] === 'endpoints') {
    return { action: 'sagemaker:InvokeEndpoint', resource: arn('sagemaker', `endpoint/${parts[1]?.toLowerCase()}`) };
  }
  if (parts[0] === 'FeatureGroup') {
    return { action: 'sagemaker:GetRecord', resource: arn('sagemaker', `feature-group/${parts[1]?.toLowerCase()}`) };
  }
  throw new Error(`what ${service} needs for ${path} is not written down in accesses.ts`);
}
