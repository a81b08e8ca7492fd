/** What follows from each answer to a question of the state machine. */
export interface Question {
  /** What is looked at. */
  readonly variable: string;
  readonly answers: Readonly<Record<string, string>>;
  readonly otherwise: string;
}

/**
 * The state machine's choices, as `executions.ts` makes them. `states.test.ts` holds them to the definition, so that the
 * two cannot drift apart.
 */
export const QUESTIONS = {
  'Are funds locked?': {
    variable: '$.escrow.outcome',
    answers: {
      applied: 'AwaitDelivery',
      'not-sent': 'WaitToLock',
      pending: 'AwaitLockVerdict',
      rejected: 'FundingFailed',
    },
    otherwise: 'NeedsAttention',
  },
  'What ended the wait?': {
    variable: '$.delivery.signal',
    answers: {
      delivered: 'CompleteDelivery',
      approved: 'ReviewDelivery',
      rejected: 'ReviewDelivery',
    },
    otherwise: 'CheckStatus',
  },
  'Is gate passed?': {
    variable: '$.review.decision',
    answers: {
      release: 'ReleaseFunds',
      ask: 'AwaitDecision',
      dispute: 'RaiseDispute',
      'let-lapse': 'AwaitDecision',
      'check-status': 'CheckStatus',
    },
    otherwise: 'NeedsAttention',
  },
  'Are funds released?': {
    variable: '$.payment.outcome',
    answers: {
      applied: 'Released',
      'not-sent': 'WaitToRelease',
      pending: 'AwaitReleaseVerdict',
      overtaken: 'CheckStatus',
    },
    otherwise: 'NeedsAttention',
  },
  'Is it disputed?': {
    variable: '$.dispute.outcome',
    answers: {
      applied: 'CheckStatus',
      'not-sent': 'WaitToDispute',
      pending: 'AwaitDisputeVerdict',
      overtaken: 'CheckStatus',
    },
    otherwise: 'NeedsAttention',
  },
  'What is the status?': {
    variable: '$.escrow.status',
    answers: {
      refunded: 'Refunded',
      released: 'Released',
      auto_released: 'AutoReleased',
      locked: 'AwaitDelivery',
      completed: 'ReviewDelivery',
      disputed: 'AwaitResolution',
    },
    otherwise: 'NeedsAttention',
  },
} as const satisfies Readonly<Record<string, Question>>;

/** Where each state that asks nothing goes on. */
export const FOLLOWING = {
  LockFunds: 'Are funds locked?',
  WaitToLock: 'LockFunds',
  AwaitLockVerdict: 'LockFunds',
  AwaitDelivery: 'What ended the wait?',
  CompleteDelivery: 'ReviewDelivery',
  ReviewDelivery: 'Is gate passed?',
  AwaitDecision: 'ReviewDelivery',
  ReleaseFunds: 'Are funds released?',
  WaitToRelease: 'ReleaseFunds',
  AwaitReleaseVerdict: 'ReleaseFunds',
  RaiseDispute: 'Is it disputed?',
  WaitToDispute: 'RaiseDispute',
  AwaitDisputeVerdict: 'RaiseDispute',
  AwaitResolution: 'CheckStatus',
  CheckStatus: 'What is the status?',
} as const;

/** How an execution can end, and whether that is a success. */
export const LAST_STATES = {
  Released: true,
  AutoReleased: true,
  Refunded: true,
  FundingFailed: false,
  NeedsAttention: false,
} as const;

export type State = keyof typeof FOLLOWING | keyof typeof LAST_STATES;

/** The state after a task whose output a question looks at. */
export function answer(name: keyof typeof QUESTIONS, said: string | undefined): State {
  const { answers, otherwise }: Question = QUESTIONS[name];
  return (said !== undefined && Object.hasOwn(answers, said) ? answers[said] : otherwise) as State;
}
