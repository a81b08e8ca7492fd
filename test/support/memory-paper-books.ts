import type { PaperBookStore, StoredBook } from '../../src/trading/paper-book.ts';

/** Paper books in memory, with the condition of the real ones. */
export interface MemoryPaperBooks extends PaperBookStore {
  /** What is stored, by agent. */
  readonly items: ReadonlyMap<string, StoredBook>;
}

/**
 * @param disturb is called before and after every read and write. It may throw (the call fails), wait, or after a write say
 * `lose`: it was written, and the client that writes again is told that somebody else did.
 */
export function createMemoryPaperBooks(
  disturb: (operation: keyof PaperBookStore, when: 'before' | 'after') => void | 'lose' | Promise<void> = () => {},
): MemoryPaperBooks {
  const items = new Map<string, StoredBook>();
  return {
    items,
    async read(agentId) {
      await disturb('read', 'before');
      const stored = items.get(agentId);
      await disturb('read', 'after');
      return stored;
    },
    async write(agentId, book, version) {
      await disturb('write', 'before');
      const isNext = (items.get(agentId)?.version ?? 0) === version;
      if (isNext) items.set(agentId, { book, version: version + 1 });
      return (await disturb('write', 'after')) !== 'lose' && isNext;
    },
  };
}
