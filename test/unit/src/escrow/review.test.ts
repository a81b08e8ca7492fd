import { describe, expect, test } from '@jest/globals';
import type { Gate, Guard } from '../../../../src/escrow/gate.ts';
import type { WaitEnd } from '../../../../src/escrow/mailbox.ts';
import { reviewDelivery, type Review, type ReviewTerms } from '../../../../src/escrow/review.ts';
import { parseUsd } from '../../../../src/money.ts';
import type { EscrowView } from '../../../../src/purple-flea/escrow.ts';
import { ESCROW_ID, OWNER, REFERENCE, aView } from '../../../support/bonus-escrow.ts';

const AT = '2026-03-06T10:00:00Z';
const DELIVERED: WaitEnd = { signal: 'delivered', deliveredBy: 'registry', at: AT };
const APPROVED: WaitEnd = { signal: 'approved', by: 'ada', at: AT, reason: 'as agreed' };
const REJECTED: WaitEnd = { signal: 'rejected', by: 'eve', at: AT, reason: 'no such model' };
const CHANGED: WaitEnd = { signal: 'changed', at: AT, source: 'sweeper' };
const PASSED: WaitEnd = { signal: 'deadline', deadlineAt: '2026-03-13T09:00:00Z' };

const RULE = { metric: 'quality', atLeast: 0.8 };
const GOOD: WaitEnd = { ...DELIVERED, metrics: { quality: 0.93 } };
const BAD: WaitEnd = { ...DELIVERED, metrics: { quality: 0.5 } };
const PERSON: Gate = { mode: 'person' };

const ASK = { decision: 'ask', until: '2026-03-13T07:00:00.000Z', isLate: false };

function termsWith(overrides: Partial<ReviewTerms> = {}): ReviewTerms {
  return {
    reference: REFERENCE,
    amountUsd: '50.00',
    counterpartyAgentId: OWNER,
    timeoutHours: 168,
    gate: { mode: 'auto' },
    guard: { alertHours: 2, default: 'release' },
    ...overrides,
  };
}

/** Long before the deadline of `aView`, unless said otherwise. */
function review(
  said: readonly WaitEnd[],
  { now = AT, shown = {}, ...terms }: Partial<ReviewTerms> & { now?: string; shown?: Partial<EscrowView> } = {},
): Review {
  return reviewDelivery(said, aView(shown), termsWith(terms), new Date(now));
}

describe.each(['locked', 'completed'] as const)('an escrow that is %s', (status) => {
  const shown = { status };

  test('is released once it is delivered, where nothing else is asked for', () => {
    expect(review([DELIVERED], { shown })).toEqual({
      decision: 'release',
      reason: `delivered by registry at ${AT}: whoever delivers approves`,
    });
  });

  test.each<[string, Gate, WaitEnd, string]>([
    ['passes the rule', { mode: 'auto', rule: RULE }, GOOD, 'release'],
    ['fails the rule', { mode: 'auto', rule: RULE }, BAD, 'dispute'],
    ['passes the rule', { mode: 'auto-then-person', rule: RULE }, GOOD, 'release'],
    ['fails the rule', { mode: 'auto-then-person', rule: RULE }, BAD, 'ask'],
    ['measures nothing', { mode: 'auto', rule: RULE }, DELIVERED, 'ask'],
    ['measures nothing', { mode: 'auto-then-person', rule: RULE }, DELIVERED, 'ask'],
    ['passes whatever rule', PERSON, GOOD, 'ask'],
  ])('whose delivery %s, by gate %j', (_case, gate, delivery, decision) => {
    expect(review([delivery], { gate, shown }).decision).toBe(decision);
  });

  test.each<Gate>([{ mode: 'auto' }, { mode: 'auto', rule: RULE }, PERSON, { mode: 'auto-then-person', rule: RULE }])(
    'is decided by a person rather than by gate %j, whenever the person spoke',
    (gate) => {
      for (const delivery of [DELIVERED, GOOD, BAD, PASSED, CHANGED]) {
        const released = { decision: 'release', reason: 'approved by ada: as agreed' };
        const disputed = { decision: 'dispute', reason: 'rejected by eve: no such model' };
        expect(review([delivery, APPROVED], { gate, shown })).toEqual(released);
        expect(review([APPROVED, delivery], { gate, shown })).toEqual(released);
        expect(review([delivery, REJECTED], { gate, shown })).toEqual(disputed);
        expect(review([REJECTED, delivery], { gate, shown })).toEqual(disputed);
      }
    },
  );

  test('is decided by a person also at its deadline and beyond', () => {
    for (const now of ['2026-03-13T08:59:59Z', '2026-03-13T09:00:00Z', '2026-03-20T09:00:00Z']) {
      const guard: Guard = { alertHours: 2, default: 'release' };
      expect(review([DELIVERED, REJECTED], { gate: PERSON, guard, shown, now }).decision).toBe('dispute');
    }
  });

  test('is decided by the wait that ended last, where people contradict each other', () => {
    expect(review([APPROVED, REJECTED], { shown }).decision).toBe('dispute');
    expect(review([REJECTED, APPROVED], { shown }).decision).toBe('release');
  });

  test.each([[[]], [[PASSED]], [[CHANGED]], [[PASSED, CHANGED]]])(
    'of which nobody said anything is asked about: %j',
    (said) => {
      expect(review(said, { shown })).toEqual({
        ...ASK,
        reason: 'the counterparty completed it, and nobody said that it is there',
      });
    },
  );

  test('that was delivered is asked about with what the gate says of the delivery', () => {
    expect(review([BAD, PASSED], { gate: { mode: 'auto-then-person', rule: RULE }, shown })).toEqual({
      ...ASK,
      reason: 'quality is 0.5, at least 0.8 is wanted',
    });
  });
});

