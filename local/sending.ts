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
import type { Clients } from './clients.ts';
import { ACCOUNT, REGION } from './emulator.ts';

/** Registers a finished training job at the twin, with one final metric. */
export async function registerTrainingJob(
  twinUrl: string,
  name: string,
  job: { readonly status?: string; readonly metrics: Readonly<Record<string, number>> },
): Promise<void> {
  const response = await fetch(`${twinUrl}/_twin/training-jobs/${encodeURIComponent(name)}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(job),
  });
  if (!response.ok) throw new Error(`the twin refused the training job: ${await response.text()}`);
}

/** Puts the event on the default bus that SageMaker sends when a training job ends; untidy, as real ones are. */
export function sendTrainingEvent(clients: Clients, jobName: string, status = 'Completed'): Promise<void> {
  const ended = Date.now();
  return putEvent(clients, 'default', 'aws.sagemaker', TRAINING_JOB_STATE_CHANGE, {
    TrainingJobName: jobName,
    TrainingJobArn: `arn:aws:sagemaker:${REGION}:${ACCOUNT}:training-job/${jobName.toLowerCase()}`,
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
    Tags: { team: 'retention' },
  });
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

/** Puts the event on the default bus that SageMaker sends when a version of a model package is approved or rejected. */
export function sendModelPackageEvent(
  clients: Clients,
  group: string,
  approval: 'Approved' | 'Rejected' | 'PendingManualApproval',
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const now = Date.now();
  return putEvent(clients, 'default', 'aws.sagemaker', MODEL_PACKAGE_STATE_CHANGE, {
    ModelPackageGroupName: group,
    ModelPackageVersion: 1,
    ModelPackageArn: `arn:aws:sagemaker:${REGION}:${ACCOUNT}:model-package/${group}/1`,
    ModelPackageStatus: 'Completed',
    ModelApprovalStatus: approval,
    CustomerMetadataProperties: metadata,
    CreationTime: now - 60_000,
    LastModifiedTime: String(now),
  });
}

/** Puts the event on the default bus that SageMaker sends when an endpoint has gone into service. */
export function sendEndpointEvent(
  clients: Clients,
  endpointName: string,
  tags: Readonly<Record<string, string>>,
  status = 'IN_SERVICE',
): Promise<void> {
  return putEvent(clients, 'default', 'aws.sagemaker', ENDPOINT_STATE_CHANGE, {
    EndpointName: endpointName,
    EndpointArn: `arn:aws:sagemaker:${REGION}:${ACCOUNT}:endpoint/${endpointName}`,
    EndpointConfigName: endpointName,
    EndpointStatus: status,
    CreationTime: Date.now(),
    Tags: tags,
  });
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

/** Puts one event on a bus. Throws where the bus did not take it. */
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
  if (refused?.ErrorCode === 'NotAuthorizedForSourceException') {
    throw new Error(`this emulator takes no events from ${source}: use the one pinned in local/requirements.txt`);
  }
  if (refused !== undefined) throw new Error(`the bus refused ${detailType}: ${refused.ErrorCode}`);
}
