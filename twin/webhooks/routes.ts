import { Hono } from 'hono';
import {
  bodyObject,
  invalidRequest,
  optionalText,
  Refusal,
  requireCaller,
  requiredText,
  type TwinEnv,
} from '../request.ts';
import { isoOf, isoOrNull } from '../world/clock.ts';
import type { Agent, World } from '../world/world.ts';
import { send } from './delivery.ts';
import {
  composeEvent,
  createWebhook,
  deleteWebhook,
  deliveriesOf,
  ENVELOPES,
  EVENT_TYPES,
  isSuccess,
  NAME_STYLES,
  newSecret,
  readName,
  type Delivery,
  type EventType,
  type Webhook,
} from './webhook-book.ts';

const SHOWN_DELIVERIES = 50;
const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/** Webhooks of the caller's agent. A secret is shown once, when it was made here, and never again. */
export function webhookRoutes(world: World): Hono<TwinEnv> {
  const routes = new Hono<TwinEnv>();

  routes.post('/v1/webhooks', (c) => {
    const owner = requireCaller(c);
    const body = bodyObject(c);
    const terms = {
      agentId: owner.id,
      url: readUrl(requiredText(body, 'url')),
      events: readEvents(body['events']),
      envelope: readChoice(body, 'envelope', ENVELOPES),
      names: readChoice(body, 'names', NAME_STYLES),
    };
    const given = optionalText(body, 'secret');
    if (given === '') throw invalidRequest('secret must not be empty: leave it out to be given one.');
    const secret = given ?? newSecret();
    const webhook = createWebhook(world, terms, secret, c.get('now'));
    return c.json({ ...webhookView(world, webhook), ...(given === null && { secret }) }, 201);
  });

  routes.get('/v1/webhooks', (c) => {
    const owner = requireCaller(c);
    const mine = [...world.webhooks.values()].filter(
      ({ agentId, status }) => agentId === owner.id && status === 'active',
    );
    return c.json({ webhooks: mine.map((webhook) => webhookView(world, webhook)), count: mine.length });
  });

  routes.get('/v1/webhooks/:id', (c) => {
    const webhook = requireWebhook(world, requireCaller(c), c.req.param('id'));
    const latest = deliveriesOf(world, webhook.id).slice(-SHOWN_DELIVERIES).toReversed();
    return c.json({ ...webhookView(world, webhook), deliveries: latest.map(deliveryView) });
  });

  routes.delete('/v1/webhooks/:id', (c) => {
    const webhook = requireWebhook(world, requireCaller(c), c.req.param('id'));
    deleteWebhook(world, webhook);
    return c.json({ id: webhook.id, deleted: true });
  });

  routes.post('/v1/webhooks/test', async (c) => {
    const owner = requireCaller(c);
    const body = bodyObject(c);
    const webhook = requireWebhook(world, owner, requiredText(body, 'webhook_id'));
    const type = readEvent(requiredText(body, 'event_type'));
    const at = c.get('now');
    const { eventId, body: text } = composeEvent(webhook, { type, at, data: {} }, { test: true });
    const attempt = await send(webhook, text, { at });
    return c.json({
      delivered: isSuccess(attempt),
      status_code: attempt.statusCode,
      response_time_ms: attempt.responseTimeMs,
      event_id: eventId,
    });
  });

  routes.get('/_twin/webhooks', (c) =>
    c.json({
      webhooks: [...world.webhooks.values()].map((webhook) => ({
        ...webhookView(world, webhook),
        agent_id: webhook.agentId,
        deliveries: deliveriesOf(world, webhook.id).map((delivery) => ({
          ...deliveryView(delivery),
          body: JSON.parse(delivery.body) as unknown,
        })),
      })),
    }),
  );

  return routes;
}

function webhookView(world: World, webhook: Webhook): Record<string, unknown> {
  const tried = deliveriesOf(world, webhook.id).filter(({ attempts }) => attempts.length > 0);
  const arrivals = tried.flatMap(({ attempts }) => attempts.filter(isSuccess)).map(({ at }) => at);
  return {
    id: webhook.id,
    url: webhook.url,
    events: webhook.events,
    status: webhook.status,
    created_at: isoOf(webhook.createdAt),
    last_delivery_at: arrivals.length === 0 ? null : isoOf(Math.max(...arrivals)),
    total_deliveries: tried.length,
    failed_deliveries: tried.filter(({ status }) => status === 'failed').length,
    envelope: webhook.envelope,
    names: webhook.names,
  };
}

function deliveryView({
  eventId,
  event,
  status,
  createdAt,
  nextAttemptAt,
  attempts,
}: Delivery): Record<string, unknown> {
  return {
    event_id: eventId,
    event,
    status,
    created_at: isoOf(createdAt),
    next_attempt_at: isoOrNull(nextAttemptAt),
    attempts: attempts.map(({ at, statusCode, responseTimeMs, error }) => ({
      at: isoOf(at),
      status_code: statusCode,
      response_time_ms: responseTimeMs,
      error,
    })),
  };
}

function requireWebhook(world: World, owner: Agent, id: string): Webhook {
  const webhook = world.webhooks.get(id);
  if (webhook?.agentId !== owner.id || webhook.status === 'deleted') {
    throw new Refusal(404, 'WEBHOOK_NOT_FOUND', `No webhook found with ID ${id}`);
  }
  return webhook;
}

function readUrl(text: string): string {
  const url = URL.parse(text);
  const isLoopback = url?.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname);
  if (url?.protocol !== 'https:' && !isLoopback) {
    throw invalidRequest('url must be an https address; http is for this machine only.');
  }
  return text;
}

function readEvents(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw invalidRequest('events is required: send a list of event names, or ["*"] for all.');
  }
  return value.map((name: unknown) => {
    if (typeof name !== 'string') throw invalidRequest('events must be a list of strings.');
    if (name !== '*') readEvent(name);
    return name;
  });
}

function readEvent(name: string): EventType {
  const type = readName(name);
  if (type === undefined) throw invalidRequest(`there is no event ${name}: send one of ${EVENT_TYPES.join(', ')}.`);
  return type;
}

/** The first choice is what leaving the field out means. */
function readChoice<Choice extends string>(
  body: Record<string, unknown>,
  field: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const value = body[field] ?? choices[0];
  const choice = choices.find((known) => known === value);
  if (choice === undefined) throw invalidRequest(`${field} must be one of ${choices.join(', ')}.`);
  return choice;
}
