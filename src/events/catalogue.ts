import type { InferenceCompletedDetail } from './inference-completed.ts';

/** Source of every event that this project publishes. */
export const OWN_SOURCE = 'purple-flea-pipeline';

/** Detail types that others put on the app's bus and that the pipeline acts on. */
export const INCOMING = {
  inferenceCompleted: 'inference.completed',
  priceAlert: 'price.alert',
  escrowRequested: 'escrow.requested',
  escrowDelivered: 'escrow.delivered',
  escrowApproved: 'escrow.approved',
  escrowRejected: 'escrow.rejected',
} as const;

/** SageMaker's detail type for a training job, on the account's default bus. */
export const TRAINING_JOB_STATE_CHANGE = 'SageMaker Training Job State Change';

/** SageMaker's detail type for a package of the model registry, on the account's default bus. */
export const MODEL_PACKAGE_STATE_CHANGE = 'SageMaker Model Package State Change';

/** SageMaker's detail type for an endpoint, on the account's default bus. */
export const ENDPOINT_STATE_CHANGE = 'SageMaker Endpoint State Change';

/** S3's detail type for an object that was written, on the account's default bus. */
export const OBJECT_CREATED = 'Object Created';

/** What the pipeline says on the app's bus, by detail type. Amounts are decimal USD strings, times ISO 8601. */
export interface PublishedEvents {
  'inference.completed': InferenceCompletedDetail;
  /** `rule` is the name of the one that it was decided by. */
  'bonus.started': {
    trainingJobName: string;
    rule: string;
    metric: string;
    value: number;
    amountUsd: string;
    reason: string;
    reference: string;
    executionName: string;
  };
  'bonus.skipped': {
    trainingJobName: string;
    rule: string;
    /** As in `NO_BONUS`, or `older-than-ledger` or `older-than-rule`. */
    reason: string;
    detail: string;
    /** What it would have been paid, and the key of the record; only where it is too old. */
    amountUsd?: string;
    key?: string;
  };
  /** One of them for each milestone. */
  'escrow.started': {
    requestId: string;
    milestone?: string;
    amountUsd: string;
    counterpartyAgentId: string;
    reference: string;
    executionName: string;
  };
  /** What was requested and is not paid; `key` is that of the record. */
  'escrow.skipped': {
    requestId: string;
    milestone?: string;
    reason: string;
    detail: string;
    amountUsd: string;
    counterpartyAgentId: string;
    key: string;
  };
  'escrow.locked': {
    escrowId: string;
    reference: string;
    executionName: string;
    amountUsd: string;
    feeUsd: string;
    netUsd: string;
    counterpartyAgentId: string;
    deadlineAt: string;
  };
  'escrow.completed': { escrowId: string; reference: string };
  'escrow.reviewed': { escrowId: string; decision: string; reason: string; until?: string; isLate?: boolean };
  'escrow.released': { escrowId: string; reference: string; amountUsd: string; feeUsd: string; paidOutUsd: string };
  'escrow.disputed': { escrowId: string; reference: string; reason: string };
  'escrow.refunded': { escrowId: string };
  'escrow.auto-released': { escrowId: string; reference: string };
  /** `mode` is `live` or `paper`; `source` is `prediction` or `price-alert`, and `signalId` its id there. */
  'trade.placed': {
    mode: string;
    source: string;
    signalId: string;
    orderId: string;
    asset: string;
    direction: string;
    amountUsd: string;
    /** As the service says it, where it does: the cap of an account lowers what was asked. */
    leverage?: number;
    /** Absent where the order was found later, and for alerts. */
    confidence?: number;
  };
  'trade.skipped': {
    mode: string;
    source: string;
    signalId: string;
    asset: string;
    /** As in `SKIP_REASONS`; `not-ready`: a check of `checkReadiness` fails; `refused`: by Purple Flea or a budget. */
    reason: string;
    detail: string;
  };
  'trade.manual': { source: string; signalId: string; asset: string; reference: string; reason: string };
  'intent.settled': { key: string; reference: string; kind: string; state: string; note: string };
  'intent.retried': { key: string; reference: string; kind: string; retriedAs: string; note: string };
  'intent.parked': { key: string; reference: string; kind: string; amountUsd: string; reason: string };
  /** One disagreement of ledger and service; `kind` as in `DRIFT_KINDS`, ids where there are such. */
  'ledger.drifted': {
    agentId: string;
    kind: string;
    escrowId?: string | undefined;
    reference?: string | undefined;
    key?: string | undefined;
    detail: string;
  };
  'ledger.reconciled': {
    agentId: string;
    isComplete: boolean;
    drifts: number;
    /** How many of them had an event of their own. */
    driftsTold: number;
    intents: number;
    escrows: number;
    /** Why it is not complete; the first of them. */
    problems: readonly string[];
    notCompared: readonly string[];
    notes: readonly string[];
  };
}

export type PublishedType = keyof PublishedEvents;

/** Every detail type the pipeline publishes. */
export const PUBLISHED: Readonly<Record<PublishedType, string>> = {
  'inference.completed': 'A model answered; a predictor or an asynchronous endpoint says so, or other code does.',
  'bonus.started': 'A training job earned a bonus; its escrow execution was started.',
  'bonus.skipped': 'A training job earned no bonus.',
  'escrow.started': 'An escrow was requested; its execution was started.',
  'escrow.skipped': 'An escrow was requested and is not paid: the request is older than the ledger, or than its rule.',
  'escrow.locked': 'The amount is held by Purple Flea.',
  'escrow.completed': 'The delivery was recorded at Purple Flea with the counterparty key.',
  'escrow.reviewed': 'The delivery was reviewed; says what follows and why.',
  'escrow.released': 'The counterparty was paid the amount less the fee.',
  'escrow.disputed': 'The escrow is frozen until the staff of Purple Flea decide.',
  'escrow.refunded': 'The lock ran out and the amount went back.',
  'escrow.auto-released': 'The counterparty completed it, and was paid because nobody decided.',
  'trade.placed': 'An order stands.',
  'trade.skipped': 'A prediction or alert was not traded; says why.',
  'trade.manual': 'An order may or may not stand; a person has to look.',
  'intent.settled': 'An effect that was in doubt is no longer.',
  'intent.retried': 'An operator asked for another try of an effect that did not take place.',
  'intent.parked': 'An effect may or may not have taken place; a person has to look.',
  'ledger.drifted': 'Ledger and service disagree; says on what.',
  'ledger.reconciled': 'The ledger was compared with the service; says how far, and what was found.',
};

/** Puts one event on the app's bus. */
export type Publish = <Type extends PublishedType>(type: Type, detail: PublishedEvents[Type]) => Promise<void>;