describe('an escrow that is', () => {
  test.each(['released', 'auto_released', 'refunded', 'disputed', 'unrecognized'] as const)(
    '%s has its status checked, whatever was said',
    (status) => {
      for (const said of [[DELIVERED], [APPROVED], [REJECTED], []]) {
        expect(review(said, { shown: { status, statusShown: 'as shown' } })).toEqual({
          decision: 'check-status',
          reason: 'the escrow is as shown',
        });
      }
    },
  );

  test.each([
    ['description', { description: `Bonus ${REFERENCE}` }, `description does not start with ${REFERENCE}`],
    ['amount', { amount: parseUsd('50.01') }, 'amount is 50.01'],
    ['counterparty', { counterpartyAgentId: 'agent_other' }, 'counterparty is agent_other'],
  ])('another %s than was locked stops, settled or not, approved or not', (_field, overrides, mismatch) => {
    for (const status of ['locked', 'completed', 'released'] as const) {
      for (const said of [[DELIVERED], [APPROVED]]) {
        expect(review(said, { shown: { status, ...overrides } })).toEqual({
          decision: 'stop',
          reason: `escrow ${ESCROW_ID}: ${mismatch}`,
        });
      }
    }
  });
});

/** Deadline 09:00. Two hours ahead: people are told at 07:00, and it is decided at 08:30. */
describe.each([
  ['locked', 'refunds it'],
  ['completed', 'pays it'],
] as const)('the guard of an escrow that is %s', (status, silence) => {
  const undecided = (now: string, terms: Partial<ReviewTerms> = {}, said: readonly WaitEnd[] = [DELIVERED]) =>
    review(said, { gate: PERSON, shown: { status }, now: `2026-03-13T${now}Z`, ...terms });
  const late = { decision: 'ask', until: '2026-03-13T08:30:00.000Z', isLate: true };

  test.each(['00:00:00', '06:59:59', '06:59:59.999'])('asks without haste at %s', (now) => {
    expect(undecided(now)).toMatchObject(ASK);
  });

  test.each(['07:00:00', '07:00:00.001', '08:29:59.999'])('says that it is late at %s', (now) => {
    expect(undecided(now)).toMatchObject(late);
  });

  test.each(['08:30:00', '08:30:00.001', '08:59:59.999', '09:00:00', '09:00:01', '23:00:00'])(
    'decides at %s, as its default says',
    (now) => {
      for (const otherwise of ['release', 'dispute'] as const) {
        expect(undecided(now, { guard: { alertHours: 2, default: otherwise } })).toEqual({
          decision: otherwise,
          reason: `nobody decided until 2026-03-13T08:30:00.000Z; silence ${silence} at 2026-03-13T09:00:00.000Z`,
        });
      }
    },
  );

  test('may decide by the status alone', () => {
    const guard: Guard = { alertHours: 2, default: { locked: 'let-lapse', completed: 'dispute' } };

    expect(undecided('08:30:00', { guard }).decision).toBe(status === 'locked' ? 'let-lapse' : 'dispute');
  });

  test('decides likewise where nobody delivered', () => {
    expect(undecided('08:30:00', {}, []).decision).toBe('release');
    expect(undecided('08:29:59', {}, [])).toMatchObject(late);
  });

  test.each([
    // A quarter of 4 hours is 1 hour: told at 08:00, decided at 08:45.
    [4, 2, '08:00:00', '08:45:00'],
    // A quarter of 8 hours are the 2 hours themselves.
    [8, 2, '07:00:00', '08:30:00'],
    [7, 2, '07:15:00', '08:33:45'],
    [9, 2, '07:00:00', '08:30:00'],
    [1, 2, '08:45:00', '08:56:15'],
    [1, 72, '08:45:00', '08:56:15'],
    [168, 0.5, '08:30:00', '08:52:30'],
  ])('of %d hours that tells people %d hours ahead does so at %s, and decides at %s', (hours, ahead, told, decided) => {
    const terms = { timeoutHours: hours, guard: { alertHours: ahead, default: 'dispute' } as const };
    const before = (time: string) => new Date(Date.parse(`2026-03-13T${time}Z`) - 1).toISOString().slice(11, -1);

    expect(undecided(before(told), terms)).toMatchObject({
      decision: 'ask',
      until: `2026-03-13T${told}.000Z`,
      isLate: false,
    });
    expect(undecided(told, terms)).toMatchObject({
      decision: 'ask',
      until: `2026-03-13T${decided}.000Z`,
      isLate: true,
    });
    expect(undecided(before(decided), terms)).toMatchObject({ decision: 'ask', isLate: true });
    expect(undecided(decided, terms)).toMatchObject({ decision: 'dispute' });
  });

  describe('whose default is to let it lapse', () => {
    const lapse = { guard: { alertHours: 2, default: 'let-lapse' } as const };

    test.each(['08:30:00', '08:50:00', '08:59:59.999'])(
      'looks at it again at the deadline and not before: %s',
      (now) => {
        expect(undecided(now, lapse)).toEqual({
          decision: 'let-lapse',
          reason: `nobody decided until 2026-03-13T08:30:00.000Z; silence ${silence} at 2026-03-13T09:00:00.000Z`,
          until: '2026-03-13T09:00:00.000Z',
          isLate: true,
        });
      },
    );

    test.each([
      ['09:00:00', '2026-03-13T09:05:00.000Z'],
      ['09:04:00', '2026-03-13T09:09:00.000Z'],
      ['09:10:00', '2026-03-13T09:20:00.000Z'],
      ['13:00:00', '2026-03-13T17:00:00.000Z'],
    ])('has more and more patience with a service that does not settle: at %s until %s', (now, until) => {
      expect(undecided(now, lapse)).toMatchObject({ decision: 'let-lapse', until });
    });

    test('looks at most 50 times in the month after a deadline that is never kept', () => {
      const deadline = Date.parse('2026-03-13T09:00:00Z');
      let now = deadline - 3_600_000;
      let looks = 0;
      while (now < deadline + 30 * 24 * 3_600_000) {
        const next = review([DELIVERED], {
          gate: PERSON,
          shown: { status },
          now: new Date(now).toISOString(),
          ...lapse,
        });
        if (next.decision !== 'ask' && next.decision !== 'let-lapse') throw new Error(`decided to ${next.decision}`);
        expect(Date.parse(next.until)).toBeGreaterThan(now);
        now = Date.parse(next.until);
        looks += 1;
      }
      expect(looks).toBeLessThanOrEqual(50);
    });
  });
});
