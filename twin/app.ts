import { inspect } from 'node:util';
import { Hono, type MiddlewareHandler } from 'hono';
import { readableBody } from './call-log.ts';
import { controlRoutes } from './control/routes.ts';
import { answerError, answerServerError, dialectOf } from './dialect.ts';
import { settleDueEscrows } from './escrow/escrow-book.ts';
import { publishedEscrowRoutes } from './escrow/published-routes.ts';
import { referenceEscrowRoutes } from './escrow/reference-routes.ts';
import { faucetControlRoutes } from './faucet/faucet-control.ts';
import { publishedFaucetRoutes } from './faucet/published-routes.ts';
import { faucetRoutes } from './faucet/reference-routes.ts';
import { faultRoutes } from './faults/fault-routes.ts';
import { createFaultPlan } from './faults/fault-plan.ts';
import { decideFaults, injectFaults, NoConnectionError } from './faults/inject-faults.ts';
import { createLateRequests, type LateRequest } from './faults/late-requests.ts';
import { openApiDocument } from './openapi.ts';
import { rateLimits } from './rate-limits.ts';
import { isRegistered } from './registrations.ts';
import { Refusal, type TwinContext, type TwinEnv } from './request.ts';
import { sageMakerRoutes } from './sagemaker/routes.ts';
import { settleDuePositions } from './trading/order-book.ts';
import { priceControlRoutes } from './trading/price-control.ts';
import { publishedTradingRoutes } from './trading/published-routes.ts';
import { tradingRoutes } from './trading/reference-routes.ts';
import { publishedWalletRoutes } from './wallet/published-routes.ts';
import { walletRoutes } from './wallet/reference-routes.ts';
import { createWebhookDelivery } from './webhooks/delivery.ts';
import { webhookRoutes } from './webhooks/routes.ts';
import { isoSeconds } from './world/clock.ts';
import type { Agent, World } from './world/world.ts';

/** All routes over one world, and what happens in it by itself. */
export interface TwinApp {
  readonly fetch: Hono<TwinEnv>['fetch'];
  /** All that is mounted, for whoever wants to compare it with what is described. */
  readonly routes: Hono<TwinEnv>['routes'];
  /** Does all that has fallen due: late requests, settlements, deliveries of webhooks. */
  fireDue(): Promise<void>;
  /** Breaks off deliveries that are on their way. */
  stop(): void;
}

/** How an app is to behave; all of it may be left out. */
export interface AppOptions {
  /** Whether calls are counted and refused beyond the limits; they are if this is left out. */
  readonly rateLimits?: boolean | undefined;
}

