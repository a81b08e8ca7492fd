import type {
  DeleteCommandInput,
  GetCommandInput,
  GetCommandOutput,
  PutCommandInput,
  QueryCommandInput,
  QueryCommandOutput,
  TransactWriteCommandInput,
  UpdateCommandInput,
  UpdateCommandOutput,
} from '@aws-sdk/lib-dynamodb';
import type { PutEventsRequest, PutEventsResponse } from '@aws-sdk/client-eventbridge';
import type {
  DescribeTrainingJobRequest,
  DescribeTrainingJobResponse,
  ListTrainingJobsRequest,
  ListTrainingJobsResponse,
  ListTagsInput,
  ListTagsOutput,
} from '@aws-sdk/client-sagemaker';
import type { GetRecordResponse } from '@aws-sdk/client-sagemaker-featurestore-runtime';
import type { GetSecretValueRequest, GetSecretValueResponse } from '@aws-sdk/client-secrets-manager';
import type {
  DescribeExecutionInput,
  DescribeExecutionOutput,
  SendTaskSuccessInput,
  StartExecutionInput,
} from '@aws-sdk/client-sfn';
import type { ChangeMessageVisibilityRequest, SendMessageRequest } from '@aws-sdk/client-sqs';
import type { GetParameterRequest, GetParameterResult } from '@aws-sdk/client-ssm';
import { createCallAws, type AwsAccess, type AwsService } from './call.ts';
import { fromDynamoDb, toDynamoDb } from './documents.ts';

/** A type of the SDK as it travels: instants are seconds since 1970, with fractions. */
type Wire<T> = T extends Date
  ? number
  : T extends readonly (infer Member)[]
    ? Wire<Member>[]
    : T extends object
      ? { [Name in keyof T]: Wire<T[Name]> }
      : T;

/** An instant out of an answer, to the millisecond. */
export function fromSeconds(seconds: number): Date {
  return new Date(Math.round(seconds * 1000));
}

/** An operation that is called with `Input` and answers `Output`. */
interface Operation<Input = unknown, Output = unknown> {
  readonly input: Input;
  readonly output: Output;
}

/** Calls one operation of a service. What it throws is described at `CallAws`. */
export type Api<Operations extends Readonly<Record<keyof Operations, Operation>>> = <
  Name extends keyof Operations & string,
>(
  operation: Name,
  input: Operations[Name]['input'],
) => Promise<Operations[Name]['output']>;

/** What is read of a table's description. */
interface DescribedTable {
  readonly Table?: { readonly CreationDateTime?: number };
}

/** Items, keys and values are plain. */
export type DynamoDb = Api<{
  GetItem: Operation<GetCommandInput, Pick<GetCommandOutput, 'Item'>>;
  PutItem: Operation<PutCommandInput>;
  UpdateItem: Operation<UpdateCommandInput, Pick<UpdateCommandOutput, 'Attributes'>>;
  DeleteItem: Operation<DeleteCommandInput>;
  Query: Operation<QueryCommandInput, Pick<QueryCommandOutput, 'Items' | 'LastEvaluatedKey'>>;
  TransactWriteItems: Operation<TransactWriteCommandInput>;
  DescribeTable: Operation<{ readonly TableName: string }, DescribedTable>;
}>;

export type EventBridge = Api<{ PutEvents: Operation<Wire<PutEventsRequest>, Wire<PutEventsResponse>> }>;

export type StepFunctions = Api<{
  StartExecution: Operation<StartExecutionInput>;
  DescribeExecution: Operation<DescribeExecutionInput, Partial<Wire<DescribeExecutionOutput>>>;
  SendTaskSuccess: Operation<SendTaskSuccessInput>;
}>;

export type Sqs = Api<{
  SendMessage: Operation<SendMessageRequest>;
  ChangeMessageVisibility: Operation<ChangeMessageVisibilityRequest>;
}>;

export type Ssm = Api<{ GetParameter: Operation<GetParameterRequest, Wire<GetParameterResult>> }>;

export type SecretsManager = Api<{ GetSecretValue: Operation<GetSecretValueRequest, Wire<GetSecretValueResponse>> }>;

export type SageMaker = Api<{
  DescribeTrainingJob: Operation<DescribeTrainingJobRequest, Partial<Wire<DescribeTrainingJobResponse>>>;
  ListTrainingJobs: Operation<Wire<ListTrainingJobsRequest>, Partial<Wire<ListTrainingJobsResponse>>>;
  ListTags: Operation<ListTagsInput, ListTagsOutput>;
}>;

/** What a SageMaker endpoint is asked. */
export interface EndpointRequest {
  readonly endpointName: string;
  /** Content type of the body. */
  readonly contentType: string;
  /** Content type that the answer is asked for in. */
  readonly accept: string;
  readonly body: string;
}

