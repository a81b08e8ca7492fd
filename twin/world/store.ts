/** Anything the twin keeps: plain data, found by its id. Records are replaced, never changed in place. */
export interface Stored {
  readonly id: string;
}

/** All records of one kind, oldest first. */
export interface Collection<Item extends Stored> {
  readonly size: number;
  get(id: string): Item | undefined;
  values(): IterableIterator<Item>;
  /** Adds a record, or puts it in the place of the one with its id. */
  put(item: Item): void;
}

/** One record that was put, as the journal keeps it. */
export interface Change {
  readonly collection: string;
  readonly item: Stored;
}

/** Where the records of a twin live. Everything that changes goes through `put`, so that a journal can follow. */
export interface Store {
  /** The collection of this name; its records of an earlier run are in it already. */
  collection<Item extends Stored>(name: string): Collection<Item>;
  /** Hands over what was put since the last time: one unit, such as all that a request changed. */
  takeChanges(): readonly Change[];
}

/** @param earlier the changes of an earlier run, in their order. */
export function createStore(earlier: Iterable<Change> = []): Store {
  const collections = new Map<string, Map<string, Stored>>();
  let changes: Change[] = [];
  const itemsOf = (name: string): Map<string, Stored> => {
    const items = collections.get(name) ?? new Map<string, Stored>();
    collections.set(name, items);
    return items;
  };
  for (const { collection, item } of earlier) itemsOf(collection).set(item.id, item);

  return {
    collection<Item extends Stored>(name: string): Collection<Item> {
      const items = itemsOf(name) as Map<string, Item>;
      return {
        get size() {
          return items.size;
        },
        get: (id) => items.get(id),
        values: () => items.values(),
        put: (item) => {
          items.set(item.id, item);
          changes.push({ collection: name, item });
        },
      };
    },
    takeChanges() {
      const taken = changes;
      changes = [];
      return taken;
    },
  };
}
