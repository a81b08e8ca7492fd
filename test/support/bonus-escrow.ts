import type { TrainingJob } from '../../src/escrow/bonus.ts';
import type { BonusPolicy, BonusRule } from '../../src/escrow/bonus-rules.ts';
import { TRAINING_JOB_STATE_CHANGE } from '../../src/events/catalogue.ts';
import { anEvent } from './lambda-events.ts';
import { referenceFor } from '../../src/escrow/escrow-effects.ts';
import type { LifecycleRequest } from '../../src/escrow/lifecycle-input.ts';
import { formatUsd, parseUsd, shareOf, subtractUsd } from '../../src/money.ts';
import type { EscrowView } from '../../src/purple-flea/escrow.ts';

export const JOB_NAME = 'churn-xgb-demo';
export const TREASURY = 'ag_platform_treasury';
export const OWNER = 'ag_model_owner_churn';
export const ESCROW_ID = 'esc_0011223344556677';

/** A job that trained to 0.93, as SageMaker reports that: in single precision. */
export function aTrainingJob(overrides: Partial<TrainingJob> = {}): TrainingJob {
  return {
    name: JOB_NAME,
    arn: trainingJobArn(overrides.name ?? JOB_NAME),
    status: 'Completed',
    createdAt: new Date('2026-03-06T08:10:00Z'),
    endedAt: new Date('2026-03-06T08:31:00Z'),
    finalMetrics: [{ name: 'validation:accuracy', value: Math.fround(0.93) }],
    ...overrides,
  };
}

/** A job that trained to so much, reported in single precision. */
export function aJobMeasuring(accuracy: number): TrainingJob {
  return aTrainingJob({ finalMetrics: [{ name: 'validation:accuracy', value: Math.fround(accuracy) }] });
}

/** The text of SageMaker's event about a completed job of the account that tests are in. */
export function aTrainingEvent(
  name: string = JOB_NAME,
  detail: Readonly<Record<string, unknown>> = {},
  event: Readonly<Record<string, unknown>> = {},
): string {
  return anEvent(
    TRAINING_JOB_STATE_CHANGE,
    { TrainingJobName: name, TrainingJobArn: trainingJobArn(name), TrainingJobStatus: 'Completed', ...detail },
    { source: 'aws.sagemaker', ...event },
  );
}

/** SageMaker writes names in lower case in ARNs. */
export function trainingJobArn(name: string): string {
  return `arn:aws:sagemaker:us-east-1:000000000000:training-job/${name.toLowerCase()}`;
}

/** A rule for the jobs of one team. */
export function aBonusRule(overrides: Partial<BonusRule> = {}): BonusRule {
  return {
    name: 'churn',
    jobs: { prefix: 'churn-' },
    metric: 'validation:accuracy',
    direction: 'higher',
    plausible: { min: 0, max: 1 },
    tiers: [
      { beyond: 0.7, amountUsd: '5.00' },
      { beyond: 0.9, amountUsd: '50.00' },
      { beyond: 0.8, amountUsd: '20.00' },
    ],
    payee: OWNER,
    timeoutHours: 168,
    gate: { mode: 'auto' },
    guard: { alertHours: 2, default: 'release' },
    ...overrides,
  };
}

/** A stage's rules; that of `aBonusRule` alone where none are given. */
export function aBonusPolicy(...rules: BonusRule[]): BonusPolicy {
  return { rules: rules.length === 0 ? [aBonusRule()] : rules };
}

/** The bonus of `aTrainingJob`, as its execution starts with it. */
export function aRequest(overrides: Partial<LifecycleRequest> = {}): LifecycleRequest {
  return {
    cause: {
      rule: 'training-bonus',
      subject: aTrainingJob().arn,
      createdAt: '2026-03-06T08:10:00.000Z',
      status: 'Completed',
    },
    counterpartyAgentId: OWNER,
    amountUsd: '50.00',
    timeoutHours: 168,
    description: `Bonus for training job ${JOB_NAME}: validation:accuracy 0.93 > 0.9`,
    address: `training-job:${JOB_NAME}`,
    gate: { mode: 'auto' },
    guard: { alertHours: 2, default: 'release' },
    ...overrides,
  };
}

/** The reference of the escrow of `aRequest`. */
export const REFERENCE = referenceFor(aRequest().cause);

/** The state of an execution once its escrow exists. */
export function aLockedState() {
  return {
    request: aRequest(),
    escrow: {
      outcome: 'applied',
      escrowId: ESCROW_ID,
      reference: REFERENCE,
      status: 'locked',
      amountUsd: '50.00',
      feeUsd: '0.50',
      netUsd: '49.50',
      deadlineAt: '2026-03-13T09:00:00Z',
    },
  };
}

/** The same once the delivery is there. */
export function aDeliveredState() {
  const delivery = {
    signal: 'delivered',
    at: '2026-03-06T10:00:00Z',
    deliveredBy: 'registry',
    note: 'model v7',
    deliveryUrl: 'https://registry.example.com/churn/7',
  };
  return { ...aLockedState(), delivery };
}

/** The same while somebody is to decide. */
export function anAskedState() {
  const until = '2026-03-13T07:00:00.000Z';
  return {
    ...aDeliveredState(),
    review: { decision: 'ask', reason: 'a person decides', until, isLate: false, status: 'completed' },
  };
}

/** The same once it is to be disputed. */
export function aRejectedState() {
  return { ...aDeliveredState(), review: { decision: 'dispute', reason: 'rejected by ada: no such model' } };
}

/** The same once it is to be released. */
export function aReviewedState() {
  return { ...aDeliveredState(), review: { decision: 'release', reason: 'delivered by registry' } };
}

/** The escrow as the service shows it. */
export function aView(overrides: Partial<EscrowView> = {}): EscrowView {
  const amount = parseUsd('50.00');
  return {
    escrowId: ESCROW_ID,
    status: 'locked',
    statusShown: overrides.status ?? 'locked',
    amount,
    fee: shareOf(amount, 100),
    net: subtractUsd(amount, shareOf(amount, 100)),
    creatorAgentId: TREASURY,
    counterpartyAgentId: OWNER,
    description: `${REFERENCE} ${aRequest().description}`,
    createdAt: '2026-03-06T09:00:00.000Z',
    deadlineAt: '2026-03-13T09:00:00.000Z',
    disputedAt: undefined,
    unrecognizedFields: [],
    ...overrides,
  };
}

/** The body with which the service answers a status request. */
export function aStatusBody(overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const view = aView();
  return {
    success: true,
    escrow_id: view.escrowId,
    status: view.status,
    amount_usd: formatUsd(view.amount),
    fee_usd: formatUsd(view.fee),
    net_payout_usd: formatUsd(view.net),
    creator_agent_id: view.creatorAgentId,
    counterparty_agent_id: view.counterpartyAgentId,
    description: view.description,
    completion_note: null,
    delivery_url: null,
    timeout_hours: 168,
    created_at: '2026-03-06T09:00:00Z',
    completed_at: null,
    auto_release_at: null,
    released_at: null,
    disputed_at: null,
    ...overrides,
  };
}
