import { expect, test } from '@jest/globals';
import { readFaultRule, type FaultRule } from '../../../twin/faults/fault.ts';
import { createFaultPlan } from '../../../twin/faults/fault-plan.ts';

const RELEASE = { route: 'POST /escrow/release/:id', fault: 'error-500', count: null };

function rule(body: Record<string, unknown>): FaultRule {
  const read = readFaultRule(body);
  if ('route' in read) return read;
  throw new Error(read.join('; '));
}

function fires(body: Record<string, unknown>, times: number): boolean[] {
  const plan = createFaultPlan();
  plan.add(rule(body));
  return Array.from({ length: times }, () => plan.decide('POST', '/escrow/release/esc_1') !== undefined);
}

test('the same seed gives the same faults, another one others', () => {
  const dice = { ...RELEASE, probability: 0.5 };

  expect(fires({ ...dice, seed: 7 }, 40)).toEqual(fires({ ...dice, seed: 7 }, 40));
  expect(fires({ ...dice, seed: 7 }, 40)).not.toEqual(fires({ ...dice, seed: 8 }, 40));
});

test.each([
  [0, 0, 0],
  [0.1, 800, 1200],
  [0.5, 4800, 5200],
  [1, 10_000, 10_000],
])('a probability of %d is kept', (probability, from, to) => {
  const count = fires({ ...RELEASE, probability }, 10_000).filter(Boolean).length;

  expect(count).toBeGreaterThanOrEqual(from);
  expect(count).toBeLessThanOrEqual(to);
});

test('the first rule that fits and is not used up decides', () => {
  const plan = createFaultPlan();
  plan.add(rule({ ...RELEASE, fault: 'reset', count: 1 }));
  plan.add(rule({ ...RELEASE, fault: 'malformed', count: 1 }));
  const decide = (method: string, path: string) => plan.decide(method, path)?.fault;

  expect(decide('GET', '/escrow/release/esc_1')).toBeUndefined();
  expect(decide('POST', '/escrow/release/esc_1/now')).toBeUndefined();
  expect(decide('POST', '/escrow/release/')).toBeUndefined();
  expect(decide('POST', '/escrow/release/esc_1')).toBe('reset');
  expect(decide('POST', '/escrow/release/esc_2')).toBe('malformed');
  expect(decide('POST', '/escrow/release/esc_3')).toBeUndefined();
  expect(plan.list().map(({ fired }) => fired)).toEqual([1, 1]);
});
