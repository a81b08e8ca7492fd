import { describe, expect, test } from '@jest/globals';
import { reviewDelivery } from '../../../../src/escrow/review.ts';
import { parseUsd } from '../../../../src/money.ts';
import { ESCROW_ID, OWNER, REFERENCE, aView } from '../../../support/bonus-escrow.ts';

const DELIVERY = { deliveredBy: 'registry', at: '2026-03-06T10:00:00Z' };
const EXPECTED = { reference: REFERENCE, amountUsd: '50.00', counterpartyAgentId: OWNER };

describe('a delivery', () => {
  test.each(['locked', 'completed'] as const)('of an escrow that is %s is released', (status) => {
    expect(reviewDelivery(DELIVERY, aView({ status }), EXPECTED)).toEqual({
      decision: 'release',
      reason: 'delivered by registry at 2026-03-06T10:00:00Z',
    });
  });

  test.each(['released', 'auto_released', 'refunded', 'disputed'] as const)(
    'of an escrow that is %s has its status checked',
    (status) => {
      expect(reviewDelivery(DELIVERY, aView({ status }), EXPECTED)).toEqual({
        decision: 'check-status',
        reason: `the escrow is ${status} already`,
      });
    },
  );

  test.each([
    ['description', { description: `Bonus ${REFERENCE}` }, `description does not start with ${REFERENCE}`],
    ['amount', { amount: parseUsd('50.01') }, 'amount is 50.01'],
    ['counterparty', { counterpartyAgentId: 'agent_other' }, 'counterparty is agent_other'],
  ])('of an escrow with another %s than was locked stops, settled or not', (_field, overrides, mismatch) => {
    for (const status of ['locked', 'completed', 'released'] as const) {
      expect(reviewDelivery(DELIVERY, aView({ status, ...overrides }), EXPECTED)).toEqual({
        decision: 'stop',
        reason: `escrow ${ESCROW_ID}: ${mismatch}`,
      });
    }
  });
});
