import type { MiddlewareHandler } from 'hono';
import { answerError, dialectOf, type Dialect } from './dialect.ts';
import { addressOf } from './faucet/address.ts';
import type { TwinContext, TwinEnv } from './request.ts';
import type { Profile } from '../src/purple-flea/service.ts';
import { matchesRoute, parseRoute, type RoutePattern } from './route-pattern.ts';
import type { World } from './world/world.ts';

const WINDOW_MS = 60_000;

/** Calls that a window allows: the reference says only that there is a limit. */
const REFERENCE_LIMIT = 60;

/** The published servers limit only these. */
const PUBLISHED_LIMITS: readonly { readonly route: RoutePattern; readonly limit: number }[] = [
  { route: parseRoute('POST /escrow/create'), limit: 20 },
  { route: parseRoute('POST /escrow/complete/:id'), limit: 30 },
  { route: parseRoute('POST /escrow/release/:id'), limit: 30 },
  { route: parseRoute('POST /escrow/dispute/:id'), limit: 10 },
  { route: parseRoute('POST /v1/trade/open'), limit: 30 },
  { route: parseRoute('POST /v1/trade/close'), limit: 30 },
  { route: parseRoute('POST /faucet/claim'), limit: 5 },
];

/** What a dialect takes of such calls in a window; undefined for any number. */
export function limitOf(profile: Profile, method: string, path: string): number | undefined {
  if (profile === 'reference') return path === '/health' ? undefined : REFERENCE_LIMIT;
  return PUBLISHED_LIMITS.find(({ route }) => matchesRoute(route, method, path))?.limit;
}

/** Counts calls in fixed windows that begin with the first call of each key. In memory alone. */
export interface RateLimiter {
  /** Counts one call. @returns how long until the window ends, in milliseconds, if the call is one too many. */
  take(key: string, limit: number, now: number): number | undefined;
}

export function createRateLimiter(): RateLimiter {
  const windows = new Map<string, { readonly start: number; count: number }>();
  return {
    take(key, limit, now) {
      const open = windows.get(key);
      // A clock that was moved back begins anew as well.
      const isOver = open === undefined || now - open.start >= WINDOW_MS || now < open.start;
      const window = isOver ? { start: now, count: 0 } : open;
      window.count += 1;
      windows.set(key, window);
      return window.count > limit ? window.start + WINDOW_MS - now : undefined;
    },
  };
}

/** Refuses calls beyond the limits of their dialect. Calls that fail, and those without a key, count too. */
export function rateLimits(world: World): MiddlewareHandler<TwinEnv> {
  const limiter = createRateLimiter();
  return async (c, next) => {
    // A late request was let in when it came.
    const dialect = c.env?.appliedAt === undefined ? dialectOf(world, c.req.path) : undefined;
    const refusal = dialect === undefined ? undefined : limitCall(c, limiter, dialect);
    if (refusal !== undefined) return refusal;
    await next();
  };
}

function limitCall(c: TwinContext, limiter: RateLimiter, dialect: Dialect): Response | undefined {
  const { service, profile } = dialect;
  const { method, path } = c.req;
  const now = c.get('now').getTime();
  const limit = limitOf(profile, method, path);
  if (limit === undefined) return undefined;
  if (profile === 'published') {
    if (limiter.take(`${path} ${addressOf(c)}`, limit, now) === undefined) return undefined;
    const message = `Too many requests. Limit: ${limit} per ${WINDOW_MS / 1000}s`;
    return answerError(c, dialect, { status: 429, code: 'rate_limited', message });
  }
  const wait = limiter.take(`${service} ${c.req.header('authorization') ?? ''}`, limit, now);
  if (wait === undefined) return undefined;
  c.header('retry-after', String(Math.ceil(wait / 1000)));
  return answerError(c, dialect, {
    status: 429,
    code: 'RATE_LIMITED',
    message: 'Too many requests. See Retry-After header.',
  });
}
