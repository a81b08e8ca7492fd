import { describe, expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import {
  idSchema,
  instantSchema,
  optionalText,
  priceSchema,
  queryOf,
  readBody,
  readPublishedCode,
  readReferenceCode,
} from '../../../../src/purple-flea/wire.ts';
import { usdSchema } from '../../../../src/schemas.ts';
import { REFERENCE_CODES } from '../../../support/escrow-examples.ts';

const NO_CODES: [string, unknown][] = [
  ['nothing', undefined],
  ['null', null],
  ['text', 'FORBIDDEN'],
  ['a list', ['FORBIDDEN']],
  ['another field', { code: 'FORBIDDEN' }],
  ['an object', { error: { code: 'FORBIDDEN' } }],
  ['a number', { error: 403 }],
  ['an empty code', { error: '' }],
  ['a sentence', { error: 'provide position_id' }],
  ['a code with a line break', { error: 'FORBIDDEN\n' }],
  ['65 letters', { error: 'X'.repeat(65) }],
  ['a key in brackets', { error: '[key]' }],
];

describe('a code of the reference', () => {
  test.each(Object.keys(REFERENCE_CODES))('%s is read as it is', (error) => {
    expect(readReferenceCode({ success: false, error, message: 'No.' })).toBe(error);
  });

  test('in lower case is another', () => {
    expect(readReferenceCode({ error: 'forbidden' })).toBe('forbidden');
  });

  test.each(NO_CODES)('is not in %s', (_case, body) => {
    expect(readReferenceCode(body)).toBeUndefined();
  });
});

describe('a code of a published server', () => {
  test.each([
    ['unauthorized', 'UNAUTHORIZED'],
    ['invalid_key', 'UNAUTHORIZED'],
    ['forbidden', 'FORBIDDEN'],
    ['insufficient_balance', 'INSUFFICIENT_BALANCE'],
    ['invalid_amount', 'BELOW_MINIMUM_AMOUNT'],
    ['counterparty_not_found', 'COUNTERPARTY_NOT_FOUND'],
    ['invalid_counterparty', 'INVALID_COUNTERPARTY'],
    ['invalid_description', 'INVALID_DESCRIPTION'],
    ['self_escrow', 'SELF_ESCROW'],
    ['invalid_status', 'INVALID_STATUS_TRANSITION'],
    ['rate_limited', 'RATE_LIMITED'],
    ['rate_limit_exceeded', 'RATE_LIMITED'],
    ['ip_rate_limited', 'RATE_LIMITED'],
    ['internal_error', 'SERVER_ERROR'],
    ['release_failed', 'SERVER_ERROR'],
    ['debit_failed', 'DEBIT_FAILED'],
    ['already_claimed', 'ALREADY_CLAIMED'],
    ['trade_failed', 'TRADE_FAILED'],
    ['__proto__', '__PROTO__'],
  ])('%s is %s in the words of the reference', (error, code) => {
    expect(readPublishedCode({ error, message: 'No.', _info: {} })).toBe(code);
    expect(readPublishedCode({ error })).toBe(code);
  });

  test('not_found means the escrow only where the message says so: unknown paths answer alike', () => {
    expect(readPublishedCode({ error: 'not_found', message: 'Escrow not found' })).toBe('ESCROW_NOT_FOUND');
    expect(readPublishedCode({ error: 'not_found', message: 'POST /x not found' })).toBe('NOT_FOUND');
    expect(readPublishedCode({ error: 'not_found' })).toBe('NOT_FOUND');
  });

  test.each(NO_CODES)('is not in %s', (_case, body) => {
    expect(readPublishedCode(body)).toBeUndefined();
  });
});

describe('a moment', () => {
  test.each([
    ['2026-03-06T09:00:00Z', '2026-03-06T09:00:00.000Z'],
    ['2026-03-06T09:00:00.5Z', '2026-03-06T09:00:00.500Z'],
    ['2026-03-06T10:00:00+01:00', '2026-03-06T09:00:00.000Z'],
    [1_772_787_600, '2026-03-06T09:00:00.000Z'],
  ])('is read from %p into UTC', (value, instant) => {
    expect(instantSchema.safeParse(value)).toEqual({ success: true, data: instant });
  });

  test.each(['', 'soon', '2026-03-06', '2026-03-06 09:00:00', '1772787600', 0, -1, 1.5, 1e13, null, {}])(
    'is not %p',
    (value) => {
      expect(instantSchema.safeParse(value).success).toBe(false);
    },
  );
});

describe('a price', () => {
  test.each([
    ['64250.50', '64250.50'],
    [64250.5, '64250.5'],
    [0, '0'],
    ['0.00001234', '0.00001234'],
  ])('%p is kept as its text', (value, text) => {
    expect(priceSchema.safeParse(value)).toEqual({ success: true, data: text });
  });

  test.each(['', '-1', '1e5', '1,5', -1, null])('is not %p', (value) => {
    expect(priceSchema.safeParse(value).success).toBe(false);
  });
});

describe('a body', () => {
  const schema = z.object({
    escrow: z.object({ id: idSchema, note: optionalText(3), amount: z.optional(usdSchema) }),
  });

  test('is what its schema makes of it', () => {
    expect(readBody(schema, { escrow: { id: 'esc_1', more: 1 } })).toEqual({ escrow: { id: 'esc_1' } });
  });

  test.each([
    [{ escrow: { id: '' } }, /^escrow\.id: is no id/],
    [{ escrow: { id: 7 } }, /^escrow\.id: Invalid input: expected string/],
    [{ escrow: { id: 'esc_1', note: 'long' } }, /^escrow\.note: Too big/],
    [{ escrow: { id: 'esc_1', amount: '50 USDC' } }, /^escrow\.amount: "50 USDC" is not an amount/],
    [{}, /^escrow: Invalid input: expected object/],
    [null, /^body: Invalid input: expected object/],
    [undefined, /^body: Invalid input: expected object/],
  ])('%j that does not fit is named by its first problem', (body, problem) => {
    expect(readBody(schema, body)).toMatch(problem);
  });
});

describe('a query', () => {
  test.each([
    [{}, ''],
    [{ status: undefined }, ''],
    [{ status: 'locked', role: undefined, limit: 20, offset: 0 }, '?status=locked&limit=20&offset=0'],
    [{ agent_id: 'a b&c=d#' }, '?agent_id=a+b%26c%3Dd%23'],
  ])('of %j is %p', (values, query) => {
    expect(queryOf(values)).toBe(query);
  });
});
