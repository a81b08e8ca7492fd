import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { MiddlewareHandler } from 'hono';
import { answerError, answerServerError, dialectOf, type Dialect } from '../dialect.ts';
import type { TwinContext, TwinEnv } from '../request.ts';
import type { World } from '../world/world.ts';
import type { Fault } from './fault.ts';
import type { FaultPlan } from './fault-plan.ts';
import type { LateRequests } from './late-requests.ts';
import { withoutNewerThan, withShortList, withWrongAmount, withWrongId } from './spoil-answer.ts';

/** Thrown where a fault of the connection is asked for and there is none, as when an app is called in process. */
export class NoConnectionError extends Error {
  override readonly name = 'NoConnectionError';
}

/** Decides whether a request has a fault; a reset happens here, before anything of the request is looked at. */
export function decideFaults(world: World, plan: FaultPlan): MiddlewareHandler<TwinEnv> {
  return async (c, next) => {
    const isFresh = c.env?.appliedAt === undefined && dialectOf(world, c.req.path) !== undefined;
    const fault = isFresh ? plan.decide(c.req.method, c.req.path) : undefined;
    c.set('fault', fault);
    if (fault?.fault === 'reset') return loseConnection(c, 'reset');
    await next();
  };
}

/** Carries out all other faults around the handling of a request. */
export function injectFaults(world: World, late: LateRequests): MiddlewareHandler<TwinEnv> {
  return async (c, next) => {
    const fault = c.get('fault');
    const dialect = dialectOf(world, c.req.path);
    if (fault === undefined || dialect === undefined) return next();
    const early = insteadOfHandling(c, fault, dialect, late);
    if (early !== undefined) return early;
    c.set('releaseGetsStuck', fault.fault === 'stuck-funded');
    await next();
    const spoiled = await afterHandling(c, fault, dialect);
    if (spoiled !== undefined) c.res = spoiled;
  };
}

/** The faults in which nothing is done, or not now. */
function insteadOfHandling(c: TwinContext, fault: Fault, dialect: Dialect, late: LateRequests): Response | undefined {
  switch (fault.fault) {
    case 'answer-lost':
      return loseConnection(c, fault.how);
    case 'applied-late':
      late.add({
        method: c.req.method,
        url: c.req.url,
        headers: new Headers(c.req.raw.headers),
        body: c.get('bodyText'),
        at: c.get('now').getTime() + fault.afterSeconds * 1000,
      });
      return loseConnection(c, 'hang');
    case 'error-500':
      return answerServerError(c, dialect);
    case 'rate-limited': {
      if (fault.retryAfter !== undefined) c.header('retry-after', String(fault.retryAfter));
      const code = dialect.profile === 'reference' ? 'RATE_LIMITED' : 'rate_limited';
      return answerError(c, dialect, { status: 429, code, message: 'Too many requests.' });
    }
    default:
      return undefined;
  }
}

/** The faults in which the request is handled and only the answer is not what it should be. */
async function afterHandling(c: TwinContext, fault: Fault, dialect: Dialect): Promise<Response | undefined> {
  switch (fault.fault) {
    case 'applied-answer-lost':
      return loseConnection(c, fault.how);
    case 'error-500-applied':
      return answerServerError(c, dialect);
    case 'error-400-applied': {
      const code = fault.code ?? defaultCode(dialect);
      return answerError(c, dialect, { status: 400, code, message: 'The request failed.' });
    }
    case 'malformed':
      return new Response((await c.res.text()).slice(0, -1), { status: 200, headers: c.res.headers });
    case 'truncated':
      return sendHalf(c, await c.res.text());
    case 'slow-body':
      return new Response(trickle(await c.res.text(), fault.bytesPerSecond), c.res);
    case 'wrong-id':
      return edited(c, withWrongId);
    case 'wrong-amount':
      return edited(c, withWrongAmount);
    case 'short-list':
      return edited(c, (body) => withShortList(body, fault.rows));
    case 'stale-list': {
      const then = new Date(c.get('now').getTime() - fault.secondsAgo * 1000);
      return edited(c, (body) => withoutNewerThan(body, then));
    }
    default:
      return undefined;
  }
}

/** Edits an answer that says yes; a refusal stays what it is. */
async function edited(
  c: TwinContext,
  edit: (body: Record<string, unknown>) => Record<string, unknown>,
): Promise<Response | undefined> {
  if (!c.res.ok) return undefined;
  const body = (await c.res.json()) as Record<string, unknown>;
  return new Response(JSON.stringify(edit(body)), { status: c.res.status, headers: c.res.headers });
}

function defaultCode({ profile, service }: Dialect): string {
  const code = service === 'trading' ? 'trade_failed' : 'invalid_request';
  return profile === 'reference' ? code.toUpperCase() : code;
}

/** Ends the connection with a reset, or leaves the client waiting until it gives up. */
function loseConnection(c: TwinContext, how: 'reset' | 'hang'): Response {
  const { incoming } = connectionOf(c);
  if (how === 'reset') incoming.socket.resetAndDestroy();
  return withheld(c);
}

/** Announces the whole answer, sends half of it, and closes. */
function sendHalf(c: TwinContext, text: string): Response {
  const { incoming, outgoing } = connectionOf(c);
  const bytes = Buffer.from(text);
  outgoing.writeHead(c.res.status, {
    'content-type': c.res.headers.get('content-type') ?? 'application/json',
    'content-length': bytes.length,
  });
  outgoing.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => incoming.socket.destroy());
  return withheld(c);
}

function withheld(c: TwinContext): Response {
  c.set('answerWithheld', true);
  return RESPONSE_ALREADY_SENT;
}

type Connection = Pick<Required<TwinEnv['Bindings']>, 'incoming' | 'outgoing'>;

function connectionOf(c: TwinContext): Connection {
  const { incoming, outgoing } = c.env ?? {};
  if (incoming === undefined || outgoing === undefined) {
    throw new NoConnectionError(`the fault ${c.get('fault')?.fault} needs a connection: send the request over HTTP`);
  }
  return { incoming, outgoing };
}

/** A text in pieces, at most ten of them a second. */
function trickle(text: string, bytesPerSecond: number): ReadableStream<Uint8Array> {
  const bytes = Buffer.from(text);
  const size = Math.max(1, Math.floor(bytesPerSecond / 10));
  let sent = 0;
  let timer: NodeJS.Timeout | undefined;
  return new ReadableStream(
    {
      pull: (controller) =>
        new Promise<void>((resolve) => {
          timer = setTimeout(
            () => {
              controller.enqueue(new Uint8Array(bytes.subarray(sent, sent + size)));
              sent += size;
              if (sent >= bytes.length) controller.close();
              resolve();
            },
            (1000 * size) / bytesPerSecond,
          );
        }),
      cancel: () => clearTimeout(timer),
    },
    { highWaterMark: 0 },
  );
}
