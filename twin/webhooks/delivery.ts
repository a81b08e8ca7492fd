import { createHmac } from 'node:crypto';
import type { World } from '../world/world.ts';
import { addDelivery, deliveries, recordAttempt, webhooksFor, type Attempt, type Delivery } from './webhook-book.ts';

/** Brings events to the webhooks of a world. */
export interface WebhookDelivery {
  /** Makes every attempt that is due; resolves when they are over and never rejects. */
  deliverDue(now: Date): Promise<void>;
  /** Breaks off what is on its way and makes no further attempt. */
  stop(): void;
}

/** A receiver must have answered by then, in real time. */
const ANSWER_WITHIN_MS = 10_000;

/** Listens to what is announced; it is for others to call `deliverDue`, after each change and as time goes by. */
export function createWebhookDelivery(world: World): WebhookDelivery {
  const stopping = new AbortController();
  const waiting = new Set<string>();
  const underWay = new Set<string>();

  for (const { id, status } of deliveries(world).values()) if (status === 'pending') waiting.add(id);
  world.onAnnouncement((announcement) => {
    for (const webhook of webhooksFor(world, announcement)) waiting.add(addDelivery(world, webhook, announcement).id);
  });

  const attemptWhileDue = async (id: string, now: Date): Promise<void> => {
    let due: Delivery | undefined = dueDelivery(world, id, now);
    while (due !== undefined && !stopping.signal.aborted) {
      const attempt = await attemptDelivery(world, due, stopping.signal);
      // It may have been cancelled in the meantime.
      const current = deliveries(world).get(id);
      if (current?.status === 'pending' && !stopping.signal.aborted) recordAttempt(world, current, attempt);
      due = dueDelivery(world, id, world.clock.now());
    }
    if (deliveries(world).get(id)?.status !== 'pending') waiting.delete(id);
  };

  const deliverDue = async (now: Date): Promise<void> => {
    const idle = [...waiting].filter((id) => !underWay.has(id));
    for (const id of idle) underWay.add(id);
    await Promise.all(idle.map((id) => attemptWhileDue(id, now).finally(() => underWay.delete(id))));
  };

  return {
    deliverDue,
    stop: () => stopping.abort(),
  };
}

function dueDelivery(world: World, id: string, now: Date): Delivery | undefined {
  const delivery = deliveries(world).get(id);
  const at = delivery?.nextAttemptAt ?? null;
  return at === null || at > now.getTime() ? undefined : delivery;
}

async function attemptDelivery(world: World, { webhookId, body }: Delivery, stopping: AbortSignal): Promise<Attempt> {
  const webhook = world.webhooks.get(webhookId);
  if (webhook === undefined) throw new Error(`no webhook ${webhookId}`);
  return send(webhook, body, { at: world.clock.now(), signal: stopping });
}

/** Sends a body to a webhook once, signed for this attempt. Whatever goes wrong is in the answer; it never rejects. */
export async function send(
  { url, secret }: { readonly url: string; readonly secret: string },
  body: string,
  { at, signal }: { readonly at: Date; readonly signal?: AbortSignal },
): Promise<Attempt> {
  const timestamp = Math.floor(at.getTime() / 1000);
  const started = performance.now();
  const outcome = await post(url, body, {
    headers: {
      'content-type': 'application/json',
      'X-PurpleFlea-Signature': `sha256=${signatureOf(secret, timestamp, body)}`,
      'X-PurpleFlea-Timestamp': String(timestamp),
    },
    signal: AbortSignal.any([AbortSignal.timeout(ANSWER_WITHIN_MS), ...(signal === undefined ? [] : [signal])]),
  });
  return { at: at.getTime(), ...outcome, responseTimeMs: Math.round(performance.now() - started) };
}

async function post(
  url: string,
  body: string,
  options: { readonly headers: Record<string, string>; readonly signal: AbortSignal },
): Promise<Pick<Attempt, 'statusCode' | 'error'>> {
  try {
    const response = await fetch(url, { ...options, method: 'POST', body, redirect: 'manual' });
    await response.body?.cancel();
    return { statusCode: response.status, error: null };
  } catch (error) {
    return { statusCode: null, error: reasonOf(error) };
  }
}

/** `fetch` itself says only "fetch failed"; the cause says why. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

/** The hex digest that a receiver has to find: HMAC-SHA256 over timestamp, a dot and the body as it was sent. */
export function signatureOf(secret: string, timestamp: number, body: string): string {
  return createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
}
