import { ServiceUnreadableError } from '../errors.ts';
import { describePlace, isAt, type ServicePlace } from '../ledger/owner.ts';
import type { EscrowBodies, EscrowClient, EscrowViewer } from './escrow.ts';
import type { EscrowDialect } from './profiles/escrow-dialect.ts';
import { escrowPublished } from './profiles/escrow-published.ts';
import { escrowReference } from './profiles/escrow-reference.ts';
import { readService } from './read-service.ts';
import { sendEffect } from './send-effect.ts';
import { reserveCalls, type Credentials, type Profile, type ServiceDeps } from './service.ts';

const DIALECTS: Readonly<Record<Profile, EscrowDialect>> = { reference: escrowReference, published: escrowPublished };

/** How a dialect writes requests. No key is needed for it. */
export function escrowBodies(profile: Profile): EscrowBodies {
  return DIALECTS[profile].bodies;
}

/** What the escrow service shows to anyone: no key is needed. */
export function createEscrowViewer(deps: ServiceDeps): EscrowViewer {
  const { profile } = deps.service;
  const dialect = DIALECTS[profile];
  return { profile, readStatus: (id) => readService(deps, undefined, 'escrow.status', dialect.status(id)) };
}

/** Escrows as anyone may see them, at the configured service or where they were made. */
export type ViewEscrows = (at?: ServicePlace) => EscrowViewer;

/**
 * Views escrows where they live. At an address or in a dialect that is not configured any more no answer says that there is
 * none: it counts as not read.
 */
export function createEscrowViews(deps: ServiceDeps): ViewEscrows {
  return (at) => {
    if (at === undefined || isAt({ service: at }, deps.service)) return createEscrowViewer(deps);
    const viewer = createEscrowViewer({ ...deps, service: at });
    return { ...viewer, readStatus: (id) => orUnread(viewer.readStatus(id), at) };
  };
}

async function orUnread<Value>(read: Promise<Value>, at: ServicePlace): Promise<Value> {
  try {
    return await read;
  } catch (error) {
    if (!(error instanceof ServiceUnreadableError)) throw error;
    const { operation, retryAfterSeconds } = error;
    throw new ServiceUnreadableError(`${error.message}; it lives at ${describePlace(at)}, and another is configured`, {
      ...(operation === undefined ? {} : { operation }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
  }
}

/** The escrow service as one agent uses it, in the dialect that is configured for it. */
export function createEscrowClient(deps: ServiceDeps, credentials: Credentials): EscrowClient {
  const { profile } = deps.service;
  const dialect = DIALECTS[profile];
  return {
    profile,
    bodies: dialect.bodies,
    reserve: (calls, effect) =>
      reserveCalls(
        deps,
        credentials,
        calls.map((call) => dialect.limits[call]),
        effect,
      ),
    create: (request) => sendEffect(deps, credentials, 'escrow.create', dialect.create(request.body), request),
    complete: (id, request) => sendEffect(deps, credentials, 'escrow.complete', dialect.complete(id), request),
    release: (id, request) => sendEffect(deps, credentials, 'escrow.release', dialect.release(id), request),
    dispute: (id, request) => sendEffect(deps, credentials, 'escrow.dispute', dialect.dispute(id), request),
    readStatus: (id) => readService(deps, credentials, 'escrow.status', dialect.status(id)),
    async list(query = {}) {
      const route = dialect.list(query);
      if ('kind' in route) return route;
      return { kind: 'read', value: await readService(deps, credentials, 'escrow.list', route) };
    },
    readStats: () => readService(deps, credentials, 'escrow.stats', dialect.stats()),
    readHealth: () => readService(deps, credentials, 'escrow.health', dialect.health()),
  };
}
