import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Gate, Guard } from '../../../../src/escrow/gate.ts';
import {
  awaitSignal,
  deliverDeadlines,
  deliverSignal,
  type Signal,
  type WaitEnd,
} from '../../../../src/escrow/mailbox.ts';
import { nextLook } from '../../../../src/escrow/next-look.ts';
import { reviewDelivery, type Review, type ReviewTerms } from '../../../../src/escrow/review.ts';
import type { EscrowStatus } from '../../../../src/purple-flea/escrow.ts';
import { aView, OWNER, REFERENCE } from '../../../support/bonus-escrow.ts';
import { createMemoryMailbox, createTasks } from '../../../support/memory-mailbox.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const ESCROW = 'escrow:esc_1';

/** One escrow, from the moment in which there is something to decide. */
interface Story {
  readonly timeoutHours: number;
  readonly gate: Gate;
  readonly guard: Guard;
  readonly status: 'locked' | 'completed';
  /** How much of the service's time is left when the first review takes place, of 1. */
  readonly left: number;
  /** What is said, and when, in percent of the time that is left; past 100 it is too late. */
  readonly said: readonly { readonly signal: Signal['type']; readonly at: number; readonly quality: number }[];
  /** Minutes from the moment in which a wait is due to the review that follows it. */
  readonly lag: number;
  /** Minutes from the service's deadline to its settlement. */
  readonly slack: number;
}

const rule = { metric: 'quality', atLeast: 0.8 };
const story: fc.Arbitrary<Story> = fc.record({
  timeoutHours: fc.integer({ min: 1, max: 720 }),
  gate: fc.constantFrom<Gate>({ mode: 'auto', rule }, { mode: 'person' }, { mode: 'auto-then-person', rule }),
  guard: fc.record({
    alertHours: fc.double({ min: 0.25, max: 72, noNaN: true }),
    default: fc.constantFrom('release', 'dispute', 'let-lapse'),
  }),
  status: fc.constantFrom('locked', 'completed'),
  left: fc.double({ min: 0.05, max: 1, noNaN: true }),
  said: fc.uniqueArray(
    fc.record({
      signal: fc.constantFrom('delivered', 'approved', 'rejected', 'changed'),
      at: fc.integer({ min: 0, max: 120 }),
      quality: fc.constantFrom(0.5, 0.8, 0.93),
    }),
    { maxLength: 4, selector: ({ at }) => at },
  ),
  lag: fc.integer({ min: 0, max: 2 }),
  slack: fc.integer({ min: 0, max: 600 }),
});

interface Told {
  readonly reviews: readonly { readonly at: number; readonly review: Review }[];
  readonly settled: { readonly at: number; readonly by: 'us' | 'service'; readonly as: string };
  readonly deadline: number;
}

/**
 * Time as it passes for one execution: a review, a wait in the real mailbox, whatever comes first of what is said and what
 * is due, the next review. The service settles by itself once its deadline has passed.
 */
async function play(told: Story): Promise<Told> {
  const start = Date.parse('2026-03-06T09:00:00Z');
  const span = told.timeoutHours * HOUR * told.left;
  const deadline = start + Math.round(span);
  const serviceSettlesAt = deadline + told.slack * MINUTE;
  const terms: ReviewTerms = {
    reference: REFERENCE,
    amountUsd: '50.00',
    counterpartyAgentId: OWNER,
    timeoutHours: told.timeoutHours,
    gate: told.gate,
    guard: told.guard,
  };
  const mailbox = createMemoryMailbox();
  const reviews: { at: number; review: Review }[] = [];
  const ahead = told.said
    .map(({ at, ...rest }) => ({ ...rest, at: start + Math.round((at / 100) * span) }))
    .toSorted((one, other) => one.at - other.at);
  let now = start;
  let decision: WaitEnd | undefined;

  for (let looks = 0; looks < 200; looks += 1) {
    const isSettled = now >= serviceSettlesAt;
    const settledStatus: EscrowStatus = told.status === 'completed' ? 'auto_released' : 'refunded';
    const view = aView({
      status: isSettled ? settledStatus : told.status,
      deadlineAt: new Date(deadline).toISOString(),
    });
    const review = reviewDelivery(decision === undefined ? [] : [decision], view, terms, new Date(now));
    reviews.push({ at: now, review });
    if (review.decision === 'check-status') {
      return { reviews, deadline, settled: { at: serviceSettlesAt, by: 'service', as: settledStatus } };
    }
    if (review.decision === 'release' || review.decision === 'dispute') {
      return { reviews, deadline, settled: { at: now, by: 'us', as: review.decision } };
    }
    if (!('until' in review)) throw new Error(review.reason);
    const { until } = review;

    const tasks = createTasks([`token-${looks}`]);
    const deps = { mailbox, resume: tasks.resume };
    const isDelivered = decision?.signal === 'delivered';
    await awaitSignal(deps, {
      taskToken: `token-${looks}`,
      addresses: [ESCROW],
      takes: [...(isDelivered ? [] : ['delivered' as const]), 'approved', 'rejected', 'changed'],
      notBefore: new Date(start).toISOString(),
      deadlineAt: until,
    });
    while (tasks.ended.size === 0) {
      const due = Date.parse(until);
      const [next] = ahead;
      if (next !== undefined && next.at <= due) {
        ahead.shift();
        now = Math.max(now, next.at);
        await deliverSignal(deps, ESCROW, signalOf(next.signal, next.at, next.quality));
      } else {
        now = Math.max(now, due) + told.lag * MINUTE;
        await deliverDeadlines(deps, new Date(now), 10);
      }
    }
    decision = tasks.ended.get(`token-${looks}`);
  }
  throw new Error('looked 200 times');
}

