import type { HttpAnswer } from '../../src/purple-flea/transport.ts';
import type { Profile } from '../../src/purple-flea/service.ts';
import { errorBody } from './service/books.ts';
import type { Operation, ServiceAnswer } from './service/operations.ts';

/** What can go wrong with a request that moves money, or with the answer to it. */
export const EFFECT_FAULTS = [
  'refused-connection',
  'applied-answer-lost',
  'applied-reset',
  'applied-slow',
  'not-applied-lost',
  'not-applied-reset',
  'applied-late',
  'error-500-applied',
  'error-500',
  'error-502-applied',
  'error-502',
  'error-503-applied',
  'error-503',
  'error-400-applied',
  'error-400',
  'rate-limited',
  'rate-limited-retry-after',
  'unauthorized',
  'malformed',
  'truncated',
  'wrong-id',
  'wrong-amount',
] as const;

/** What can go wrong with a creation, with a release, and with a dispute. */
export const ESCROW_FAULTS = ['other-counterparty', 'stuck-funded', 'said-not-done'] as const;

/** What can go wrong with a read. */
export const READ_FAULTS = [
  'lost',
  'no-answer',
  'error-500',
  'error-503',
  'rate-limited',
  'unauthorized',
  'malformed',
  'wrong-id',
  'wrong-amount',
  'stale',
  'short',
] as const;

export type HttpFault =
  'frozen' | (typeof EFFECT_FAULTS)[number] | (typeof ESCROW_FAULTS)[number] | (typeof READ_FAULTS)[number];

/** Operations that move money or start a timer that will. */
export const EFFECT_OPERATIONS: ReadonlySet<Operation> = new Set<Operation>([
  'create',
  'complete',
  'release',
  'dispute',
  'order',
  'transfer',
  'claim',
]);

/** The faults that an operation can have. */
export function faultsOf(operation: Operation): readonly HttpFault[] {
  if (!EFFECT_OPERATIONS.has(operation)) return READ_FAULTS;
  switch (operation) {
    case 'create':
      return [...EFFECT_FAULTS, 'other-counterparty'];
    case 'release':
      return [...EFFECT_FAULTS, 'stuck-funded'];
    case 'dispute':
      return [...EFFECT_FAULTS, 'said-not-done'];
    default:
      return EFFECT_FAULTS;
  }
}

/** Whether the request of an effect is handled by the service when it arrives. */
export function isHandled(fault: HttpFault | undefined): boolean {
  switch (fault) {
    case 'refused-connection':
    case 'not-applied-lost':
    case 'not-applied-reset':
    case 'applied-late':
    case 'error-500':
    case 'error-502':
    case 'error-503':
    case 'error-400':
    case 'rate-limited':
    case 'rate-limited-retry-after':
    case 'unauthorized':
    case 'said-not-done':
    case 'lost':
    case 'no-answer':
      return false;
    default:
      return true;
  }
}

/** A code for a 400 that is no refusal on any list. */
const FAILED: Readonly<Record<Profile, string>> = { reference: 'INVALID_REQUEST', published: 'trade_failed' };

const LOST = { kind: 'lost', reason: 'the connection was reset' } as const;
const TIMED_OUT = { kind: 'lost', reason: 'no complete answer within the deadline' } as const;

