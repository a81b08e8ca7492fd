import { randomBytes } from 'node:crypto';
import type { Collection, Stored } from '../world/store.ts';
import { newId, type Announcement, type World } from '../world/world.ts';

/** What a webhook can be told of. The service's other events never happen here. */
export const EVENT_TYPES = [
  'escrow_funded',
  'escrow_completed',
  'escrow_released',
  'escrow_disputed',
  'escrow_refunded',
  'trade_filled',
  'wallet_transfer',
  'faucet_claimed',
] as const satisfies readonly Announcement['type'][];
export type EventType = (typeof EVENT_TYPES)[number];

/** The two forms of an event that the documentation has: `{event, ...}` and `{type, ..., agent_id}`. */
export const ENVELOPES = ['event', 'type'] as const;
/** The two ways it writes the names of events: `escrow_funded` and `escrow.funded`. */
export const NAME_STYLES = ['underscore', 'dot'] as const;

/** What the owner of a webhook asks for. */
export interface WebhookTerms {
  readonly agentId: string;
  readonly url: string;
  /** As the owner wrote them; `*` is all. */
  readonly events: readonly string[];
  readonly envelope: (typeof ENVELOPES)[number];
  readonly names: (typeof NAME_STYLES)[number];
}

/** One address that wants to be told what happens to an agent. Times are in milliseconds since 1970. */
export interface Webhook extends WebhookTerms, Stored {
  readonly secret: string;
  readonly status: 'active' | 'deleted';
  readonly createdAt: number;
}

/** One try at a delivery. */
export interface Attempt {
  readonly at: number;
  /** Null where there was no answer. */
  readonly statusCode: number | null;
  readonly responseTimeMs: number;
  /** Why there was no answer; null where there was one. */
  readonly error: string | null;
}

/** One event on its way to one webhook. */
export interface Delivery extends Stored {
  readonly webhookId: string;
  readonly eventId: string;
  /** As the webhook wants it written. */
  readonly event: string;
  readonly createdAt: number;
  /** What is sent, the same each time. */
  readonly body: string;
  readonly status: 'pending' | 'delivered' | 'failed' | 'cancelled';
  readonly attempts: readonly Attempt[];
  /** Null when there is none to come. */
  readonly nextAttemptAt: number | null;
}

/** When the attempts are due, counted from the event. */
const ATTEMPTS_AFTER_MS = [0, 60_000, 600_000] as const;

const API_VERSION = 'v1';

export function createWebhook(world: World, terms: WebhookTerms, secret: string, now: Date): Webhook {
  const webhook: Webhook = { ...terms, id: newId('wh'), secret, status: 'active', createdAt: now.getTime() };
  world.webhooks.put(webhook);
  return webhook;
}

/** From here on it gets nothing, not even what was on its way. */
export function deleteWebhook(world: World, webhook: Webhook): void {
  world.webhooks.put({ ...webhook, status: 'deleted' });
  for (const delivery of deliveriesOf(world, webhook.id)) {
    if (delivery.status === 'pending') putDelivery(world, { ...delivery, status: 'cancelled', nextAttemptAt: null });
  }
}

/** A secret for a webhook whose owner brought none. */
export function newSecret(): string {
  return `whsec_${randomBytes(24).toString('hex')}`;
}

/** The active webhooks that an announcement is for: those of its agents that asked for such an event. */
export function webhooksFor(world: World, { type, agentIds }: Announcement): Webhook[] {
  return [...world.webhooks.values()].filter(
    ({ status, agentId, events }) =>
      status === 'active' &&
      agentIds.includes(agentId) &&
      events.some((name) => name === '*' || readName(name) === type),
  );
}

/** The event that a name stands for, in either spelling. */
export function readName(name: string): EventType | undefined {
  return EVENT_TYPES.find((type) => type === name.replaceAll('.', '_'));
}

/** Puts an event on its way. It is due at once, by the clock, however long ago it was. */
export function addDelivery(world: World, webhook: Webhook, announcement: Announcement): Delivery {
  const { eventId, event, body } = composeEvent(webhook, announcement);
  const now = world.clock.now().getTime();
  const delivery: Delivery = {
    id: newId('dlv'),
    webhookId: webhook.id,
    eventId,
    event,
    createdAt: now,
    body,
    status: 'pending',
    attempts: [],
    nextAttemptAt: now + ATTEMPTS_AFTER_MS[0],
  };
  putDelivery(world, delivery);
  return delivery;
}

/** An event in the form that its webhook wants. @param extra goes into the envelope. */
export function composeEvent(
  { agentId, envelope, names }: Webhook,
  { type, at, data }: Pick<Announcement, 'type' | 'at' | 'data'>,
  extra: Readonly<Record<string, unknown>> = {},
): { readonly eventId: string; readonly event: string; readonly body: string } {
  const id = newId('evt');
  const name = names === 'dot' ? type.replace('_', '.') : type;
  const timestamp = at.toISOString();
  const head =
    envelope === 'event'
      ? { event: name, id, timestamp, api_version: API_VERSION }
      : {
          id,
          type: name,
          api_version: API_VERSION,
          created: Math.floor(at.getTime() / 1000),
          timestamp,
          agent_id: agentId,
        };
  return { eventId: id, event: name, body: JSON.stringify({ ...head, ...extra, data }) };
}

/** Notes an attempt: it is over when it was a success or the last. */
export function recordAttempt(world: World, delivery: Delivery, attempt: Attempt): Delivery {
  const attempts = [...delivery.attempts, attempt];
  const nextAfter = ATTEMPTS_AFTER_MS[attempts.length];
  const outcome = isSuccess(attempt)
    ? ({ status: 'delivered', nextAttemptAt: null } as const)
    : nextAfter === undefined
      ? ({ status: 'failed', nextAttemptAt: null } as const)
      : ({ status: 'pending', nextAttemptAt: delivery.createdAt + nextAfter } as const);
  const recorded: Delivery = { ...delivery, ...outcome, attempts };
  putDelivery(world, recorded);
  return recorded;
}

/** Whether the receiver has taken it. */
export function isSuccess({ statusCode }: Attempt): boolean {
  return statusCode !== null && statusCode >= 200 && statusCode < 300;
}

/** All that was sent to a webhook or is on its way, oldest first. */
export function deliveriesOf(world: World, webhookId: string): Delivery[] {
  return [...deliveries(world).values()].filter((delivery) => delivery.webhookId === webhookId);
}

/** All deliveries of the twin; those of an earlier run are in it. */
export function deliveries(world: World): Collection<Delivery> {
  return world.store.collection('webhook-deliveries');
}

function putDelivery(world: World, delivery: Delivery): void {
  deliveries(world).put(delivery);
}