function signalOf(type: Signal['type'], time: number, quality: number): Signal {
  const at = new Date(time).toISOString();
  switch (type) {
    case 'delivered':
      return { type, at, deliveredBy: 'registry', metrics: { quality } };
    case 'approved':
    case 'rejected':
      return { type, at, by: 'ada', reason: 'seen' };
    case 'changed':
      return { type, at, source: 'sweeper' };
  }
}

describe('over 10,000 random delays of reviews and signals', () => {
  test('no escrow settles undecided, and only what was left to lapse is settled by silence', async () => {
    const ends: Record<string, number> = {};
    await fc.assert(
      fc.asyncProperty(story, async (one) => {
        const { reviews, settled, deadline } = await play(one);
        const decided = reviews.filter(({ review: { decision } }) => decision !== 'ask' && decision !== 'check-status');
        const [first] = decided;
        // A sweep may be late by its lag; the guard leaves room for more than that: a 16th of the time, at least 3 minutes.
        expect(first?.at).toBeLessThan(deadline);
        const recorded = decided.map(({ review }) => review.decision);
        expect(recorded).toContain(settled.by === 'us' ? settled.as : 'let-lapse');
        expect(settled.by === 'us' || one.guard.default === 'let-lapse').toBe(true);
        expect(settled.by === 'us' || settled.at >= deadline).toBe(true);
        const end = settled.by === 'us' ? settled.as : 'let-lapse';
        ends[end] = (ends[end] ?? 0) + 1;
      }),
      { numRuns: 10_000, seed: 20_260_306 },
    );

    expect(Object.keys(ends).toSorted()).toEqual(['dispute', 'let-lapse', 'release']);
    for (const count of Object.values(ends)) expect(count).toBeGreaterThan(500);
  });

  test('what a person said first decides, if it was said before the guard did', async () => {
    await fc.assert(
      fc.asyncProperty(story, async (one) => {
        const { reviews, settled } = await play({ ...one, gate: { mode: 'person' } });
        const word = [...one.said]
          .toSorted((first, other) => first.at - other.at)
          .find(({ signal }) => signal === 'approved' || signal === 'rejected');
        const last = reviews.at(-1)?.review;
        if (last?.decision !== 'release' && last?.decision !== 'dispute') return;
        const wanted = word?.signal === 'approved' ? 'release' : 'dispute';
        expect(settled.as).toBe(last.reason.startsWith('nobody decided') ? one.guard.default : wanted);
      }),
      { numRuns: 2_000, seed: 7 },
    );
  });

  test('the next look at an open escrow is never in the past', () => {
    fc.assert(
      fc.property(fc.integer({ min: -720 * 60, max: 720 * 60 }), (minutes) => {
        const now = new Date('2026-03-06T09:00:00Z');
        const deadlineAt = new Date(now.getTime() + minutes * MINUTE).toISOString();
        for (const status of ['locked', 'completed', 'disputed'] as const) {
          expect(Date.parse(nextLook({ status, deadlineAt, disputedAt: deadlineAt }, now))).toBeGreaterThan(
            now.getTime(),
          );
        }
      }),
    );
  });
});
