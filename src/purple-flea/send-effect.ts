import type { Answer, EffectRequest, Failure } from '../ledger/answer.ts';
import { obstacleOf } from '../ledger/waiting.ts';
import { rateLimitWait } from './retry-after.ts';
import { pacedCall, type Credentials, type ServiceDeps } from './service.ts';
import { isRateLimited, type HttpAnswer } from './transport.ts';
import { readBody, type EffectRoute } from './wire.ts';

/** A key that was just replaced is refused until functions read the new one: no effect, and asking again helps. */
const UNAUTHORIZED = 401;

/** Where no connection came about, or the key was refused, another try may do in a moment. */
const RETRY_SECONDS = 15;

/** A claim is held: a call without a slot of its own waits for one no longer than so. */
const SLOT_PATIENCE_MS = 2_000;

/**
 * Sends one request that moves money, once: there is no retry here, nor below. A body that the dialect cannot take is
 * rejected before anything is sent.
 */
export async function sendEffect<Result>(
  deps: ServiceDeps,
  credentials: Credentials,
  operation: string,
  route: EffectRoute<Result>,
  { body, key, reference }: EffectRequest,
): Promise<Answer<Result>> {
  const checked = readBody(route.request, JSON.parse(body));
  if (typeof checked === 'string') {
    const failure = { operation, httpStatus: undefined, code: undefined, reference, moneyMayHaveMoved: false };
    return { kind: 'rejected', reason: `${operation}: not sent, since ${checked}`, failure };
  }
  const call = pacedCall(deps, credentials, route.limit);
  const wait = call && (await deps.pacer.take(call, SLOT_PATIENCE_MS));
  if (wait !== undefined) {
    const failure = { operation, httpStatus: undefined, code: undefined, reference, moneyMayHaveMoved: false };
    return { kind: 'not-sent', ...wait, reason: `${operation}: ${wait.reason}`, waitsFor: 'rate-limit', failure };
  }
  const answer = await deps.transport({
    method: 'POST',
    url: `${deps.service.baseUrl}${route.path}`,
    apiKey: credentials.apiKey,
    body,
    idempotencyKey: key,
  });
  const classified = classify(answer, route, { operation, reference, random: deps.random });
  if (call !== undefined && isRateLimited(answer) && classified.kind === 'not-sent') {
    await deps.pacer.holdBack(call, classified.retryAfterSeconds);
  }
  return classified;
}

/**
 * What the answer to a request that moves money proves, by allow-list: `readApplied` recognises the proof of the
 * effect, `refusals` are the answers this route gives before any effect. Anything unlisted is `unknown`.
 */
export function classify<Result>(
  answer: HttpAnswer,
  route: Pick<EffectRoute<Result>, 'readApplied' | 'refusals' | 'readCode'>,
  call: { readonly operation: string; readonly reference: string; readonly random: () => number },
): Answer<Result> {
  const { operation, reference } = call;
  if (answer.kind !== 'answered') {
    const reason = `${operation}: ${answer.reason}`;
    const failure = { operation, httpStatus: undefined, code: undefined, reference };
    return answer.kind === 'lost'
      ? { kind: 'unknown', reason, failure: { ...failure, moneyMayHaveMoved: true } }
      : {
          kind: 'not-sent',
          reason,
          retryAfterSeconds: RETRY_SECONDS,
          failure: { ...failure, moneyMayHaveMoved: false },
        };
  }

  const { status } = answer;
  const code = status >= 400 ? route.readCode(answer.body) : undefined;
  const failed = (moneyMayHaveMoved: boolean): Failure => ({
    operation,
    httpStatus: status,
    code,
    reference,
    moneyMayHaveMoved,
  });
  const said = `${operation}: HTTP ${status}`;

  if (status >= 200 && status < 300) {
    const result = route.readApplied(answer.body);
    return typeof result === 'string'
      ? { kind: 'unknown', reason: `${said}, but ${result}`, failure: failed(true) }
      : { kind: 'applied', result };
  }
  if (status === 429) {
    const retryAfterSeconds = rateLimitWait(answer, call.random);
    return {
      kind: 'not-sent',
      reason: `${said}, rate limited`,
      retryAfterSeconds,
      waitsFor: obstacleOf(status),
      failure: failed(false),
    };
  }
  if (code !== undefined && Object.hasOwn(route.refusals, code) && route.refusals[code] === status) {
    const refused = { reason: `${said} ${code}`, failure: failed(false) };
    return status === UNAUTHORIZED
      ? { kind: 'not-sent', ...refused, retryAfterSeconds: RETRY_SECONDS, waitsFor: obstacleOf(status) }
      : { kind: 'rejected', ...refused };
  }
  return { kind: 'unknown', reason: `${said} ${code ?? 'without a code'}`, failure: failed(true) };
}
