import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createSchedule, type Due, type Schedule } from '../../../twin/world/schedule.ts';

function drain(schedule: Schedule): Due[] {
  const drained: Due[] = [];
  for (let due = schedule.earliest(); due !== undefined; due = schedule.earliest()) {
    drained.push(due);
    schedule.remove(due.id);
  }
  return drained;
}

const change = fc.oneof(
  fc.record({ id: fc.integer({ min: 0, max: 9 }).map(String), at: fc.integer({ min: 0, max: 5 }) }),
  fc.record({ id: fc.integer({ min: 0, max: 9 }).map(String), at: fc.constant(null) }),
);

test('what was entered comes out by its time, and of the same time in the order it was entered', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const schedule = createSchedule();
      const expected = new Map<string, number>();
      for (const { id, at } of changes) {
        expected.delete(id);
        if (at === null) schedule.remove(id);
        else {
          schedule.set(id, at);
          expected.set(id, at);
        }
      }

      expect(schedule.size).toBe(expected.size);
      const inOrder = [...expected].map(([id, at]) => ({ id, at })).toSorted((one, other) => one.at - other.at);
      expect(drain(schedule)).toEqual(inOrder);
      expect(schedule.size).toBe(0);
    }),
  );
});

test('begins with what it is given', () => {
  const schedule = createSchedule([
    { id: 'late', at: 2 },
    { id: 'early', at: 1 },
  ]);

  expect(schedule.earliest()).toEqual({ id: 'early', at: 1 });
  expect(schedule.earliest()).toEqual({ id: 'early', at: 1 });
});
