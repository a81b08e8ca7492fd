import { expect, test } from '@jest/globals';
import { composeReadiness, isReady } from '../../../operations/compose-readiness.ts';
import type { ReadinessReport } from '../../../src/trading/readiness.ts';

const STOP = { check: 'stop', ok: true, detail: 'running' } as const;
const NO_KEY = { check: 'secret', ok: false, detail: 'secret PurpleFleaApiKey: has no value' } as const;
const ON_PAPER: ReadinessReport = { mode: 'paper', checks: [STOP], toGoLive: [NO_KEY, STOP] };
const LIVE: ReadinessReport = { mode: 'live', checks: [NO_KEY, STOP], toGoLive: [NO_KEY, STOP] };

test('a stage on paper is told both: how it stands, and what it lacks to go live', () => {
  const text = composeReadiness(ON_PAPER).join('\n');

  expect(text).toMatch(/^paper: ready\n/);
  expect(text).toContain('to go live: not ready (secret)');
  expect(text).toMatch(/secret\s+│ FAILS\s+│ secret PurpleFleaApiKey: has no value/);
  expect(text.match(/stop\s+│ ok\s+│ running/g)).toHaveLength(2);
});

test('a live stage is told once', () => {
  const text = composeReadiness(LIVE).join('\n');

  expect(text).toMatch(/^live: not ready \(secret\)\n/);
  expect(text).not.toContain('to go live');
});

test('what counts are the checks of the mode that is set, or those of live trading if so asked', () => {
  expect(isReady(ON_PAPER, false)).toBe(true);
  expect(isReady(ON_PAPER, true)).toBe(false);
  expect(isReady(LIVE, false)).toBe(false);
});
