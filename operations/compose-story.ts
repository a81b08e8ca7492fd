import type { Signal } from '../src/escrow/mailbox.ts';
import type { EscrowStory, ShownEscrow } from '../src/escrow/story.ts';
import type { Intent, IntentState } from '../src/ledger/intent.ts';

/** What is read of an execution's history, in Step Functions' own names. */
export interface HistoryEvent {
  readonly timestamp?: Date | undefined;
  readonly stateEnteredEventDetails?: { readonly name?: string | undefined } | undefined;
  readonly stateExitedEventDetails?:
    { readonly name?: string | undefined; readonly output?: string | undefined } | undefined;
}

interface Line {
  /** ISO 8601. */
  readonly at: string;
  readonly what: string;
  readonly text: string;
}

/** States after which the execution's state says what somebody decided or said, and where. */
const SAID_AT: Readonly<Record<string, 'delivery' | 'decision' | 'resolution'>> = {
  AwaitDelivery: 'delivery',
  AwaitDecision: 'decision',
  AwaitResolution: 'resolution',
};

/**
 * One escrow's story in lines: how it stands, and what happened in the order of time.
 *
 * @param history events of the execution, the oldest first; none where there is no execution.
 */
export function composeStory(story: EscrowStory, history: readonly HistoryEvent[]): string[] {
  const happened = [
    ...story.intents.flatMap(linesOfIntent),
    ...story.signals.map(lineOfSignal),
    ...history.flatMap(linesOfHistory),
  ];
  const { rule, subject, createdAt, status } = story.cause;
  return [
    ...head('escrow', story.escrowId ?? 'none, as far as the ledger knows'),
    ...head('cause', `${rule}: ${subject}${createdAt === undefined ? '' : ` of ${createdAt}`}, ${status}`),
    ...head('money', money(story)),
    ...head('execution', execution(story, history)),
    ...head('next', next(story)),
    ...story.intents.filter(needsPerson).flatMap((intent) => head('to do', toDo(intent))),
    '',
    ...happened
      .toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at))
      .map(({ at, what, text }) => `${shortTime(at)}  ${what.padEnd(9)}  ${text}`),
  ];
}

function head(name: string, text: string): string[] {
  return [`${name.padEnd(9)}  ${text}`];
}

const NOTHING_SENT: ReadonlySet<IntentState> = new Set<IntentState>(['prepared', 'claimed', 'rejected', 'skipped']);

function money({ escrow, intents }: EscrowStory): string {
  if (typeof escrow === 'string') return `unknown: ${escrow}`;
  if (escrow !== undefined) return moneyAt(escrow);
  const [creation] = intents.filter(({ kind }) => kind === 'escrow-create');
  return creation === undefined || NOTHING_SENT.has(creation.state)
    ? 'nothing was locked'
    : `it is not known whether $${creation.amountUsd} were locked`;
}

function moneyAt({ status, statusShown, amountUsd, feeUsd, netUsd, counterpartyAgentId: to }: ShownEscrow): string {
  switch (status) {
    case 'locked':
    case 'completed':
      return `$${amountUsd} held for ${to} (fee $${feeUsd}, net $${netUsd}); ${status}`;
    case 'disputed':
      return `$${amountUsd} frozen: the staff of Purple Flea decide whether ${to} gets $${netUsd}`;
    case 'released':
      return `$${netUsd} paid out to ${to}, fee $${feeUsd}`;
    case 'auto_released':
      return `$${netUsd} paid out to ${to} by silence, fee $${feeUsd}`;
    case 'refunded':
      return `refunded: $${amountUsd}, of which the published server keeps the fee of $${feeUsd}`;
    case 'unrecognized':
      return `$${amountUsd}, and the escrow is "${statusShown}", an unknown status`;
  }
}

function execution({ execution: described, executionName }: EscrowStory, history: readonly HistoryEvent[]): string {
  if (described === undefined) return `none of the name ${executionName}`;
  const { status, stoppedAt, cause, error } = described;
  const state = history.findLast(({ stateEnteredEventDetails }) => stateEnteredEventDetails?.name !== undefined);
  const at = state === undefined ? '' : ` in ${state.stateEnteredEventDetails?.name}`;
  const since = stoppedAt === undefined ? '' : ` since ${shortTime(stoppedAt)}`;
  const why = error === undefined ? '' : `: ${cause ?? error}`;
  return `${status}${at}${since}${why} (${executionName})`;
}

function next({ execution: described, waitsUntil, escrow, executionName }: EscrowStory): string {
  if (described?.status === 'RUNNING' && waitsUntil !== undefined) {
    return `it looks again at ${shortTime(waitsUntil)}, or as soon as somebody says something`;
  }
  if (described?.status === 'RUNNING') return 'it goes on by itself';
  const isOpen = typeof escrow === 'object' && ['locked', 'completed'].includes(escrow.status);
  return isOpen
    ? `silence settles it at ${shortTime(escrow.deadlineAt)}, unless: npm run intents -- continue ${executionName}`
    : 'nothing';
}

function needsPerson({ state }: Intent): boolean {
  return state === 'manual';
}

function toDo({ key, kind }: Intent): string {
  return `${kind} is in doubt: look at Purple Flea, then npm run intents -- resolve ${key}`;
}

function linesOfIntent({ kind, amountUsd, history, retryOf, decision }: Intent): Line[] {
  const what = kind.replace('escrow-', '');
  const lines = history.map(({ state, at, note }) => ({ at, what, text: `${state}: ${note}` }));
  const [first, ...others] = lines;
  if (first === undefined) return [];
  const again = retryOf === undefined ? '' : ', another try';
  const last = others.at(-1) ?? first;
  const decided =
    decision === undefined ? [] : [{ at: last.at, what, text: `${decision.operator} saw: ${decision.evidence}` }];
  return [{ ...first, text: `${first.text} ($${amountUsd}${again})` }, ...others, ...decided];
}

function lineOfSignal(signal: Signal): Line {
  return { at: signal.at, what: 'signal', text: describeSaid(signal.type, signal) };
}

function describeSaid(type: string, said: object): string {
  const { by, deliveredBy, reason, note, source } = said as Readonly<Record<string, string | undefined>>;
  const who = by ?? deliveredBy ?? source;
  const why = reason ?? note;
  return `${type}${who === undefined ? '' : ` by ${who}`}${why === undefined ? '' : `: ${why}`}`;
}

/** Decisions, and what ended waits. */
function linesOfHistory({ timestamp, stateExitedEventDetails }: HistoryEvent): Line[] {
  const { name = '', output } = stateExitedEventDetails ?? {};
  const at = timestamp?.toISOString() ?? '';
  const state = JSON.parse(output ?? '{}') as Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;
  if (name === 'ReviewDelivery' && state['review'] !== undefined) {
    const { decision, reason } = state['review'];
    return [{ at, what: 'decision', text: `${decision}: ${reason}` }];
  }
  const field = SAID_AT[name];
  const ended = field === undefined ? undefined : state[field];
  return ended?.['signal'] === undefined ? [] : [{ at, what: 'woken', text: describeSaid(ended['signal'], ended) }];
}

function shortTime(at: string): string {
  return at.replace(/\.\d+Z$/, 'Z');
}
