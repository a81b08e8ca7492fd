import { NO_USD, sumUsd, type MicroUsd } from '../money.ts';
import { SKIP_REASONS, type SkipReason } from '../trading/decide-trade.ts';
import { unrealisedOf } from '../trading/paper-book.ts';
import type { SignalSource } from '../trading/trade-signal.ts';
import {
  equityOf,
  markToMarket,
  openAccount,
  REFUSALS,
  takeSignal,
  type Account,
  type Candidate,
  type Outcome,
  type Refusal,
} from './account.ts';
import {
  createEquityRecorder,
  type CurveSpan,
  type Drawdown,
  type EquityCurve,
  type EquityRecorder,
} from './equity-curve.ts';
import type { PricePoint } from './prices.ts';
import type { RecordedSignal } from './recording.ts';

/** What became of all signals under one policy. Amounts of money are of the whole time. */
export interface Result {
  readonly candidate: Candidate;
  readonly traded: number;
  readonly skipped: Readonly<Record<SkipReason, number>>;
  readonly refused: Readonly<Record<Refusal, number>>;
  readonly notional: MicroUsd;
  readonly fees: MicroUsd;
  /** Before fees. */
  readonly realised: MicroUsd;
  /** Of what is open at the end, at the last prices. */
  readonly unrealised: MicroUsd;
  readonly equity: MicroUsd;
  /** Undefined where the account never fell. */
  readonly drawdown: Drawdown | undefined;
  readonly closed: number;
  readonly won: number;
  readonly liquidated: number;
  readonly curve: EquityCurve;
}

/** A signal on which the policies differ: whether it is traded, why not, or how large. */
export interface Difference {
  readonly signal: RecordedSignal;
  /** One a candidate, in their order. */
  readonly outcomes: readonly Outcome[];
}

/** Differences by what they are about. */
export interface DifferenceCounts {
  /** Traded by one alone, by its place among the candidates. */
  readonly tradedOnlyBy: readonly number[];
  readonly otherSize: number;
  readonly otherReason: number;
}

export interface Comparison {
  /** Distinct ones. */
  readonly signals: number;
  /** Deliveries of signals that had been there before. */
  readonly repeated: number;
  readonly span: CurveSpan;
  readonly results: readonly Result[];
  readonly differing: DifferenceCounts;
  /** In the order of time; those that were asked for. */
  readonly differences: readonly Difference[];
  /** Assets that were traded though no price of them is known: they are carried at cost. */
  readonly unpriced: readonly string[];
  readonly hasPrices: boolean;
}

export interface ReplayInput {
  /** In the order of replay. */
  readonly signals: readonly RecordedSignal[];
  /** In the order of time. */
  readonly prices: readonly PricePoint[];
  /** One, or two to compare. */
  readonly candidates: readonly Candidate[];
  /** How many differences to list, of those of which a trade came; all of all kinds if left out. */
  readonly maxDifferences?: number | undefined;
}

/** As fine as a picture shows it. */
const SLOTS = 720;

/**
 * What each policy would have made of the signals. Pure: it knows no clock, and a decision is as of the time on the bus.
 *
 * Prices of the same time come before signals. What a signal says of a price counts whatever becomes of the signal, from when
 * it was on the bus. A signal that comes again is decided over again only where it was skipped for what it says itself, as by
 * the pipeline; it is counted once, as what became of it last.
 */
export function replay({ signals, prices, candidates, maxDifferences }: ReplayInput): Comparison {
  const span = spanOf(signals, prices);
  const priced = pricedAssets(signals, prices);
  const assets = new Set(candidates.flatMap(({ policy }) => policy.markets.map(({ asset }) => asset)));
  const unpriced = [...assets].filter((asset) => !priced.has(asset));
  const runs = candidates.map((candidate) => startRun(candidate, unpriced, span));

  const mark = (asset: string, price: MicroUsd, statedAt: number, at: number) => {
    if (!assets.has(asset)) return;
    const stated = new Date(Math.min(statedAt, at)).toISOString();
    for (const run of runs) {
      const before = run.account;
      run.account = markToMarket(before, asset, price, stated);
      const isHeld = before.book.positions.some((position) => position.asset === asset);
      if (isHeld && run.account !== before) run.recorder.note(equityOf(run.account), at);
    }
  };

  let next = 0;
  const markUntil = (at: number) => {
    for (let point = prices[next]; point !== undefined && point.at <= at; point = prices[next]) {
      mark(point.asset, point.price, point.at, point.at);
      next += 1;
    }
  };

  const firsts: RecordedSignal[] = [];
  const rows: Readonly<Record<SignalSource, Map<string, number>>> = { prediction: new Map(), 'price-alert': new Map() };
  for (const signal of signals) {
    markUntil(signal.takenAt);
    if (signal.price !== undefined) mark(signal.asset, signal.price, Date.parse(signal.at), signal.takenAt);
    const known = rows[signal.source].get(signal.id);
    const row = known ?? firsts.length;
    if (known === undefined) {
      rows[signal.source].set(signal.id, row);
      firsts.push(signal);
    }
    for (const run of runs) decideIn(run, signal, row);
  }
  markUntil(Infinity);

  const tried = runs.map(({ outcomes }) => outcomes);
  const isTraded = (asset: string) =>
    firsts.some((signal, row) => signal.asset === asset && tried.some((outcomes) => outcomes[row]?.kind === 'traded'));
  return {
    signals: firsts.length,
    repeated: signals.length - firsts.length,
    span,
    results: runs.map(resultOf),
    ...compareOutcomes(firsts, tried, maxDifferences),
    unpriced: unpriced.filter(isTraded),
    hasPrices: priced.size > 0,
  };
}

