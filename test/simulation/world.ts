import type { LookDeps } from '../../lambdas/resolve-intents/look-for.ts';
import type { EscrowTaskDeps } from '../../lambdas/shared/escrow-task.ts';
import { ROLES_TO_SEND, type KeyRole } from '../../src/aws/key-ring.ts';
import type { OpenSender } from '../../lambdas/shared/open-sender.ts';
import type { MailboxDeps, WaitEnd } from '../../src/escrow/mailbox.ts';
import type { PublishedType } from '../../src/events/catalogue.ts';
import type { ReadBeginnings } from '../../src/ledger/beginnings.ts';
import type { BudgetPolicy } from '../../src/ledger/budgets.ts';
import type { OrderStore } from '../../src/ledger/intent.ts';
import type { ResolvePolicy } from '../../src/ledger/resolve-intents.ts';
import type { StopMode } from '../../src/ledger/stop.ts';
import { parseUsd, type MicroUsd } from '../../src/money.ts';
import { unpaced } from '../../src/pacing/pacer.ts';
import { openToLook, openToSend, type OpenClient } from '../../src/purple-flea/open-client.ts';
import { createEscrowClient, createEscrowViewer } from '../../src/purple-flea/escrow-client.ts';
import { createFaucetClient } from '../../src/purple-flea/faucet-client.ts';
import type { ServiceDeps } from '../../src/purple-flea/service.ts';
import { createLiveMarket } from '../../src/trading/live-market.ts';
import type { Market } from '../../src/trading/market.ts';
import type { FindUnready } from '../../src/trading/readiness.ts';
import { createTradingClient } from '../../src/purple-flea/trading-client.ts';
import type { HttpAnswer, HttpRequest, Transport } from '../../src/purple-flea/transport.ts';
import { createWalletClient } from '../../src/purple-flea/wallet-client.ts';
import type { TradingClient } from '../../src/purple-flea/trading.ts';
import { ownerAt } from '../support/owners.ts';
import { createMemoryIntents, createMemoryLedger, type MemoryLedger, type Moment } from '../support/memory-intents.ts';
import { createMemoryMailbox, noMail, type Mail } from '../support/memory-mailbox.ts';
import { createMemoryPaperBooks } from '../support/memory-paper-books.ts';
import type { Changes } from './changes.ts';
import { PAGE } from './earlier.ts';
import { answerUnder, asOf, EFFECT_OPERATIONS, isHandled } from './faults.ts';
import { createChance, MARKETS, type Disturbance, type Schedule } from './plan.ts';
import { createOracle, type Oracle } from './oracle.ts';
import { asRelease010 } from './old-version.ts';
import { asVersionBefore } from './version-before.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import { createSecrets } from './secrets.ts';
import { createService, type Service } from './service/service.ts';
import { KEYS, NEXT_KEY, OTHER, SECOND, TREASURY, WORKER } from './service/parties.ts';
import { escrowIn, operationOf, type Operation } from './service/operations.ts';
import { createLedgerTable, type LedgerTable } from './lost-ledger.ts';
import { createStopTimeline, STOP_CACHE_MS } from './stop-timeline.ts';

const NO_RULES = { tableCreatedAt: '', rules: {}, moves: [], version: 1 } as const;

/** The total deadline of one request, in milliseconds. */
export const REQUEST_MS = 10_000;

const NINE = Date.UTC(2026, 2, 6, 9);
const MIDNIGHT = Date.UTC(2026, 2, 7);

/** One run of one function. */
export interface Invocation {
  readonly id: number;
  readonly name: string;
  readonly startedAt: number;
  /** When the platform ends it. */
  readonly deadline: number;
  /** Awaited calls so far. */
  gates: number;
  /** What is to happen at some of them. */
  readonly disturbances: readonly GateDisturbance[];
  isGone: boolean;
  hasReadStop: boolean;
  /** The escrows whose status it has read. */
  readonly looked: Set<string>;
  /** Whether it is one of the version before. */
  readonly isBefore: boolean;
  /** What it did under its claim of an order; undefined before that. */
  order: { hasLooked: boolean; isRecorded: boolean } | undefined;
  /** Tells whoever called it that it is gone. */
  readonly die: () => void;
}

