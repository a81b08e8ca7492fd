import * as z from 'zod/mini';
import type { Answer } from '../ledger/answer.ts';
import type { HttpAnswer, Transport } from './transport.ts';

/** The dialects of the Purple Flea API that this client speaks. */
export const PROFILES = ['reference'] as const;

/** Where one service of Purple Flea is, and which dialect it speaks there. */
export const serviceSchema = z.object({
  baseUrl: z.string(),
  profile: z.enum(PROFILES),
});
export type Service = z.infer<typeof serviceSchema>;

/** Whose account a call is made for. */
export interface Credentials {
  readonly apiKey: string;
  readonly agentId: string;
}

/** What the operations of one service share. */
export interface ServiceDeps {
  readonly service: Service;
  readonly transport: Transport;
  /** In [0, 1): spreads waits after a rate limit that names none. */
  readonly random: () => number;
}

/** The service counts requests in windows of this length; without `Retry-After`, one has to pass. */
const RATE_WINDOW_SECONDS = 60;
const MAX_RETRY_AFTER_SECONDS = 900;
const CONNECT_RETRY_SECONDS = 15;

/** Codes are short words; whatever is longer is no code and goes into no reason. */
const refusalSchema = z.object({ error: z.string().check(z.maxLength(64)) });

/**
 * What a money-moving request's answer proves, by allow-list: `readApplied` recognises the proof of the effect,
 * `refusals` are the codes this route gives before any effect. Anything unlisted is `unknown`.
 */
export function classify<Result>(
  answer: HttpAnswer,
  route: {
    readonly readApplied: (body: unknown) => Result | string;
    readonly refusals: Readonly<Record<string, number>>;
    readonly random: () => number;
  },
): Answer<Result> {
  if (answer.kind === 'lost') return { kind: 'unknown', reason: answer.reason };
  if (answer.kind === 'not-sent') {
    return { kind: 'not-sent', reason: answer.reason, retryAfterSeconds: CONNECT_RETRY_SECONDS };
  }
  if (answer.status >= 200 && answer.status < 300) {
    const result = route.readApplied(answer.body);
    return typeof result === 'string'
      ? { kind: 'unknown', reason: `HTTP ${answer.status}, but ${result}` }
      : { kind: 'applied', result };
  }
  if (answer.status === 429) {
    return {
      kind: 'not-sent',
      reason: 'HTTP 429, rate limited',
      retryAfterSeconds: rateLimitWait(answer, route.random),
    };
  }
  const refusal = refusalSchema.safeParse(answer.body);
  if (refusal.success && route.refusals[refusal.data.error] === answer.status) {
    return { kind: 'rejected', reason: `HTTP ${answer.status} ${refusal.data.error}` };
  }
  return {
    kind: 'unknown',
    reason: `HTTP ${answer.status} ${refusal.success ? refusal.data.error : 'without a code'}`,
  };
}

function rateLimitWait(answer: { readonly retryAfterSeconds: number | undefined }, random: () => number): number {
  const asked = answer.retryAfterSeconds ?? RATE_WINDOW_SECONDS + Math.floor(random() * RATE_WINDOW_SECONDS);
  return Math.max(1, Math.min(asked, MAX_RETRY_AFTER_SECONDS));
}

/** The first problem of a failed parse, as `field: what is wrong`. Values are left out: they may be anybody's. */
export function firstProblem(error: z.core.$ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? 'unreadable' : `${issue.path.join('.') || 'body'}: ${issue.message}`;
}
