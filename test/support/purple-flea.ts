import type { EffectRequest } from '../../src/ledger/answer.ts';
import { unpaced } from '../../src/pacing/pacer.ts';
import type { Credentials, Profile, ServiceDeps } from '../../src/purple-flea/service.ts';
import { createTransport, type HttpAnswer, type HttpRequest } from '../../src/purple-flea/transport.ts';
import { inert } from './inert.ts';
import { CANARY } from './secrecy.ts';

/** Credentials whose key must be seen nowhere. */
export const CANARY_CREDENTIALS: Credentials = { apiKey: CANARY, agentId: 'agent_platform_treasury' };

/** The reference of `anEffectRequest`. */
export const A_REFERENCE = 'pf1:aaaaaaaaaaaaaaaaaaaa';

/** One effect as the ledger recorded it. */
export function anEffectRequest(body: string): EffectRequest {
  return { body, key: 'the-key', reference: A_REFERENCE };
}

/** How a service of this machine behaves. */
export interface ServiceOptions {
  readonly profile?: Profile;
  /** The total deadline of a request. */
  readonly totalMs?: number;
  readonly random?: () => number;
}

/**
 * A Purple Flea service at an address of this machine. By its clock a request takes all the time that a read has, so
 * that what fails is not asked again.
 */
export function aService(
  baseUrl: string,
  { profile = 'reference', totalMs = 5_000, random = (): number => 0 }: ServiceOptions = {},
): ServiceDeps {
  const transport = createTransport({ connectMs: 2_000, totalMs });
  let now = 0;
  return {
    service: { baseUrl, profile },
    async transport(request) {
      const answer = await transport(request);
      now += totalMs;
      return answer;
    },
    pacer: unpaced,
    readMs: totalMs,
    now: () => now,
    sleep: inert('sleep'),
    random,
  };
}

/** A service without a network: it gives these answers, one a request, and is asked no more often. */
export function aServiceAnswering(
  profile: Profile,
  ...answers: HttpAnswer[]
): { readonly deps: ServiceDeps; readonly requests: readonly HttpRequest[] } {
  const requests: HttpRequest[] = [];
  const deps: ServiceDeps = {
    service: { baseUrl: 'http://service', profile },
    async transport(request) {
      requests.push(request);
      return answers.shift() ?? inert('transport')();
    },
    pacer: unpaced,
    readMs: 5_000,
    now: () => requests.length * 5_000,
    sleep: inert('sleep'),
    random: () => 0,
  };
  return { deps, requests };
}

/** A whole answer, with its body as it comes out of JSON. */
export function answered(status: number, body?: unknown, retryAfterSeconds?: number): HttpAnswer {
  const parsed: unknown = body === undefined ? undefined : JSON.parse(JSON.stringify(body));
  return { kind: 'answered', status, body: parsed, retryAfterSeconds };
}
