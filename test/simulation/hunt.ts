import { drawSchedule } from './draw.ts';
import type { Disturbance, Schedule } from './plan.ts';
import type { Changes } from './changes.ts';
import { judge, type Verdict } from './verdict.ts';

/** What was found: the schedule that broke a promise, and how many were played until then. */
export interface Finding {
  readonly verdict: Verdict;
  readonly schedules: number;
}

/** Plays schedules from a seed on until one breaks a promise. Undefined where none of them does. */
export async function hunt(changes: Changes, firstSeed: number, schedules: number): Promise<Finding | undefined> {
  for (let played = 0; played < schedules; played += 1) {
    const verdict = await judge(drawSchedule(firstSeed + played), { changes });
    if (verdict.violations.length > 0) return { verdict, schedules: played + 1 };
  }
  return undefined;
}

/** Leaves out of a failing schedule, one by one, whatever it fails without. */
export async function shrink(schedule: Schedule, changes: Changes = {}): Promise<Schedule> {
  let smallest = schedule;
  for (const disturbance of schedule.disturbances) {
    const without: Schedule = { ...smallest, disturbances: omit(smallest.disturbances, disturbance) };
    if ((await judge(without, { changes })).violations.length > 0) smallest = without;
  }
  return smallest;
}

function omit(disturbances: readonly Disturbance[], left: Disturbance): readonly Disturbance[] {
  return disturbances.filter((one) => one !== left);
}
