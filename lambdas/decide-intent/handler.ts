import * as z from 'zod/mini';
import type { KeyCheck } from '../../src/aws/check-keys.ts';
import { ServiceUnreadableError } from '../../src/errors.ts';
import { createdFrom, settledFrom } from '../../src/escrow/look-for-escrow.ts';
import { effectKey, retryKey } from '../../src/ledger/effect-key.ts';
import { findStory, type StoryDeps } from '../../src/escrow/story.ts';
import { INTENT_STATES, isOrder, type Intent, type IntentStore } from '../../src/ledger/intent.ts';
import { formatUsd } from '../../src/money.ts';
import type { EscrowView } from '../../src/purple-flea/escrow.ts';
import { describeProblems } from '../../src/schemas.ts';
import { orderedBy } from '../../src/trading/look-for-order.ts';
import { paperOrderId } from '../../src/trading/paper-book.ts';
import { isConfigured, type Places } from '../../src/ledger/places.ts';
import { isOlderThanLedger, knownSince, type BeginningStore } from '../../src/ledger/beginnings.ts';
import { announce } from '../shared/announce.ts';
import { paySkipped, type PayDeps } from './pay-skipped.ts';

export interface Deps extends PayDeps, Pick<StoryDeps, 'mailbox' | 'viewEscrows'> {
  readonly intents: IntentStore;
  readonly beginnings: BeginningStore;
  readonly checkKeys: () => Promise<readonly KeyCheck[]>;
  /** Where the services are configured now. */
  readonly places: Places;
}

const text = z.string().check(z.minLength(3), z.maxLength(1000));
const cursor = z.object({ key: z.string(), state: z.enum(INTENT_STATES), updatedAt: z.string() });
const decision = { key: z.string(), operator: text, evidence: text, reason: text };

/** What an operator may ask for. `id` is what the service calls the effect: an escrow's, an order's, a payment's id. */
const inputSchema = z.discriminatedUnion('action', [
  z.object({
    action: z.literal('list'),
    state: z.optional(z.enum(INTENT_STATES)),
  }),
  z.object({ action: z.literal('show'), key: z.string() }),
  z.object({ action: z.literal('story'), id: z.string().check(z.minLength(1)) }),
  z.object({ action: z.literal('retry'), ...decision }),
  // Also an execution's name.
  z.object({ action: z.literal('continue'), key: z.string().check(z.regex(/^[\w-]{1,80}$/)) }),
  z.object({ action: z.enum(['skipped', 'rejected']), since: z.iso.datetime(), after: z.optional(cursor) }),
  z.object({
    action: z.literal('page'),
    state: z.enum(INTENT_STATES),
    since: z.iso.datetime(),
    after: z.optional(cursor),
  }),
  z.object({ action: z.literal('pay'), dryRun: z.optional(z.boolean()), ...decision }),
  z.object({ action: z.enum(['beginnings', 'keys', 'places']) }),
  z.object({
    action: z.literal('begin'),
    at: z.iso.datetime(),
    rule: z.optional(z.string()),
    operator: text,
    reason: text,
  }),
  z.discriminatedUnion('verdict', [
    z.object({ action: z.literal('resolve'), verdict: z.literal('applied'), id: z.string(), ...decision }),
    z.object({ action: z.literal('resolve'), verdict: z.literal('not-applied'), ...decision }),
  ]),
]);
type Asked<Action extends string> = Extract<z.infer<typeof inputSchema>, { action: Action }>;

/** How many intents a list shows. */
const LISTED = 100;

/**
 * For operators: lists and shows intents, the story of an escrow, where services are and whether keys work, records what a person found out about one that is `manual`, and asks for another
 * try of one that did not take place. Nothing is sent from here: if the escrow's execution has ended, a new one continues
 * it and does what is left to do. Returns `{error}` for what cannot be done, with the fix.
 */