export type Ended<Value> =
  { readonly kind: 'returned'; readonly value: Value } | { readonly kind: 'threw' } | { readonly kind: 'gone' };

/** One request of an effect, as it left. */
export interface Post {
  readonly operation: Operation;
  readonly key: string | undefined;
  /** Whether it may have had an effect, by what is known to whoever sent it. */
  mayHaveActed: boolean;
}

/** Something wrong that shows while a schedule is played. */
export interface Alarm {
  readonly rule: 'money' | 'budget' | 'stop' | 'expiry' | 'unlooked' | 'defect' | 'message';
  readonly detail: string;
}

/** Whether a call writes, and on which side of the write it is. */
type Write = 'none' | 'before' | 'after';

/** Every port that any of the handlers takes. */
export interface Ports extends EscrowTaskDeps, LookDeps, MailboxDeps {
  readonly readBeginnings: ReadBeginnings;
  readonly intents: OrderStore;
  readonly openEscrow: EscrowTaskDeps['openEscrow'];
  readonly openSender: OpenSender;
  readonly openTrading: OpenClient<TradingClient>;
  readonly holdsKeyOf: (agentId: string) => Promise<boolean>;
  readonly openMarket: () => Promise<Market>;
  readonly findUnready: FindUnready;
}

/** Everything that one schedule happens in. */
export interface SimulatedWorld {
  readonly schedule: Schedule;
  readonly start: number;
  readonly scheduler: Scheduler;
  readonly service: Service;
  readonly ledger: MemoryLedger;
  readonly table: LedgerTable;
  readonly policy: ResolvePolicy;
  readonly budgets: BudgetPolicy;
  /** The most that may be open in a market on either side. */
  readonly maxExposure: MicroUsd;
  readonly changes: Changes;
  readonly posts: readonly Post[];
  readonly mail: Mail;
  /** What was found wrong while it went on. */
  readonly alarms: readonly Alarm[];
  readonly oracle: Oracle;
  readonly published: readonly (readonly [PublishedType, unknown])[];
  readonly logged: readonly unknown[];
  readonly trace: readonly string[];
  /** Runs a function; whoever calls it is told when the platform ends it. */
  invoke<Value>(
    name: string,
    timeoutMs: number,
    run: (invocation: Invocation) => Promise<Value>,
  ): Promise<Ended<Value>>;
  portsOf(invocation: Invocation): Ports;
  contextOf(invocation: Invocation): { getRemainingTimeInMillis(): number };
  /** An awaited call of a port that is no other's: here the invocation may end, and others may go on. */
  gate(invocation: Invocation, label: string, write?: Write): Promise<void | 'repeat'>;
  note(line: string): void;
  alarm(rule: Alarm['rule'], detail: string): void;
  newToken(): string;
  /** Waits for so long that somebody ends the task; undefined where nobody does. */
  endOfWait(taskToken: string, milliseconds: number): Promise<WaitEnd | undefined>;
  /** Whether a task waits to be ended. */
  isOpen(taskToken: string): boolean;
  closeToken(taskToken: string): void;
  /** The service's timer of an escrow fires, if it is time. */
  expireDue(escrowId: string): void;
  /** The counterparty calls the service itself. */
  actAsCounterparty(escrowId: string, action: 'complete' | 'dispute'): void;
  /** Makes the ledger forget that anything was claimed; nothing but a mutant asks for it. */
  forgetClaims(): void;
}

/** Every call of the store, and whether it writes. */
const IS_WRITE: Readonly<Record<Moment['operation'], boolean>> = {
  prepare: true,
  skip: true,
  claim: true,
  take: true,
  send: true,
  end: true,
  move: true,
  noteLook: true,
  postpone: true,
  read: false,
  readHolder: false,
  readUsed: false,
  readCanary: false,
  readLastOrder: false,
  list: false,
  listApplied: false,
  listSince: false,
};

/** Writes after which there may be something to sweep. */
const WAKING: ReadonlySet<Moment['operation']> = new Set(['claim', 'take', 'send', 'end', 'move', 'postpone']);

