import type { TwinContext } from '../request.ts';

/** Where a request came from, as the published servers see it: by what a proxy says, never by the connection. */
export function addressOf(c: TwinContext): string {
  const forwarded = c.req.header('x-forwarded-for')?.split(',')[0]?.trim() ?? '';
  return forwarded || c.req.header('x-real-ip') || 'unknown';
}
