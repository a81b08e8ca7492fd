import { describe, expect, test } from '@jest/globals';
import { loadConfig, parseConfig, type Config } from '../../../lib/config.ts';

type Rule = Config['bonus']['rules'][number];

const FILE = 'config/mine.json';
const LOCAL = loadConfig('local');

function aRule(overrides: Partial<Rule> = {}): Rule {
  const [rule] = LOCAL.bonus.rules;
  if (rule === undefined) throw new Error('the local stage has no rule');
  return { ...rule, ...overrides };
}

/** The first problem of a stage with these rules, or "accepted". */
function problemOf(bonus: unknown, budgets: unknown = LOCAL.budgets): string {
  try {
    parseConfig({ ...LOCAL, bonus, budgets }, FILE);
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).split('\n')[1] ?? '';
  }
  return 'accepted';
}

function problemWith(...rules: Rule[]): string {
  return problemOf({ rules });
}

describe('rules for the same jobs', () => {
  const named = (name: string, jobs: Rule['jobs']) => aRule({ name, jobs });

  test.each<[string, Rule['jobs'], Rule['jobs']]>([
    ['a prefix twice', { prefix: 'churn-' }, { prefix: 'churn-' }],
    ['a pattern twice', { pattern: '*-churn-*' }, { pattern: '*-churn-*' }],
    ['every job twice', { pattern: '*' }, { pattern: '*' }],
    ['a tag twice', { tag: { key: 'team', value: 'a' } }, { tag: { key: 'team', value: 'a' } }],
    ['tags of two keys', { tag: { key: 'team', value: 'a' } }, { tag: { key: 'model', value: 'b' } }],
    ['patterns as exact as each other', { pattern: 'a*-train' }, { pattern: '*b-train' }],
    ['patterns that both begin in *', { pattern: '*-gb' }, { pattern: 'a*x*b' }],
  ])('are refused, since it is not certain which wins: %s', (_case, one, other) => {
    expect(problemWith(named('one', one), named('other', other))).toMatch(
      /^ {2}bonus\.rules\[1\]\.jobs: got .*; allowed: .*A job may be one of rule "one" as well, and neither is more exact/,
    );
  });

  test.each<[Rule['jobs'], Rule['jobs']]>([
    [{ prefix: 'churn-' }, { pattern: 'churn-*-xgb' }],
    [{ pattern: 'pipelines-*-Churn-*' }, { prefix: 'pipelines-' }],
  ])('are refused where one would never win: %j %j', (one, other) => {
    expect(problemWith(named('one', one), named('other', other))).toContain('It would never win: rule "');
  });

  test.each<[Rule['jobs'], Rule['jobs']]>([
    [{ prefix: 'churn-' }, { prefix: 'churn-xgb-' }],
    [{ prefix: 'churn-' }, { pattern: '*' }],
    [{ prefix: 'churn-' }, { tag: { key: 'team', value: 'churn' } }],
    [{ tag: { key: 'team', value: 'a' } }, { tag: { key: 'team', value: 'b' } }],
    [{ pattern: 'pipelines-*-Churn-*' }, { pattern: 'pipelines-*-Fraud-*x' }],
    [{ pattern: 'a*-train' }, { pattern: 'b*-train' }],
    [{ pattern: '*-train' }, { pattern: '*-churn-train' }],
  ])('are accepted where exactly one wins: %j %j', (one, other) => {
    expect(problemWith(named('one', one), named('other', other))).toBe('accepted');
    expect(problemWith(named('other', other), named('one', one))).toBe('accepted');
  });
});

test.each([
  ['prefix', { prefix: '' }],
  ['prefix', { prefix: '-churn' }],
  ['pattern', { pattern: 'churn-*' }],
  ['pattern', { pattern: 'churn-1' }],
  ['pattern', { pattern: 'a**b' }],
  ['pattern', { pattern: '' }],
  ['tag.key', { tag: { key: '', value: 'x' } }],
  ['tag.value', { tag: { key: 'team', value: 'a;b' } }],
])('jobs are not named by a %s such as %j', (field, jobs) => {
  expect(problemWith(aRule({ jobs }))).toMatch(
    new RegExp(`^ {2}bonus\\.rules\\[0\\]\\.jobs\\.${field.replace('.', '\\.')}: got "`),
  );
});

