import { describe, expect, test } from '@jest/globals';
import {
  beginnings,
  digestTerms,
  findTooOld,
  knownSince,
  knownSinceOf,
  LEDGER,
  moveBeginning,
  type Beginnings,
  type RuleTerms,
} from '../../../../src/ledger/beginnings.ts';
import { afterNoon, MINUTE, NOON } from '../../../support/effects.ts';

const A = { name: 'bonus/a', terms: 'terms of a' };
const B = { name: 'bonus/b', terms: 'terms of b' };
const BY = { movedAt: NOON.toISOString(), operator: 'ada', reason: 'restored' };
const at = (minutes: number): string => afterNoon(minutes * MINUTE).toISOString();

/** A ledger whose table was created at noon, seen a minute later. */
const FIRST = beginnings(undefined, NOON, [A], afterNoon(MINUTE));

describe('what begins', () => {
  test('is the ledger with its table, however late it is seen, and each rule that is there then with it', () => {
    expect(beginnings(undefined, NOON, [A, B], afterNoon(90 * MINUTE))).toEqual({
      at: at(0),
      tableCreatedAt: at(0),
      rules: { 'bonus/a': { terms: A.terms }, 'bonus/b': { terms: B.terms } },
      moves: [],
      version: 1,
    });
  });

  test('stays as it was recorded, and is not written again', () => {
    expect(beginnings(FIRST, NOON, [A], afterNoon(600 * MINUTE))).toBe(FIRST);
  });

  test.each([
    ['comes later', [A, B], 'bonus/b'],
    ['is renamed', [{ ...A, name: 'bonus/renamed' }], 'bonus/renamed'],
    ['pays on other terms', [{ ...A, terms: 'more jobs' }], 'bonus/a'],
  ])('is a rule that %s when it is first seen', (_case, rules, name) => {
    const later = beginnings(FIRST, NOON, rules, afterNoon(60 * MINUTE));

    expect(later.rules[name]).toMatchObject({ at: at(60) });
    expect(later.version).toBe(2);
  });

  test('is a restored table with its own creation, although the item came with it', () => {
    const restored = beginnings(FIRST, afterNoon(300 * MINUTE), [A], afterNoon(310 * MINUTE));

    expect(restored).toMatchObject({ at: at(300), rules: FIRST.rules, version: 2 });
    expect(findTooOld(restored, A.name, [at(299)])?.reason).toBe('older-than-ledger');
  });
});

describe('a rule that comes back to terms that it had', () => {
  const DAY = 24 * 60;
  const AWAY: readonly RuleTerms[] = [];
  const OTHERS = [{ ...A, terms: 'other terms' }];
  /** Deployed one after the other, each at a minute. */
  const deployed = (...stages: readonly (readonly [minute: number, rules: readonly RuleTerms[]])[]): Beginnings =>
    stages.reduce<Beginnings>(
      (stored, [minute, rules]) => beginnings(stored, NOON, rules, afterNoon(minute * MINUTE)),
      FIRST,
    );
  const whyNot = (stored: Beginnings, ...minutes: readonly number[]) =>
    findTooOld(stored, A.name, minutes.map(at))?.detail;

  test.each([
    ['had other terms for a while, as after a deployment that was rolled back', OTHERS],
    ['was away for a while', AWAY],
  ])('goes on where it %s, but for what came to be meanwhile', (_case, between) => {
    const back = deployed([60, between], [90, [A]]);

    expect(back.rules).toEqual({ 'bonus/a': { terms: A.terms, gaps: [{ from: at(60), until: at(90) }] } });
    expect([whyNot(back, 59), whyNot(back, 90)]).toEqual([undefined, undefined]);
    for (const times of [[60], [89], [59, 61]]) {
      expect(whyNot(back, ...times)).toMatch(`bonus/a had other terms from ${at(60)} until ${at(90)}`);
    }
  });

  test('judges by the terms between only what came to be under them', () => {
    const between = deployed([60, OTHERS]);

    expect(whyNot(between, 59)).toMatch(`began to pay on its present terms at ${at(60)}`);
    expect(whyNot(between, 60)).toBeUndefined();
  });

  test('keeps when it began itself, and every gap, however often it changes to and fro', () => {
    const fro = deployed([10, [...OTHERS, B]], [20, [A, B]], [30, OTHERS], [40, [A]], [50, [...OTHERS, B]]);

    expect(fro.rules['bonus/b']).toEqual({ terms: B.terms, at: at(10), gaps: [{ from: at(30), until: at(50) }] });
    expect(fro.rules['bonus/a']).toEqual({
      terms: 'other terms',
      at: at(10),
      gaps: [
        { from: at(20), until: at(30) },
        { from: at(40), until: at(50) },
      ],
    });
    expect(beginnings(fro, NOON, [...OTHERS, B], afterNoon(60 * MINUTE))).toBe(fro);
  });

  test.each([
    ['after 30 days', 60 + 30 * DAY, undefined],
    ['later', 61 + 30 * DAY, 61 + 30 * DAY],
  ])('begins anew only %s', (_case, minute, began) => {
    const back = deployed([60, AWAY], [minute, [A]]);

    expect(back.rules['bonus/a']?.at).toBe(began === undefined ? undefined : at(began));
  });

  test('begins anew where it changed more often than is kept', () => {
    const stages = Array.from({ length: 22 }, (_, index) => [index + 1, index % 2 === 0 ? OTHERS : [A]] as const);

    expect(deployed(...stages).rules['bonus/a']).toEqual({ terms: A.terms, at: at(22) });
  });

  test('keeps the last five of its terms', () => {
    const others = Array.from({ length: 6 }, (_, index) => [index + 1, [{ ...A, terms: `terms ${index}` }]] as const);

    expect(deployed(...others).earlier?.['bonus/a']).toHaveLength(5);
    expect(deployed(...others, [9, [A]]).rules['bonus/a']?.at).toBe(at(9));
  });

  test('is as a person moved it, without gaps', () => {
    const back = deployed([60, OTHERS], [90, [A]]);
    const moved = moveBeginning(back, afterNoon(70 * MINUTE), { ...BY, what: A.name });

    expect(moved?.rules['bonus/a']).toEqual({ terms: A.terms, at: at(70) });
  });
});