/** What a client gets, where the fault makes another answer of it than the service gave, and whether it has to wait. */
export function answerUnder(
  fault: HttpFault | undefined,
  profile: Profile,
  given: ServiceAnswer | undefined,
): { readonly answer: HttpAnswer; readonly isTimeout: boolean } {
  const now = (answer: HttpAnswer) => ({ answer, isTimeout: false });
  const error = (status: number, code: string, retryAfterSeconds?: number) =>
    now({ kind: 'answered', status, body: errorBody(profile, cased(profile, code), '-'), retryAfterSeconds });
  // A gateway in front of the service answers in HTML.
  const proxy = (status: number, retryAfterSeconds?: number) =>
    now({ kind: 'answered', status, body: undefined, retryAfterSeconds });
  const whole = given ?? { status: 200, body: {} };
  const isYes = whole.status < 300;
  const answered = (body: unknown, status = whole.status) =>
    now({ kind: 'answered', status, body, retryAfterSeconds: undefined });
  switch (fault) {
    case 'refused-connection':
      return now({ kind: 'not-sent', reason: 'connection refused' });
    case 'applied-answer-lost':
    case 'not-applied-lost':
    case 'applied-late':
    case 'no-answer':
      return { answer: TIMED_OUT, isTimeout: true };
    case 'lost':
    case 'applied-reset':
    case 'not-applied-reset':
    case 'truncated':
      return now(LOST);
    case 'error-500-applied':
    case 'error-500':
      return error(500, 'server_error');
    case 'error-502-applied':
    case 'error-502':
      return proxy(502);
    case 'error-503-applied':
    case 'error-503':
      return proxy(503, 5);
    case 'error-400-applied':
    case 'error-400':
      return error(400, FAILED[profile]);
    case 'rate-limited':
      return error(429, 'rate_limited');
    case 'rate-limited-retry-after':
      return error(429, 'rate_limited', 30);
    case 'unauthorized':
      return error(401, 'unauthorized');
    case 'malformed':
      return isYes ? answered(undefined, 200) : answered(whole.body);
    case 'wrong-id':
      return answered(isYes ? withWrongId(whole.body) : whole.body);
    case 'wrong-amount':
      return answered(isYes ? withWrongAmount(whole.body) : whole.body);
    case 'short':
      return answered(isYes ? withShortList(whole.body) : whole.body);
    default:
      return answered(whole.body);
  }
}

function cased(profile: Profile, code: string): string {
  return profile === 'reference' ? code.toUpperCase() : code;
}

const ID_FIELDS = ['escrow_id', 'order_id', 'position_id', 'tx_id', 'claim_id'];
const AMOUNT_FIELDS = ['amount_usd', 'amount_paid_out', 'amount_released', 'amount', 'size_usd', 'credited'];

/** The id of nothing, and of nothing else that has a wrong id. */
function withWrongId(body: ServiceAnswer['body']): ServiceAnswer['body'] {
  const field = ID_FIELDS.find((name) => typeof body[name] === 'string');
  return field === undefined ? body : { ...body, [field]: String(body[field]).replace('_0', '_f') };
}

function withWrongAmount(body: ServiceAnswer['body']): ServiceAnswer['body'] {
  const field = AMOUNT_FIELDS.find((name) => body[name] !== undefined);
  if (field === undefined) return body;
  return { ...body, [field]: typeof body[field] === 'string' ? '77777.77' : 77777.77 };
}

/** The first list of a body and its name. */
function listIn(body: ServiceAnswer['body']): readonly [string, readonly unknown[]] | undefined {
  return Object.entries(body).find((entry): entry is [string, unknown[]] => Array.isArray(entry[1]));
}

/** The newest row is left out; the total, where there is one, stays. */
function withShortList(body: ServiceAnswer['body']): ServiceAnswer['body'] {
  const found = listIn(body);
  return found === undefined ? body : { ...body, [found[0]]: found[1].slice(1) };
}

const TIME_FIELDS = ['created_at', 'opened_at', 'createdAt', 'openedAt'];

function timeOf(row: unknown): number {
  const fields = row as Readonly<Record<string, unknown>>;
  const value = TIME_FIELDS.map((name) => fields[name]).find((found) => found !== undefined);
  return typeof value === 'number' ? value * 1000 : Date.parse(String(value));
}

/** The answer as it was at a moment: without what is newer; the total is that of then. */
export function asOf(answer: ServiceAnswer, moment: number): ServiceAnswer {
  const found = listIn(answer.body);
  if (found === undefined || answer.status >= 300) return answer;
  const [name, list] = found;
  const kept = list.filter((row) => timeOf(row) <= moment);
  const missing = list.length - kept.length;
  const lessen = (field: 'total' | 'count') => {
    const value = answer.body[field];
    return typeof value === 'number' ? { [field]: value - missing } : {};
  };
  return { ...answer, body: { ...answer.body, ...lessen('total'), ...lessen('count'), [name]: kept } };
}
