import { describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../lib/config.ts';
import { STAGES } from '../../../lib/stages.ts';
import { candidateOf, readCandidate } from '../../../lib/what-if-candidate.ts';
import { parseUsd } from '../../../src/money.ts';

type Json = Record<string, Record<string, unknown>>;

/** Runs with a file of this text, and deletes it. */
function withFile<Value>(text: string, run: (path: string) => Value): Value {
  const folder = mkdtempSync(join(tmpdir(), 'what-if-'));
  try {
    const path = join(folder, 'mine.json');
    writeFileSync(path, text);
    return run(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const localJson = () => JSON.parse(readFileSync('config/local.json', 'utf8')) as Json;

describe('a configuration to be tried', () => {
  test.each(STAGES)('may be that of stage %s', (stage) => {
    const { trading, budgets } = loadConfig(stage);
    const candidate = readCandidate(stage);

    expect(candidate).toMatchObject({
      name: stage,
      policy: {
        confidenceThreshold: trading.confidenceThreshold,
        dailyNotionalUsd: parseUsd(budgets.perDay['trade-order'] ?? ''),
      },
      terms: { balanceUsd: parseUsd(trading.paper.balanceUsd), feeBasisPoints: trading.paper.feeBasisPoints },
    });
  });

  test('may be any file of that form, and is called by its name', () => {
    const json = localJson();
    json['trading'] = { ...json['trading'], coolDownSeconds: 77 };

    expect(withFile(JSON.stringify(json), readCandidate)).toMatchObject({
      name: 'mine',
      policy: { coolDownSeconds: 77 },
    });
  });

  test('takes the budget of a market along where there is one', () => {
    const config = loadConfig('local');
    const budgets = { ...config.budgets, perAgentAndDay: { 'trade-order': '120.00' } };

    expect(candidateOf('a', { ...config, budgets }).marketDayUsd).toBe(parseUsd('120.00'));
    expect(candidateOf('a', { ...config, budgets: { ...budgets, perAgentAndDay: {} } }).marketDayUsd).toBeUndefined();
  });

  test('names what it goes by as the file does, and leaves out what makes no difference on paper', () => {
    const config = loadConfig('local');
    const hours = { days: [1, 2], from: '09:00', until: '17:00', timeZone: 'UTC' };
    const { settings } = candidateOf('a', {
      ...config,
      trading: {
        ...config.trading,
        markets: [{ asset: 'X', maxExposureUsd: '9.00', hours, symbols: { reference: 'x' } }],
      },
    });

    expect(settings).toMatchObject({
      'trading.size.amountUsd': '50.00',
      'trading.markets.X.allowed': 'true',
      'trading.markets.X.maxExposureUsd': '9.00',
      'trading.markets.X.hours.days': '[1,2]',
      'trading.markets.X.hours.timeZone': 'UTC',
      'budgets.perDay.trade-order': '500.00',
    });
    expect(Object.keys(settings).filter((path) => /mode|predictors|inferences|symbols/.test(path))).toEqual([]);
  });

  test('is refused with the field and what is allowed there', () => {
    const json = localJson();
    json['trading'] = { ...json['trading'], confidenceThreshold: 1.5, coolDown: 5 };

    expect(() => withFile(JSON.stringify(json), readCandidate)).toThrow(
      /mine\.json is not a valid configuration:\n.*trading\.confidenceThreshold: got 1\.5; allowed: .*\n.*trading\.coolDown: unknown; allowed here: /s,
    );
  });

  test('is refused where it is no JSON, and where there is no such file', () => {
    expect(() => withFile('{', readCandidate)).toThrow(/^.*mine\.json is not JSON: line 1, column 2: /);
    expect(() => readCandidate('staging')).toThrow(
      '--config staging: neither a stage (dev, local, prod) nor a file that can be read',
    );
  });
});
