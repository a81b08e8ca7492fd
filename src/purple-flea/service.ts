import * as z from 'zod/mini';
import type { CallLimit } from '../pacing/pace.ts';
import type { PacedCall, PacedCalls, Pacer, PaceWait } from '../pacing/pacer.ts';
import type { Transport } from './transport.ts';

/**
 * The dialects of the Purple Flea API that this client speaks: the documented `reference`, and what the `published`
 * server code does. They differ in paths, field names, status words, codes, limits, and in which operations exist.
 */
export const PROFILES = ['reference', 'published'] as const;
export type Profile = (typeof PROFILES)[number];

/** Where one service of Purple Flea is, and which dialect it speaks there. */
export const serviceSchema = z.object({
  baseUrl: z.string(),
  profile: z.enum(PROFILES),
  /** Names that this same service had before: what was recorded under one of them is sent and looked for at `baseUrl`. */
  formerBaseUrls: z.optional(z.array(z.string())),
  /** What the trading service calls an asset, where it is not what the dialect makes of its name. */
  symbols: z.optional(z.record(z.string(), z.string())),
});
export type Service = z.infer<typeof serviceSchema>;

/** An escrow service also says what it keeps of an amount; 100 is one per cent. */
export const escrowServiceSchema = z.extend(serviceSchema, { feeBasisPoints: z.int() });

/** Whose account a call is made for. */
export interface Credentials {
  readonly apiKey: string;
  readonly agentId: string;
}

/** What the operations of one service share. */
export interface ServiceDeps {
  readonly service: Service;
  readonly transport: Transport;
  readonly pacer: Pacer;
  /** Until when a read is tried again, in milliseconds from its start; its last attempt ends by then. */
  readonly readMs: number;
  /** In milliseconds; only differences count. */
  readonly now: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** In [0, 1): spreads what is tried again. */
  readonly random: () => number;
}

/** The answer to a read that this dialect has no route for. Nothing was asked. */
export interface Unsupported {
  readonly kind: 'unsupported';
  /** What there is instead, in words. */
  readonly reason: string;
}

/** A read that not every dialect has a route for. */
export type Reading<Value> = { readonly kind: 'read'; readonly value: Value } | Unsupported;

/**
 * A call as the pacer counts it; undefined where it needs no slot. The service counts by key, and here it is by agent: no
 * key stands in a table.
 */
export function pacedCall(
  { service }: Pick<ServiceDeps, 'service'>,
  { agentId }: Pick<Credentials, 'agentId'>,
  limit: CallLimit | undefined,
): PacedCall | undefined {
  if (limit === undefined || limit.per === 'escrow') return undefined;
  const host = service.baseUrl.replace(/^https?:\/\//, '');
  const lane = [host, limit.name, ...(limit.per === 'account' ? [agentId] : [])].join('/');
  return { lane, limit };
}

/** An effect by its key, when silence would settle what it settles (ISO 8601), and as long as it may sleep for a slot. */
export interface PacedEffect {
  readonly key: string;
  readonly urgentBy?: string | undefined;
  readonly patienceMs?: number | undefined;
}

/**
 * Reserves what an effect is about to call, before it is claimed: all calls in as few writes as may be.
 *
 * @param limits of the calls, in their order. An effect queues where any of its calls does.
 * @param beside are its calls of other services.
 */
export function reserveCalls(
  deps: ServiceDeps,
  credentials: Credentials,
  limits: readonly (CallLimit | undefined)[],
  effect: PacedEffect,
  beside: readonly PacedCalls[] = [],
): Promise<PaceWait | undefined> {
  return deps.pacer.reserve(...pacedCalls(deps, credentials, limits, effect), ...beside);
}

/** The calls of an effect as the pacer counts them: those that are counted together as one. */
export function pacedCalls(
  deps: Pick<ServiceDeps, 'service'>,
  credentials: Pick<Credentials, 'agentId'>,
  limits: readonly (CallLimit | undefined)[],
  { key, urgentBy, patienceMs }: PacedEffect,
): readonly PacedCalls[] {
  const lanes = new Map<string, PacedCalls>();
  const effect = { holder: key, urgentBy: urgentBy === undefined ? undefined : Date.parse(urgentBy), patienceMs };
  for (const limit of limits) {
    const call = pacedCall(deps, credentials, limit);
    if (call === undefined) continue;
    const before = lanes.get(call.lane);
    const queued = before?.limit.queue === undefined ? call.limit : before.limit;
    lanes.set(call.lane, { ...call, ...effect, limit: queued, count: (before?.count ?? 0) + 1 });
  }
  return [...lanes.values()];
}
