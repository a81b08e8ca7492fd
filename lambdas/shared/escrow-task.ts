import * as z from 'zod/mini';
import type { KeyRing, KeyRole } from '../../src/aws/key-ring.ts';
import { createPublisher } from '../../src/aws/publisher.ts';
import type { EscrowEffectDeps } from '../../src/escrow/escrow-effects.ts';
import { createEscrowClient, createEscrowViews, type ViewEscrows } from '../../src/purple-flea/escrow-client.ts';
import { openToSend } from '../../src/purple-flea/open-client.ts';
import { eventBridge } from './clients/event-bridge.ts';
import type { AnnounceDeps } from './announce.ts';
import {
  escrowEnvironment,
  keysEnvironment,
  ledgerEnvironment,
  readEnvironment,
  treasuryEnvironment,
} from './environment.ts';
import { createIntents, createLedgerDeps } from './ledger.ts';
import { ledgerPolicies, readPolicies } from './policies.ts';
import { createKeys, createServiceDeps } from './purple-flea.ts';
import { count, log } from './telemetry.ts';

/** What the workflow's tasks that look at an escrow need: no key. */
export interface EscrowReadDeps extends AnnounceDeps {
  /** What the service is configured to keep of an escrow; 100 is one per cent. */
  readonly feeBasisPoints: number;
  readonly viewEscrows: ViewEscrows;
}

/** What those that send an escrow effect need. */
export interface EscrowTaskDeps extends EscrowReadDeps, Omit<EscrowEffectDeps, 'remainingMs'> {}

/** The part of a Lambda context that the tasks use. */
export interface TaskContext {
  getRemainingTimeInMillis(): number;
}

/** Builds what reading needs from the environment, once a process. */
export function createEscrowReadDeps(): EscrowReadDeps {
  const env = readEnvironment({ ...escrowEnvironment, EVENT_BUS: z.string() });
  const service = createServiceDeps(env.ESCROW_SERVICE, env);
  return {
    viewEscrows: createEscrowViews(service),
    feeBasisPoints: env.ESCROW_SERVICE.feeBasisPoints,
    publish: createPublisher(eventBridge, env.EVENT_BUS),
    log,
    count,
  };
}

/** Builds what sending needs from the environment and the policies, once a process. The keys are those of the roles. */
export function createEscrowTaskDeps(...roles: KeyRole[]): EscrowTaskDeps & { readonly keys: KeyRing } {
  const env = readEnvironment({
    ...escrowEnvironment,
    ...ledgerEnvironment,
    ...keysEnvironment,
    ...treasuryEnvironment,
  });
  const { baseUrl, profile } = env.ESCROW_SERVICE;
  const keys = createKeys(env.SECRETS);
  return {
    ...createEscrowReadDeps(),
    ...createLedgerDeps(env, readPolicies(ledgerPolicies), createIntents(env.INTENT_TABLE)),
    keys,
    owner: { agentId: env.AGENT_ID, baseUrl, profile },
    openEscrow: openToSend(
      createServiceDeps(env.ESCROW_SERVICE, env, keys),
      (agentId) => keys.get(agentId, roles),
      createEscrowClient,
    ),
    requestMs: env.REQUEST_TIMEOUT_MS,
  };
}
