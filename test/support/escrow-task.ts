import type { Deps as CompleteDeps } from '../../lambdas/complete-delivery/handler.ts';
import type { EscrowTaskDeps } from '../../lambdas/shared/escrow-task.ts';
import type { Owner } from '../../src/ledger/owner.ts';
import type { EscrowClient } from '../../src/purple-flea/escrow.ts';
import { ESCROW_BODIES } from '../../src/purple-flea/profiles/escrow-bodies.ts';
import { TREASURY } from './bonus-escrow.ts';
import { anInvocation } from './effects.ts';
import { inert } from './inert.ts';
import { createMemoryIntents, type MemoryIntents } from './memory-intents.ts';
import { createRecorder, type Recorder } from './recorder.ts';

/** The treasury, where the escrow service is configured to be. */
export const OWNED: Owner = { agentId: TREASURY, baseUrl: 'https://escrow.example.com', profile: 'reference' };

/** What any of the workflow's tasks needs. */
type Task = EscrowTaskDeps & Pick<CompleteDeps, 'holdsKeyOf'>;

/** A client of which only what a test gives may be called. */
export function anEscrowClient(overrides: Partial<EscrowClient> = {}): EscrowClient {
  return {
    reserve: async () => undefined,
    profile: 'reference',
    bodies: ESCROW_BODIES,
    create: inert('create'),
    complete: inert('complete'),
    release: inert('release'),
    dispute: inert('dispute'),
    readStatus: inert('readStatus'),
    list: inert('list'),
    readStats: inert('readStats'),
    readHealth: inert('readHealth'),
    ...overrides,
  };
}

/** What a task that sends an escrow effect needs, over an empty ledger, with the calls that it may make. */
export function anEscrowTask(
  client: Partial<EscrowClient> = {},
  overrides: Partial<Task> & { readonly intents?: MemoryIntents; readonly recorder?: Recorder } = {},
): { readonly deps: Task; readonly intents: MemoryIntents; readonly recorder: Recorder } {
  const { recorder = createRecorder(), intents = createMemoryIntents(), ...others } = overrides;
  const { budgets, readStop, readBeginning, now, newId } = anInvocation();
  const deps: Task = {
    owner: OWNED,
    openEscrow: async () => anEscrowClient(client),
    viewEscrows: () => anEscrowClient(client),
    holdsKeyOf: async () => false,
    requestMs: 10_000,
    feeBasisPoints: 100,
    intents,
    budgets,
    readStop,
    readBeginning,
    now,
    newId,
    publish: recorder.publish,
    count: recorder.count,
    log: recorder.log,
    ...others,
  };
  return { deps, intents, recorder };
}
