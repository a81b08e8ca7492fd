import { expect, test } from '@jest/globals';
import { compareWays } from './comparison.ts';

test('the usual ways send twice what this project sends once', async () => {
  const results = new Map((await compareWays(1, 1_000)).map((result) => [result.way, result]));
  const duplicatesOf = (way: Parameters<typeof results.get>[0]) => results.get(way)?.duplicates ?? 0;

  expect(duplicatesOf('this project')).toBe(0);
  expect(results.get('this project')?.effects).toBeGreaterThan(900);
  expect(duplicatesOf('look and resend at once')).toBeGreaterThan(0);
  expect(duplicatesOf('idempotency record, 24 h')).toBeGreaterThan(duplicatesOf('look and resend at once'));
  expect(duplicatesOf('idempotency record, 1 h')).toBeGreaterThan(duplicatesOf('idempotency record, 24 h'));
  expect(duplicatesOf('naive handler')).toBeGreaterThan(duplicatesOf('idempotency record, 1 h'));
});
