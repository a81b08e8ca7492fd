import type { Intent, OrderStore, NewIntent } from '../../src/ledger/intent.ts';
import { sentIntent } from '../../src/ledger/order-claim.ts';
import { parseUsd } from '../../src/money.ts';
import type { MailboxStore } from '../../src/escrow/mailbox.ts';
import type { EscrowClient, EscrowView } from '../../src/purple-flea/escrow.ts';
import type { TradingClient } from '../../src/purple-flea/trading.ts';
import type { Transport } from '../../src/purple-flea/transport.ts';
import type { MemoryLedger } from '../support/memory-intents.ts';
import type { Changes } from './changes.ts';
import { HOUR } from './plan.ts';
import { WORKER } from './service/parties.ts';

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
  'tag-at-the-end': { intents: withTagAtTheEnd },
  'amounts-as-floats': { intents: countInFloats },
  'headers-logged': { transport: logHeaders },
  'batch-acknowledged-whole': { batch: () => ({ batchItemFailures: [] }) },
  'execution-named-by-event': { executionName: (name, started) => `${name}-${started}` },
  'budget-of-the-day-written': { intents: chargeToTheDayWritten },
  'unreadable-stop-is-go': { readStop: (read) => () => read().catch(() => 'running' as const) },
  'expiry-ignored': { intents: withoutExpiry },
  'bad-gateway-is-not-sent': { transport: takeGatewaysForNothing },
  'canary-ignored': { intents: withoutCanary },
  'canary-of-any-agent': { intents: withAnyCanary },
  'page-is-all': { intents: withoutNextPage },
  'ledger-younger-than-cause': { beginning: (read, name) => (name === 'resolve-intents' ? read : sinceEver) },
  'backup-believed': { intents: believeBackup },
  'quarantine-of-the-backup': { beginning: (read, name) => (name === 'resolve-intents' ? sinceEver : read) },
  'any-counterparty-accepted': { transport: showExpectedCounterparty },
  'owner-ignored': { ignoresOwner: true },
  'release-without-a-look': { escrow: releaseUnlooked },
  'older-signals-taken': { mailbox: takeOlderSignals },
  'fills-of-others-taken': { intents: withoutOtherOrders },
  'looks-before-the-lock': { trading: lookEarly },
  'snapshot-after-the-order': { intents: recordLate },
  'claim-kept-after-a-skip': { intents: keepClaim },
  'lease-ignored': { intents: withoutLease },
  'old-reservation-kept': { intents: keepReservation },
  'early-signal-missed': { mailbox: (store) => ({ ...store, listSignals: async () => [] }) },
} as const satisfies Readonly<Record<string, Changes>>;
export type MutantName = keyof typeof MUTANTS;

/** The names, in order. */
export const MUTANT_NAMES = Object.keys(MUTANTS) as readonly MutantName[];

/** No cause, and no intent, is older than the ledger. */
const sinceEver = async (): Promise<string> => '1970-01-01T00:00:00.000Z';

/** Later than anything. */
const FOREVER = new Date('9999-12-31T00:00:00.000Z');

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

/** What a ledger was restored with is as good as what it wrote itself. */
function believeBackup(store: OrderStore): OrderStore {
  const believed = (stored: Intent, { ledgerBegan }: NewIntent, at: Date): Intent => {
    const time = at.toISOString();
    const isUnsent = stored.state === 'prepared' || stored.state === 'claimed';
    if (!isUnsent || stored.history.length > 1 || stored.createdAt >= time) return stored;
    const step = { state: stored.state, at: time, note: '' };
    return { ...stored, ledgerBegan, createdAt: time, history: [...stored.history, step] };
  };
  return {
    ...store,
    prepare: async (intent, at) => believed(await store.prepare(intent, at), intent, at),
    async take(order, terms, at) {
      const taken = await store.take(order, terms, at);
      return taken.kind === 'known' ? { ...taken, intent: believed(taken.intent, order, at) } : taken;
    },
  };
}

