import type { Baseline, BaselineStore } from '../../src/reconciliation/baseline.ts';

/** Baselines in memory, with the condition of the real ones. */
export interface MemoryBaselines extends BaselineStore {
  /** What is stored, by agent. */
  readonly items: ReadonlyMap<string, Baseline>;
}

export function createMemoryBaselines(...stored: Baseline[]): MemoryBaselines {
  const items = new Map(stored.map((baseline) => [baseline.agentId, baseline]));
  return {
    items,
    read: async (agentId) => items.get(agentId),
    async keep(baseline) {
      const known = items.get(baseline.agentId);
      if (known === undefined || known.at < baseline.at) items.set(baseline.agentId, baseline);
    },
  };
}
