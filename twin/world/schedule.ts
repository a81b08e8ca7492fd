/** What falls due when. */
export interface Schedule {
  readonly size: number;
  /** Enters an id, or gives it another time. */
  set(id: string, at: number): void;
  remove(id: string): void;
  /** What falls due first; of two at the same time, what was entered first. */
  earliest(): Due | undefined;
}

/** Something to be done at a time, in milliseconds since 1970. */
export interface Due {
  readonly id: string;
  readonly at: number;
}

interface Slot extends Due {
  readonly seq: number;
}

/** A binary heap, so that many thousands of open timers cost nothing until one of them falls due. */
export function createSchedule(entries: Iterable<Due> = []): Schedule {
  const heap: Slot[] = [];
  // What was removed or moved stays in the heap until it comes to the top.
  const current = new Map<string, Slot>();
  let seq = 0;

  const set = (id: string, at: number): void => {
    seq += 1;
    const slot = { id, at, seq };
    current.set(id, slot);
    heap.push(slot);
    rise(heap);
  };
  for (const { id, at } of entries) set(id, at);

  return {
    get size() {
      return current.size;
    },
    set,
    remove: (id) => void current.delete(id),
    earliest() {
      for (let [top] = heap; top !== undefined; [top] = heap) {
        if (current.get(top.id) === top) return { id: top.id, at: top.at };
        takeTop(heap);
      }
      return undefined;
    },
  };
}

function isBefore(one: Slot, other: Slot): boolean {
  return one.at === other.at ? one.seq < other.seq : one.at < other.at;
}

function rise(heap: Slot[]): void {
  let index = heap.length - 1;
  while (index > 0) {
    const parent = Math.floor((index - 1) / 2);
    if (!swapIfBefore(heap, index, parent)) return;
    index = parent;
  }
}

function takeTop(heap: Slot[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  let index = 0;
  for (;;) {
    const children = [2 * index + 1, 2 * index + 2].filter((child) => child < heap.length);
    const [left, right] = children;
    if (left === undefined) return;
    const smaller = right !== undefined && isBefore(slotAt(heap, right), slotAt(heap, left)) ? right : left;
    if (!swapIfBefore(heap, smaller, index)) return;
    index = smaller;
  }
}

function swapIfBefore(heap: Slot[], lower: number, upper: number): boolean {
  const [one, other] = [slotAt(heap, lower), slotAt(heap, upper)];
  if (!isBefore(one, other)) return false;
  heap[upper] = one;
  heap[lower] = other;
  return true;
}

function slotAt(heap: readonly Slot[], index: number): Slot {
  const slot = heap[index];
  if (slot === undefined) throw new Error(`the schedule has no slot ${index}`);
  return slot;
}