/** One policy under way. */
interface Run {
  readonly candidate: Candidate;
  account: Account;
  readonly recorder: EquityRecorder;
  /** What became of the signals, by row. */
  readonly outcomes: Outcome[];
}

function startRun(candidate: Candidate, unpriced: readonly string[], span: CurveSpan): Run {
  const account = openAccount(candidate, unpriced);
  return { candidate, account, recorder: createEquityRecorder(span, equityOf(account)), outcomes: [] };
}

function decideIn(run: Run, signal: RecordedSignal, row: number): void {
  const standing = run.outcomes[row];
  if (standing !== undefined && (standing.kind !== 'skipped' || !SAYS_ITSELF.has(standing.reason))) return;
  const { account, outcome } = takeSignal(run.account, run.candidate, signal);
  run.account = account;
  run.outcomes[row] = outcome.kind === 'skipped' ? SKIPPED[outcome.reason] : outcome;
  if (outcome.kind !== 'traded' || signal.direction === 'hold') return;
  const equity = equityOf(account);
  run.recorder.note(equity, signal.takenAt);
  run.recorder.noteTrade(signal.direction, equity, signal.takenAt);
}

/** Skips that leave no record: the signal says the same each time, or is another one by then. */
const SAYS_ITSELF: ReadonlySet<SkipReason> = new Set<SkipReason>([
  'hold',
  'stale',
  'asset-not-allowed',
  'low-confidence',
]);

/** One object for all that are skipped for a reason: there may be millions. */
const SKIPPED = Object.fromEntries(
  SKIP_REASONS.map((reason) => [reason, { kind: 'skipped', reason }]),
) as unknown as Readonly<Record<SkipReason, Outcome>>;

function spanOf(signals: readonly RecordedSignal[], prices: readonly PricePoint[]): CurveSpan {
  const from = signals[0]?.takenAt ?? prices[0]?.at ?? 0;
  const until = Math.max(from, signals.at(-1)?.takenAt ?? from, prices.at(-1)?.at ?? from);
  return { from, until, slots: SLOTS };
}

function pricedAssets(signals: readonly RecordedSignal[], prices: readonly PricePoint[]): ReadonlySet<string> {
  const known = new Set<string>();
  for (const { asset } of prices) known.add(asset);
  for (const { asset, price } of signals) if (price !== undefined) known.add(asset);
  return known;
}

function resultOf({ candidate, account, recorder, outcomes }: Run): Result {
  const { book, closed, won, liquidated } = account;
  const skipped = zeros(SKIP_REASONS);
  const refused = zeros(REFUSALS);
  let traded = 0;
  let notional = NO_USD;
  for (const outcome of outcomes) {
    switch (outcome.kind) {
      case 'traded':
        traded += 1;
        notional = sumUsd(notional, outcome.amount);
        break;
      case 'skipped':
        skipped[outcome.reason] += 1;
        break;
      case 'refused':
        refused[outcome.reason] += 1;
        break;
    }
  }
  return {
    candidate,
    traded,
    skipped,
    refused,
    notional,
    fees: book.fees,
    realised: book.realised,
    unrealised: unrealisedOf(book),
    equity: equityOf(account),
    closed,
    won,
    liquidated,
    ...recorder.finish(),
  };
}

function zeros<Key extends string>(keys: readonly Key[]): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>;
}

function compareOutcomes(
  signals: readonly RecordedSignal[],
  tried: readonly (readonly Outcome[])[],
  maxDifferences: number | undefined,
): { readonly differing: DifferenceCounts; readonly differences: readonly Difference[] } {
  const tradedOnlyBy = tried.map(() => 0);
  const differences: Difference[] = [];
  let otherSize = 0;
  let otherReason = 0;
  const [left = [], right] = tried;
  for (const [row, signal] of signals.entries()) {
    const [one, other] = [left[row], right?.[row]];
    if (one === undefined || other === undefined || isSame(one, other)) continue;
    if (one.kind === 'traded' && other.kind === 'traded') otherSize += 1;
    else if (one.kind === 'traded') tradedOnlyBy[0] = (tradedOnlyBy[0] ?? 0) + 1;
    else if (other.kind === 'traded') tradedOnlyBy[1] = (tradedOnlyBy[1] ?? 0) + 1;
    else otherReason += 1;
    const isTrade = one.kind === 'traded' || other.kind === 'traded';
    if (maxDifferences === undefined || (isTrade && differences.length < maxDifferences)) {
      differences.push({ signal, outcomes: [one, other] });
    }
  }
  return { differing: { tradedOnlyBy, otherSize, otherReason }, differences };
}

function isSame(one: Outcome, other: Outcome): boolean {
  if (one.kind === 'traded' || other.kind === 'traded') {
    return one.kind === 'traded' && other.kind === 'traded' && one.amount === other.amount;
  }
  return one.kind === other.kind && one.reason === other.reason;
}
