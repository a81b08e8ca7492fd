import * as z from 'zod';
import { ENVELOPES, EVENT_TYPES, NAME_STYLES } from '../webhooks/webhook-book.ts';
import { operationsOf, shortId, time, type Operation } from './operation.ts';

const events = z
  .array(z.string())
  .min(1)
  .meta({ description: `["*"], or some of ${EVENT_TYPES.join(', ')}` });
const view = {
  id: shortId('wh'),
  url: z.string(),
  events,
  status: z.literal('active'),
  created_at: time,
  last_delivery_at: time.nullable(),
  total_deliveries: z.int(),
  failed_deliveries: z.int(),
  envelope: z.enum(ENVELOPES),
  names: z.enum(NAME_STYLES),
};
const delivery = z.strictObject({
  event_id: shortId('evt'),
  event: z.string(),
  status: z.enum(['pending', 'delivered', 'failed', 'cancelled']),
  created_at: time,
  next_attempt_at: time.nullable(),
  attempts: z.array(
    z.strictObject({
      at: time,
      status_code: z.int().nullable(),
      response_time_ms: z.number(),
      error: z.string().nullable(),
    }),
  ),
});

const ID = 'wh_1a2b3c4d5e6f7081';
const VIEW = {
  id: ID,
  url: 'https://example.com/hook',
  events: ['*'],
  status: 'active',
  created_at: '2026-03-06T09:00:00Z',
  last_delivery_at: null,
  total_deliveries: 0,
  failed_deliveries: 0,
  envelope: 'event',
  names: 'underscore',
};
const NOT_MINE = { 401: ['UNAUTHORIZED'], 404: ['WEBHOOK_NOT_FOUND'], 429: ['RATE_LIMITED'] };

/** Webhooks, which only the documentation has. */
export const WEBHOOKS: readonly Operation[] = operationsOf({ tag: 'webhooks', errorForm: 'reference' }, [
  {
    route: 'POST /v1/webhooks',
    summary: "Registers an address for what happens to the caller's agent",
    key: 'needed',
    body: z.object({
      url: z.string().meta({ description: 'https, or http to this machine' }),
      events,
      secret: z.string().min(1).optional(),
      envelope: z.enum(ENVELOPES).optional().meta({ description: 'of the twin alone' }),
      names: z.enum(NAME_STYLES).optional().meta({ description: 'of the twin alone' }),
    }),
    bodyExample: { url: 'https://example.com/hook', events: ['*'] },
    status: 201,
    answer: z.strictObject({
      ...view,
      secret: z.string().optional().meta({ description: 'this once, where none was brought' }),
    }),
    answerExample: { ...VIEW, secret: 'whsec_made_up' },
    errors: { 400: ['INVALID_REQUEST'], 401: ['UNAUTHORIZED'], 429: ['RATE_LIMITED'] },
  },
  {
    route: 'GET /v1/webhooks',
    summary: "The caller's webhooks",
    key: 'needed',
    answer: z.strictObject({ webhooks: z.array(z.strictObject(view)), count: z.int() }),
    answerExample: { webhooks: [VIEW], count: 1 },
    errors: { 401: ['UNAUTHORIZED'], 429: ['RATE_LIMITED'] },
  },
  {
    route: 'GET /v1/webhooks/:id',
    summary: 'A webhook with its last 50 deliveries, newest first',
    key: 'needed',
    answer: z.strictObject({ ...view, deliveries: z.array(delivery) }),
    answerExample: {
      ...VIEW,
      deliveries: [
        {
          event_id: 'evt_2b3c4d5e6f708192',
          event: 'escrow_released',
          status: 'pending',
          created_at: '2026-03-06T09:00:00Z',
          next_attempt_at: '2026-03-06T09:01:00Z',
          attempts: [{ at: '2026-03-06T09:00:00Z', status_code: 503, response_time_ms: 12, error: null }],
        },
      ],
    },
    errors: NOT_MINE,
  },
  {
    route: 'DELETE /v1/webhooks/:id',
    summary: 'Ends a webhook, and what is on its way to it',
    key: 'needed',
    answer: z.strictObject({ id: shortId('wh'), deleted: z.literal(true) }),
    answerExample: { id: ID, deleted: true },
    errors: NOT_MINE,
  },
  {
    route: 'POST /v1/webhooks/test',
    summary: 'Sends a test event, once, and says what came of it',
    key: 'needed',
    body: z.object({ webhook_id: z.string(), event_type: z.string() }),
    bodyExample: { webhook_id: ID, event_type: 'escrow_released' },
    answer: z.strictObject({
      delivered: z.boolean(),
      status_code: z.int().nullable(),
      response_time_ms: z.number(),
      event_id: shortId('evt'),
    }),
    answerExample: { delivered: true, status_code: 200, response_time_ms: 12, event_id: 'evt_2b3c4d5e6f708192' },
    errors: { ...NOT_MINE, 400: ['INVALID_REQUEST'] },
  },
]);
