import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cut, leadWithReference } from '../../../../src/purple-flea/client-text.ts';
import { A_REFERENCE } from '../../../support/purple-flea.ts';

const texts = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.string());

describe('a text that is cut', () => {
  test.each([
    ['a short text', 20, 'a short text'],
    ['exactly', 7, 'exactly'],
    ['exactly!', 7, 'exactly'],
    ['a blank at the end ', 50, 'a blank at the end'],
    ['a blank at the cut', 8, 'a blank'],
    ['line\n\n', 6, 'line'],
    ['ab😀', 4, 'ab😀'],
    ['ab😀', 3, 'ab'],
    ['ab\uD83D', 3, 'ab\uFFFD'],
    ['\uDE00ab', 3, '\uFFFDab'],
    ['', 5, ''],
    ['   ', 5, ''],
    ['text', 0, ''],
  ])('%j at %i is %j', (text, length, cutText) => {
    expect(cut(text, length)).toBe(cutText);
  });

  test('is its beginning, within the length, without half a character or a blank at its end', () => {
    fc.assert(
      fc.property(texts, fc.nat(40), (text, length) => {
        const short = cut(text, length);
        expect(short.length).toBeLessThanOrEqual(length);
        expect(text.toWellFormed().startsWith(short)).toBe(true);
        expect(short.isWellFormed()).toBe(true);
        expect(short).toBe(short.trimEnd());
      }),
      { numRuns: 500 },
    );
  });

  test('is cut once: cutting it again changes nothing', () => {
    fc.assert(
      fc.property(texts, fc.nat(40), (text, length) => {
        expect(cut(cut(text, length), length)).toBe(cut(text, length));
      }),
    );
  });

  test('loses no more than a character and the blanks before it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 30 }), fc.integer({ min: 5, max: 25 }), (text, length) => {
        const rest = text.slice(cut(text, length).length, length);
        expect(rest.replace(/[\uD800-\uDBFF]$/, '').trim()).toBe('');
      }),
    );
  });
});

describe('a text that the reference leads', () => {
  test('has it first, then a blank, then the text', () => {
    expect(leadWithReference(A_REFERENCE, 'Bonus for a job', 280)).toBe(`${A_REFERENCE} Bonus for a job`);
  });

  test('is the reference alone where there is no text', () => {
    expect(leadWithReference(A_REFERENCE, '', 280)).toBe(A_REFERENCE);
    expect(leadWithReference(A_REFERENCE, '  \n', 280)).toBe(A_REFERENCE);
  });

  test('is shortened at its end', () => {
    const text = leadWithReference(A_REFERENCE, 'x'.repeat(500), 280);

    expect(text).toHaveLength(280);
    expect(text).toBe(`${A_REFERENCE} ${'x'.repeat(280 - A_REFERENCE.length - 1)}`);
  });

  test('begins with the whole reference, whatever the text, and has 280 characters at most', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
        const led = leadWithReference(A_REFERENCE, text, 280);
        expect(led === A_REFERENCE || led.startsWith(`${A_REFERENCE} `)).toBe(true);
        expect(led.length).toBeLessThanOrEqual(280);
        expect(led.isWellFormed()).toBe(true);
        expect(led).toBe(led.trimEnd());
      }),
      { numRuns: 500 },
    );
  });
});
