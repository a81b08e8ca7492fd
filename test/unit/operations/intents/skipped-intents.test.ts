import { describe, expect, test } from '@jest/globals';
import {
  listSkipped,
  paySkipped,
  showBeginnings,
  showSkipped,
} from '../../../../operations/intents/skipped-intents.ts';
import { skippedIntent, type Intent } from '../../../../src/ledger/intent.ts';
import { aNewSkip, NOON } from '../../../support/effects.ts';

function aSkip(subject: string, overrides: Partial<Intent> = {}, rule = 'bonus/churn'): Intent {
  const skip = { ...aNewSkip().skip, rule, input: '{}' };
  return { ...skippedIntent(aNewSkip({ subject, skip }), NOON), ...overrides };
}

const SKIPS = [
  aSkip('job-1'),
  aSkip('job-2', {}, 'bonus/fraud'),
  aSkip('job-3', { skip: aNewSkip().skip, amountUsd: '0.00' }),
  aSkip('job-4', { retriedAs: 'paid already' }),
];

/** Answers pages of one, as decide-intent does, and remembers what was asked to be paid. */
function aDecider(refused: readonly string[] = []) {
  const paid: object[] = [];
  const decide = async (input: object) => {
    const asked = input as {
      readonly action: string;
      readonly key?: string;
      readonly after?: { readonly key: string };
    };
    if (asked.action === 'pay') {
      paid.push(input);
      return refused.includes(asked.key ?? '') ? { error: 'not paid: esc_1 bears it' } : { execution: 'started' };
    }
    const index = SKIPS.findIndex(({ key }) => key === asked.after?.key) + 1;
    const page = SKIPS[index];
    return {
      intents: page === undefined ? [] : [page],
      ...(page === undefined || index === SKIPS.length - 1 ? {} : { next: page }),
    };
  };
  return { decide, paid };
}

describe('what was skipped', () => {
  test('is shown with cause, rule, amount, payee and reason, over all pages', async () => {
    const listed = await listSkipped(aDecider().decide, { since: NOON.toISOString() });
    const text = showSkipped(listed);

    expect(listed.payable.map(({ cause }) => cause.subject)).toEqual(['job-1', 'job-2']);
    for (const shown of ['job-1', 'bonus/fraud', '$50.00', 'ag_payee', 'older-than-ledger', '2 more']) {
      expect(text).toContain(shown);
    }
    expect(text).not.toContain('job-3');
  });

  test('is shown of one rule alone, and as none', async () => {
    const { payable } = await listSkipped(aDecider().decide, { since: NOON.toISOString(), rule: 'bonus/fraud' });

    expect(payable.map(({ cause }) => cause.subject)).toEqual(['job-2']);
    expect(showSkipped({ payable: [], others: 0 })).toBe('None.');
    expect(showSkipped({ payable: [], others: 3 })).toContain('None that would pay. 3 more');
  });

  test('is paid one by one, and one that is refused keeps no other from it', async () => {
    const { decide, paid } = aDecider(['b']);
    const decision = { operator: 'ada', dryRun: true };
    const { lines, refused } = await paySkipped(decide, ['a', 'b', 'c'], decision);

    expect(paid).toEqual(['a', 'b', 'c'].map((key) => ({ action: 'pay', key, ...decision })));
    expect(lines).toEqual(['a  started', 'b  not paid: esc_1 bears it', 'c  started']);
    expect(refused).toBe(1);
  });
});

test('the beginnings are shown with who moved them', () => {
  const move = { what: 'ledger', from: 'then', to: 'now', movedAt: 'today', operator: 'ada', reason: 'restored' };
  const text = showBeginnings({
    at: 'now',
    tableCreatedAt: 'then',
    rules: {
      'bonus/a': { terms: 'x', gaps: [{ from: 'one', until: 'another' }] },
      'bonus/longer': { terms: 'y', at: 'later' },
    },
    moves: [move],
    version: 2,
  });

  expect(text.split('\n')).toEqual([
    'the ledger    now',
    'bonus/a       with the ledger, not from one until another',
    'bonus/longer  later',
    'today: ada moved ledger from then to now: restored',
  ]);
});
