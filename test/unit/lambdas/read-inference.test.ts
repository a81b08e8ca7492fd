import { describe, expect, test } from '@jest/globals';
import { createHandler, type Deps } from '../../../lambdas/read-inference/handler.ts';
import type { DeadLetter } from '../../../src/aws/dead-letters.ts';
import { inferenceCompletedSchema, type InferenceCompletedDetail } from '../../../src/events/inference-completed.ts';
import { inert } from '../../support/inert.ts';
import { aBatch, ALL_TAKEN, anEvent, comingBack, LONG_AFTER, timeLeft } from '../../support/lambda-events.ts';
import { createRecorder } from '../../support/recorder.ts';

const KEY = 'answers/6a1d8f0e-7c2b-4f55-9a57-0f5f4c0f8a11.out';
const LONG = '{"score":[0.1,0.2,0.7],"predicted_label":2}\n';

/** The example of S3's documentation, with our bucket and key. */
function anObjectCreated({ bucket = 'inferences', key = KEY, size = 44 } = {}): string {
  return anEvent(
    'Object Created',
    {
      version: '0',
      bucket: { name: bucket },
      object: { key, size, etag: 'b1946ac92492d2347c6235b4d2611184', sequencer: '617f08299329d189' },
      'request-id': 'N4N7GDK58NMKJ12R',
      requester: '123456789012',
      'source-ip-address': '1.2.3.4',
      reason: 'PutObject',
    },
    { source: 'aws.s3', time: '2026-03-06T08:59:58Z' },
  );
}

/** The same of another account or region: there may be a bucket's event of that, for a bus can be given it. */
function elsewhere(event: Readonly<Record<string, string>>): string {
  return JSON.stringify({ ...(JSON.parse(anObjectCreated()) as object), ...event });
}

function aReader(text: string, overrides: Partial<Deps> = {}) {
  const published: InferenceCompletedDetail[] = [];
  const deadLetters: DeadLetter[] = [];
  const read: string[] = [];
  const { log, count, counted } = createRecorder();
  const handler = createHandler({
    source: {
      name: 'eth',
      asset: 'ETH-USDC',
      bucket: 'inferences',
      prefix: 'answers/',
      failurePrefix: 'failures/',
      answer: { kind: 'predicted-label', format: 'jsonlines', labels: ['short', 'hold', 'long'] },
    },
    readObject: async (bucket, key) => {
      read.push(`${bucket} ${key}`);
      return { text, modifiedAt: new Date('2026-03-06T08:59:58Z') };
    },
    publishPrediction: async (prediction) => void published.push(prediction),
    sendDeadLetter: async (letter) => void deadLetters.push(letter),
    hideMessage: async () => {},
    maxReceives: 5,
    now: () => LONG_AFTER,
    log,
    count,
    ...overrides,
  });
  const handle = (body: string, receives = 1) => handler(aBatch({ body, receives }), timeLeft());
  return { handle, published, deadLetters, counted, read };
}

describe('the answer of an asynchronous endpoint', () => {
  test('becomes a prediction, named by its key and of the time of its writing, whenever it is read', async () => {
    const { handle, published, read } = aReader(LONG);

    expect(await handle(anObjectCreated())).toEqual(ALL_TAKEN);
    expect(read).toEqual([`inferences ${KEY}`]);
    expect(published).toEqual([
      { predictionId: `eth/${KEY}`, direction: 'long', confidence: 0.7, asset: 'ETH-USDC', at: '2026-03-06T08:59:58Z' },
    ]);
    expect(inferenceCompletedSchema.safeParse(published[0]).success).toBe(true);
  });

  test('is the same prediction when its event comes again', async () => {
    const { handle, published } = aReader(LONG);

    await handle(anObjectCreated());
    await handle(anObjectCreated(), 2);

    expect(published).toHaveLength(2);
    expect(published[1]).toEqual(published[0]);
  });

  test('that is no prediction is put aside at once, with what is wrong and how it begins', async () => {
    const { handle, published, deadLetters, counted } = aReader('{"score":[0.5,0.5],"predicted_label":1}');

    expect(await handle(anObjectCreated())).toEqual(ALL_TAKEN);
    expect(published).toEqual([]);
    expect(deadLetters.map(({ reason }) => reason)).toEqual([
      String.raw`UnusableEventError: expected 3 probabilities, of short, hold, long; got 2; the answer is "{\"score\":[0.5,0.5],\"predicted_label\":1}"`,
    ]);
    expect(counted).toEqual({ EventsRejected: 1 });
  });

  test('that is a failure is put aside with what the model said', async () => {
    const { handle, published, deadLetters } = aReader('the worker ran out of memory');

    await handle(anObjectCreated({ key: 'failures/6a1d-error.out' }));

    expect(published).toEqual([]);
    expect(deadLetters.map(({ reason }) => reason)).toEqual([
      'UnusableEventError: the model failed: s3://inferences/failures/6a1d-error.out is "the worker ran out of memory"',
    ]);
  });

  test.each([
    [anObjectCreated({ bucket: 'other' }), `detail: s3://other/${KEY} is no answer for eth`],
    [anObjectCreated({ key: 'inputs/1.csv' }), 'detail: s3://inferences/inputs/1.csv is no answer for eth'],
    [anObjectCreated({ size: 65_537 }), 'detail.object.size: 65537 bytes; 65536 is the most that is read'],
    [anObjectCreated({ key: `answers/${'x'.repeat(200)}` }), 'is too long for an id: over 200'],
    [anObjectCreated({ key: '' }), 'detail.object.key'],
    [
      elsewhere({ account: '999999999999' }),
      'event.account: is "999999999999"; this pipeline takes 000000000000 alone',
    ],
    [elsewhere({ region: 'eu-west-1' }), 'event.region: is "eu-west-1"; this pipeline takes us-east-1 alone'],
    [anEvent('Object Created', { bucket: { name: 'inferences' } }), 'detail.object'],
    [anEvent('Object Deleted', {}), 'detail-type is "Object Deleted"'],
    ['{', 'event'],
  ])('is not looked for by an event that is none of it: %s', async (body, reason) => {
    const { handle, deadLetters } = aReader('', { readObject: inert('readObject') });

    expect(await handle(body)).toEqual(ALL_TAKEN);
    expect(deadLetters).toEqual([expect.objectContaining({ reason: expect.stringContaining(reason) })]);
  });

  test.each([
    ['read', { readObject: () => Promise.reject(new Error('503 SlowDown')) }, 'Error: 503 SlowDown'],
    ['published', { publishPrediction: () => Promise.reject(new Error('the bus is down')) }, 'Error: the bus is down'],
  ])('that cannot be %s comes again, and is put aside with the reason at the end', async (_, broken, reason) => {
    const { handle, deadLetters } = aReader(LONG, broken);

    expect(await handle(anObjectCreated(), 4)).toEqual(comingBack('message-1'));
    expect(deadLetters).toEqual([]);
    expect(await handle(anObjectCreated(), 5)).toEqual(ALL_TAKEN);
    expect(deadLetters).toMatchObject([{ reason }]);
  });
});
