import { expect, test } from '@jest/globals';
import { describeWait, drawIntents } from '../../../../operations/intents/draw-intents.ts';
import type { Intent } from '../../../../src/ledger/intent.ts';
import { aNewIntent, NOON } from '../../../support/effects.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';

const at = (hours: number) => new Date(NOON.getTime() + hours * 3_600_000);
const stored = await createMemoryIntents().prepare(aNewIntent(), NOON);

test.each<[Partial<Intent>, number, string]>([
  [
    { waitsFor: 'service', notBefore: at(4).toISOString() },
    3.25,
    'for Purple Flea, for 3 h 15 min; next try 2026-03-06T16:00Z',
  ],
  [{ waitsFor: 'stop', notBefore: at(72).toISOString() }, 71, 'for the stop, for 2 d 23 h; next try 2026-03-09T12:00Z'],
  [{ waitsFor: 'secret', notBefore: at(1).toISOString() }, 0.5, 'for a secret, for 30 min; next try 2026-03-06T13:00Z'],
  [
    { waitsFor: 'rate-limit', notBefore: at(1).toISOString() },
    0,
    'for its turn, for 0 min; next try 2026-03-06T13:00Z',
  ],
  [
    { waitsFor: 'lock', notBefore: at(1).toISOString() },
    0,
    'for another effect, for 0 min; next try 2026-03-06T13:00Z',
  ],
  [{}, 0.1, 'to be sent, for 6 min'],
  [{ state: 'claimed' }, 0.1, 'being decided, for 6 min'],
  [{ state: 'unknown', sentAt: at(1).toISOString() }, 2, 'for what became of it, for 1 h 0 min'],
  [{ state: 'manual', sentAt: at(1).toISOString() }, 50, 'for a person, for 2 d 1 h'],
  [{ state: 'applied' }, 2, ''],
])('an intent that is %j says after %d hours what it waits for, and for how long', (changes, hours, said) => {
  expect(describeWait({ ...stored, ...changes }, at(hours))).toBe(said);
});

test('the table of intents has a column of it', () => {
  const drawn = drawIntents([{ ...stored, waitsFor: 'stop', notBefore: at(1).toISOString() }], at(0.5));

  expect(drawn).toContain('waits');
  expect(drawn.replace(/\s+/g, ' ')).toContain('for the stop, for 30 min');
});