export function createHandler(deps: Deps) {
  return async (input: unknown) => {
    const asked = z.safeParse(inputSchema, input);
    if (!asked.success) return { error: describeProblems(asked.error) };
    switch (asked.data.action) {
      case 'list':
        return { intents: await deps.intents.list(asked.data.state ?? 'manual', deps.now(), LISTED) };
      case 'show':
        return { intent: (await deps.intents.read(asked.data.key)) ?? null };
      case 'story': {
        const story = await findStory(deps, asked.data.id);
        return typeof story === 'string' ? { error: story } : { story };
      }
      case 'resolve':
        return resolve(deps, asked.data);
      case 'retry':
        return retry(deps, asked.data);
      case 'continue':
        return continueByKey(deps, asked.data.key);
      case 'skipped':
      case 'rejected':
        return deps.intents.listSince(asked.data.action, new Date(asked.data.since), LISTED, asked.data.after);
      case 'page':
        return deps.intents.listSince(asked.data.state, new Date(asked.data.since), LISTED, asked.data.after);
      case 'pay':
        return paySkipped(deps, asked.data);
      case 'beginnings':
        return { beginnings: await deps.beginnings.read() };
      case 'keys':
        return { keys: await deps.checkKeys() };
      case 'places':
        return { places: deps.places };
      case 'begin':
        return moveBeginning(deps, asked.data);
    }
  };
}

/** A beginning in the future would skip what is to come. */
async function moveBeginning({ beginnings, now }: Deps, { at, ...by }: Asked<'begin'>) {
  const to = new Date(at);
  if (to > now()) return { error: `at: ${at} is in the future` };
  const moved = await beginnings.move(to, by);
  return moved === undefined
    ? { error: `rule: there is no "${by.rule}"; there are ${Object.keys((await beginnings.read()).rules).join(', ')}` }
    : { beginnings: moved };
}

async function resolve(deps: Deps, asked: Asked<'resolve'>) {
  const intent = await deps.intents.read(asked.key);
  if (intent === undefined) return { error: `key: there is no intent ${asked.key}` };
  // What was sent to a former address is looked for there for ever: a person may know better.
  const isLost = intent.state === 'unknown' && !isConfigured(intent, deps.places);
  if (intent.state !== 'manual' && !isLost)
    return { error: `key: the intent is ${intent.state}; only "manual" ones are decided by hand` };

  const result = asked.verdict === 'applied' ? await resultOrProblem(deps, intent, asked.id) : undefined;
  if (typeof result === 'string') return { error: result };
  const { operator, evidence, reason } = asked;
  const state = asked.verdict === 'applied' ? 'applied' : 'rejected';
  const note = `decided by ${operator}: ${reason} (${evidence})`;
  const ending = {
    state,
    note,
    decision: { operator, evidence, reason },
    ...(result === undefined ? {} : { result }),
  } as const;
  const decided = await deps.intents.move(intent, ending, deps.now());
  // Of what is in doubt the sweeper may know first.
  if (decided.state !== state || decided.history.at(-1)?.note !== note) {
    return { error: `key: the intent became ${decided.state} meanwhile (${decided.history.at(-1)?.note})` };
  }
  const { key, reference, kind } = decided;
  await announce(deps, 'intent.settled', { key, reference, kind, state, note });
  return state === 'applied' && kind.startsWith('escrow-') ? goOn(deps, decided) : { intent: decided };
}

/**
 * Another try is another intent, whose key follows from that of the one before. An order is not tried again: what it was
 * decided on is long past.
 */
async function retry(deps: Deps, { key, operator, evidence, reason }: Asked<'retry'>) {
  const intent = await deps.intents.read(key);
  if (intent === undefined) return continueByKey(deps, key);
  if (isOrder(intent.kind)) return { error: 'key: an order is never tried again; a new prediction makes one' };
  if (intent.state === 'prepared' && intent.notBefore !== undefined) {
    return { error: `key: it waits (${intent.reason}), is tried again at ${intent.notBefore} and goes on by itself` };
  }
  if (intent.state !== 'rejected') {
    return { error: `key: the intent is ${intent.state}; only "rejected" ones, which took no effect, are tried again` };
  }
  if (intent.retriedAs !== undefined) return { error: `key: it was tried again as ${intent.retriedAs}` };

  const retriedAs = retryKey(key);
  const note = `another try was asked for by ${operator}: ${reason} (${evidence})`;
  const ending = { state: 'rejected', note, decision: { operator, evidence, reason }, retriedAs } as const;
  const retried = await deps.intents.move(intent, ending, deps.now());
  const { reference, kind } = retried;
  await announce(deps, 'intent.retried', { key, reference, kind, retriedAs, note });
  return goOn(deps, retried);
}

const LOOK_FIRST =
  'look for its escrow first; if there is none, deliver the event again, which is skipped, and use "npm run intents -- pay KEY"';