describe('a beginning that a person moves', () => {
  test.each([
    ['back', -60],
    ['forward', 60],
  ])('goes %s, stays there, and says who moved it from where and why', (_case, minutes) => {
    const moved = moveBeginning(FIRST, afterNoon(minutes * MINUTE), { ...BY, what: LEDGER });

    expect(moved).toMatchObject({
      at: at(minutes),
      moves: [{ ...BY, what: LEDGER, from: at(0), to: at(minutes) }],
      version: 2,
    });
    expect(beginnings(moved, NOON, [A], afterNoon(600 * MINUTE))).toBe(moved);
    expect(findTooOld(moved ?? FIRST, A.name, [at(minutes - 1)])?.reason).toBe('older-than-ledger');
    expect(findTooOld(moved ?? FIRST, A.name, [at(minutes)])).toBeUndefined();
  });

  test('is a rule’s own where one is named, and none where there is no such rule', () => {
    const moved = moveBeginning(FIRST, afterNoon(30 * MINUTE), { ...BY, what: A.name });

    expect(moved).toMatchObject({ at: at(0), rules: { 'bonus/a': { terms: A.terms, at: at(30) } } });
    expect(moveBeginning(FIRST, NOON, { ...BY, what: 'bonus/unknown' })).toBeUndefined();
  });

  test.each([
    ['was restored', beginnings(FIRST, afterNoon(300 * MINUTE), [A], afterNoon(310 * MINUTE)), 300],
    ['was copied into, as a person said', moveBeginning(FIRST, afterNoon(200 * MINUTE), { ...BY, what: LEDGER }), 0],
  ])('back does not say that a table which %s knows what was sent before', (_case, later = FIRST, created) => {
    const since = later.at;
    const moved = moveBeginning(later, NOON, { ...BY, what: LEDGER }) ?? FIRST;

    expect(findTooOld(moved, A.name, [at(0)])).toBeUndefined();
    expect([knownSince(moved), knownSinceOf(moved, afterNoon(created * MINUTE))]).toEqual([since, since]);
    expect(beginnings(moved, afterNoon(created * MINUTE), [A], afterNoon(600 * MINUTE))).toBe(moved);
  });

  test('back, on a table that is all there ever was, lets it know of all that is not older', () => {
    const moved = moveBeginning(FIRST, afterNoon(-60 * MINUTE), { ...BY, what: LEDGER }) ?? FIRST;

    expect([knownSince(moved), knownSinceOf(moved, NOON)]).toEqual([at(-60), at(-60)]);
  });

  test('does not reach back behind a table that is restored after that', () => {
    const moved = moveBeginning(FIRST, afterNoon(-600 * MINUTE), { ...BY, what: LEDGER });

    expect(beginnings(moved, afterNoon(60 * MINUTE), [A], afterNoon(61 * MINUTE)).at).toBe(at(60));
  });
});

describe('a cause', () => {
  test.each([
    ['of the second in which the ledger began', new Date(NOON.getTime() + 900), [at(0)], undefined],
    ['of the second before', NOON, ['2026-03-06T11:59:59.999Z'], 'older-than-ledger'],
    ['of later', NOON, [at(1)], undefined],
    ['whose source is a few minutes behind', NOON, [at(-3), at(1)], 'older-than-ledger'],
    ['whose source is a few minutes ahead', NOON, [at(3), at(-1)], 'older-than-ledger'],
    ['without a readable time', NOON, ['never'], 'older-than-ledger'],
    ['without a time', NOON, [], 'older-than-ledger'],
  ])('%s is too old only where its earliest time is', (_case, created, times, expected) => {
    const stored = beginnings(undefined, created, [A], afterNoon(MINUTE));

    expect(findTooOld(stored, A.name, times)?.reason).toBe(expected);
  });

  test('is too old for a rule that began after it, and for one that has not begun', () => {
    const later = beginnings(FIRST, NOON, [A, B], afterNoon(60 * MINUTE));

    expect(findTooOld(later, B.name, [at(59)])).toEqual({
      reason: 'older-than-rule',
      causedAt: at(59),
      rule: B.name,
      detail: `of ${at(59)}; bonus/b began to pay on its present terms at ${at(60)}`,
    });
    expect(findTooOld(later, B.name, [at(60)])).toBeUndefined();
    expect(findTooOld(later, A.name, [at(59)])).toBeUndefined();
    expect(findTooOld(later, 'bonus/unseen', [at(90)])?.reason).toBe('older-than-rule');
  });
});

test('terms are the same in whatever order they are written, and others where a value is another', () => {
  const terms = { jobs: { prefix: 'churn-' }, tiers: [{ beyond: 0.9 }, { beyond: 0.8 }], tag: undefined };
  const reordered = { tiers: [{ beyond: 0.8 }, { beyond: 0.9 }], jobs: { prefix: 'churn-' } };

  expect(digestTerms(reordered)).toBe(digestTerms(terms));
  expect(digestTerms({ ...terms, jobs: { prefix: 'churn' } })).not.toBe(digestTerms(terms));
  expect(digestTerms({ ...terms, tiers: [{ beyond: 0.9 }] })).not.toBe(digestTerms(terms));
});
