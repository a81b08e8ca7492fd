import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { PutParameterCommand } from '@aws-sdk/client-ssm';
import { randomUUID } from 'node:crypto';
import {
  ENDPOINT_STATE_CHANGE,
  INCOMING,
  MODEL_PACKAGE_STATE_CHANGE,
  TRAINING_JOB_STATE_CHANGE,
} from '../src/events/catalogue.ts';
import type { EscrowDecided } from '../src/events/escrow-decided.ts';
import type { EscrowRequestedDetail } from '../src/events/escrow-requested.ts';
import type { EscrowDelivered } from '../src/events/escrow-delivered.ts';
import type { InferenceCompletedDetail } from '../src/events/inference-completed.ts';
import type { PriceAlertDetail } from '../src/events/price-alert.ts';
import type { StopMode } from '../src/ledger/stop.ts';
import { deliverAwsEvent } from './aws-events.ts';
import type { Clients } from './clients.ts';
import { ACCOUNT, REGION } from './emulator.ts';

/** Registers a finished training job at the twin, with one final metric. */
export async function registerTrainingJob(
  twinUrl: string,
  name: string,
  job: {
    readonly status?: string;
    readonly metrics: Readonly<Record<string, number>>;
    readonly tags?: Readonly<Record<string, string>>;
    /** ARN of the job that it is a child of. */
    readonly partOf?: { readonly TuningJobArn: string };
  },
): Promise<void> {
  const response = await fetch(`${twinUrl}/_twin/training-jobs/${encodeURIComponent(name)}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(job),
  });
  if (!response.ok) throw new Error(`the twin refused the training job: ${await response.text()}`);
}

/** Plays the event that SageMaker sends when a training job ends; untidy, as real ones are. */
export function sendTrainingEvent(
  clients: Clients,
  jobName: string,
  {
    status = 'Completed',
    tags = { team: 'retention' },
  }: { status?: string; tags?: Readonly<Record<string, string>> } = {},
): Promise<string[]> {
  const ended = Date.now();
  const arn = `arn:aws:sagemaker:${REGION}:${ACCOUNT}:training-job/${jobName.toLowerCase()}`;
  const detail = {
    TrainingJobName: jobName,
    TrainingJobArn: arn,
    TrainingJobStatus: status,
    SecondaryStatus: status,
    AlgorithmSpecification: { TrainingImage: 'sagemaker-xgboost:1.7-1', TrainingInputMode: 'File' },
    HyperParameters: { objective: 'binary:logistic', num_round: '100' },
    ModelArtifacts: { S3ModelArtifacts: `s3://models/${jobName}/output/model.tar.gz` },
    ResourceConfig: { InstanceType: 'ml.m5.xlarge', InstanceCount: 1, VolumeSizeInGB: 30 },
    CreationTime: ended - 1_260_000,
    TrainingStartTime: String(ended - 1_200_000),
    TrainingEndTime: new Date(ended).toISOString(),
    LastModifiedTime: ended,
    SecondaryStatusTransitions: [],
    Tags: tags,
  };
  return playSageMakerEvent(clients, TRAINING_JOB_STATE_CHANGE, arn, detail);
}

/** Puts one prediction on the app's bus, as the user's own code would. */
export function sendPrediction(
  clients: Clients,
  busName: string,
  prediction: Partial<InferenceCompletedDetail> & Pick<InferenceCompletedDetail, 'direction' | 'confidence'>,
): Promise<void> {
  return putEvent(clients, busName, 'my.model', INCOMING.inferenceCompleted, {
    predictionId: randomUUID(),
    asset: 'BTC-USDC',
    at: new Date().toISOString(),
    ...prediction,
  });
}

/** Puts a price alert on the app's bus, as whatever watches prices would. */
export function sendPriceAlert(clients: Clients, busName: string, alert: PriceAlertDetail): Promise<void> {
  return putEvent(clients, busName, 'my.watcher', INCOMING.priceAlert, alert);
}

/** Asks on the app's bus for an escrow, or for one a milestone. */
export function sendRequest(clients: Clients, busName: string, request: EscrowRequestedDetail): Promise<void> {
  return putEvent(clients, busName, 'my.procurement', INCOMING.escrowRequested, request);
}

