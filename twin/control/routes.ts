import { Hono } from 'hono';
import * as z from 'zod';
import { formatUsd } from '../../src/money.ts';
import { resolveEscrow, type Escrow } from '../escrow/escrow-book.ts';
import { ESCROW_RULES } from '../escrow/escrow-rules.ts';
import { publicState } from '../escrow/reference-routes.ts';
import { register, registrationsView } from '../registrations.ts';
import { bodyObject, invalidRequest, Refusal, type TwinContext, type TwinEnv } from '../request.ts';
import {
  describeTrainingJob,
  metricsSchema,
  parentSchema,
  tagsSchema,
  trainingJobNameSchema,
  trainingJobStatusSchema,
  type TrainingJob,
} from '../sagemaker/training-job.ts';
import { orderAnswer } from '../trading/reference-routes.ts';
import { isoOf, isoOrNull, isoSeconds } from '../world/clock.ts';
import type { World } from '../world/world.ts';
import { agentsView, ledgerView } from './books.ts';

const trainingJobSchema = z.strictObject({
  status: trainingJobStatusSchema.default('Completed'),
  metrics: metricsSchema.default({}),
  tags: tagsSchema.optional(),
  partOf: parentSchema.optional(),
  createdAt: z.iso.datetime({ offset: true }).optional(),
});
const TRAINING_JOB_EXAMPLE = '{"status": "Completed", "metrics": {"validation:accuracy": 0.93}}';

const clockSchema = z
  .strictObject({ now: z.iso.datetime({ offset: true }).optional(), advanceSeconds: z.number().optional() })
  .refine(({ now, advanceSeconds }) => (now === undefined) !== (advanceSeconds === undefined), {
    error: 'expected either now or advanceSeconds',
  });
const CLOCK_EXAMPLE = '{"now": "2026-03-06T09:00:00Z"} or {"advanceSeconds": 3600}';

const agentIds = z.array(z.string()).optional();
const registrationsSchema = z.strictObject({ escrow: agentIds, trading: agentIds, wallet: agentIds });
const REGISTRATIONS_EXAMPLE = '{"trading": ["ag_trader"]}';

const resolutionSchema = z.strictObject({ inFavourOf: z.enum(['creator', 'counterparty']) });
const RESOLUTION_EXAMPLE = '{"inFavourOf": "creator"}';

/** Four-digit years: beyond them ISO times get another form. */
const LAST_TIME = Date.parse('9000-01-01T00:00:00Z');

/**
 * What the service itself does not have: looking at everything, moving the clock, deciding disputes, registering
 * training jobs.
 *
 * @param fireDue does all that has fallen due.
 */
export function controlRoutes(world: World, fireDue: () => Promise<void>): Hono<TwinEnv> {
  const routes = new Hono<TwinEnv>();

  routes.put('/_twin/training-jobs/:name', (c) => {
    const name = checked(trainingJobNameSchema, c.req.param('name'), 'training job name', 'churn-xgb-demo');
    const { createdAt, ...said } = checked(trainingJobSchema, bodyObject(c), 'body', TRAINING_JOB_EXAMPLE);
    const now = c.get('now');
    const created = createdAt === undefined ? now.getTime() : Date.parse(createdAt);
    const changedAt = Math.max(created, now.getTime());
    const job: TrainingJob = { id: name, name, ...said, createdAt: created, changedAt };
    world.trainingJobs.put(job);
    return c.json(describeTrainingJob(job));
  });

  routes.get('/_twin/agents', (c) => c.json(agentsView(world)));

  routes.put('/_twin/registrations', (c) => {
    register(world, checked(registrationsSchema, bodyObject(c), 'body', REGISTRATIONS_EXAMPLE));
    return c.json(registrationsView(world));
  });

  routes.get('/_twin/ledger', (c) => c.json(ledgerView(world, readSince(c))));

  routes.get('/_twin/calls', (c) => {
    return c.json({ calls: world.calls.slice(readSince(c)) });
  });

  routes.get('/_twin/clock', (c) => c.json({ now: isoSeconds(c.get('now')) }));

  routes.post('/_twin/clock', async (c) => {
    const { now, advanceSeconds = 0 } = checked(clockSchema, bodyObject(c), 'body', CLOCK_EXAMPLE);
    const target = now === undefined ? c.get('now').getTime() + advanceSeconds * 1000 : Date.parse(now);
    if (!(target >= 0 && target < LAST_TIME)) {
      throw invalidRequest('the clock can be set to times from 1970 to 8999.');
    }
    if (now === undefined) world.clock.advance(advanceSeconds * 1000);
    else world.clock.moveTo(new Date(target));
    await fireDue();
    return c.json({ now: isoSeconds(world.clock.now()) });
  });

  routes.get('/_twin/escrows', (c) =>
    c.json({ escrows: [...world.escrows.values()].map((escrow) => fullState(world, escrow)) }),
  );

  routes.post('/_twin/escrows/:id/resolve', (c) => {
    const { inFavourOf } = checked(resolutionSchema, bodyObject(c), 'body', RESOLUTION_EXAMPLE);
    const id = c.req.param('id');
    const escrow = world.escrows.get(id);
    if (escrow === undefined) throw new Refusal(404, 'NOT_FOUND', `No escrow found with ID ${id}`);
    if (escrow.status !== 'disputed') {
      throw new Refusal(
        409,
        'INVALID_STATUS_TRANSITION',
        `${id} is ${escrow.status}: only a disputed one can be resolved.`,
      );
    }
    return c.json(fullState(world, resolveEscrow(world, escrow, inFavourOf, c.get('now'))));
  });

  routes.get('/_twin/orders', (c) =>
    c.json({
      orders: [...world.orders.values()].map((order) => ({
        ...orderAnswer(order),
        agent_id: order.holderId,
        metadata: order.metadata,
      })),
    }),
  );

  return routes;
}

function fullState(world: World, escrow: Escrow): Record<string, unknown> {
  return {
    ...publicState(escrow),
    status: ESCROW_RULES[world.escrowProfile].words[escrow.status],
    expires_at: isoOf(escrow.expiresAt),
    refunded_at: isoOrNull(escrow.refundedAt),
    release_note: escrow.releaseNote,
    dispute_id: escrow.disputeId,
    dispute_reason: escrow.disputeReason,
    evidence_url: escrow.evidenceUrl,
    raised_by: escrow.raisedBy,
    referral_code: escrow.referralCode,
    referrer_agent_id: escrow.referrerId,
    referral_commission_usd: formatUsd(escrow.referralCommission),
    metadata: escrow.metadata,
    paid_unrecorded: escrow.paidUnrecorded,
    held_usd: formatUsd(world.ledger.balance(`escrow:${escrow.id}`)),
  };
}

function readSince(c: TwinContext): number {
  const since = c.req.query('since') ?? '0';
  if (!/^\d{1,15}$/.test(since)) throw invalidRequest('since must be a seq, such as 0.');
  return Number(since);
}

function checked<Output>(schema: z.ZodType<Output>, value: unknown, what: string, example: string): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || what}: ${message}`);
  throw invalidRequest(`${problems.join('; ')}. Send for example ${example}`);
}