describe('a tier', () => {
  const tiersOf = (...tiers: [number, string][]) => tiers.map(([beyond, amountUsd]) => ({ beyond, amountUsd }));
  const lower = { direction: 'lower', plausible: { min: 0, max: 100 } } as const;

  test.each<[string, Partial<Rule>, string]>([
    ['in per cent', { tiers: tiersOf([90, '50.00']) }, 'tiers[0].beyond: got 90'],
    ['that nothing plausible is beyond', { tiers: tiersOf([1, '50.00']) }, 'tiers[0].beyond: got 1'],
    ['below what is plausible', { tiers: tiersOf([-0.1, '50.00']) }, 'tiers[0].beyond: got -0.1'],
    ['that is there twice', { tiers: tiersOf([0.9, '50.00'], [0.9, '20.00']) }, 'tiers[1].beyond: got 0.9'],
    [
      'that is another in single precision',
      { tiers: tiersOf([0.9, '50.00'], [0.900000001, '60.00']) },
      'tiers[1].beyond',
    ],
    [
      'that pays less than a worse one',
      { tiers: tiersOf([0.7, '50.00'], [0.9, '20.00']) },
      'tiers[1].amountUsd: got "20.00"',
    ],
    ['that pays no more than a worse one', { tiers: tiersOf([0.9, '20.00'], [0.7, '20.00']) }, 'tiers[0].amountUsd'],
    ['of the other direction', { ...lower, tiers: tiersOf([5, '20.00'], [10, '50.00']) }, 'tiers[0].amountUsd'],
    ['that nothing plausible is below', { ...lower, tiers: tiersOf([0, '50.00']) }, 'tiers[0].beyond: got 0'],
  ])('is refused %s', (_case, overrides, problem) => {
    expect(problemWith(aRule(overrides))).toContain(`bonus.rules[0].${problem}`);
  });

  test.each<[Partial<Rule>]>([
    [{ tiers: tiersOf([0, '1.00']) }],
    [{ ...lower, tiers: tiersOf([100, '5.00'], [10, '20.00']) }],
    [{ ...lower, tiers: tiersOf([10, '20.00'], [100, '5.00']) }],
  ])('is accepted: %j', (overrides) => {
    expect(problemWith(aRule(overrides))).toBe('accepted');
  });

  test.each([
    [
      'the agent',
      { perDay: { 'trade-order': '500.00' }, perAgentAndDay: { 'escrow-create': '49.99' } },
      'perAgentAndDay',
    ],
    ['all', { perDay: { 'trade-order': '500.00', 'escrow-create': '49.99' }, perAgentAndDay: {} }, 'perDay'],
  ])('is refused above the budget of the day of %s: no day could pay it', (_whose, budgets, name) => {
    expect(problemOf({ rules: [aRule()] }, budgets)).toContain(
      `bonus.rules[0].tiers[0].amountUsd: got "50.00"; allowed: Decimal USD as a string, 1.00 to 10000.00. It has to be at most budgets.${name}.escrow-create (49.99), or no day could pay it.`,
    );
  });
});

test('a person approves a bonus and silence pays nobody, unless the rule says otherwise', () => {
  const { gate: _gate, guard: _guard, ...rule } = aRule();
  const [read] = parseConfig({ ...LOCAL, bonus: { rules: [rule] } }, FILE).bonus.rules;

  expect(read?.gate).toEqual({ mode: 'person' });
  expect(read?.guard.default).toEqual({ locked: 'let-lapse', completed: 'dispute' });
});

test('endpoints are refused where no rule pays what they could deliver', () => {
  expect(problemOf({ rules: [], endpoints: ['churn-scorer'] })).toContain('bonus.endpoints: got ["churn-scorer"]');
  expect(problemOf({ rules: [], endpoints: ['churn-scorer'] })).toContain(
    'write a rule in bonus.rules, or leave them out',
  );
  expect(problemOf({ rules: [], endpoints: [] })).toBe('accepted');
});

describe('the configuration of version 0.1', () => {
  const FORMER = {
    metric: 'validation:accuracy',
    tiers: [
      { above: 0.9, amountUsd: '50.00' },
      { above: 0.8, amountUsd: '20.00' },
    ],
    timeoutHours: 100,
    gate: { mode: 'auto' },
    guard: { alertHours: 3, default: 'release' },
    payees: [
      { jobNamePrefix: 'churn-', agentId: 'ag_churn' },
      { jobNamePrefix: '', agentId: 'ag_anyone' },
    ],
    endpoints: ['churn-scorer'],
  };

  /** What the message says to put in its place. */
  function rewritten(bonus: object): unknown {
    try {
      parseConfig({ ...LOCAL, bonus }, FILE);
    } catch (error) {
      const [heading = '', ...text] = (error instanceof Error ? error.message : '').split('\n');
      if (!heading.startsWith('config/mine.json is not a valid configuration: bonus has the form of version 0.1')) {
        throw error;
      }
      return (JSON.parse(`{${text.join('\n')}}`) as { bonus: unknown }).bonus;
    }
    throw new Error('accepted');
  }

  test('is refused with the new form to paste, with its own values', () => {
    const shared = {
      metric: 'validation:accuracy',
      direction: 'higher',
      plausible: { min: 0, max: 1 },
      tiers: [
        { beyond: 0.9, amountUsd: '50.00' },
        { beyond: 0.8, amountUsd: '20.00' },
      ],
      timeoutHours: 100,
      gate: { mode: 'auto' },
      guard: { alertHours: 3, default: 'release' },
    };

    const bonus = rewritten(FORMER);

    expect(bonus).toEqual({
      rules: [
        { name: 'churn', jobs: { prefix: 'churn-' }, ...shared, payee: 'ag_churn' },
        { name: 'rule-2', jobs: { pattern: '*' }, ...shared, payee: 'ag_anyone' },
      ],
      endpoints: ['churn-scorer'],
    });
    expect(problemOf(bonus)).toBe('accepted');
  });

  test.each([
    ['nobody to pay', { ...FORMER, payees: [] }],
    ['per cent', { ...FORMER, tiers: [{ above: 90, amountUsd: '50.00' }] }],
    ['large numbers', { ...FORMER, tiers: [{ above: 12_000, amountUsd: '50.00' }] }],
    ['negative numbers', { ...FORMER, tiers: [{ above: -12.5, amountUsd: '50.00' }] }],
    ['prefixes that are no names', { ...FORMER, payees: [{ jobNamePrefix: '2026-', agentId: 'ag_year' }] }],
    ['a prefix twice', { ...FORMER, payees: [...FORMER.payees, ...FORMER.payees] }],
  ])('becomes one that is accepted, with %s', (_case, former) => {
    expect(problemOf(rewritten(former))).toBe('accepted');
  });
});
