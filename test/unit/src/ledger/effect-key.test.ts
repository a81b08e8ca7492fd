import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  clientReference,
  effectKey,
  EFFECT_KINDS,
  type Cause,
  type EffectKind,
} from '../../../../src/ledger/effect-key.ts';

const CAUSE: Cause = {
  rule: 'training-bonus',
  subject: 'arn:aws:sagemaker:us-east-1:000000000000:training-job/churn-xgb-demo',
  createdAt: '2026-03-06T08:10:00.000Z',
  status: 'Completed',
};

/** Computed by another program from the parts in JSON. */
const KNOWN: [Cause, EffectKind, string, string][] = [
  [
    CAUSE,
    'escrow-create',
    'd6287cc90de699182c58fa1d1ebd309d89cedf22171412c21415ac32ee266919',
    'pf1:2yuhzsin42mrqlcy7ior',
  ],
  [
    { rule: 'prediction-trade', subject: 'prediction-1', status: 'completed' },
    'trade-order',
    '6b463780a3695f6bc60abee5f070c80195f792b270ad7d0bbd68a59b30279c28',
    'pf1:nnddpafdnfpwxrqkx3s7',
  ],
  [
    CAUSE,
    'escrow-dispute',
    'f3bbf9de9a6fc6a258f785b798d8400635bc99404ab1a8d810b5d437310c419c',
    'pf1:6o57txu2n7dkewhxqw3z',
  ],
  [CAUSE, 'transfer', '7bb87e2298050465191b9d486c22967c003c7dada92727ef7f304dddf48fdfad', 'pf1:po4h4iuyaucgkgi3tveg'],
  [
    CAUSE,
    'faucet-claim',
    '5ef7cf82c473a08a179e781758e1b7c0a78b9dc8b4048635eeebb8a69b32ecb0',
    'pf1:l3347aweooqiuf46palv',
  ],
];

describe('an effect key', () => {
  test.each(KNOWN)(
    'is the same in every release, since ledgers are full of them: %j %s',
    (cause, kind, key, reference) => {
      expect(effectKey(cause, kind)).toBe(key);
      expect(clientReference(key)).toBe(reference);
    },
  );

  test('is the SHA-256 of its parts in JSON', () => {
    const parts = '["rule","subject",null,"done","trade-order",2]';

    expect(effectKey({ rule: 'rule', subject: 'subject', status: 'done' }, 'trade-order', 2)).toBe(
      createHash('sha256').update(parts).digest('hex'),
    );
  });

  test.each<[string, Cause, EffectKind, number]>([
    ['rule', { ...CAUSE, rule: 'other' }, 'escrow-create', 0],
    ['subject', { ...CAUSE, subject: `${CAUSE.subject}2` }, 'escrow-create', 0],
    ['creation time', { ...CAUSE, createdAt: '2026-03-06T08:10:00.001Z' }, 'escrow-create', 0],
    ['missing creation time', { ...CAUSE, createdAt: undefined }, 'escrow-create', 0],
    ['status', { ...CAUSE, status: 'Failed' }, 'escrow-create', 0],
    ['kind', CAUSE, 'escrow-release', 0],
    ['ordinal', CAUSE, 'escrow-create', 1],
  ])('is another for another %s', (_field, cause, kind, ordinal) => {
    expect(effectKey(cause, kind, ordinal)).not.toBe(effectKey(CAUSE, 'escrow-create'));
  });

  test('does not depend on the order or number of fields', () => {
    const { status, createdAt, subject, rule } = CAUSE;
    const reordered = { status, createdAt, subject, rule, id: 'an event id' };

    expect(effectKey(reordered, 'escrow-create')).toBe(effectKey(CAUSE, 'escrow-create'));
  });

  test('is another for each kind of effect of one cause, and so is its reference', () => {
    const keys = EFFECT_KINDS.map((kind) => effectKey(CAUSE, kind));

    expect(new Set(keys).size).toBe(EFFECT_KINDS.length);
    expect(new Set(keys.map(clientReference)).size).toBe(EFFECT_KINDS.length);
  });

  test('is a valid name of a Step Functions execution', () => {
    expect(effectKey(CAUSE, 'escrow-create')).toMatch(/^[0-9a-zA-Z_-]{1,80}$/);
  });

  const parts = fc.record({
    cause: fc.record({
      rule: fc.string(),
      subject: fc.string(),
      createdAt: fc.option(fc.string(), { nil: undefined }),
      status: fc.string(),
    }),
    kind: fc.constantFrom(...EFFECT_KINDS),
    ordinal: fc.nat(9),
  });

  test('and its reference never collide for different causes', () => {
    const selector = (part: unknown) => JSON.stringify(part);
    fc.assert(
      fc.property(fc.uniqueArray(parts, { selector, minLength: 2, maxLength: 40 }), (different) => {
        const keys = different.map(({ cause, kind, ordinal }) => effectKey(cause, kind, ordinal));
        expect(new Set(keys).size).toBe(different.length);
        expect(new Set(keys.map(clientReference)).size).toBe(different.length);
      }),
    );
  });

  test('does not run fields together', () => {
    const one = effectKey({ rule: 'a', subject: 'b","c', status: 'd' }, 'escrow-create');
    const other = effectKey({ rule: 'a","b', subject: 'c', status: 'd' }, 'escrow-create');

    expect(one).not.toBe(other);
  });
});

describe('a client reference', () => {
  test('is the first hundred bits of the key in base 32', () => {
    expect(clientReference(effectKey(CAUSE, 'escrow-create'))).toMatch(/^pf1:[a-z2-7]{20}$/);
    expect(clientReference('0'.repeat(64))).toBe(`pf1:${'a'.repeat(20)}`);
    expect(clientReference('f'.repeat(64))).toBe(`pf1:${'7'.repeat(20)}`);
    expect(clientReference(`08${'0'.repeat(62)}`)).toBe(`pf1:b${'a'.repeat(19)}`);
  });
});
