import { ServiceUnreadableError } from '../errors.ts';
import { effectKey, type Cause, type EffectKind } from '../ledger/effect-key.ts';
import type { Intent, IntentCursor, IntentState, IntentStore } from '../ledger/intent.ts';
import type { ServicePlace } from '../ledger/owner.ts';
import { formatUsd } from '../money.ts';
import type { ViewEscrows } from '../purple-flea/escrow-client.ts';
import type { EscrowView } from '../purple-flea/escrow.ts';
import { escrowAddress, type MailboxStore, type Signal } from './mailbox.ts';

/** An execution as it is described. Times are ISO 8601. */
export interface DescribedExecution {
  readonly name: string;
  readonly arn: string;
  readonly status: string;
  readonly startedAt: string;
  readonly stoppedAt?: string | undefined;
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
  /** As it was started with. */
  readonly input: unknown;
}

/** All executions of one cause by the name of the first, which comes before those that continue it. */
export type DescribeExecutions = (first: string) => Promise<readonly DescribedExecution[]>;

/** What the service shows of an escrow, as JSON can carry it. Amounts are decimal USD. */
export type ShownEscrow = Omit<EscrowView, 'amount' | 'fee' | 'net'> & {
  readonly amountUsd: string;
  readonly feeUsd: string;
  readonly netUsd: string;
};

/** All that is known of one escrow, but for the history of its execution. */
export interface EscrowStory {
  readonly executionName: string;
  readonly cause: Cause;
  /** Of the calls for the escrow, in the order in which they were written down; other tries are among them. */
  readonly intents: readonly Intent[];
  /** Undefined where none was created, as far as the ledger knows. */
  readonly escrowId: string | undefined;
  /** What the service shows; or why it could not be read. */
  readonly escrow: ShownEscrow | string | undefined;
  /** The latest. Undefined where there is none: it was never started, or ended over 90 days ago. */
  readonly execution: DescribedExecution | undefined;
  /** What was said and is kept, the oldest first. */
  readonly signals: readonly Signal[];
  /** When the execution looks again by itself, if it waits for a signal. */
  readonly waitsUntil: string | undefined;
}

export interface StoryDeps {
  readonly intents: Pick<IntentStore, 'read' | 'listSince' | 'listApplied'>;
  readonly mailbox: Pick<MailboxStore, 'listSignals' | 'findWait'>;
  readonly viewEscrows: ViewEscrows;
  readonly describeExecutions: DescribeExecutions;
}

const EFFECT_KEY = /^[0-9a-f]{64}$/;

/** The calls that one escrow may take. */
const KINDS: readonly EffectKind[] = ['escrow-create', 'escrow-complete', 'escrow-release', 'escrow-dispute'];

/** Where the intent of an escrow that exists may stand, the likeliest first. */
const STATES: readonly IntentState[] = ['applied', 'unknown', 'manual', 'sending', 'rejected', 'skipped'];

/** How far before the escrow its intent may be dated: clocks differ. */
const CLOCK_SKEW_MS = 15 * 60_000;

const PAGE = 100;

/** So many pages of each state are looked through. An intent is changed last soon after its escrow exists. */
const MAX_PAGES = 10;

/** More tries of one call than an operator asks for. */
const MAX_TRIES = 20;

/**
 * All that is known of one escrow, but for its execution's history.
 *
 * @param id an escrow's id, or the effect key of any call for it.
 * @returns why not, in words, where it is not found.
 */
export async function findStory(deps: StoryDeps, id: string): Promise<EscrowStory | string> {
  const found = EFFECT_KEY.test(id) ? await deps.intents.read(id) : await findCreation(deps, id);
  if (typeof found === 'string') return found;
  if (found === undefined) return `id: there is no intent ${id}`;
  if (!KINDS.includes(found.kind)) {
    return `id: ${id} is a ${found.kind} and belongs to no escrow: npm run intents -- show ${id}`;
  }
  const { cause } = found;
  const executionName = effectKey(cause, 'escrow-create');
  const intents = await readIntents(deps, cause);
  const escrowId = escrowIdOf(intents);
  const execution = (await deps.describeExecutions(executionName)).at(-1);
  const addresses = [...(escrowId === undefined ? [] : [escrowAddress(escrowId)]), ...addressesOf(execution)];
  const [main] = addresses;
  const wait = main === undefined ? undefined : await deps.mailbox.findWait(main);
  return {
    executionName,
    cause,
    intents,
    escrowId,
    escrow: escrowId === undefined ? undefined : await show(deps, escrowId, placeOf(intents, escrowId)),
    execution,
    signals: await readSignals(deps, addresses),
    waitsUntil: wait?.deadlineAt,
  };
}

