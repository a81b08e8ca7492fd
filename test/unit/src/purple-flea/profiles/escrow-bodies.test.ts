import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatUsd, parseUsd, type MicroUsd } from '../../../../../src/money.ts';
import type { EscrowRequest } from '../../../../../src/purple-flea/escrow.ts';
import { ESCROW_BODIES } from '../../../../../src/purple-flea/profiles/escrow-bodies.ts';
import {
  COMPLETE_EXAMPLE,
  CREATE_EXAMPLE,
  DISPUTE_EXAMPLE,
  RELEASE_EXAMPLE,
} from '../../../../support/escrow-examples.ts';
import { A_REFERENCE } from '../../../../support/purple-flea.ts';

const { request: EXAMPLE } = CREATE_EXAMPLE;

function aCreateRequest(overrides: Partial<EscrowRequest> = {}): EscrowRequest {
  return {
    reference: A_REFERENCE,
    amount: parseUsd('50.00'),
    description: EXAMPLE.description,
    counterpartyAgentId: EXAMPLE.counterparty_agent_id,
    timeoutHours: EXAMPLE.timeout_hours,
    referralCode: EXAMPLE.referral_code,
    metadata: EXAMPLE.metadata,
    ...overrides,
  };
}

function createBody(overrides: Partial<EscrowRequest> = {}): Record<string, unknown> {
  return JSON.parse(ESCROW_BODIES.create(aCreateRequest(overrides))) as Record<string, unknown>;
}

describe('the body of a creation', () => {
  test('is that of the example, led by the reference, with its amount as a number with its cents', () => {
    const text = ESCROW_BODIES.create(aCreateRequest());

    expect(JSON.parse(text)).toEqual({
      ...EXAMPLE,
      description: `${A_REFERENCE} ${EXAMPLE.description}`,
      metadata: { reference: A_REFERENCE, ...EXAMPLE.metadata },
    });
    expect(text.startsWith('{"amount_usd":50.00,"description":"pf1:')).toBe(true);
  });

  test('has no referral code where there is none', () => {
    const { referralCode: _none, ...request } = aCreateRequest();

    expect(Object.keys(JSON.parse(ESCROW_BODIES.create(request)) as object)).toEqual([
      'amount_usd',
      'description',
      'counterparty_agent_id',
      'timeout_hours',
      'metadata',
    ]);
  });

  test('has at most 280 characters of description, with the reference whole and first', () => {
    expect(createBody({ description: 'x'.repeat(500) })['description']).toBe(`${A_REFERENCE} ${'x'.repeat(255)}`);
    expect(createBody({ description: `${'x'.repeat(254)}😀😀` })['description']).toBe(
      `${A_REFERENCE} ${'x'.repeat(254)}`,
    );
    expect(createBody({ description: `${'x'.repeat(200)}${' '.repeat(100)}end` })['description']).toBe(
      `${A_REFERENCE} ${'x'.repeat(200)}`,
    );
  });

  test('has its amount exactly, however large', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 999_999_999_999_999_999n }), (micros) => {
        const amount = micros as MicroUsd;
        expect(ESCROW_BODIES.create(aCreateRequest({ amount }))).toContain(`{"amount_usd":${formatUsd(amount)},`);
      }),
    );
  });
});

describe('the body of', () => {
  const [completed, disputed] = [COMPLETE_EXAMPLE.request, DISPUTE_EXAMPLE.request];

  test.each([
    [
      'a completion',
      ESCROW_BODIES.complete({ note: completed.completion_note, deliveryUrl: completed.delivery_url }),
      completed,
    ],
    ['a release', ESCROW_BODIES.release(RELEASE_EXAMPLE.request.release_note), RELEASE_EXAMPLE.request],
    ['a dispute', ESCROW_BODIES.dispute({ reason: disputed.reason, evidenceUrl: disputed.evidence_url }), disputed],
    ['a completion without words', ESCROW_BODIES.complete({}), {}],
    ['a completion with a note', ESCROW_BODIES.complete({ note: 'Done. ' }), { completion_note: 'Done.' }],
    ['a dispute without evidence', ESCROW_BODIES.dispute({ reason: 'No.' }), { reason: 'No.' }],
  ])('%s is that of the example', (_case, text, request) => {
    expect(JSON.parse(text)).toEqual(request);
  });

  test.each([
    ['a completion', ESCROW_BODIES.complete({ note: 'x'.repeat(1_001) }), 'completion_note', 1_000],
    ['a release', ESCROW_BODIES.release('x'.repeat(501)), 'release_note', 500],
    ['a dispute', ESCROW_BODIES.dispute({ reason: 'x'.repeat(2_001) }), 'reason', 2_000],
  ])('%s is shortened to what the service takes', (_case, text, field, length) => {
    expect(JSON.parse(text)).toEqual({ [field]: 'x'.repeat(length) });
  });
});
