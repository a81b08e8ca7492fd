import { expect, test } from '@jest/globals';
import { aStage, type TaskEnd } from './escrow-stage.ts';
import { MINUTE, START } from './loaded-service.ts';

test.each([
  ['published', 400, 20],
  ['published', 200, 20],
  ['reference', 400, 60],
  ['reference', 200, 60],
] as const)(
  'in %s, %d jobs that finish at once are all locked without a person, as fast as %d creates a minute allow',
  async (profile, jobs, perMinute) => {
    const stage = aStage(profile);
    const ends: TaskEnd[] = [];
    for (let job = 0; job < jobs; job += 1) {
      stage.scheduler.spawn(START, async () => void ends.push(await stage.lock(`job-${job}`)));
    }
    await stage.scheduler.run(START + 120 * MINUTE);

    expect(ends.filter(({ said }) => said['outcome'] !== 'applied')).toEqual([]);
    expect(ends).toHaveLength(jobs);
    expect(stage.calls.filter(({ status }) => status === 429)).toEqual([]);
    expect(stage.busiestMinute()).toBeLessThanOrEqual(perMinute);
    const minutes = Math.max(...ends.map(({ at }) => at)) / MINUTE;
    expect(minutes).toBeLessThanOrEqual(Math.min(30, (1.5 * jobs) / perMinute));
  },
);
