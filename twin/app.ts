import { inspect } from 'node:util';
import { Hono } from 'hono';
import { readableBody } from './call-log.ts';
import { isoSeconds } from './clock.ts';
import { controlRoutes } from './control.ts';
import { escrowRoutes } from './escrow.ts';
import { settleDueEscrows } from './escrow-book.ts';
import { Refusal, type TwinContext, type TwinEnv } from './request.ts';
import { sageMakerRoutes } from './sagemaker.ts';
import { tradingRoutes } from './trading.ts';
import { walletRoutes } from './wallet.ts';
import type { Agent, World } from './world.ts';

/** All routes of the twin over one world. */
export function createApp(world: World): Hono<TwinEnv> {
  const app = new Hono<TwinEnv>();

  app.use(async (c, next) => {
    // The body is read before the time: from here to the answer nothing waits, so no timer falls due in between.
    c.set('bodyText', await c.req.text());
    const now = world.clock.now();
    c.set('now', now);
    c.set('caller', callerOf(world, c.req.header('authorization')));
    settleDueEscrows(world, now);
    await next();
    if (!c.req.path.startsWith('/_twin/')) recordCall(world, c);
  });

  app.route('/', escrowRoutes(world));
  app.route('/', tradingRoutes(world));
  app.route('/', walletRoutes(world));
  app.route('/', sageMakerRoutes(world));
  app.route('/', controlRoutes(world));

  app.notFound((c) => refuse(c, new Refusal(404, 'NOT_FOUND', `${c.req.method} ${c.req.path} is not served here.`)));

  app.onError((error, c) => {
    if (error instanceof Refusal) return refuse(c, error);
    process.stderr.write(`${inspect(error)}\n`);
    return refuse(c, new Refusal(500, 'SERVER_ERROR', 'Unexpected error. Retry with exponential backoff.'));
  });

  return app;
}

function refuse(c: TwinContext, { status, code, message }: Refusal): Response {
  c.set('errorCode', code);
  return c.json({ success: false, error: code, message }, status);
}

function callerOf(world: World, authorization: string | undefined): Agent | undefined {
  const key = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
  return key === undefined ? undefined : [...world.agents.values()].find(({ apiKey }) => apiKey === key);
}

function recordCall(world: World, c: TwinContext): void {
  world.calls.push({
    seq: world.calls.length + 1,
    at: isoSeconds(c.get('now')),
    method: c.req.method,
    path: c.req.path,
    query: new URL(c.req.url).search,
    agent_id: c.get('caller')?.id ?? null,
    status: c.res.status,
    error: c.get('errorCode') ?? null,
    body: readableBody(c.get('bodyText')),
  });
}
