import type { PaceStore } from '../../src/pacing/pacer.ts';

/** Lanes and tickets in memory; what several pacers share. */
export function createMemoryPaces(): PaceStore & { readonly tickets: ReadonlyMap<string, number> } {
  const lanes = new Map<string, number>();
  const tickets = new Map<string, number>();
  return {
    tickets,
    async advance(lane, { now, byMs, until }) {
      const turnAt = Math.max(lanes.get(lane) ?? now, now);
      if (turnAt > until) return { isMoved: false, turnAt };
      lanes.set(lane, turnAt + byMs);
      return { isMoved: true, turnAt };
    },
    async advanceAll(moves) {
      const turns = moves.map(({ lane, now }) => Math.max(lanes.get(lane) ?? now, now));
      if (moves.some(({ until }, index) => (turns[index] ?? 0) > until)) return undefined;
      moves.forEach(({ lane, byMs }, index) => lanes.set(lane, (turns[index] ?? 0) + byMs));
      return turns;
    },
    async postpone(lane, until) {
      lanes.set(lane, Math.max(lanes.get(lane) ?? until, until));
    },
    readTicket: async (holder) => tickets.get(holder),
    async keepTicket(holder, at) {
      tickets.set(holder, at);
    },
    async dropTicket(holder) {
      tickets.delete(holder);
    },
  };
}
