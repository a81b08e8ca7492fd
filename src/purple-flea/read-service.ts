import { ServiceUnreadableError } from '../errors.ts';
import { rateLimitWait } from './retry-after.ts';
import { pacedCall, type Credentials, type ServiceDeps } from './service.ts';
import { isRateLimited, type HttpAnswer } from './transport.ts';
import type { ReadRoute } from './wire.ts';

/** The first wait before another attempt is random up to this; the bound doubles with each. */
const FIRST_BACKOFF_MS = 200;
const MAX_BACKOFF_MS = 2_000;

/** Calls without a key are counted together. */
const ANYONE = { agentId: 'anyone' };

/** With less time left, another attempt would only end by the deadline. */
const SHORTEST_ATTEMPT_MS = 250;

/**
 * Reads from the service. What may be better in a moment (no connection, a lost answer, 5xx, a rate limit) is tried
 * again with full jitter until `readMs` have passed; the whole of it never takes longer.
 *
 * The waits are drawn here and not by a library's loop, because clock, sleep and chance have to be given from outside:
 * the tests that try every schedule depend on it.
 *
 * @param credentials undefined for what anyone may read.
 * @throws ServiceUnreadableError where there is no usable answer by then. Nothing was changed.
 */
export async function readService<Value extends object>(
  deps: ServiceDeps,
  credentials: Credentials | undefined,
  operation: string,
  route: ReadRoute<Value>,
): Promise<Value> {
  const deadline = deps.now() + deps.readMs;
  const call = pacedCall(deps, credentials ?? ANYONE, route.limit);
  for (let attempt = 0; ; attempt += 1) {
    const paced = call && (await deps.pacer.take(call, deadline - SHORTEST_ATTEMPT_MS - deps.now()));
    if (paced !== undefined) {
      const { reason, retryAfterSeconds } = paced;
      throw new ServiceUnreadableError(`${operation} ${route.path}: ${reason}`, { operation, retryAfterSeconds });
    }
    const answer = await deps.transport({
      method: 'GET',
      url: `${deps.service.baseUrl}${route.path}`,
      apiKey: credentials?.apiKey,
      totalMs: deadline - deps.now(),
    });
    const value = answer.kind === 'answered' && answer.status === 200 ? route.read(answer.body) : undefined;
    if (typeof value === 'object') return value;

    const waitMs = waitAfter(answer, attempt, deps.random);
    if (call !== undefined && isRateLimited(answer)) await deps.pacer.holdBack(call, (waitMs ?? 0) / 1000);
    if (waitMs === undefined || deps.now() + waitMs + SHORTEST_ATTEMPT_MS > deadline) {
      throw unreadable(`${operation} ${route.path}`, { operation, route, answer, problem: value, waitMs });
    }
    await deps.sleep(waitMs);
  }
}

/** How long to wait before another attempt; undefined where another would end the same. */
function waitAfter(answer: HttpAnswer, attempt: number, random: () => number): number | undefined {
  if (answer.kind === 'answered' && answer.status === 429) return rateLimitWait(answer, random) * 1000;
  const isFinal =
    answer.kind === 'answered' && answer.status < 500 && (answer.status !== 200 || answer.body !== undefined);
  return isFinal ? undefined : random() * Math.min(FIRST_BACKOFF_MS * 2 ** attempt, MAX_BACKOFF_MS);
}

function unreadable(
  what: string,
  last: {
    readonly operation: string;
    readonly route: Pick<ReadRoute<object>, 'readCode'>;
    readonly answer: HttpAnswer;
    readonly problem: string | undefined;
    readonly waitMs: number | undefined;
  },
): ServiceUnreadableError {
  const { operation, answer } = last;
  if (answer.kind !== 'answered') return new ServiceUnreadableError(`${what}: ${answer.reason}`, { operation });
  const { status: httpStatus } = answer;
  const code = httpStatus >= 400 ? last.route.readCode(answer.body) : undefined;
  const said = [`HTTP ${httpStatus}`, code].filter(Boolean).join(' ');
  return new ServiceUnreadableError(`${what}: ${[said, last.problem].filter(Boolean).join(', but ')}`, {
    operation,
    httpStatus,
    code,
    ...(httpStatus === 429 && last.waitMs !== undefined ? { retryAfterSeconds: last.waitMs / 1000 } : {}),
  });
}
