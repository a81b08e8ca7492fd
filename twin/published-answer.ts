import { inspect } from 'node:util';
import { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { Refusal, type TwinContext, type TwinEnv } from './request.ts';

/** What a published server says of itself in every JSON object that it answers. */
export interface ServerInfo {
  readonly service: string;
  readonly docs: string;
  readonly referral: string;
  readonly version: string;
}

/** Answers an object as the published servers do, with `_info` in it. */
export function answerWithInfo(
  c: TwinContext,
  info: ServerInfo,
  body: Readonly<Record<string, unknown>>,
  status: ContentfulStatusCode = 200,
): Response {
  return c.body(JSON.stringify({ ...body, _info: info }), status, {
    'content-type': 'application/json; charset=UTF-8',
  });
}

/** Routes whose refusals are in the form of the published servers: `{error, message?, ..., _info}`. */
export function publishedApp(info: ServerInfo): Hono<TwinEnv> {
  const routes = new Hono<TwinEnv>();
  routes.onError((error, c) => {
    const refusal = error instanceof Refusal ? error : unexpected(error);
    c.set('errorCode', refusal.code);
    const message = refusal.message === '' ? {} : { message: refusal.message };
    return answerWithInfo(c, info, { error: refusal.code, ...message, ...refusal.extra }, refusal.status);
  });
  return routes;
}

function unexpected(error: Error): Refusal {
  process.stderr.write(`${inspect(error)}\n`);
  return new Refusal(500, 'internal_error', 'An unexpected error occurred');
}

/** A request body that is JSON, whatever it is; the published servers read on from there. @throws Refusal 400 */
export function publishedBody(c: TwinContext): Record<string, unknown> {
  const body = parseBody(c);
  if (body === undefined) throw new Refusal(400, 'invalid_json', 'Request body must be valid JSON');
  return body;
}

/** A request body in which anything unreadable counts as an empty object. */
export function lenientBody(c: TwinContext): Record<string, unknown> {
  return parseBody(c) ?? {};
}

function parseBody(c: TwinContext): Record<string, unknown> | undefined {
  try {
    const body: unknown = JSON.parse(c.get('bodyText'));
    // Only an object has fields to read; null, a number or a text count as an object without any.
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return undefined;
  }
}
