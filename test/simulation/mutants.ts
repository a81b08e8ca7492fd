import type { Intent, IntentStore } from '../../src/ledger/intent.ts';
import type { EscrowClient } from '../../src/purple-flea/escrow.ts';
import type { Transport } from '../../src/purple-flea/transport.ts';
import type { MemoryLedger } from '../support/memory-intents.ts';
import type { Changes } from './changes.ts';
import { HOUR } from './plan.ts';

/** Ways to get this wrong, each by the name of the mistake. The simulator has to notice every one of them. */
export const MUTANTS = {
  'event-id-as-key': { subject: (subject, delivery) => `${subject}/event-${delivery}` },
  'key-expires-in-1-h': { intents: forgetAfter(HOUR) },
  'record-deleted-on-throw': { intents: forgetUnknown },
  'no-fence': { intents: withoutFence },
  'no-quarantine': { policy: { quarantineMs: 0 } },
  'one-negative-read': { intents: believeFirstAbsence },
  'partial-page-is-absence': { escrow: believePartialPages, intents: withoutCanary },
  '4xx-is-not-applied': { transport: takeRefusalsForNothing },
  'dispute-200-trusted': { escrow: trustDisputes },
  'client-retries-post': { transport: retryPosts },
  'workflow-retries-send': { retriesSendTask: true },
  'tag-at-the-end': { escrow: withTagAtTheEnd },
  'amounts-as-floats': { intents: countInFloats },
  'headers-logged': { transport: logHeaders },
  'batch-acknowledged-whole': { batch: () => ({ batchItemFailures: [] }) },
  'execution-named-by-event': { executionName: (name, started) => `${name}-${started}` },
  'early-signal-missed': { mailbox: (store) => ({ ...store, listSignals: async () => [] }) },
} as const satisfies Readonly<Record<string, Changes>>;
export type MutantName = keyof typeof MUTANTS;

/** The names, in order. */
export const MUTANT_NAMES = Object.keys(MUTANTS) as readonly MutantName[];

type ChangeStore = NonNullable<Changes['intents']>;

/** The record of an effect is gone after a time, as those of an idempotency helper are. */
function forgetAfter(milliseconds: number): ChangeStore {
  return (store, ledger, now) => ({
    ...store,
    prepare(intent, at) {
      const known = ledger.items.get(intent.key);
      if (known !== undefined && now().getTime() - Date.parse(known.createdAt) > milliseconds) {
        ledger.items.delete(intent.key);
      }
      return store.prepare(intent, at);
    },
  });
}

/** The record of an effect is removed where its call failed. */
function forgetUnknown(store: IntentStore, ledger: MemoryLedger): IntentStore {
  return {
    ...store,
    async move(from, ending, at) {
      const moved = await store.move(from, ending, at);
      if (from.state === 'sending' && ending.state === 'unknown') ledger.items.delete(from.key);
      return moved;
    },
  };
}

/** Whoever wants to send may: nothing tells an old claim from a new one. */
function withoutFence(store: IntentStore, ledger: MemoryLedger): IntentStore {
  return {
    ...store,
    async claim(claim, terms, at) {
      const stored = ledger.items.get(claim.key);
      if (stored?.state === 'sending') {
        ledger.items.set(claim.key, { ...stored, state: 'prepared', fence: claim.fence - 1, reserved: undefined });
      }
      return store.claim(claim, terms, at);
    },
  };
}

/** The first look that does not find it decides. */
function believeFirstAbsence(store: IntentStore): IntentStore {
  const long = (intent: Intent): Intent => ({ ...intent, absentSince: intent.sentAt ?? intent.createdAt });
  return { ...store, list: async (state, before, limit) => (await store.list(state, before, limit)).map(long) };
}

/** Whatever a page shows is taken for all there is. */
function believePartialPages(client: EscrowClient): EscrowClient {
  return {
    ...client,
    async list(query) {
      const reading = await client.list(query);
      if (reading.kind !== 'read') return reading;
      return { kind: 'read', value: { ...reading.value, total: reading.value.escrows.length } };
    },
  };
}

function withoutCanary(store: IntentStore): IntentStore {
  return { ...store, readCanary: async () => undefined, listApplied: async () => ({ intents: [], next: undefined }) };
}

function takeRefusalsForNothing(transport: Transport): Transport {
  return async (request) => {
    const answer = await transport(request);
    const isRefusal = answer.kind === 'answered' && answer.status >= 400 && answer.status < 500;
    return request.method === 'POST' && isRefusal ? { kind: 'not-sent', reason: `HTTP ${answer.status}` } : answer;
  };
}

/** After a dispute was answered with yes, nobody looks. */
function trustDisputes(client: EscrowClient): EscrowClient {
  const disputed = new Set<string>();
  return {
    ...client,
    async dispute(escrowId, request) {
      const answer = await client.dispute(escrowId, request);
      if (answer.kind === 'applied') disputed.add(escrowId);
      return answer;
    },
    async readStatus(escrowId) {
      const view = await client.readStatus(escrowId);
      return disputed.has(escrowId) ? { ...view, status: 'disputed' } : view;
    },
  };
}

function retryPosts(transport: Transport): Transport {
  return async (request) => {
    const answer = await transport(request);
    const isFailure = answer.kind !== 'answered' || answer.status >= 500;
    return request.method === 'POST' && isFailure ? transport(request) : answer;
  };
}

function withTagAtTheEnd(client: EscrowClient): EscrowClient {
  return {
    ...client,
    bodies: {
      ...client.bodies,
      create(request) {
        const body = JSON.parse(client.bodies.create(request)) as Readonly<Record<string, unknown>>;
        return JSON.stringify({ ...body, description: `${request.description} ${request.reference}` });
      },
    },
  };
}

/** What budgets hold is kept as a binary float of dollars. */
function countInFloats(store: IntentStore, ledger: MemoryLedger): IntentStore {
  const asFloat = (micro: bigint): number => Number(micro) / 1e6;
  return {
    ...store,
    async claim(claim, terms, at) {
      const before = new Map(ledger.budgets);
      const result = await store.claim(claim, terms, at);
      if (result.kind !== 'claimed') return result;
      for (const { budget, amount } of terms.reservations) {
        const sum = asFloat(before.get(budget) ?? 0n) + asFloat(amount);
        ledger.budgets.set(budget, BigInt(Math.trunc(sum * 1e6)));
      }
      return result;
    },
  };
}

function logHeaders(transport: Transport, log: (fields: unknown) => void): Transport {
  return (request) => {
    log({ method: request.method, headers: { authorization: `Bearer ${request.apiKey}` } });
    return transport(request);
  };
}
