import { describe, expect, test } from '@jest/globals';
import { lifecycleInputSchema } from '../../../../src/escrow/lifecycle-input.ts';
import { describeProblems } from '../../../../src/schemas.ts';
import {
  deliveredStateSchema,
  askedStateSchema,
  disputeStateSchema,
  lockedStateSchema,
  releaseStateSchema,
  undecidedStateSchema,
} from '../../../../src/escrow/lifecycle-state.ts';
import {
  aDeliveredState,
  anAskedState,
  aLockedState,
  aRequest,
  aReviewedState,
} from '../../../support/bonus-escrow.ts';

function problemsOf(input: unknown): string {
  const { error } = lifecycleInputSchema.safeParse(input);
  return error === undefined ? 'none' : describeProblems(error);
}

describe('the input of an execution', () => {
  test('has its amount read exactly', () => {
    expect(lifecycleInputSchema.parse(aRequest({ amountUsd: '12.345678' }))).toEqual({
      ...aRequest(),
      amountUsd: 12_345_678n,
    });
  });

  test.each([
    { amountUsd: '1.00' },
    { amountUsd: '1' },
    { amountUsd: '10000.00' },
    { timeoutHours: 1 },
    { timeoutHours: 720 },
    { description: 'x' },
  ])('may have %j', (overrides) => {
    expect(problemsOf(aRequest(overrides))).toBe('none');
  });

  test.each([
    [{ amountUsd: '0.99' }, 'amountUsd: must be 1.00 to 10000.00'],
    [{ amountUsd: '0.999999' }, 'amountUsd: must be 1.00 to 10000.00'],
    [{ amountUsd: '10000.01' }, 'amountUsd: must be 1.00 to 10000.00'],
    [{ amountUsd: '10000.000001' }, 'amountUsd: must be 1.00 to 10000.00'],
    [{ amountUsd: '0' }, 'amountUsd: must be 1.00 to 10000.00'],
    [{ amountUsd: '-50.00' }, 'amountUsd: "-50.00" is not an amount'],
    [{ amountUsd: 'NaN' }, 'amountUsd: "NaN" is not an amount'],
    [{ amountUsd: '' }, 'amountUsd: "" is not an amount'],
    [{ amountUsd: '50.0000001' }, 'amountUsd: "50.0000001" is not an amount'],
    [{ timeoutHours: 0 }, 'timeoutHours: Too small: expected number to be >=1'],
    [{ timeoutHours: 721 }, 'timeoutHours: Too big: expected number to be <=720'],
    [{ timeoutHours: 1.5 }, 'timeoutHours: '],
    [{ timeoutHours: '24' }, 'timeoutHours: '],
    [{ timeoutHours: undefined }, 'timeoutHours: '],
    [{ counterpartyAgentId: 'ag' }, 'counterpartyAgentId: '],
    [{ description: '' }, 'description: '],
    [{ address: '' }, 'address: '],
    [{ cause: { ...aRequest().cause, createdAt: 'yesterday' } }, 'cause.createdAt: '],
    [{ cause: { rule: 'training-bonus' } }, 'cause.subject: '],
    [{ cause: undefined }, 'cause: '],
  ])('may not have %j', (overrides, problem) => {
    const problems = problemsOf({ ...aRequest(), ...overrides });

    expect(problems).toContain(problem);
    expect(problems.split('; ').every((line) => line.startsWith(Object.keys(overrides)[0] ?? ''))).toBe(true);
  });

  test('has all its problems named', () => {
    expect(problemsOf(aRequest({ amountUsd: '0.50', timeoutHours: 0 }))).toMatch(/^amountUsd: .*; timeoutHours: /);
  });

  test.each([null, 'text', []])('is not %j', (input) => {
    expect(problemsOf(input)).toMatch(/^input: /);
  });
});

describe('the state of an execution', () => {
  test('is read at each of its stages', () => {
    expect(lockedStateSchema.parse(aLockedState())).toMatchObject({ request: { amountUsd: 50_000_000n } });
    expect(deliveredStateSchema.parse(aDeliveredState())).toMatchObject({ delivery: { deliveredBy: 'registry' } });
    expect(releaseStateSchema.parse(aReviewedState())).toMatchObject({ review: { decision: 'release' } });
  });

  test.each([
    ['nothing yet', {}],
    ['a deadline', { delivery: { signal: 'deadline', deadlineAt: '2026-03-13T09:00:00Z' } }],
    ['a change', { delivery: { signal: 'changed', at: '2026-03-13T09:00:00Z', source: 'sweeper' } }],
    ['an approval', { decision: { signal: 'approved', at: '2026-03-13T09:00:00Z', by: 'ada', reason: 'good' } }],
    ['a rejection', { decision: { signal: 'rejected', at: '2026-03-13T09:00:00Z', by: 'ada', reason: 'bad' } }],
    [
      'metrics',
      { delivery: { signal: 'delivered', at: '2026-03-06T10:00:00Z', deliveredBy: 'ci', metrics: { quality: 0.9 } } },
    ],
  ])('that may be reviewed keeps what ended its waits: %s', (_case, ended) => {
    const { request: _request, escrow: _escrow, ...kept } = undecidedStateSchema.parse({ ...aLockedState(), ...ended });

    expect(kept).toEqual(ended);
  });

  test('that asks says until when', () => {
    const { review } = anAskedState();

    expect(askedStateSchema.safeParse({ ...aDeliveredState(), review }).success).toBe(true);
    expect(askedStateSchema.safeParse({ ...aDeliveredState(), review: { ...review, until: 'soon' } }).success).toBe(
      false,
    );
    expect(askedStateSchema.safeParse(aReviewedState()).success).toBe(false);
  });

  test('is refused at a stage that it has not reached', () => {
    const deadline = { ...aLockedState(), delivery: { signal: 'deadline', deadlineAt: '2026-03-13T09:00:00Z' } };
    const stopped = { ...aDeliveredState(), review: { decision: 'stop', reason: 'amount is 51.00' } };

    expect(lockedStateSchema.safeParse({ request: aRequest() }).success).toBe(false);
    expect(deliveredStateSchema.safeParse(aLockedState()).success).toBe(false);
    expect(deliveredStateSchema.safeParse(deadline).success).toBe(false);
    expect(releaseStateSchema.safeParse(aDeliveredState()).success).toBe(false);
    expect(releaseStateSchema.safeParse(stopped).success).toBe(false);
    expect(disputeStateSchema.safeParse(aReviewedState()).success).toBe(false);
    expect(undecidedStateSchema.safeParse({ ...aLockedState(), delivery: { signal: 'delivered' } }).success).toBe(
      false,
    );
  });
});
