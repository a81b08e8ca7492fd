import { UnusableEventError } from '../errors.ts';
import { ENDPOINT_STATE_CHANGE, INCOMING, MODEL_PACKAGE_STATE_CHANGE } from '../events/catalogue.ts';
import type { Addressee } from '../events/addressee.ts';
import { parseDetail, parseEnvelope, type IncomingEvent } from '../events/envelope.ts';
import { escrowDecidedSchema } from '../events/escrow-decided.ts';
import { escrowDeliveredSchema } from '../events/escrow-delivered.ts';
import {
  endpointEventSchema,
  ESCROW_LABEL,
  modelPackageEventSchema,
  TRAINING_JOB_LABEL,
  type Labels,
} from '../events/sagemaker-states.ts';
import { refuseForeign, type Home } from '../events/origin.ts';
import { escrowAddress, requestAddress, trainingJobAddress, type Signal } from './mailbox.ts';
import { decidePackage, type PackagePolicy } from './package-decision.ts';

/** What an event says: a signal and whose it is, or why it is none of ours. */
export type ReadSignal =
  | { readonly kind: 'signal'; readonly address: string; readonly signal: Signal }
  | { readonly kind: 'ignored'; readonly about: string; readonly reason: string };

/** How events of SageMaker are read. */
export interface SignalPolicy {
  /** Events about anything elsewhere are refused. */
  readonly home: Home;
  readonly packages: PackagePolicy;
}

/** As long as in a decision on the app's bus; SageMaker's texts are cut. */
const MAX_BY = 200;
const MAX_REASON = 500;

/**
 * Reads a delivery, an approval or a rejection from an event: one of the app's own, or one of SageMaker's. The signal is
 * dated by the event.
 *
 * @param text is the event as JSON text.
 * @throws UnusableEventError naming each bad field and what is allowed there.
 */
export function readSignal(text: string, policy: SignalPolicy): ReadSignal {
  const event = parseEnvelope(text);
  const { detailType, detail, time } = event;
  switch (detailType) {
    case INCOMING.escrowDelivered:
      return readDelivered(detail, time);
    case INCOMING.escrowApproved:
      return readDecided('approved', detail, time);
    case INCOMING.escrowRejected:
      return readDecided('rejected', detail, time);
    case MODEL_PACKAGE_STATE_CHANGE:
      return readModelPackage(event, policy);
    case ENDPOINT_STATE_CHANGE:
      return readEndpoint(event, policy);
    default:
      throw new UnusableEventError(
        `detail-type is "${detailType}"; this queue takes ${SIGNAL_TYPES.map((type) => `"${type}"`).join(', ')}`,
      );
  }
}

/** Every detail type that a signal is read from. */
export const SIGNAL_TYPES = [
  INCOMING.escrowDelivered,
  INCOMING.escrowApproved,
  INCOMING.escrowRejected,
  MODEL_PACKAGE_STATE_CHANGE,
  ENDPOINT_STATE_CHANGE,
] as const;

function readDelivered(detail: unknown, at: string): ReadSignal {
  const delivery = parseDetail(detail, escrowDeliveredSchema);
  const { deliveredBy, note, deliveryUrl, metrics } = delivery;
  return {
    kind: 'signal',
    address: addressOf(delivery),
    signal: { type: 'delivered', at, deliveredBy, note, deliveryUrl, metrics },
  };
}

function readDecided(type: 'approved' | 'rejected', detail: unknown, at: string): ReadSignal {
  const decision = parseDetail(detail, escrowDecidedSchema);
  const { by, reason } = decision;
  return { kind: 'signal', address: addressOf(decision), signal: { type, at, by, reason } };
}

function readModelPackage(event: IncomingEvent<unknown>, { home, packages }: SignalPolicy): ReadSignal {
  const detail = parseDetail(event.detail, modelPackageEventSchema);
  const { ModelPackageArn: arn } = detail;
  refuseForeign(event, home, { field: 'detail.ModelPackageArn', arn });
  const address = labelledAddress(detail.CustomerMetadataProperties);
  if (address === undefined) return { kind: 'ignored', about: arn, reason: `its metadata has no ${LABELS}` };
  const { type, reason } = decidePackage(detail, packages);
  if (type === undefined) return { kind: 'ignored', about: arn, reason };
  const by = detail.LastModifiedBy?.UserProfileName;
  return {
    kind: 'signal',
    address,
    signal: {
      type,
      at: event.time,
      by: cut(by === undefined ? `the approver of ${arn}` : `${by}, approver of ${arn}`, MAX_BY),
      reason: cut(detail.ApprovalDescription ?? reason, MAX_REASON),
    },
  };
}

function readEndpoint(event: IncomingEvent<unknown>, { home }: SignalPolicy): ReadSignal {
  const { EndpointArn: arn, EndpointName: name, Tags } = parseDetail(event.detail, endpointEventSchema);
  refuseForeign(event, home, { field: 'detail.EndpointArn', arn });
  const address = labelledAddress(Tags);
  if (address === undefined) return { kind: 'ignored', about: arn, reason: `its tags have no ${LABELS}` };
  return {
    kind: 'signal',
    address,
    signal: { type: 'delivered', at: event.time, deliveredBy: arn, note: `endpoint ${name} is in service` },
  };
}

const LABELS = `${TRAINING_JOB_LABEL} or ${ESCROW_LABEL}`;

function labelledAddress(labels: Labels): string | undefined {
  const escrowId = labels?.[ESCROW_LABEL];
  const trainingJobName = labels?.[TRAINING_JOB_LABEL];
  return escrowId === undefined && trainingJobName === undefined ? undefined : addressOf({ escrowId, trainingJobName });
}

function addressOf({ escrowId, trainingJobName, requestId, milestone }: Addressee): string {
  if (requestId !== undefined) return requestAddress(requestId, milestone);
  return escrowId === undefined ? trainingJobAddress(trainingJobName ?? '') : escrowAddress(escrowId);
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}