/** An execution may have ended before there was any intent: its name is the key that the first would have. */
async function continueByKey(deps: Deps, asked: string) {
  const key = firstName(asked);
  const intent = await deps.intents.read(key);
  if (intent !== undefined) return goOn(deps, intent);
  const [[before], beginnings] = await Promise.all([deps.describeExecutions(key), deps.beginnings.read()]);
  const began = knownSince(beginnings);
  if (before !== undefined && isOlderThanLedger({ at: began }, before.startedAt)) {
    const since = `the execution ${key} started at ${before.startedAt}, and the ledger began at ${began}`;
    return { error: `key: ${since} and does not know what was sent: ${LOOK_FIRST}` };
  }
  const execution = await continueNamed(deps, key);
  return execution === undefined ? { error: `key: there is no intent and no execution ${key}` } : { execution };
}

/** The name of the first execution of a cause, by its own or by that of one that continues it. */
function firstName(name: string): string {
  return name.replace(/-(?:\d{8}T\d{4}|paid)$/, '');
}

/** What else an escrow's execution may have been started for is done in another, where it has ended. */
async function goOn(deps: Deps, intent: Intent) {
  const name = effectKey(intent.cause, 'escrow-create');
  const execution = await continueNamed(deps, name);
  return { intent, execution: execution ?? `none of that name (${name}): deliver the event again` };
}

/** What becomes of an execution; undefined where there is none of that name. */
async function continueNamed(deps: Deps, name: string): Promise<string | undefined> {
  // Step Functions takes 80 characters; one a minute is enough, and asking twice is once.
  const minute = deps.now().toISOString().slice(0, 16).replaceAll(/[-:]/g, '');
  const as = `${name}-${minute}`;
  switch (await deps.continueExecution(name, as)) {
    case 'continued':
      return `goes on as ${as}`;
    case 'running':
      return `an execution of ${name} is running and goes on by itself`;
    case 'ended':
      return `nothing was started: ${as} has ended within this minute; ask again in the next`;
    case 'unknown':
      return undefined;
  }
}

async function resultOrProblem(deps: Deps, intent: Intent, id: string) {
  try {
    return await resultOf(deps, intent, id);
  } catch (error) {
    if (error instanceof ServiceUnreadableError) return `id: ${error.message}`;
    throw error;
  }
}

/** What an escrow shows that the creation did not ask for. */
function whyAnother(view: EscrowView, { reference, amountUsd, agentId, payee }: Intent): string | undefined {
  const { escrowId: id, amount, creatorAgentId, counterpartyAgentId } = view;
  if (!view.description.startsWith(reference)) return `the description of ${id} does not start with ${reference}`;
  if (creatorAgentId !== agentId) return `${id} was created by ${creatorAgentId}, and not by ${agentId}`;
  if (formatUsd(amount) !== amountUsd) return `${id} is about $${formatUsd(amount)}, and not $${amountUsd}`;
  return counterpartyAgentId === payee ? undefined : `${id} is for ${counterpartyAgentId}, and not for ${payee}`;
}

/** The result of an effect that a person found, as the flow would have got it; or why it is not that effect. */
async function resultOf(deps: Deps, intent: Intent, id: string): Promise<Readonly<Record<string, unknown>> | string> {
  const { kind, payee, amountUsd } = intent;
  switch (kind) {
    case 'escrow-create': {
      const view = await deps.viewEscrows(intent.service).readStatus(id);
      const other = whyAnother(view, intent);
      return other === undefined ? createdFrom(view, intent) : `id: ${other}, so it is another escrow`;
    }
    case 'escrow-complete':
    case 'escrow-release':
    case 'escrow-dispute':
      if (id !== intent.escrowId) return `id: the intent is about escrow ${intent.escrowId}`;
      return settledFrom(await deps.viewEscrows(intent.service).readStatus(id), kind);
    case 'trade-order':
    case 'paper-order': {
      const ordered = orderedBy(intent);
      if (ordered === undefined) return 'the intent does not say what was ordered';
      if (kind === 'paper-order' && id !== paperOrderId(intent.reference)) {
        return `id: on paper this order is ${paperOrderId(intent.reference)}`;
      }
      return { orderId: id, status: 'filled', ...ordered, amountUsd };
    }
    case 'transfer':
      return { transferId: id, toAgentId: payee, amountUsd };
    case 'faucet-claim':
      return { agentId: payee, amountUsd };
  }
}
