import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ledgerPolicies, marketPolicies, readPolicies } from '../../../../lambdas/shared/policies.ts';

const BUDGETS = { perDay: { 'escrow-create': '500.00' }, perAgentAndDay: {} };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'policies-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const write = (text: string) => {
  writeFileSync(join(folder, 'policies.json'), text);
};

describe('the policies of a function', () => {
  test('are read from the file beside its bundle', () => {
    write(JSON.stringify({ budgets: BUDGETS, symbols: {} }));

    expect(readPolicies(ledgerPolicies, folder)).toEqual({ budgets: BUDGETS });
  });

  test('are refused by the path of what is wrong with them', () => {
    write(JSON.stringify({ budgets: { ...BUDGETS, perDay: { 'escrow-create': 500 } } }));

    expect(() => readPolicies(ledgerPolicies, folder)).toThrow('policies.json: budgets.perDay.escrow-create: ');
  });

  test('are refused with every name that is missing', () => {
    write('{"paper": {"balanceUsd": "1000.00", "feeBasisPoints": 5}}');

    expect(() => readPolicies(marketPolicies, folder)).toThrow(/^policies.json: symbols: .*; trade: [^;]*$/);
  });

  test('are missed where there is no file', () => {
    expect(() => readPolicies(ledgerPolicies, folder)).toThrow(/ENOENT.*policies\.json/);
  });
});