/** The escrow's creation in the ledger: from the moment the service gives for it, and by the reference that it bears. */
async function findCreation(deps: StoryDeps, escrowId: string): Promise<Intent | string> {
  const view = await read(deps, escrowId);
  if (typeof view === 'string') {
    const kept = await findInLedger(deps, escrowId);
    return kept ?? `id: ${view}. By the effect key of its creation it can be shown all the same`;
  }
  const since = new Date(Date.parse(view.createdAt) - CLOCK_SKEW_MS);
  for (const state of STATES) {
    let after: IntentCursor | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const { intents, next } = await deps.intents.listSince(state, since, PAGE, after);
      const found = intents.find(
        ({ kind, reference }) => kind === 'escrow-create' && view.description.startsWith(reference),
      );
      if (found !== undefined) return found;
      after = next;
      if (next === undefined) break;
    }
  }
  return `id: no intent of the ledger has made ${escrowId}: its description is "${view.description}"`;
}

/** By what the ledger keeps of it, where the configured service does not show it: it may live elsewhere. */
async function findInLedger({ intents }: StoryDeps, escrowId: string): Promise<Intent | undefined> {
  let after: IntentCursor | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { intents: applied, next } = await intents.listApplied(PAGE, after);
    const found = applied.find(({ result, service }) => result?.['escrowId'] === escrowId && service !== undefined);
    if (found !== undefined || next === undefined) return found;
    after = next;
  }
  return undefined;
}

/** The intents of all calls for a cause, with every other try. */
async function readIntents({ intents }: StoryDeps, cause: Cause): Promise<Intent[]> {
  const found: Intent[] = [];
  for (const kind of KINDS) {
    let key: string | undefined = effectKey(cause, kind);
    for (let tries = 0; key !== undefined && tries < MAX_TRIES; tries += 1) {
      const intent: Intent | undefined = await intents.read(key);
      if (intent !== undefined) found.push(intent);
      key = intent?.retriedAs;
    }
  }
  return found.toSorted((one, other) => Date.parse(one.createdAt) - Date.parse(other.createdAt));
}

function escrowIdOf(intents: readonly Intent[]): string | undefined {
  const ids = intents.map(({ escrowId, result }) => escrowId ?? result?.['escrowId']);
  return ids.find((id) => typeof id === 'string');
}

/** Where the escrow lives: its creation or a settlement says so; other tries may have been for another place. */
function placeOf(intents: readonly Intent[], id: string): ServicePlace | undefined {
  return intents.find(({ escrowId, result }) => (escrowId ?? result?.['escrowId']) === id)?.service;
}

/** Where signals may be addressed besides the escrow's id: what the execution was started with says so. */
function addressesOf(execution: DescribedExecution | undefined): string[] {
  const { request } = (execution?.input ?? {}) as { readonly request?: { readonly address?: unknown } };
  return typeof request?.address === 'string' ? [request.address] : [];
}

async function readSignals({ mailbox }: StoryDeps, addresses: readonly string[]): Promise<Signal[]> {
  const kept = await Promise.all(addresses.map((address) => mailbox.listSignals(address)));
  return kept.flat().toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at));
}

async function show(deps: StoryDeps, escrowId: string, at?: ServicePlace): Promise<ShownEscrow | string> {
  const view = await read(deps, escrowId, at);
  if (typeof view === 'string') return view;
  const { amount, fee, net, ...rest } = view;
  return { ...rest, amountUsd: formatUsd(amount), feeUsd: formatUsd(fee), netUsd: formatUsd(net) };
}

/** What the service shows, or why it cannot be read. */
async function read(deps: StoryDeps, escrowId: string, at?: ServicePlace): Promise<EscrowView | string> {
  try {
    return await deps.viewEscrows(at).readStatus(escrowId);
  } catch (error) {
    if (error instanceof ServiceUnreadableError) return error.message;
    throw error;
  }
}