export function createApp(world: World, options: AppOptions = {}): TwinApp {
  const app = new Hono<TwinEnv>();
  const plan = createFaultPlan();
  const late = createLateRequests();
  const webhooks = createWebhookDelivery(world);

  const applyLate = async ({ method, url, headers, body, at }: LateRequest): Promise<number> => {
    const request = new Request(url, { method, headers, ...(method !== 'GET' && { body }) });
    return (await app.fetch(request, { appliedAt: new Date(at) })).status;
  };
  // One after the other, so that nobody is served while something that was due earlier is still to be done.
  let before: Promise<unknown> = Promise.resolve();
  const settleNext = async (earlier: Promise<unknown>): Promise<void> => {
    await earlier;
    const now = world.clock.now();
    for (let due = late.takeDue(now.getTime()); due !== undefined; due = late.takeDue(now.getTime())) {
      late.record(due, await applyLate(due));
    }
    settleDueEscrows(world, now);
    settleDuePositions(world, now);
    world.commit();
  };
  const settleDue = (): Promise<void> => {
    const settled = settleNext(before);
    before = settled.catch(() => undefined);
    return settled;
  };
  const fireDue = async (): Promise<void> => {
    await settleDue();
    await webhooks.deliverDue(world.clock.now());
    world.commit();
  };

  app.use(recordCalls(world));
  app.use(decideFaults(world, plan));
  app.use(readRequest(world, settleDue));
  app.use(injectFaults(world, late));
  if (options.rateLimits ?? true) app.use(rateLimits(world));
  app.use(async (c, next) => {
    await next();
    world.commit();
    // Never rejects. Not waited for: a receiver may call the twin before it answers.
    void webhooks.deliverDue(c.get('now'));
  });

  app.route('/', world.escrowProfile === 'reference' ? referenceEscrowRoutes(world) : publishedEscrowRoutes(world));
  app.route('/', tradingRoutes(world));
  app.route('/', publishedTradingRoutes(world));
  app.route('/', walletRoutes(world));
  app.route('/', publishedWalletRoutes(world));
  app.route('/', faucetRoutes(world));
  app.route('/', publishedFaucetRoutes(world));
  app.route('/', webhookRoutes(world));
  app.route('/', sageMakerRoutes(world));
  app.route('/', controlRoutes(world, fireDue));
  app.route('/', faultRoutes(plan, late));
  app.route('/', priceControlRoutes(world));
  app.route('/', faucetControlRoutes(world));
  app.get('/openapi.json', (c) => c.json(openApiDocument(world)));

  app.notFound((c) => {
    const isPublished = world.escrowProfile === 'published' && !c.req.path.startsWith('/_twin/');
    const message = `${c.req.method} ${c.req.path} is not served here.`;
    return isPublished
      ? answerError(c, { service: 'escrow', profile: 'published' }, { status: 404, code: 'not_found', message: '' })
      : answerError(c, { service: 'escrow', profile: 'reference' }, { status: 404, code: 'NOT_FOUND', message });
  });

  app.onError((error, c) => {
    if (error instanceof NoConnectionError) throw error;
    if (error instanceof Refusal) return refuse(c, error);
    process.stderr.write(`${inspect(error)}\n`);
    return answerServerError(c, dialectOf(world, c.req.path) ?? { service: 'escrow', profile: 'reference' });
  });

  return { fetch: app.fetch, routes: app.routes, fireDue, stop: () => webhooks.stop() };
}

function refuse(c: TwinContext, { status, code, message, extra }: Refusal): Response {
  c.set('errorCode', code);
  return c.json({ success: false, error: code, message, ...extra }, status);
}

/** Reads what every route needs, and does first what was due before this request. */
function readRequest(world: World, settleDue: () => Promise<void>): MiddlewareHandler<TwinEnv> {
  return async (c, next) => {
    // The body is read before the time: from here to the answer nothing waits, so no timer falls due in between.
    c.set('bodyText', await c.req.text());
    const appliedAt = c.env?.appliedAt;
    if (appliedAt === undefined) await settleDue();
    const now = appliedAt ?? world.clock.now();
    settleDueEscrows(world, now);
    settleDuePositions(world, now);
    c.set('now', now);
    c.set('caller', callerOf(world, c.req.path, c.req.header('authorization')));
    await next();
  };
}

function callerOf(world: World, path: string, authorization: string | undefined): Agent | undefined {
  const key = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
  const agent = key === undefined ? undefined : [...world.agents.values()].find(({ apiKey }) => apiKey === key);
  return agent !== undefined && isRegistered(world, path, agent.id) ? agent : undefined;
}

function recordCalls(world: World): MiddlewareHandler<TwinEnv> {
  return async (c, next) => {
    await next();
    if (c.req.path.startsWith('/_twin/') || c.env?.appliedAt !== undefined) return;
    world.calls.push({
      seq: world.calls.length + 1,
      at: isoSeconds(c.get('now') ?? world.clock.now()),
      method: c.req.method,
      path: c.req.path,
      query: new URL(c.req.url).search,
      agent_id: c.get('caller')?.id ?? null,
      status: c.get('answerWithheld') === true ? 0 : c.res.status,
      error: c.get('errorCode') ?? null,
      fault: c.get('fault')?.fault ?? null,
      body: readableBody(c.get('bodyText') ?? ''),
    });
  };
}