/** Sends a request to a SageMaker endpoint, and returns the text of its answer. */
export type InvokeModel = (request: EndpointRequest) => Promise<string>;

/** Reads features of one record of the online store of SageMaker Feature Store. */
export type ReadRecord = (
  featureGroup: string,
  recordId: string,
  names: readonly string[],
) => Promise<GetRecordResponse>;

/** Long enough for a busy table, short enough for several attempts within one invocation. */
const ANSWER_MS = 5_000;

/** SageMaker gives a model 60 s. */
const MODEL_ANSWER_MS = 65_000;

/** The services of AWS that the pipeline calls. */
export interface Aws {
  readonly dynamoDb: DynamoDb;
  readonly eventBridge: EventBridge;
  readonly stepFunctions: StepFunctions;
  readonly sqs: Sqs;
  readonly ssm: Ssm;
  readonly secretsManager: SecretsManager;
  readonly sageMaker: SageMaker;
  readonly invokeModel: InvokeModel;
  readonly readRecord: ReadRecord;
}

/** Connections to a service are made when it is called, and kept for as long as this is. */
export function openAws(access: AwsAccess): Aws {
  const dynamoDb = openJson(
    { id: 'DYNAMODB', host: 'dynamodb', signingName: 'dynamodb', target: 'DynamoDB_20120810', version: '1.0' },
    access,
  );
  return {
    dynamoDb: async (operation, input) => fromDynamoDb(await dynamoDb(operation, toDynamoDb({ ...input }))),
    eventBridge: openJson(
      { id: 'EVENTBRIDGE', host: 'events', signingName: 'events', target: 'AWSEvents', version: '1.1' },
      access,
    ),
    stepFunctions: openJson(
      { id: 'SFN', host: 'states', signingName: 'states', target: 'AWSStepFunctions', version: '1.0' },
      access,
    ),
    sqs: openJson({ id: 'SQS', host: 'sqs', signingName: 'sqs', target: 'AmazonSQS', version: '1.0' }, access),
    ssm: openJson({ id: 'SSM', host: 'ssm', signingName: 'ssm', target: 'AmazonSSM', version: '1.1' }, access),
    secretsManager: openJson(
      {
        id: 'SECRETS_MANAGER',
        host: 'secretsmanager',
        signingName: 'secretsmanager',
        target: 'secretsmanager',
        version: '1.1',
      },
      access,
    ),
    sageMaker: openJson(
      { id: 'SAGEMAKER', host: 'api.sagemaker', signingName: 'sagemaker', target: 'SageMaker', version: '1.1' },
      access,
    ),
    invokeModel: openModels(access),
    readRecord: openFeatureStore(access),
  };
}

/** What AWS's JSON protocol needs to know of a service. */
interface JsonService extends Omit<AwsService, 'answerMs'> {
  /** What stands before the operation in `x-amz-target`. */
  readonly target: string;
  readonly version: '1.0' | '1.1';
}

/** A service that takes JSON and answers JSON; what an operation takes and answers is up to its type. */
function openJson(service: JsonService, access: AwsAccess) {
  const call = createCallAws({ ...service, answerMs: ANSWER_MS }, access);
  return async (operation: string, input: unknown): Promise<never> => {
    const headers = {
      'content-type': `application/x-amz-json-${service.version}`,
      'x-amz-target': `${service.target}.${operation}`,
    };
    const answer = await call({ path: '/', headers, body: JSON.stringify(input) });
    return (answer === '' ? {} : JSON.parse(answer)) as never;
  };
}

function openModels(access: AwsAccess): InvokeModel {
  const runtime = { id: 'SAGEMAKER_RUNTIME', host: 'runtime.sagemaker', signingName: 'sagemaker' };
  const call = createCallAws({ ...runtime, answerMs: MODEL_ANSWER_MS }, access);
  return ({ endpointName, contentType, accept, body }) =>
    call({
      path: `/endpoints/${encodeURIComponent(endpointName)}/invocations`,
      headers: { 'content-type': contentType, accept },
      body,
    });
}

function openFeatureStore(access: AwsAccess): ReadRecord {
  const call = createCallAws(
    {
      id: 'SAGEMAKER_FEATURESTORE_RUNTIME',
      host: 'featurestore-runtime.sagemaker',
      signingName: 'sagemaker',
      answerMs: ANSWER_MS,
    },
    access,
  );
  return async (featureGroup, recordId, names) =>
    JSON.parse(
      await call({
        method: 'GET',
        path: `/FeatureGroup/${encodeURIComponent(featureGroup)}`,
        query: { RecordIdentifierValueAsString: recordId, FeatureName: [...names] },
        headers: {},
      }),
    ) as GetRecordResponse;
}
