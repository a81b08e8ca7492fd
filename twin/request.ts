import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Fault } from './faults/fault.ts';
import type { Agent } from './world/world.ts';

/** What the twin knows of a request before a route handles it. */
export interface TwinEnv {
  Bindings: Partial<HttpBindings> & {
    /** Set where a request is not handled when it arrives but, as a fault has it, at this time. */
    appliedAt?: Date;
  };
  Variables: {
    /** The twin's time, one for the whole request. */
    now: Date;
    bodyText: string;
    /** The agent whose key was sent, if it is one. */
    caller: Agent | undefined;
    /** Set where the answer is an error, for the log of calls. */
    errorCode: string | undefined;
    /** What goes wrong with this request, if a fault was asked for. */
    fault: Fault | undefined;
    /** Set where a fault wants a release to pay and then to fail. */
    releaseGetsStuck: boolean | undefined;
    /** Set where a fault has taken care that the client gets no whole answer. */
    answerWithheld: boolean | undefined;
  };
}

/** A request in a route of the twin. */
export type TwinContext = Context<TwinEnv>;

/** A request that the service refuses. Thrown before anything is changed, so that a route reads as its order of checks. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: ContentfulStatusCode;
  readonly code: string;
  /** What some answers carry beside code and message, such as a balance. */
  readonly extra: Readonly<Record<string, unknown>>;

  /** @param message empty where the service sends none. */
  constructor(
    status: ContentfulStatusCode,
    code: string,
    message: string,
    extra: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.extra = extra;
  }
}

/** A refusal for what the reference has no error code for: a field that is missing, too long or of the wrong type. */
export function invalidRequest(message: string): Refusal {
  return new Refusal(400, 'INVALID_REQUEST', message);
}

/** The agent whose key the request carries. @throws Refusal 401 */
export function requireCaller(c: TwinContext): Agent {
  const caller = c.get('caller');
  if (caller === undefined) {
    throw new Refusal(
      401,
      'UNAUTHORIZED',
      'Missing or invalid Authorization header. Send "Authorization: Bearer <key>".',
    );
  }
  return caller;
}

/** Checks that an agent id is the caller's own. @throws Refusal 400 or 403 */
export function requireOwnId(caller: Agent, agentId: unknown): void {
  if (typeof agentId !== 'string' || agentId === '')
    throw invalidRequest('agent_id is required: send your own agent id.');
  if (agentId !== caller.id) {
    throw new Refusal(403, 'FORBIDDEN', `The API key does not belong to ${agentId}.`);
  }
}

/** The request body, which must be a JSON object; no body counts as an empty one. @throws Refusal 400 */
export function bodyObject(c: TwinContext): Record<string, unknown> {
  const text = c.get('bodyText');
  if (text === '') return {};
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw invalidRequest('The body is not valid JSON: send a JSON object.');
  }
  if (!isObject(body)) throw invalidRequest('The body must be a JSON object.');
  return body;
}

/** A text field that must be there. @throws Refusal 400 */
export function requiredText(body: Record<string, unknown>, field: string, maxCharacters = Infinity): string {
  const text = optionalText(body, field, maxCharacters);
  if (text === null || text.trim() === '') throw invalidRequest(`${field} is required: send a non-empty string.`);
  return text;
}

/** A text field that may be left out or null. @throws Refusal 400 */
export function optionalText(body: Record<string, unknown>, field: string, maxCharacters = Infinity): string | null {
  const text = body[field] ?? null;
  if (text === null) return null;
  if (typeof text !== 'string') throw invalidRequest(`${field} must be a string.`);
  if ([...text].length > maxCharacters) {
    throw invalidRequest(`${field} is longer than ${maxCharacters} characters: shorten it.`);
  }
  return text;
}

/** An object field that may be left out or null. @throws Refusal 400 */
export function optionalObject(body: Record<string, unknown>, field: string): Record<string, unknown> | null {
  const value = body[field] ?? null;
  if (value !== null && !isObject(value)) throw invalidRequest(`${field} must be a JSON object.`);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