/** What each is called in a trace. */
const LABELS = Object.fromEntries(
  Object.keys(IS_WRITE).map((operation) => [operation, { before: `${operation} before`, after: `${operation} after` }]),
) as Readonly<Record<Moment['operation'], Readonly<Record<Moment['when'], string>>>>;

type HttpDisturbance = Extract<Disturbance, { kind: 'http' }>;
type GateDisturbance = Extract<Disturbance, { kind: 'gate' }>;

/** No connection, too many requests, a key that nobody knows: nothing was done, and whoever asked knows. */
function isCertainlyNothing(answer: HttpAnswer): boolean {
  return answer.kind === 'not-sent' || (answer.kind === 'answered' && (answer.status === 401 || answer.status === 429));
}

/** Thrown where the database fails. */
class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
}

export function createSimulatedWorld(
  schedule: Schedule,
  settings: {
    readonly traces: boolean;
    readonly changes: Changes;
    readonly budgets: BudgetPolicy;
    readonly policy: ResolvePolicy;
  },
): SimulatedWorld {
  const { changes, budgets, policy, traces } = settings;
  const { disturbances, profile } = schedule;
  // Another stream than the one that the schedule was drawn from.
  const chance = createChance(schedule.seed ^ 0x5bd1e995);
  const midnight = disturbances.find((one) => one.kind === 'midnight');
  const start = midnight === undefined ? NINE : MIDNIGHT - midnight.at;
  const scheduler = createScheduler(chance.roll, start);
  const mergesPositions = schedule.scenario.flow === 'order' && schedule.scenario.merges;
  const isTight = disturbances.some((one) => one.kind === 'tight-budget' && one.per === 'market');
  const maxExposure = parseUsd(isTight ? (mergesPositions ? '110.00' : '80.00') : '500.00');
  const service = createService(
    profile,
    { [TREASURY]: '1000.00', [SECOND]: '1000.00', [WORKER]: '5.00' },
    { mergesPositions },
  );
  const initialTotal = service.total();
  if (mergesPositions) openByHand(service, start);
  const ledger = createMemoryLedger();
  const mail = noMail();
  const posts: Post[] = [];
  const alarms: Alarm[] = [];
  const published: (readonly [PublishedType, unknown])[] = [];
  const logged: unknown[] = [];
  const trace: string[] = [];
  const open = new Set<string>();
  const ends = new Map<string, WaitEnd>();
  const seen = new Map<Operation, number>();
  const skew = disturbances.find((one) => one.kind === 'skew')?.milliseconds ?? 0;
  const badReads = disturbances.filter((one) => one.kind === 'reads');
  const https = disturbances.filter((one): one is HttpDisturbance => one.kind === 'http');
  const gates = disturbances.filter((one): one is GateDisturbance => one.kind === 'gate');
  const limits = new Map(Object.entries(budgets.perDay).map(([kind, limit]) => [kind, parseUsd(limit)]));
  const table = createLedgerTable(ledger, disturbances, { scheduler, start }, () => wakeSweepers());
  const secrets = createSecrets(disturbances, start, scheduler.now, chance);
  const redeploysAt = disturbances.find((one) => one.kind === 'redeploy')?.at ?? 0;
  const stop = createStopTimeline(disturbances, start);
  const oracle = createOracle(stop, { now: scheduler.now, shown: () => scheduler.now() + skew });
  let invocations = 0;
  let tokens = 0;
  if (secrets.rotatesAt !== undefined) {
    scheduler.spawn(start + secrets.rotatesAt, async () => service.rotateKey(TREASURY, NEXT_KEY));
  }

  const note = (line: string): void => {
    if (traces) trace.push(`${new Date(scheduler.now()).toISOString()} ${line}`);
  };
  const alarm = (rule: Alarm['rule'], detail: string): void => void alarms.push({ rule, detail });
  const never = <Value>(): Promise<Value> => new Promise<Value>(() => {});
  const isWithin = (at: number, one: { readonly at: number; readonly milliseconds: number }): boolean =>
    at >= start + one.at && at < start + one.at + one.milliseconds;

  /** The invocation is gone; whoever called it goes on in its place. */
  function end(invocation: Invocation, why: string): Promise<never> {
    if (invocation.isGone) return never();
    note(`${invocation.name}#${invocation.id} is gone: ${why}`);
    invocation.isGone = true;
    invocation.die();
    return never();
  }

  /** An awaited call: here the invocation may end, and others may go on. */
  function gate(
    invocation: Invocation,
    label: string,
    milliseconds = 1 + chance.below(20),
    write: Write = 'none',
  ): Promise<void | 'repeat'> {
    if (invocation.isGone) return never();
    const index = invocation.gates++;
    if (traces) note(`${invocation.name}#${invocation.id} ${label}`);
    const disturbance = invocation.disturbances.find((one) => one.gate === index);
    if (disturbance === undefined) return waitIn(invocation, milliseconds);
    return disturb(invocation, disturbance, { label, milliseconds, write });
  }

  /** Lets others go on; beyond its deadline an invocation does not go on itself. */
  function waitIn(invocation: Invocation, milliseconds: number): Promise<void> {
    const left = invocation.deadline - scheduler.now();
    if (milliseconds < left) return scheduler.pause(milliseconds);
    return scheduler.pause(left).then(() => end(invocation, 'out of time'));
  }

  async function disturb(
    invocation: Invocation,
    { event, milliseconds: late }: GateDisturbance,
    call: { readonly label: string; readonly milliseconds: number; readonly write: Write },
  ): Promise<void | 'repeat'> {
    const { label, milliseconds, write } = call;
    if (event === 'crash') return end(invocation, 'crashed');
    if (event === 'late-write' && write === 'before') {
      note(`${invocation.name}#${invocation.id} is gone: its write comes later`);
      invocation.isGone = true;
      invocation.die();
      return scheduler.pause(late);
    }
    await waitIn(invocation, event === 'stall' ? milliseconds + late : milliseconds);
    if (event === 'fail' && write !== 'none') throw new DatabaseError(`${label} failed`);
    return event === 'repeat' && write === 'after' ? 'repeat' : undefined;
  }

  function wakeSweepers(): void {
    scheduler.wake('sweeper');
    scheduler.wake('sweeper-2');
  }

  function checkMoney(): void {
    if (service.total() !== initialTotal) alarm('money', `the service holds ${service.total()}, not ${initialTotal}`);
  }

  /** An order leaves after a look under its claim, and after what was seen is recorded. */
  function checkOrder({ order }: Invocation): void {
    if (order?.hasLooked !== true) alarm('unlooked', 'an order left without a look under its claim');
    if (order?.isRecorded !== true) alarm('unlooked', 'an order left before what was seen was recorded');
  }

  function isVersionBefore(name: string, id: number): boolean {
    if (name !== 'place-trade' && name !== 'resolve-intents') return false;
    return disturbances.some((one) => {
      if (one.kind !== 'version-before') return false;
      const at = scheduler.now() - start;
      return at >= one.from && at < one.until && !(one.isMixed && id % 2 === 1);
    });
  }

  /** Notes what an invocation does with an order. */
  function watchOrder(invocation: Invocation, store: OrderStore): OrderStore {
    return {
      ...store,
      async take(...args) {
        const taken = await store.take(...args);
        if (taken.kind === 'claimed') invocation.order = { hasLooked: false, isRecorded: false };
        return taken;
      },
      async send(...args) {
        const sent = await store.send(...args);
        if (sent.state === 'sending' && invocation.order !== undefined) invocation.order.isRecorded = true;
        return sent;
      },
    };
  }

  /** A function fails as calls fail; what fails otherwise is a mistake, here or in the function. */
  function checkDefect(reason: string): void {
    if (/\b(?:Type|Reference|Range)Error\b/.test(reason)) alarm('defect', reason);
  }

  function checkBudgets(): void {
    for (const [budget, taken] of ledger.budgets) {
      const limit = limits.get(budget.slice(0, budget.indexOf('/')));
      if (limit !== undefined && taken > limit) alarm('budget', `${budget} is at ${taken} of ${limit}`);
    }
  }

  function disturbStore(invocation: Invocation) {
    return ({ operation, when }: Moment): void | Promise<void | 'repeat'> => {
      if (table.isAway()) throw new DatabaseError('ResourceNotFoundException');
      if (when === 'after' && WAKING.has(operation)) {
        wakeSweepers();
        if (operation === 'claim' || operation === 'take') checkBudgets();
      }
      const isWrite = IS_WRITE[operation];
      if (when === 'after' && !isWrite && !invocation.isGone) return;
      return gate(invocation, LABELS[operation][when], undefined, isWrite ? when : 'none');
    };
  }

  function nextDisturbance(operation: Operation): HttpDisturbance | undefined {
    if (https.length === 0) return undefined;
    const nth = seen.get(operation) ?? 0;
    seen.set(operation, nth + 1);
    return https.find((one) => one.operation === operation && one.nth === nth);
  }

  /** What is wrong with all reads of a time. A cut that nothing in the answer shows is not among it, see docs. */
  function findBadReads(operation: Operation, at: number) {
    if (badReads.length === 0) return undefined;
    return badReads.find((one) => isWithin(at, one) && (one.fault !== 'short' || operation === 'list'));
  }

  function transportOf(invocation: Invocation): Transport {
    return async (request: HttpRequest) => {
      const operation = operationOf(request.method, request.url);
      const isEffect = EFFECT_OPERATIONS.has(operation);
      const totalMs = Math.min(request.totalMs ?? REQUEST_MS, REQUEST_MS);
      const startedAt = scheduler.now();
      const { order } = invocation;
      const post: Post = { operation, key: request.idempotencyKey, mayHaveActed: true };
      const disturbance = nextDisturbance(operation);
      const bad = isEffect ? undefined : findBadReads(operation, startedAt);
      const fault = bad?.fault ?? disturbance?.fault;
      const lateness = bad?.age ?? disturbance?.milliseconds ?? 0;
      const shownAt = bad?.fault === 'frozen' ? start + bad.at - bad.age : undefined;
      const asked = {
        method: request.method,
        path: request.url,
        apiKey: request.apiKey,
        body: fault === 'other-counterparty' ? toOther(request.body) : request.body,
        key: request.idempotencyKey,
        claimedAt: oracle.claimedAt(request.idempotencyKey),
      };
      if (isEffect) {
        alarms.push(...oracle.findWrongOf(invocation, asked));
        if (operation === 'order' && !invocation.isBefore) checkOrder(invocation);
        posts.push(post);
      }
      await gate(invocation, `${request.method} ${operation}${fault === undefined ? '' : ` (${fault})`}`);
      const handle = (getsStuck = false) => {
        const answer = service.handle(asked, scheduler.now(), getsStuck);
        if (traces) note(`service: ${operation} ${answer.status}`);
        checkMoney();
        return answer;
      };
      if (fault === 'applied-late') {
        scheduler.spawn(scheduler.now() + lateness, async () => void handle());
      }
      let given = isHandled(fault) ? handle(fault === 'stuck-funded') : undefined;
      if (fault === 'said-not-done') given = saidDisputed(request.url);
      if (given !== undefined && (fault === 'stale' || fault === 'frozen')) {
        given = asOf(given, shownAt ?? scheduler.now() - lateness);
      }
      const { answer, isTimeout } = answerUnder(fault, profile, given);
      post.mayHaveActed = !isCertainlyNothing(answer);
      const wait = isTimeout ? totalMs - (scheduler.now() - startedAt) : 5 + chance.below(100);
      await gate(invocation, `${operation} answered`, fault === 'applied-slow' ? 5_000 : Math.max(1, wait));
      if (operation === 'status' && answer.kind === 'answered' && answer.status === 200) {
        invocation.looked.add(escrowIn(request.url));
      }
      if (operation === 'positions' && order !== undefined) order.hasLooked = true;
      return answer;
    };
  }

  /** The answer to a dispute that nothing came of. */
  function saidDisputed(path: string) {
    return { status: 200, body: { success: true, escrow_id: escrowIn(path), status: 'disputed', dispute_id: 'dis_0' } };
  }

  function portsOf(invocation: Invocation): Ports {
    const log = (fields: unknown) => void logged.push(fields);
    const now = () => new Date(scheduler.now() + skew);
    const plain = transportOf(invocation);
    const serviceDeps: ServiceDeps = {
      service: { baseUrl: '', profile },
      transport: changes.transport?.(plain, log) ?? plain,
      pacer: unpaced,
      readMs: REQUEST_MS,
      now: scheduler.now,
      sleep: (milliseconds) => gate(invocation, 'sleep', milliseconds) as Promise<void>,
      random: chance.roll,
    };
    const keys = secrets.openRing();
    const isLooking = invocation.name === 'resolve-intents';
    const keyIn =
      (...roles: KeyRole[]) =>
      (agentId: string) =>
        keys.get(!isLooking && changes.ignoresOwner === true ? secrets.agentId() : agentId, roles);
    const way = isLooking ? openToLook : openToSend;
    const owner = ownerAt(serviceDeps, { agentId: secrets.agentId() });
    const memory = createMemoryIntents(disturbStore(invocation), ledger, PAGE);
    const isOld = scheduler.now() < start + redeploysAt;
    const watched = watchOrder(invocation, oracle.watch(isOld ? asRelease010(memory, ledger) : memory));
    const store = invocation.isBefore ? asVersionBefore(watched, ledger) : watched;
    const readStop = async (): Promise<StopMode> => {
      await gate(invocation, 'readStop');
      const mode = stop.modeAt(scheduler.now() - chance.below(STOP_CACHE_MS));
      if (mode === 'unreadable') throw new Error('AccessDeniedException');
      invocation.hasReadStop = true;
      return mode;
    };
    const readBeginning = async (): Promise<string> => {
      if (table.isAway()) throw new DatabaseError('ResourceNotFoundException');
      return table.createdAt().toISOString();
    };
    const readBegan = changes.beginning?.(readBeginning, invocation.name) ?? readBeginning;
    const openEscrow = way(serviceDeps, keyIn(...rolesOf(invocation.name)), createEscrowClient);
    const openTrading = way(serviceDeps, keyIn('trading', 'predecessor'), createTradingClient);
    const mailbox = createMemoryMailbox(() => gate(invocation, 'mailbox') as Promise<void>, mail);
    return {
      intents: changes.intents?.(store, ledger, now) ?? store,
      budgets,
      readStop: changes.readStop?.(readStop) ?? readStop,
      readBeginning: readBegan,
      readBeginnings: async () => ({ ...NO_RULES, at: await readBegan() }),
      feeBasisPoints: 100,
      now,
      newId: () => `invocation-${invocation.id}`,
      owner,
      requestMs: REQUEST_MS,
      viewEscrows: () => createEscrowViewer(serviceDeps),
      holdsKeyOf: async (agentId) => (await keys.find(agentId, ['counterparties'])) !== undefined,
      openEscrow: async (whose) => {
        const client = await openEscrow(whose);
        return changes.escrow?.(client, invocation.name) ?? client;
      },
      openSender: async ({ kind, ...whose }) => {
        const client = await openToSend(serviceDeps, keyIn(...ROLES_TO_SEND[kind]), createEscrowClient)(whose);
        return changes.escrow?.(client, invocation.name) ?? client;
      },
      openWallet: way(serviceDeps, keyIn('wallet', 'treasury', 'predecessor', 'counterparties'), createWalletClient),
      openTrading,
      openMarket: async () => {
        const trading = createTradingClient(serviceDeps, await keys.get(owner.agentId, ['trading']));
        const wallet = createWalletClient(serviceDeps, await keys.get(owner.agentId, ['wallet']));
        return createLiveMarket(owner, changes.trading?.(trading) ?? trading, async () => wallet);
      },
      findUnready: async () => [],
      openFaucet: way(serviceDeps, keyIn('treasury', 'predecessor', 'counterparties'), createFaucetClient),
      paperBooks: createMemoryPaperBooks(),
      publish: async (type, detail) => {
        await gate(invocation, `publish ${type}`);
        published.push([type, detail]);
      },
      count: () => {},
      log: {
        info: (message, fields) => log([message, fields]),
        warn: (message, fields) => log([message, fields]),
        error: (message, fields) => {
          log([message, fields]);
          checkDefect(String(fields?.['reason']));
        },
      },
      mailbox: changes.mailbox?.(mailbox) ?? mailbox,
      resume: async (taskToken, output) => {
        await gate(invocation, 'resume');
        if (!open.delete(taskToken)) return false;
        ends.set(taskToken, output);
        scheduler.wake(taskToken);
        return true;
      },
    };
  }

  return {
    schedule,
    start,
    scheduler,
    service,
    ledger,
    table,
    mail,
    policy,
    budgets,
    maxExposure,
    changes,
    posts,
    alarms,
    oracle,
    published,
    logged,
    trace,
    note,
    portsOf,
    contextOf: ({ deadline }) => ({ getRemainingTimeInMillis: () => deadline - scheduler.now() }),
    gate: (invocation, label, write) => gate(invocation, label, undefined, write),
    alarm,
    newToken() {
      const taskToken = `token-${++tokens}`;
      open.add(taskToken);
      return taskToken;
    },
    async endOfWait(taskToken, milliseconds) {
      if (open.has(taskToken)) await scheduler.pause(milliseconds, taskToken);
      open.delete(taskToken);
      return ends.get(taskToken);
    },
    isOpen: (taskToken) => open.has(taskToken),
    closeToken: (taskToken) => void open.delete(taskToken),
    expireDue(escrowId) {
      const deadline = service.escrows.get(escrowId)?.deadline ?? Infinity;
      if (deadline <= scheduler.now()) service.expire(escrowId, scheduler.now());
    },
    invoke: <Value>(name: string, timeoutMs: number, run: (invocation: Invocation) => Promise<Value>) =>
      new Promise<Ended<Value>>((resolve) => {
        const id = invocations++;
        const invocation: Invocation = {
          id,
          name,
          startedAt: scheduler.now(),
          deadline: scheduler.now() + timeoutMs,
          gates: 0,
          disturbances: gates.length === 0 ? gates : gates.filter((one) => one.invocation === id),
          isGone: false,
          hasReadStop: false,
          looked: new Set(),
          isBefore: isVersionBefore(name, id),
          order: undefined,
          die: () => resolve({ kind: 'gone' }),
        };
        note(`${name}#${invocation.id} starts`);
        run(invocation).then(
          (value) => resolve({ kind: 'returned', value }),
          (error: unknown) => {
            note(`${name}#${invocation.id} threw ${String(error)}`);
            checkDefect(String(error));
            resolve({ kind: 'threw' });
          },
        );
      }),
    actAsCounterparty(escrowId, action) {
      const path = `/escrow/${action}/${escrowId}`;
      const body = JSON.stringify({ reason: 'not paid' });
      service.handle({ method: 'POST', path, apiKey: KEYS[WORKER] ?? '', body }, scheduler.now());
      checkMoney();
    },
    forgetClaims() {
      for (const [key, intent] of ledger.items) {
        if (intent.state === 'sending' || intent.state === 'unknown') {
          ledger.items.set(key, { ...intent, state: 'prepared' });
        }
      }
    },
  };
}

