import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { describe, expect, test } from '@jest/globals';
import { awsClientFor } from '../support/aws-clients.ts';
import { startAwsStub } from './aws-stub.ts';
import { createLink, operationOfTarget, roundTripsInSequence } from './link.ts';

const at = (startedAt: number, endedAt: number) => ({ startedAt, endedAt });

describe('round trips in sequence', () => {
  test.each([
    ['none', [], 0],
    ['one after the other', [at(0, 5), at(6, 9), at(10, 12)], 3],
    ['all at once', [at(0, 5), at(1, 6), at(2, 7)], 1],
    ['two short ones beside a long one', [at(0, 100), at(1, 40), at(50, 90)], 2],
    ['a long one after them, in any order', [at(110, 200), at(0, 100), at(1, 40), at(50, 90)], 3],
  ])('%s', (_, exchanges, expected) => {
    expect(roundTripsInSequence(exchanges)).toBe(expected);
  });
});

describe('a link', () => {
  const AWS_MS = 300;

  /** Sends two requests to a stub behind a link that delays answers, and gives what they took and what was exchanged. */
  async function ask(send: (one: () => Promise<unknown>) => Promise<unknown>) {
    const link = createLink();
    link.delays = { AWS: AWS_MS, 'Purple Flea': 60_000 };
    const stub = await startAwsStub('', {
      around: (target, answer) => link.carry({ service: 'AWS', operation: operationOfTarget(target) }, answer),
    });
    try {
      const parameters = new SSMClient(awsClientFor(stub.url));
      const startedAt = performance.now();
      await send(() => parameters.send(new GetParameterCommand({ Name: 'stop' })));
      return { ms: performance.now() - startedAt, exchanges: link.takeExchanges(), left: link.takeExchanges() };
    } finally {
      await stub.close();
    }
  }

  test('delays answers to requests that come at once side by side', async () => {
    const { exchanges } = await ask((one) => Promise.all([one(), one()]));

    expect(exchanges).toHaveLength(2);
    expect(roundTripsInSequence(exchanges)).toBe(1);
  });

  test('delays each answer, and records every exchange once, by service and operation', async () => {
    const { ms, exchanges, left } = await ask((one) => one().then(one));

    // Timers may fire a millisecond early.
    expect(ms).toBeGreaterThanOrEqual(2 * (AWS_MS - 1));
    expect(roundTripsInSequence(exchanges)).toBe(2);
    expect(exchanges).toMatchObject([
      { service: 'AWS', operation: 'SSM GetParameter' },
      { service: 'AWS', operation: 'SSM GetParameter' },
    ]);
    expect(left).toEqual([]);
  });
});
