import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AwaitEvent } from '../../local/demo.ts';
import { playScenario, SCENARIOS } from '../../local/scenarios.ts';
import { readBooks } from '../../local/twin-view.ts';
import type { PublishedEvents } from '../../src/events/catalogue.ts';
import { eventually, startStage, type Stage } from './stage.ts';

describe('an escrow on the local AWS', () => {
  let stage: Stage;

  const awaitEvent: AwaitEvent = (type, fits) =>
    eventually(type, () =>
      stage.seen
        .filter((event) => event['detail-type'] === type)
        .map(({ detail }) => detail as PublishedEvents[typeof type])
        .find(fits),
    );

  beforeAll(async () => {
    stage = await startStage();
  }, 600_000);

  afterAll(async () => {
    await stage.close();
  });

  test.each(Object.entries(SCENARIOS))(
    'ends as it should where %s',
    async (_name, scenario) => {
      const played = await playScenario({ pipeline: stage, awaitEvent, print: () => {} }, scenario);

      expect(played).toMatchObject({ end: scenario.end, status: scenario.status });
      expect((await readBooks(stage.twinUrl)).conserved).toBe(true);
    },
    150_000,
  );
});