/** In which roles each function holds keys of those who act on escrows. */
function rolesOf(name: string): readonly KeyRole[] {
  switch (name) {
    case 'resolve-intents':
      return ['treasury', 'predecessor', 'counterparties'];
    case 'release-funds':
    case 'raise-dispute':
      return ['treasury', 'predecessor'];
    case 'complete-delivery':
      return ['counterparties'];
    default:
      return ['treasury'];
  }
}

/** The same creation for somebody else. */
function toOther(body = '{}'): string {
  return JSON.stringify({ ...(JSON.parse(body) as object), counterparty_agent_id: OTHER });
}

/** A position that nothing of ours opened: the orders of the simulation are merged into it. */
function openByHand(service: Service, start: number): void {
  const isReference = service.profile === 'reference';
  const answer = service.handle(
    {
      method: 'POST',
      path: isReference ? '/trading/order' : '/v1/trade/open',
      apiKey: KEYS[TREASURY] ?? '',
      body: JSON.stringify(
        isReference
          ? { asset: MARKETS[0], direction: 'long', amount: 30, leverage: 1 }
          : { coin: MARKETS[0].replace(/-USDC$/, ''), side: 'long', size_usd: 30, leverage: 1 },
      ),
    },
    start - 86_400_000,
  );
  if (answer.status >= 300) throw new Error(JSON.stringify(answer));
}
