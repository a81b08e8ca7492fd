import { describe, expect, test } from '@jest/globals';
import { lockedStateSchema } from '../../../../src/escrow/lifecycle-state.ts';
import { planRequest } from '../../../../src/escrow/escrow-request.ts';
import { readSignal as readSignalBy, type SignalPolicy } from '../../../../src/escrow/read-signal.ts';
import { INCOMING } from '../../../../src/events/catalogue.ts';
import { parseEvent } from '../../../../src/events/envelope.ts';
import { escrowRequestedSchema } from '../../../../src/events/escrow-requested.ts';
import { anEvent } from '../../../support/lambda-events.ts';
import { aRequestPolicy } from '../../../support/escrow-requests.ts';
import { aLockedState } from '../../../support/bonus-escrow.ts';

/** What Step Functions takes as the state of an execution, and DynamoDB as an item. */
const STATE_BYTES = 262_144;
const ITEM_BYTES = 400 * 1024;

/** The widest text of so many characters: each is four bytes, and twelve where JSON is written in ASCII. */
const wide = (length: number): string => '\u{1F4B8}'.repeat(Math.floor(length / 2)).padEnd(length, 'é');
const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const POLICY: SignalPolicy = {
  home: { account: '000000000000', region: 'us-east-1' },
  packages: { by: 'approval-status' },
};
const readSignal = (text: string) => readSignalBy(text, POLICY);

const AGENT = 'a'.repeat(100);
const METRIC = 'm'.repeat(255);
const REQUEST = {
  requestId: 'r'.repeat(100),
  requestedAt: '2026-03-06T08:59:30.000Z',
  counterpartyAgentId: AGENT,
  description: wide(200),
  timeoutHours: 720,
  milestones: Array.from({ length: 20 }, (_, index) => ({
    name: `${index}`.padStart(40, 'n'),
    amountUsd: '10000.00',
    description: wide(200),
    timeoutHours: 720,
  })),
  gate: { mode: 'auto-then-person', rule: { metric: METRIC, atLeast: 1.7976931348623157e308 } },
  guard: { alertHours: 72, default: { locked: 'let-lapse', completed: 'dispute' } },
};
const DELIVERY = {
  requestId: REQUEST.requestId,
  milestone: REQUEST.milestones[0]?.name,
  deliveredBy: wide(200),
  note: wide(1000),
  deliveryUrl: `https://example.com/${'x'.repeat(1980)}`,
  metrics: Object.fromEntries(
    Array.from({ length: 100 }, (_, index) => [`${index}`.padStart(255, 'm'), -2.2250738585072014e-308]),
  ),
};

describe('at the largest that events may be', () => {
  test('a delivery fits into an item of the mailbox', () => {
    const said = readSignal(anEvent(INCOMING.escrowDelivered, DELIVERY));

    expect(bytesOf(said)).toBeLessThan(ITEM_BYTES / 2);
  });

  test('the state of an execution holds request, escrow, delivery, decision and review several times over', () => {
    const { detail, time } = parseEvent(
      anEvent(INCOMING.escrowRequested, REQUEST),
      INCOMING.escrowRequested,
      escrowRequestedSchema,
    );
    const policy = aRequestPolicy({ counterparties: [AGENT], maxAmountUsd: 200_000_000_000n as never });
    const { starts } = planRequest(detail, time, policy);
    const { escrow } = aLockedState();
    const said = readSignal(anEvent(INCOMING.escrowDelivered, DELIVERY));
    const decided = readSignal(
      anEvent(INCOMING.escrowRejected, { requestId: REQUEST.requestId, by: wide(200), reason: wide(500) }),
    );

    expect(starts).toHaveLength(20);
    for (const { request } of starts) {
      const state = { request, escrow, delivery: said, decision: decided, review: { reason: wide(2000) } };
      expect(lockedStateSchema.safeParse(state).success).toBe(true);
      expect(bytesOf(state)).toBeLessThan(STATE_BYTES / 4);
    }
  });

  test.each([
    [{ ...DELIVERY, metrics: { ...DELIVERY.metrics, more: 1 } }, 'detail.metrics: at most 100 values'],
    [{ ...DELIVERY, metrics: { ['m'.repeat(256)]: 1 } }, 'detail.metrics.'],
    [{ ...DELIVERY, deliveryUrl: `https://example.com/${'x'.repeat(1981)}` }, 'detail.deliveryUrl: '],
  ])('more than that is refused by the name of its field', (detail, message) => {
    expect(() => readSignal(anEvent(INCOMING.escrowDelivered, detail))).toThrow(message);
  });

  test.each(['a "quoted" one', 'm'.repeat(256), 'line\nbreak', '<script>'])(
    'a gate whose metric is called %j is refused: its name is in lines that people get',
    (metric) => {
      const detail = { ...REQUEST, gate: { mode: 'auto', rule: { metric, atLeast: 1 } } };

      expect(() =>
        parseEvent(anEvent(INCOMING.escrowRequested, detail), INCOMING.escrowRequested, escrowRequestedSchema),
      ).toThrow('detail.gate.rule.metric: ');
    },
  );
});