/** The record of an effect is removed where its call failed. */
function forgetUnknown(store: OrderStore, ledger: MemoryLedger): OrderStore {
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
function withoutFence(store: OrderStore, ledger: MemoryLedger): OrderStore {
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
function believeFirstAbsence(store: OrderStore): OrderStore {
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

type ListApplied = OrderStore['listApplied'];

/** Some of what was applied is not seen. */
function seeing(store: OrderStore, isSeen: (intent: Intent) => boolean): ListApplied {
  return async (limit, after) => {
    const page = await store.listApplied(limit, after);
    return { ...page, intents: page.intents.filter(isSeen) };
  };
}

function withoutCanary(store: OrderStore): OrderStore {
  return {
    ...store,
    readCanary: async () => undefined,
    listApplied: seeing(store, ({ kind }) => kind !== 'escrow-create'),
  };
}

/** The latest creation counts, whosever it is. */
function withAnyCanary(store: OrderStore, { items }: MemoryLedger): OrderStore {
  return {
    ...store,
    async readCanary() {
      const created = [...items.values()].filter(({ kind, state }) => kind === 'escrow-create' && state === 'applied');
      const latest = created.toSorted((one, other) => (one.updatedAt < other.updatedAt ? 1 : -1))[0];
      return latest === undefined ? undefined : { reference: latest.reference, createdAt: latest.createdAt };
    },
  };
}

/** No order but the one that is looked for is known. */
function withoutOtherOrders(store: OrderStore): OrderStore {
  return { ...store, listApplied: seeing(store, ({ kind }) => kind !== 'trade-order') };
}

/** A market is looked at before its lock is had. */
function lookEarly(client: TradingClient): TradingClient {
  const positions = client.readPositions();
  const history = client.readHistory();
  for (const look of [positions, history]) look.catch(() => {});
  return { ...client, readPositions: () => positions, readHistory: () => history };
}

/** What was seen before an order is recorded with its end. */
function recordLate(store: OrderStore): OrderStore {
  return {
    ...store,
    send: async (claimed, before, at) => sentIntent(claimed, before, at),
    async end(sent, ending, at) {
      if (sent.state === 'sending') await store.send({ ...sent, state: 'claimed' }, sent.before ?? {}, at);
      return store.end(sent, ending, at);
    },
  };
}

/** An order that is skipped gives nothing back. */
function keepClaim(store: OrderStore, { budgets, locks }: MemoryLedger): OrderStore {
  return {
    ...store,
    async end(sent, ending, at) {
      const ended = await store.end(sent, ending, at);
      if (sent.state !== 'claimed' || ended.state !== 'skipped') return ended;
      for (const { budget, amountUsd } of sent.reserved ?? []) {
        budgets.set(budget, (budgets.get(budget) ?? 0n) + parseUsd(amountUsd));
      }
      if (sent.lock !== undefined) locks.set(sent.lock, sent.key);
      return ended;
    },
  };
}

/** Whoever meets a claim takes its lease for over. */
function withoutLease(store: OrderStore): OrderStore {
  const over = <Found extends Intent | undefined>(intent: Found): Found =>
    intent?.lease === undefined ? intent : { ...intent, lease: { ...intent.lease, until: '1970-01-01T00:00:00.000Z' } };
  return {
    ...store,
    read: async (key) => over(await store.read(key)),
    list: async (state, before, limit) => (await store.list(state, before, limit)).map(over),
  };
}

/** A claim that is taken over keeps what it took. */
function keepReservation(store: OrderStore): OrderStore {
  return {
    ...store,
    take(order, { known, ...terms }, at) {
      return store.take(order, { ...terms, known: known && { ...known, reserved: undefined } }, at);
    },
  };
}

/** Where a page ends, nothing follows. */
function withoutNextPage(store: OrderStore): OrderStore {
  return {
    ...store,
    listApplied: async (limit, after) => ({ ...(await store.listApplied(limit, after)), next: undefined }),
  };
}

/** Whoever an escrow is for, it is taken for the one that was asked for. */
function showExpectedCounterparty(transport: Transport): Transport {
  const fields = ['counterparty_agent_id', 'counterparty_id'];
  return async (request) => {
    const answer = await transport(request);
    if (answer.kind !== 'answered' || typeof answer.body !== 'object' || answer.body === null) return answer;
    const shown = Object.entries(answer.body).map(([name, value]) => [name, fields.includes(name) ? WORKER : value]);
    return { ...answer, body: Object.fromEntries(shown) as unknown };
  };
}

/** A release takes it for granted that the escrow is locked. */
function releaseUnlooked(client: EscrowClient, name: string): EscrowClient {
  if (name !== 'release-funds') return client;
  let isFirst = true;
  return {
    ...client,
    async readStatus(escrowId) {
      if (!isFirst) return client.readStatus(escrowId);
      isFirst = false;
      return { escrowId, status: 'locked' } as EscrowView;
    },
  };
}

/** However old a signal is, it is taken for new. */
function takeOlderSignals(store: MailboxStore): MailboxStore {
  const now = FOREVER.toISOString();
  return {
    ...store,
    listSignals: async (address) => (await store.listSignals(address)).map((signal) => ({ ...signal, at: now })),
  };
}

function takeRefusalsForNothing(transport: Transport): Transport {
  return async (request) => {
    const answer = await transport(request);
    const isRefusal = answer.kind === 'answered' && answer.status >= 400 && answer.status < 500;
    return request.method === 'POST' && isRefusal ? { kind: 'not-sent', reason: `HTTP ${answer.status}` } : answer;
  };
}

/** A gateway that gave up is taken for a service that was never asked. */
function takeGatewaysForNothing(transport: Transport): Transport {
  return async (request) => {
    const answer = await transport(request);
    const isGateway = answer.kind === 'answered' && (answer.status === 502 || answer.status === 503);
    return request.method === 'POST' && isGateway ? { kind: 'not-sent', reason: `HTTP ${answer.status}` } : answer;
  };
}

/** What a claim takes of a budget is taken of the day on which the intent was written. */
function chargeToTheDayWritten(store: OrderStore, ledger: MemoryLedger): OrderStore {
  return {
    ...store,
    claim(claim, terms, at) {
      const day = ledger.items.get(claim.key)?.createdAt.slice(0, 10) ?? '';
      const onThatDay = (name: string): string => `${name.slice(0, name.lastIndexOf('/'))}/${day}`;
      const reservations = terms.reservations.map((one) => ({ ...one, budget: onThatDay(one.budget) }));
      return store.claim(claim, { ...terms, reservations }, at);
    },
  };
}

function withoutExpiry(store: OrderStore): OrderStore {
  const never = <Found extends Intent>(intent: Found): Found => ({ ...intent, expiresAt: '9999-12-31T00:00:00.000Z' });
  return {
    ...store,
    prepare: async (intent, at) => never(await store.prepare(intent, at)),
    list: async (state, before, limit) => (await store.list(state, before, limit)).map(never),
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

function withTagAtTheEnd(store: OrderStore): OrderStore {
  return {
    ...store,
    prepare(intent, at) {
      const { description, ...body } = JSON.parse(intent.requestBody) as Readonly<Record<string, unknown>>;
      if (intent.kind !== 'escrow-create') return store.prepare(intent, at);
      const moved = `${String(description).replace(intent.reference, '').trim()} ${intent.reference}`;
      return store.prepare({ ...intent, requestBody: JSON.stringify({ ...body, description: moved }) }, at);
    },
  };
}

/** What budgets hold is kept as a binary float of dollars. */
function countInFloats(store: OrderStore, ledger: MemoryLedger): OrderStore {
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
