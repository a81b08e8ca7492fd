import * as z from 'zod/mini';
import { underPresentName } from '../ledger/owner.ts';
import type { NamedServices } from '../ledger/places.ts';
import { PROFILES } from '../purple-flea/service.ts';

const place = z.object({ baseUrl: z.string(), profile: z.enum(PROFILES) });

/** What one reconciliation leaves for the next to compare the balance with. Amounts are decimal USD, times ISO 8601. */
export const baselineSchema = z.object({
  agentId: z.string(),
  /** Where it was read; absent in baselines of earlier releases. */
  places: z.optional(z.object({ escrow: place, wallet: place })),
  /** When the reconciliation began. What changed in the ledger before is in its balance. */
  at: z.string(),
  /** When its balance had been read. What was sent after is not in it. */
  until: z.string(),
  availableUsd: z.string(),
  /** Whether positions were open: what they lock and pay cannot be predicted. */
  hasPositions: z.boolean(),
  /** The amounts of the escrows that could still change, by id. */
  open: z.record(z.string(), z.string()),
  /** Escrows created shortly before, whatever their status: what is not among them and not older is new. */
  recent: z.array(z.string()),
  /** Escrows with a drift: they are looked at closely until they have none. */
  drifted: z.array(z.string()),
});
export type Baseline = z.infer<typeof baselineSchema>;

/** A baseline whose places have the present names of their services. */
export function underPresentNames(baseline: Baseline | undefined, services: NamedServices): Baseline | undefined {
  if (baseline?.places === undefined) return baseline;
  const { escrow, wallet } = baseline.places;
  return {
    ...baseline,
    places: {
      escrow: underPresentName(escrow, services.escrow),
      wallet: underPresentName(wallet, services.wallet),
    },
  };
}

/** Where the last baseline of each agent is kept. */
export interface BaselineStore {
  read(agentId: string): Promise<Baseline | undefined>;
  /** Replaces an older one; of runs that overlap the later one's stays. */
  keep(baseline: Baseline): Promise<void>;
}

/** Escrows that were created this long before a baseline are named in it: clocks differ, and lists are late. */
export const RECENT_MS = 3_600_000;

/** An item of DynamoDB holds some more; with more open escrows than this there is no baseline. */
export const MAX_NAMED = 4_000;
