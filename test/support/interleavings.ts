/** Begins a step: returns when the actor may take it. */
export type Turn = () => Promise<void>;

/**
 * Runs actors in every order in which their steps can follow one another. An actor calls its turn before every step;
 * between two turns it goes on undisturbed.
 *
 * @param start makes a world and starts its actors in it, each with its own turn.
 * @param check is called at the end of each order, with what `start` made.
 * @param switches how often an actor may be left that could go on, where not every order can be tried.
 * @returns how many orders there were.
 */
export async function inEveryOrder<World extends { readonly actors: readonly Promise<unknown>[] }>(
  start: (turnOf: (actor: number) => Turn) => World,
  check: (world: World) => void | Promise<void>,
  switches = Infinity,
): Promise<number> {
  let orders = 0;
  let choices: number[] | undefined = [];
  while (choices !== undefined) {
    const waiting = new Map<number, () => void>();
    const turnOf = (actor: number) => () => new Promise<void>((go) => void waiting.set(actor, go));
    const options: number[] = [];
    const world = start(turnOf);
    await quiet();
    let left = switches;
    let last: number | undefined;
    while (waiting.size > 0) {
      const all = [...waiting].toSorted(([one], [other]) => one - other);
      const isReady = all.some(([one]) => one === last);
      const ready = isReady && left === 0 ? all.filter(([one]) => one === last) : all;
      const [actor, go] = ready[choices[options.length] ?? 0] ?? [];
      options.push(ready.length);
      if (isReady && actor !== last) left -= 1;
      last = actor;
      waiting.delete(actor ?? -1);
      go?.();
      await quiet();
    }
    await Promise.all(world.actors);
    await check(world);
    orders += 1;
    choices = nextChoices(choices, options);
  }
  return orders;
}

/** The next order in depth-first search; undefined after the last. */
function nextChoices(taken: readonly number[], options: readonly number[]): number[] | undefined {
  const all = options.map((_, depth) => taken[depth] ?? 0);
  const deepest = all.findLastIndex((choice, depth) => choice + 1 < (options[depth] ?? 0));
  return deepest === -1 ? undefined : [...all.slice(0, deepest), (all[deepest] ?? 0) + 1];
}

/** Everything that can go on without a turn has done so. */
function quiet(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Actors that go on one step at a time, in an order drawn from a seed: for more of them than can be tried in every order. */
export interface RandomTurns {
  readonly turn: Turn;
  /** Lets one waiting actor after the other go on until none waits any more. Returns how many steps that were. */
  readonly run: (beforeStep?: (step: number) => void) => Promise<number>;
}

export function createRandomTurns(seed: number): RandomTurns {
  const random = createRandom(seed);
  const waiting: (() => void)[] = [];
  return {
    turn: () => new Promise<void>((go) => void waiting.push(go)),
    async run(beforeStep = () => {}) {
      await quiet();
      let steps = 0;
      while (waiting.length > 0) {
        beforeStep(steps);
        const [go] = waiting.splice(Math.floor(random() * waiting.length), 1);
        go?.();
        await quiet();
        steps += 1;
      }
      return steps;
    },
  };
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
