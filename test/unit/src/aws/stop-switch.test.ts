import { describe, expect, test } from '@jest/globals';
import { createStopSwitch } from '../../../../src/aws/stop-switch.ts';
import { STOP_MODES } from '../../../../src/ledger/stop.ts';

describe('the stop switch', () => {
  test.each(STOP_MODES)('is on %s where the parameter says so', async (mode) => {
    const asked: unknown[] = [];
    const readStop = createStopSwitch('/purple-flea/dev/stop', async (...query) => {
      asked.push(query);
      return mode;
    });

    expect(await readStop()).toBe(mode);
    expect(asked).toEqual([['/purple-flea/dev/stop', 5]]);
  });

  test('is read anew for every effect, and as old as five seconds at most', async () => {
    const texts = ['running', 'halted'];
    const ages: number[] = [];
    const readStop = createStopSwitch('/stop', async (_name, maxAgeSeconds) => {
      ages.push(maxAgeSeconds);
      return texts.shift();
    });

    expect([await readStop(), await readStop()]).toEqual(['running', 'halted']);
    expect(ages).toEqual([5, 5]);
  });

  test.each([
    [undefined, 'parameter /stop is missing: set it to running, reducing, halted'],
    ['', 'parameter /stop is "": set it to running, reducing, halted'],
    ['Running', 'parameter /stop is "Running": set it to running, reducing, halted'],
    ['running ', 'parameter /stop is "running ": set it to running, reducing, halted'],
    ['on', 'parameter /stop is "on": set it to running, reducing, halted'],
  ])('that says %j is no permission', async (text, message) => {
    await expect(createStopSwitch('/stop', async () => text)()).rejects.toThrow(message);
  });

  test('that cannot be read is no permission', async () => {
    const readStop = createStopSwitch('/stop', () => Promise.reject(new Error('AccessDeniedException')));

    await expect(readStop()).rejects.toThrow('AccessDeniedException');
  });
});
