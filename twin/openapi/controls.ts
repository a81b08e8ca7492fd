import * as z from 'zod';
import { operationsOf, type Operation } from './operation.ts';

const anything = z.looseObject({});
const decimal = z.string().meta({ description: 'a decimal text such as "65000.00"' });
const pricePoint = z.strictObject({ afterSeconds: z.int().min(0), price: decimal });

/** What the service does not have: looking at everything, and arranging what happens. In short. */
export const CONTROLS: readonly Operation[] = operationsOf({ tag: 'controls', errorForm: 'reference' }, [
  control('GET /_twin/agents', 'All agents with their money', { agents: [], conserved: true }),
  {
    ...control('GET /_twin/ledger', 'All movements of money, and whether they add up', {
      entries: [],
      conserved: true,
    }),
    query: z.object({ since: z.int().default(0) }),
    errors: { 400: ['INVALID_REQUEST'] },
  },
  {
    ...control('GET /_twin/calls', 'The log of calls', { calls: [] }),
    query: z.object({ since: z.int().default(0) }),
    errors: { 400: ['INVALID_REQUEST'] },
  },
  control('GET /_twin/clock', "The twin's time", { now: '2026-03-06T09:00:00Z' }),
  {
    ...control('POST /_twin/clock', 'Sets the clock, or moves it on or back', { now: '2026-03-06T10:00:00Z' }),
    body: z.strictObject({ now: z.iso.datetime({ offset: true }).optional(), advanceSeconds: z.number().optional() }),
    bodyExample: { advanceSeconds: 3600 },
    errors: { 400: ['INVALID_REQUEST'] },
  },
  control('GET /_twin/escrows', 'All escrows in full', { escrows: [] }),
  {
    ...control('POST /_twin/escrows/:id/resolve', 'Decides a dispute, as the staff does', { status: 'refunded' }),
    body: z.strictObject({ inFavourOf: z.enum(['creator', 'counterparty']) }),
    bodyExample: { inFavourOf: 'creator' },
    errors: { 400: ['INVALID_REQUEST'], 404: ['NOT_FOUND'], 409: ['INVALID_STATUS_TRANSITION'] },
  },
  control('GET /_twin/orders', 'All orders with agent and metadata', { orders: [] }),
  {
    ...control('PUT /_twin/training-jobs/:name', 'Registers or replaces a training job', {
      TrainingJobName: 'churn-xgb-demo',
    }),
    body: z.strictObject({
      status: z.string().optional(),
      metrics: z.record(z.string(), z.number()).optional(),
      tags: z.record(z.string(), z.string()).optional(),
      partOf: z.record(z.string(), z.string()).optional(),
      createdAt: z.iso.datetime({ offset: true }).optional(),
    }),
    bodyExample: { status: 'Completed', metrics: { 'validation:accuracy': 0.93 } },
    errors: { 400: ['INVALID_REQUEST'] },
  },
  {
    ...control('PUT /_twin/registrations', 'Which agents only one service knows', { trading: ['ag_trader'] }),
    body: z.strictObject({
      escrow: z.array(z.string()).optional(),
      trading: z.array(z.string()).optional(),
      wallet: z.array(z.string()).optional(),
    }),
    bodyExample: { trading: ['ag_trader'] },
    errors: { 400: ['INVALID_REQUEST'] },
  },
  {
    ...control('POST /_twin/faults', 'Asks for a fault', { fault: 'reset', fired: 0 }),
    status: 201,
    body: z.looseObject({ route: z.string(), fault: z.string() }),
    bodyExample: { route: 'POST /escrow/create', fault: 'applied-answer-lost' },
    errors: { 400: ['INVALID_REQUEST'] },
  },
  control('GET /_twin/faults', 'The faults that were asked for, and what came of them', {
    faults: [],
    late_requests: [],
  }),
  control('DELETE /_twin/faults', 'No more faults', { faults: [], late_requests: [] }),
  control('GET /_twin/prices', 'The prices of now, and how they go on', { prices: [] }),
  {
    ...control('PUT /_twin/prices/:asset', 'A price that stands still from now on, or a path', { asset: 'BTC-USDC' }),
    body: z.strictObject({ price: decimal.optional(), path: z.array(pricePoint).min(1).optional() }),
    bodyExample: { price: '65000.00' },
    errors: { 400: ['INVALID_REQUEST'] },
  },
  {
    ...control('PUT /_twin/faucet', 'Whether an address may claim only once in 24 hours', { limitAddresses: true }),
    body: z.strictObject({ limitAddresses: z.boolean() }),
    bodyExample: { limitAddresses: true },
    errors: { 400: ['INVALID_REQUEST'] },
  },
  {
    ...control('PUT /_twin/faucet/:agentId', 'How often an agent may claim, and whether it counts as funded', {
      agent_id: 'ag_trader',
      everyHours: 24,
      hasDeposits: false,
    }),
    body: z.strictObject({
      everyHours: z.number().gt(0).nullable().optional(),
      hasDeposits: z.boolean().optional(),
    }),
    bodyExample: { everyHours: 24 },
    errors: { 400: ['INVALID_REQUEST'], 404: ['NOT_FOUND'] },
  },
  control('GET /_twin/webhooks', 'All webhooks with their deliveries, without secrets', { webhooks: [] }),
  control('GET /openapi.json', 'This document', { openapi: '3.1.0' }),
]);

function control(
  route: string,
  summary: string,
  answerExample: Readonly<Record<string, unknown>>,
): Omit<Operation, 'tag' | 'errorForm'> {
  return { route, summary, key: 'none', answer: anything, answerExample, errors: {} };
}