/** Says on the app's bus that what an escrow waits for is there. */
export function sendDelivery(clients: Clients, busName: string, delivery: EscrowDelivered): Promise<void> {
  return putEvent(clients, busName, 'my.registry', INCOMING.escrowDelivered, delivery);
}

/** Says on the app's bus what somebody decided over an escrow. */
export function sendDecision(
  clients: Clients,
  busName: string,
  decision: 'approved' | 'rejected',
  detail: EscrowDecided,
): Promise<void> {
  const type = decision === 'approved' ? INCOMING.escrowApproved : INCOMING.escrowRejected;
  return putEvent(clients, busName, 'my.registry', type, detail);
}

/** Plays the event that SageMaker sends when a version of a model package is updated; what is changed is its approval, if nothing else is given. */
export function sendModelPackageEvent(
  clients: Clients,
  group: string,
  approval: 'Approved' | 'Rejected' | 'PendingManualApproval',
  metadata: Readonly<Record<string, string>>,
  changed: readonly string[] = ['ModelApprovalStatus'],
): Promise<string[]> {
  const now = Date.now();
  const arn = `arn:aws:sagemaker:${REGION}:${ACCOUNT}:model-package/${group}/1`;
  const detail = {
    ModelPackageGroupName: group,
    ModelPackageVersion: 1,
    ModelPackageArn: arn,
    ModelPackageStatus: 'Completed',
    ModelApprovalStatus: approval,
    UpdatedModelPackageFields: changed,
    CustomerMetadataProperties: metadata,
    CreationTime: now - 60_000,
    LastModifiedTime: String(now),
  };
  return playSageMakerEvent(clients, MODEL_PACKAGE_STATE_CHANGE, arn, detail);
}

/** Plays the event that SageMaker sends when an endpoint has gone into service. */
export function sendEndpointEvent(
  clients: Clients,
  endpointName: string,
  tags: Readonly<Record<string, string>>,
  status = 'IN_SERVICE',
): Promise<string[]> {
  const arn = `arn:aws:sagemaker:${REGION}:${ACCOUNT}:endpoint/${endpointName}`;
  const detail = {
    EndpointName: endpointName,
    EndpointArn: arn,
    EndpointConfigName: endpointName,
    EndpointStatus: status,
    CreationTime: Date.now(),
    Tags: tags,
  };
  return playSageMakerEvent(clients, ENDPOINT_STATE_CHANGE, arn, detail);
}

/** Sets the switch over all money. Functions that run already notice within five seconds. */
export async function setStop(clients: Clients, parameterName: string, mode: StopMode): Promise<void> {
  await clients.parameters.send(new PutParameterCommand({ Name: parameterName, Value: mode, Overwrite: true }));
}

/** Has the model asked by hand; the prediction comes back and goes on the bus. What is given takes the place of what is configured. */
export async function askModel(
  clients: Clients,
  functionName: string,
  input: {
    readonly asset?: string;
    readonly features?: Readonly<Record<string, number>>;
    readonly scheduledTime?: string;
  } = {},
): Promise<InferenceCompletedDetail> {
  const { Payload, FunctionError } = await clients.lambda.send(
    new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(input) }),
  );
  const text = Payload?.transformToString() ?? '';
  if (FunctionError !== undefined) throw new Error(`${functionName}: ${text}`);
  return JSON.parse(text) as InferenceCompletedDetail;
}

/** Puts one event on a bus. Throws where the bus did not take it; events of AWS (`aws.*`) it takes from AWS alone. */
export async function putEvent(
  clients: Clients,
  busName: string,
  source: string,
  detailType: string,
  detail: object,
): Promise<void> {
  const { Entries } = await clients.events.send(
    new PutEventsCommand({
      Entries: [{ EventBusName: busName, Source: source, DetailType: detailType, Detail: JSON.stringify(detail) }],
    }),
  );
  const refused = Entries?.find((entry) => entry.ErrorCode !== undefined);
  if (refused !== undefined) throw new Error(`the bus refused ${detailType}: ${refused.ErrorCode}`);
}

/** Plays an event that SageMaker puts on the default bus. */
function playSageMakerEvent(clients: Clients, detailType: string, arn: string, detail: object): Promise<string[]> {
  return deliverAwsEvent(clients, {
    busName: 'default',
    source: 'aws.sagemaker',
    detailType,
    resources: [arn],
    detail,
  });
}
