import TestSequencer from '@jest/test-sequencer';

/** Files that take longest, longest first. A list and not jest's own record: a fresh clone has none. */
const SLOW = [
  'test/simulation/random-schedules',
  'test/e2e/grants',
  'test/e2e/demo',
  'test/simulation/matrix',
  'test/e2e/money-once',
  'test/e2e/pipeline',
  'test/statemachines/walk',
  'test/e2e/signals',
  'test/e2e/scenarios',
  'test/e2e/predictions',
  'test/e2e/requests',
  'test/e2e/trading',
  'test/e2e/notifications',
  'test/unit/src/escrow/release-or-dispute',
  'test/bench/bench',
  'test/infra/validation',
  'test/infra/largest-configuration',
];

const rankOf = ({ path }) => {
  const rank = SLOW.findIndex((file) => path.includes(`/${file}.test.`));
  return rank === -1 ? SLOW.length : rank;
};

/** Long files begin first, so that no worker is left alone with one at the end. */
export default class SlowFirst extends TestSequencer {
  sort(tests) {
    return super.sort(tests).toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}
