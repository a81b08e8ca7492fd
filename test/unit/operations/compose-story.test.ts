import { describe, expect, test } from '@jest/globals';
import { composeStory, type HistoryEvent } from '../../../operations/compose-story.ts';
import type { EscrowStory, ShownEscrow } from '../../../src/escrow/story.ts';
import { effectKey } from '../../../src/ledger/effect-key.ts';
import type { Intent } from '../../../src/ledger/intent.ts';
import { formatUsd } from '../../../src/money.ts';
import { ESCROW_STATUSES } from '../../../src/purple-flea/escrow.ts';
import { aRequest, aView, ESCROW_ID, OWNER, REFERENCE, TREASURY } from '../../support/bonus-escrow.ts';

const { cause } = aRequest();
const NAME = effectKey(cause, 'escrow-create');

function shown(status: ShownEscrow['status'] = 'locked'): ShownEscrow {
  const { amount, fee, net, ...view } = aView({ status });
  return { ...view, amountUsd: formatUsd(amount), feeUsd: formatUsd(fee), netUsd: formatUsd(net) };
}

function anIntent(overrides: Partial<Intent> = {}): Intent {
  return {
    key: NAME,
    kind: 'escrow-create',
    reference: REFERENCE,
    cause,
    agentId: TREASURY,
    payee: OWNER,
    amountUsd: '50.00',
    requestBody: '{}',
    expiresAt: '2026-03-13T09:00:00.000Z',
    state: 'applied',
    fence: 1,
    createdAt: '2026-03-06T09:00:00.000Z',
    updatedAt: '2026-03-06T09:00:02.000Z',
    history: [
      { state: 'prepared', at: '2026-03-06T09:00:00.000Z', note: 'written before the call' },
      { state: 'applied', at: '2026-03-06T09:00:02.000Z', note: 'answered' },
    ],
    ...overrides,
  };
}

function aStory(overrides: Partial<EscrowStory> = {}): EscrowStory {
  return {
    executionName: NAME,
    cause,
    intents: [anIntent()],
    escrowId: ESCROW_ID,
    escrow: shown(),
    execution: { name: NAME, arn: 'arn', status: 'RUNNING', startedAt: '2026-03-06T09:00:00Z', input: {} },
    signals: [{ type: 'approved', at: '2026-03-07T08:00:00Z', by: 'ann', reason: 'seen' }],
    waitsUntil: '2026-03-13T07:00:00.000Z',
    ...overrides,
  };
}

const at = (time: string) => ({ timestamp: new Date(time) });
const HISTORY: readonly HistoryEvent[] = [
  { ...at('2026-03-06T09:00:03Z'), stateEnteredEventDetails: { name: 'AwaitDelivery' } },
  {
    ...at('2026-03-06T10:00:00Z'),
    stateExitedEventDetails: {
      name: 'AwaitDelivery',
      output: JSON.stringify({ delivery: { signal: 'delivered', deliveredBy: 'bob', note: 'in production' } }),
    },
  },
  {
    ...at('2026-03-06T10:00:01Z'),
    stateExitedEventDetails: {
      name: 'ReviewDelivery',
      output: JSON.stringify({ review: { decision: 'ask', reason: 'a person decides about every delivery' } }),
    },
  },
  { ...at('2026-03-06T10:00:02Z'), stateEnteredEventDetails: { name: 'AwaitDecision' } },
];

describe('the story that is shown', () => {
  test('says how the escrow stands, and all that happened in the order of time', () => {
    expect(composeStory(aStory(), HISTORY)).toEqual([
      `escrow     ${ESCROW_ID}`,
      `cause      training-bonus: ${cause.subject} of 2026-03-06T08:10:00.000Z, Completed`,
      `money      $50.00 held for ${OWNER} (fee $0.50, net $49.50); locked`,
      `execution  RUNNING in AwaitDecision (${NAME})`,
      'next       it looks again at 2026-03-13T07:00:00Z, or as soon as somebody says something',
      '',
      '2026-03-06T09:00:00Z  create     prepared: written before the call ($50.00)',
      '2026-03-06T09:00:02Z  create     applied: answered',
      '2026-03-06T10:00:00Z  woken      delivered by bob: in production',
      '2026-03-06T10:00:01Z  decision   ask: a person decides about every delivery',
      '2026-03-07T08:00:00Z  signal     approved by ann: seen',
    ]);
  });

  test('says of a doubt what to do, and who decided on what evidence', () => {
    const doubt = anIntent({ key: 'k2', kind: 'escrow-release', state: 'manual' });
    const decided = anIntent({ decision: { operator: 'ada', evidence: 'page 3', reason: 'seen' } });

    const lines = composeStory(aStory({ intents: [decided, doubt] }), []);

    expect(lines).toContain(
      'to do      escrow-release is in doubt: look at Purple Flea, then npm run intents -- resolve k2',
    );
    expect(lines).toContain('2026-03-06T09:00:02Z  create     ada saw: page 3');
  });

  test.each([
    ['locked', `$50.00 held for ${OWNER} (fee $0.50, net $49.50); locked`],
    ['completed', `$50.00 held for ${OWNER} (fee $0.50, net $49.50); completed`],
    ['disputed', `$50.00 frozen: the staff of Purple Flea decide whether ${OWNER} gets $49.50`],
    ['released', `$49.50 paid out to ${OWNER}, fee $0.50`],
    ['auto_released', `$49.50 paid out to ${OWNER} by silence, fee $0.50`],
    ['refunded', 'refunded: $50.00, of which the published server keeps the fee of $0.50'],
  ] as const)('says where the money is when it is %s', (status, money) => {
    expect(ESCROW_STATUSES).toContain(status);
    expect(composeStory(aStory({ escrow: shown(status) }), HISTORY)[2]).toBe(`money      ${money}`);
  });

  test.each([
    ['rejected', 'nothing was locked'],
    ['unknown', 'it is not known whether $50.00 were locked'],
    ['manual', 'it is not known whether $50.00 were locked'],
  ] as const)('says where the money is when no escrow is known and the creation is %s', (state, money) => {
    const story = aStory({ escrow: undefined, escrowId: undefined, intents: [anIntent({ state })] });

    expect(composeStory(story, [])[2]).toBe(`money      ${money}`);
  });

  test('says how an open escrow goes on whose execution has failed, and why it did', () => {
    const stoppedAt = '2026-03-06T12:00:00.000Z';
    const failed = { ...aStory().execution, status: 'FAILED', error: 'NeedsAttention', cause: 'See it', stoppedAt };
    const execution = { name: NAME, arn: 'arn', startedAt: stoppedAt, input: {}, ...failed };

    expect(composeStory(aStory({ execution, waitsUntil: undefined }), HISTORY).slice(3, 5)).toEqual([
      `execution  FAILED in AwaitDecision since 2026-03-06T12:00:00Z: See it (${NAME})`,
      `next       silence settles it at 2026-03-13T09:00:00Z, unless: npm run intents -- continue ${NAME}`,
    ]);
  });
});
