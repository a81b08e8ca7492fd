import { UnusableEventError } from '../errors.ts';
import { ENDPOINT_STATE_CHANGE, INCOMING, MODEL_PACKAGE_STATE_CHANGE } from '../events/catalogue.ts';
import type { Addressee } from '../events/addressee.ts';
import { parseDetail, parseEnvelope } from '../events/envelope.ts';
import { escrowDecidedSchema } from '../events/escrow-decided.ts';
import { escrowDeliveredSchema } from '../events/escrow-delivered.ts';
import {
  endpointEventSchema,
  ESCROW_LABEL,
  modelPackageEventSchema,
  TRAINING_JOB_LABEL,
  type Labels,
} from '../events/sagemaker-states.ts';
import { escrowAddress, requestAddress, trainingJobAddress, type Signal } from './mailbox.ts';

/** What an event says: a signal and whose it is, or why it is none of ours. */
export type ReadSignal =
  | { readonly kind: 'signal'; readonly address: string; readonly signal: Signal }
  | { readonly kind: 'ignored'; readonly about: string; readonly reason: string };

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
export function readSignal(text: string): ReadSignal {
  const { detailType, detail, time } = parseEnvelope(text);
  switch (detailType) {
    case INCOMING.escrowDelivered:
      return readDelivered(detail, time);
    case INCOMING.escrowApproved:
      return readDecided('approved', detail, time);
    case INCOMING.escrowRejected:
      return readDecided('rejected', detail, time);
    case MODEL_PACKAGE_STATE_CHANGE:
      return readModelPackage(detail, time);
    case ENDPOINT_STATE_CHANGE:
      return readEndpoint(detail, time);
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

function readModelPackage(detail: unknown, at: string): ReadSignal {
  const {
    ModelPackageArn: arn,
    ModelApprovalStatus: approval,
    ModelPackageStatus: status,
    ...said
  } = parseDetail(detail, modelPackageEventSchema);
  const address = labelledAddress(said.CustomerMetadataProperties);
  if (address === undefined) return { kind: 'ignored', about: arn, reason: `its metadata has no ${LABELS}` };
  // A package can be registered as approved before it is known to be usable; another event follows when it is.
  if (approval === 'Approved' && status !== undefined && status !== 'Completed') {
    return { kind: 'ignored', about: arn, reason: `it is approved, but ${status}` };
  }
  const by = said.LastModifiedBy?.UserProfileName;
  return {
    kind: 'signal',
    address,
    signal: {
      type: approval === 'Approved' ? 'approved' : 'rejected',
      at,
      by: cut(by === undefined ? `the approver of ${arn}` : `${by}, approver of ${arn}`, MAX_BY),
      reason: cut(said.ApprovalDescription ?? `model package ${arn} is ${approval}`, MAX_REASON),
    },
  };
}

function readEndpoint(detail: unknown, at: string): ReadSignal {
  const { EndpointArn: arn, EndpointName: name, Tags } = parseDetail(detail, endpointEventSchema);
  const address = labelledAddress(Tags);
  if (address === undefined) return { kind: 'ignored', about: arn, reason: `its tags have no ${LABELS}` };
  return {
    kind: 'signal',
    address,
    signal: { type: 'delivered', at, deliveredBy: arn, note: `endpoint ${name} is in service` },
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
