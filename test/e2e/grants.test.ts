import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Recorder } from './grants/recorder.ts';
import { recordFunctions, runFlows, type FlowRun } from './grants/run-flows.ts';
import { startStage, type Stage } from './stage.ts';

describe('every flow, with each function in its own role', () => {
  let stage: Stage;
  let recorder: Recorder;
  let run: FlowRun;

  beforeAll(async () => {
    stage = await startStage();
    recorder = await recordFunctions(stage);
    run = await runFlows(stage, recorder);
  }, 900_000);

  afterAll(async () => {
    await stage.close();
    await recorder.close();
  });

  test('comes to its end', () => {
    expect(run.failed).toEqual([]);
  });

  test('asks for nothing that a role does not allow', () => {
    expect(run.refused).toEqual([]);
  });

  test('needs every grant that a function has: without one of them, the two above would fail', () => {
    expect(run.unused).toEqual([]);
  });
});
