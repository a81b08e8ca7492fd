import * as z from 'zod/mini';
import { underPresentName, type IntentOwner } from './owner.ts';
import { isOrder, marketLock, type Ending, type Intent } from './intent.ts';

/**
 * What the ledger keeps of the latest effect of an agent or a market, as an item of its own: whatever else was applied
 * since, it is found in one consistent read.
 */

/** The escrow that an agent created last. A list or ledger in which its reference is missing is not complete. */
export interface Canary {
  readonly reference: string;
  /** When it was sent (ISO 8601). */
  readonly createdAt: string;
}

/** The order that was placed last in a market. */
export interface LastOrder {
  /** Its effect key. */
  readonly intentKey: string;
  /** When it was known to stand (ISO 8601). */
  readonly at: string;
  /** What the market comes to with it, longs less shorts: signed decimal USD. Absent in orders of earlier releases. */
  readonly exposureUsd?: string | undefined;
  /** What else it may come to: what the service showed before it and what the ledger reckoned may differ. */
  readonly otherExposureUsd?: string | undefined;
  /** What is left free in the account with it, decimal USD. Absent where the service shows no balance. */
  readonly availableUsd?: string | undefined;
  /** The orders up to this one that the service may not show yet. Absent in orders of earlier releases. */
  readonly unshown?: Unshown | undefined;
}

const sumsSchema = z.object({ longUsd: z.string(), shortUsd: z.string(), marginUsd: z.string() });

/** What orders come to together, decimal USD. */
export type OrderSums = z.infer<typeof sumsSchema>;

const unshownSchema = z.object({
  /** ISO 8601. */
  since: z.string(),
  /** Of the orders since then. */
  now: sumsSchema,
  /** Of those before that may not be shown either; absent where that is not known. */
  before: z.optional(sumsSchema),
});
export type Unshown = z.infer<typeof unshownSchema>;

/** An item that `move` writes with the intent. It replaces what is there if `isNewer`; its time in the field `by` says so. */
export interface LatestItem {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
  readonly by: string;
  readonly isNewer: (stored: Readonly<Record<string, unknown>> | undefined) => boolean;
}

/** Key of an agent's canary at one address: what it created elsewhere proves nothing of a read there. */
export function canaryKey({ agentId, service }: IntentOwner): string {
  return service === undefined ? `canary/${agentId}` : `canary/${agentId}/${service.baseUrl}`;
}

/** Key of the last order of a market. */
export function lastOrderKey(market: Pick<Intent, 'kind' | 'agentId' | 'payee'>): string {
  return `last-order/${marketLock(market)}`;
}

/** Of `before` of an order's intent: what its decision expected to stand with it. */
export const expectedSchema = z.object({
  exposureUsd: z.string(),
  otherExposureUsd: z.optional(z.string()),
  availableUsd: z.optional(z.string()),
  unshown: z.optional(unshownSchema),
});

/** What becomes the latest when an intent ends so; undefined where nothing does. */
export function latestItemOf(intent: Intent, ending: Ending, at: Date): LatestItem | undefined {
  if (ending.state !== 'applied') return undefined;
  if (intent.kind === 'escrow-create') return canaryOf(intent, ending);
  return isOrder(intent.kind) ? lastOrderOf(intent, at) : undefined;
}

/** The canary as an applied intent gives it. */
function canaryOf(intent: Intent, { sentTo }: Pick<Ending, 'sentTo'>): LatestItem {
  const { agentId, reference, sentAt, createdAt } = intent;
  const service = underPresentName(intent.service, sentTo);
  const value = { reference, createdAt: sentAt ?? createdAt };
  const isNewer: LatestItem['isNewer'] = (stored) => textOf(stored, 'createdAt') < value.createdAt;
  return { key: canaryKey({ agentId, service }), value, by: 'createdAt', isNewer };
}

function lastOrderOf(intent: Intent, at: Date): LatestItem {
  const expected = z.safeParse(expectedSchema, intent.before?.['expected']);
  const value = {
    intentKey: intent.key,
    at: at.toISOString(),
    ...(expected.success ? expected.data : {}),
  };
  return { key: lastOrderKey(intent), value, by: 'at', isNewer: (stored) => textOf(stored, 'at') <= value.at };
}

function textOf(stored: Readonly<Record<string, unknown>> | undefined, name: string): string {
  const value = stored?.[name];
  return typeof value === 'string' ? value : '';
}
