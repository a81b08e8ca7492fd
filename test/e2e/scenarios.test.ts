import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createEventLog } from '../../local/demo.ts';
import { openBusTap } from '../../local/bus-tap.ts';
import { startLocalPipeline, type LocalPipeline } from '../../local/local-pipeline.ts';
import { playScenario, SCENARIOS } from '../../local/scenarios.ts';
import { readBooks } from '../../local/twin-view.ts';

describe('an escrow on the local AWS', () => {
  let pipeline: LocalPipeline;
  const log = createEventLog();
  const stop = new AbortController();
  let following: Promise<void>;

  beforeAll(async () => {
    pipeline = await startLocalPipeline({ renderer: 'silent', rateLimits: false });
    const tap = await openBusTap(pipeline.clients, pipeline.outputs.busName);
    following = (async () => {
      for await (const event of tap(stop.signal)) log.add(event);
    })();
  }, 600_000);

  afterAll(async () => {
    stop.abort();
    await following;
    await pipeline.close();
  });

  test.each(Object.entries(SCENARIOS))(
    'ends as it should where %s',
    async (_name, scenario) => {
      const played = await playScenario({ pipeline, awaitEvent: log.awaitEvent, print: () => {} }, scenario);

      expect(played).toMatchObject({ end: scenario.end, status: scenario.status });
      expect((await readBooks(pipeline.twinUrl)).conserved).toBe(true);
    },
    150_000,
  );
});
