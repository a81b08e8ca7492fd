import { Hono } from 'hono';
import * as z from 'zod';
import { formatUsd, sumUsd } from '../src/money.ts';
import { isoSeconds } from './clock.ts';
import { isoOrNull, publicState } from './escrow.ts';
import type { Escrow } from './escrow-book.ts';
import { bodyObject, invalidRequest, type TwinEnv } from './request.ts';
import { orderAnswer } from './trading.ts';
import {
  describeTrainingJob,
  metricsSchema,
  trainingJobNameSchema,
  trainingJobStatusSchema,
  type TrainingJob,
} from './training-job.ts';
import { lockedBy, type World } from './world.ts';

const trainingJobSchema = z.strictObject({
  status: trainingJobStatusSchema.default('Completed'),
  metrics: metricsSchema.default({}),
  createdAt: z.iso.datetime({ offset: true }).optional(),
});
const TRAINING_JOB_EXAMPLE = '{"status": "Completed", "metrics": {"validation:accuracy": 0.93}}';

const clockSchema = z
  .strictObject({ now: z.iso.datetime({ offset: true }).optional(), advanceSeconds: z.number().optional() })
  .refine(({ now, advanceSeconds }) => (now === undefined) !== (advanceSeconds === undefined), {
    error: 'expected either now or advanceSeconds',
  });
const CLOCK_EXAMPLE = '{"now": "2026-03-06T09:00:00Z"} or {"advanceSeconds": 3600}';

/** Four-digit years: beyond them ISO times get another form. */
const LAST_TIME = Date.parse('9000-01-01T00:00:00Z');

/** What the service itself does not have: looking at everything, moving the clock, registering training jobs. */
export function controlRoutes(world: World): Hono<TwinEnv> {
  const routes = new Hono<TwinEnv>();

  routes.put('/_twin/training-jobs/:name', (c) => {
    const name = checked(trainingJobNameSchema, c.req.param('name'), 'training job name', 'churn-xgb-demo');
    const { status, metrics, createdAt } = checked(trainingJobSchema, bodyObject(c), 'body', TRAINING_JOB_EXAMPLE);
    const now = c.get('now');
    const created = createdAt === undefined ? now : new Date(createdAt);
    const job: TrainingJob = { name, status, metrics, createdAt: created, changedAt: created > now ? created : now };
    world.trainingJobs.set(name, job);
    return c.json(describeTrainingJob(job));
  });

  routes.get('/_twin/agents', (c) => {
    const agents = [...world.agents.values()].map((agent) => ({ agent, locked: lockedBy(world, agent) }));
    const available = sumUsd(...agents.map(({ agent }) => agent.balance));
    const inEscrow = sumUsd(...[...world.escrows.values()].map(({ held }) => held.balance));
    const inMargin = sumUsd(...world.positions.map(({ margin }) => margin.balance));
    const total = sumUsd(available, inEscrow, inMargin, world.fees.balance);
    return c.json({
      agents: agents.map(({ agent, locked }) => ({
        agent_id: agent.id,
        balance_usd: formatUsd(sumUsd(agent.balance, locked)),
        locked_usd: formatUsd(locked),
        available_usd: formatUsd(agent.balance),
      })),
      fees_usd: formatUsd(world.fees.balance),
      locked_in_escrow_usd: formatUsd(inEscrow),
      locked_in_margin_usd: formatUsd(inMargin),
      total_usd: formatUsd(total),
      deposited_usd: formatUsd(world.deposited),
      conserved: total === world.deposited,
    });
  });

  routes.get('/_twin/calls', (c) => {
    const since = c.req.query('since') ?? '0';
    if (!/^\d{1,15}$/.test(since)) throw invalidRequest('since must be the seq of a call, such as 0.');
    return c.json({ calls: world.calls.slice(Number(since)) });
  });

  routes.get('/_twin/clock', (c) => c.json({ now: isoSeconds(c.get('now')) }));

  // What falls due by this fires at the start of the next request, before anyone can see that it had not.
  routes.post('/_twin/clock', (c) => {
    const { now, advanceSeconds = 0 } = checked(clockSchema, bodyObject(c), 'body', CLOCK_EXAMPLE);
    const target = now === undefined ? c.get('now').getTime() + advanceSeconds * 1000 : Date.parse(now);
    if (!(target >= 0 && target < LAST_TIME)) {
      throw invalidRequest('the clock can be set to times from 1970 to 8999.');
    }
    if (now === undefined) world.clock.advance(advanceSeconds * 1000);
    else world.clock.moveTo(new Date(target));
    return c.json({ now: isoSeconds(world.clock.now()) });
  });

  routes.get('/_twin/escrows', (c) => c.json({ escrows: [...world.escrows.values()].map(fullState) }));

  routes.get('/_twin/orders', (c) =>
    c.json({
      orders: world.orders.map((order) => ({
        ...orderAnswer(order),
        agent_id: order.holder.id,
        metadata: order.metadata,
      })),
    }),
  );

  return routes;
}

function fullState(escrow: Escrow): Record<string, unknown> {
  return {
    ...publicState(escrow),
    expires_at: isoSeconds(escrow.expiresAt),
    refunded_at: isoOrNull(escrow.refundedAt),
    release_note: escrow.releaseNote,
    referral_code: escrow.referralCode,
    metadata: escrow.metadata,
    held_usd: formatUsd(escrow.held.balance),
  };
}

function checked<Output>(schema: z.ZodType<Output>, value: unknown, what: string, example: string): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || what}: ${message}`);
  throw invalidRequest(`${problems.join('; ')}. Send for example ${example}`);
}
