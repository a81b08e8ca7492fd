import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { ESCROW_SERVER } from './escrow/published-routes.ts';
import { INFO as FAUCET_SERVER } from './faucet/published-routes.ts';
import { answerWithInfo, type ServerInfo } from './published-answer.ts';
import type { TwinContext } from './request.ts';
import { INFO as TRADING_SERVER } from './trading/published-routes.ts';
import { INFO as CASINO_SERVER } from './wallet/published-routes.ts';
import type { EscrowProfile, World } from './world/world.ts';

/** One service of Purple Flea, as a path names it. */
export interface Dialect {
  readonly service: string;
  readonly profile: EscrowProfile;
}

const FIXED: readonly (readonly [prefix: string, service: string, profile: EscrowProfile])[] = [
  ['/trading/', 'trading', 'reference'],
  ['/wallet/', 'wallet', 'reference'],
  ['/api/v1/', 'casino', 'published'],
  ['/api/', 'faucet', 'reference'],
  ['/faucet/', 'faucet', 'published'],
  ['/v1/trade/', 'trading', 'published'],
  ['/v1/webhooks', 'webhooks', 'reference'],
];

const SERVERS: Readonly<Record<string, ServerInfo>> = {
  escrow: ESCROW_SERVER,
  trading: TRADING_SERVER,
  faucet: FAUCET_SERVER,
  casino: CASINO_SERVER,
};

/** Which service a path belongs to and how that answers; undefined for what is not Purple Flea's. */
export function dialectOf(world: World, path: string): Dialect | undefined {
  if (path === '/health' || path.startsWith('/escrow/')) return { service: 'escrow', profile: world.escrowProfile };
  const known = FIXED.find(([prefix]) => path.startsWith(prefix));
  return known === undefined ? undefined : { service: known[1], profile: known[2] };
}

/** Answers an error in the form of a dialect, whose codes are in its own case. */
export function answerError(
  c: TwinContext,
  { service, profile }: Dialect,
  { status, code, message }: { readonly status: ContentfulStatusCode; readonly code: string; readonly message: string },
): Response {
  c.set('errorCode', code);
  if (profile === 'reference') return c.json({ success: false, error: code, message }, status);
  return answerWithInfo(
    c,
    SERVERS[service] ?? ESCROW_SERVER,
    { error: code, ...(message !== '' && { message }) },
    status,
  );
}

/** Answers that something unexpected happened. */
export function answerServerError(c: TwinContext, dialect: Dialect): Response {
  return dialect.profile === 'reference'
    ? answerError(c, dialect, {
        status: 500,
        code: 'SERVER_ERROR',
        message: 'Unexpected error. Retry with exponential backoff.',
      })
    : answerError(c, dialect, { status: 500, code: 'internal_error', message: '' });
}
