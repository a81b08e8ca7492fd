import { describe, expect, test } from '@jest/globals';
import { gateSchema, guardSchema, passGate, type Gate } from '../../../../src/escrow/gate.ts';

const AT_LEAST = { metric: 'quality', atLeast: 0.8 } as const;
const AT_MOST = { metric: 'errorRate', atMost: 0.1 } as const;

describe('a gate', () => {
  test('that is automatic and has no rule is passed by every delivery', () => {
    expect(passGate({ mode: 'auto' }, {})).toEqual({ kind: 'passed', reason: 'whoever delivers approves' });
    expect(passGate({ mode: 'auto' }, { quality: 0 })).toMatchObject({ kind: 'passed' });
  });

  test('that is a person is passed by no delivery', () => {
    expect(passGate({ mode: 'person' }, { quality: 1 })).toEqual({
      kind: 'person',
      reason: 'a person decides about every delivery',
    });
  });

  // 0.800000011920929 is what 0.8 is in single precision.
  test.each([
    [0.9, true],
    [0.8, true],
    [Math.fround(0.8), true],
    [0.8000001, true],
    [0.7999999, false],
    [0.79, false],
    [0, false],
    [-1, false],
    [Infinity, true],
  ])('that wants at least 0.8 is given %d: %p', (quality, isPassed) => {
    for (const [mode, failed] of [
      ['auto', 'failed'],
      ['auto-then-person', 'person'],
    ] as const) {
      expect(passGate({ mode, rule: AT_LEAST }, { quality }).kind).toBe(isPassed ? 'passed' : failed);
    }
  });

  // 0.1 in single precision is 0.10000000149011612: more than 0.1, and no failure.
  test.each([
    [0, true],
    [0.1, true],
    [Math.fround(0.1), true],
    [0.1000001, false],
    [0.2, false],
  ])('that wants at most 0.1 is given %d: %p', (errorRate, isPassed) => {
    for (const [mode, failed] of [
      ['auto', 'failed'],
      ['auto-then-person', 'person'],
    ] as const) {
      expect(passGate({ mode, rule: AT_MOST }, { errorRate }).kind).toBe(isPassed ? 'passed' : failed);
    }
  });

  test('wants at least 0.9 of a value that is less than that in single precision only', () => {
    expect(Math.fround(0.9)).toBeLessThan(0.9);
    expect(
      passGate({ mode: 'auto', rule: { metric: 'quality', atLeast: 0.9 } }, { quality: Math.fround(0.9) }),
    ).toEqual({
      kind: 'passed',
      reason: 'quality is 0.9, at least 0.9 is wanted',
    });
  });

  test.each([
    [{ mode: 'auto', rule: AT_LEAST }, { quality: 0.7 }, 'quality is 0.7, at least 0.8 is wanted'],
    [{ mode: 'auto-then-person', rule: AT_MOST }, { errorRate: 0.25 }, 'errorRate is 0.25, at most 0.1 is wanted'],
  ] as const)('says what was measured and what is wanted', (gate, metrics, reason) => {
    expect(passGate(gate, metrics).reason).toBe(reason);
  });

  test.each(['auto', 'auto-then-person'] as const)(
    'asks a person where what it goes by is missing: neither passed nor failed in mode %s',
    (mode) => {
      for (const metrics of [{}, { Quality: 1 }] as Readonly<Record<string, number>>[]) {
        expect(passGate({ mode, rule: AT_LEAST }, metrics)).toEqual({
          kind: 'person',
          reason: 'the delivery does not say quality',
        });
      }
    },
  );

  test('asks a person where what it goes by is no number', () => {
    expect(passGate({ mode: 'auto', rule: AT_LEAST }, { quality: NaN }).kind).toBe('person');
    expect(passGate({ mode: 'auto', rule: AT_MOST }, { errorRate: NaN }).kind).toBe('person');
  });

  test('does not take what every object has for a metric', () => {
    const rule = { metric: 'constructor', atLeast: 0 };

    expect(passGate({ mode: 'auto', rule }, {})).toMatchObject({ kind: 'person' });
  });
});

describe('the configuration of a gate', () => {
  test.each<Gate>([
    { mode: 'auto' },
    { mode: 'auto', rule: AT_LEAST },
    { mode: 'person' },
    { mode: 'auto-then-person', rule: AT_MOST },
  ])('may be %j', (gate) => {
    expect(gateSchema.parse(gate)).toEqual(gate);
  });

  test.each([
    {},
    { mode: 'nobody' },
    { mode: 'auto-then-person' },
    { mode: 'auto', rule: { metric: 'quality' } },
    { mode: 'auto', rule: { metric: 'quality', atLeast: 0.1, atMost: 0.9 } },
    { mode: 'auto', rule: { metric: '', atLeast: 0.1 } },
    { mode: 'auto', rule: { atLeast: 0.1 } },
    { mode: 'auto', rule: { metric: 'quality', atLeast: '0.1' } },
  ])('may not be %j', (gate) => {
    expect(gateSchema.safeParse(gate).success).toBe(false);
  });
});

describe('the configuration of a guard', () => {
  test.each([0.25, 2, 72])('may tell people %d hours ahead', (alertHours) => {
    for (const otherwise of ['release', 'dispute', 'let-lapse'] as const) {
      expect(guardSchema.safeParse({ alertHours, default: otherwise }).success).toBe(true);
    }
  });

  test.each([
    { alertHours: 0, default: 'release' },
    { alertHours: 0.24, default: 'release' },
    { alertHours: -1, default: 'release' },
    { alertHours: 72.1, default: 'release' },
    { alertHours: 2, default: 'wait' },
    { alertHours: 2 },
    { default: 'release' },
  ])('may not be %j', (guard) => {
    expect(guardSchema.safeParse(guard).success).toBe(false);
  });
});
