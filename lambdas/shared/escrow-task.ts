import * as z from 'zod/mini';
import type { ApiKeys } from '../../src/aws/api-key-secret.ts';
import { createPublisher } from '../../src/aws/publisher.ts';
import type { EffectDeps } from '../../src/ledger/perform-effect.ts';
import { createEscrowClient } from '../../src/purple-flea/escrow-client.ts';
import type { EscrowClient } from '../../src/purple-flea/escrow.ts';
import type { Credentials } from '../../src/purple-flea/service.ts';
import { aws } from './aws.ts';
import type { AnnounceDeps } from './announce.ts';
import { escrowEnvironment, ledgerEnvironment, readEnvironment } from './environment.ts';
import { createLedgerDeps } from './ledger.ts';
import { ledgerPolicies, readPolicies } from './policies.ts';
import { createApiKeySource, createServiceDeps } from './purple-flea.ts';
import { count, log } from './telemetry.ts';

/** What the workflow's tasks that look at an escrow need. */
export interface EscrowReadDeps extends AnnounceDeps {
  readonly readApiKeys: () => Promise<ApiKeys>;
  readonly openEscrow: (credentials: Credentials) => EscrowClient;
}

/** What those that send an escrow effect need. */
export interface EscrowTaskDeps extends EscrowReadDeps, Omit<EffectDeps, 'remainingMs'> {
  /** Total deadline of one request, in milliseconds. */
  readonly requestMs: number;
}

/** The part of a Lambda context that the tasks use. */
export interface TaskContext {
  getRemainingTimeInMillis(): number;
}

/** Builds what reading needs from the environment, once a process. */
export function createEscrowReadDeps(): EscrowReadDeps {
  const env = readEnvironment({ ...escrowEnvironment, EVENT_BUS: z.string() });
  const service = createServiceDeps(env.ESCROW_SERVICE, env);
  return {
    readApiKeys: createApiKeySource(env.SECRET_NAME),
    openEscrow: (credentials) => createEscrowClient(service, credentials),
    publish: createPublisher(aws.eventBridge, env.EVENT_BUS),
    log,
    count,
  };
}

/** Builds what sending needs from the environment and the policies, once a process. */
export function createEscrowTaskDeps(): EscrowTaskDeps {
  const env = readEnvironment({ ...escrowEnvironment, ...ledgerEnvironment });
  return {
    ...createEscrowReadDeps(),
    ...createLedgerDeps(env, readPolicies(ledgerPolicies)),
    requestMs: env.REQUEST_TIMEOUT_MS,
  };
}
