import { subtractUsd, type MicroUsd } from '../money.ts';
import type { OrderDirection } from '../purple-flea/trading.ts';

/** What an account came to within one part of the time. */
export interface EquityStep {
  /** Which part, from 0. */
  readonly slot: number;
  readonly low: MicroUsd;
  readonly high: MicroUsd;
  /** At the end of the part. */
  readonly last: MicroUsd;
}

/** Trades within one part of the time. */
export interface TradeMark {
  readonly slot: number;
  readonly direction: OrderDirection;
  /** What the account came to after the last of them. */
  readonly equity: MicroUsd;
}

export interface EquityCurve {
  readonly start: MicroUsd;
  /** Only parts in which it changed. */
  readonly steps: readonly EquityStep[];
  readonly trades: readonly TradeMark[];
}

/** The largest fall from a height that had been reached. */
export interface Drawdown {
  readonly amount: MicroUsd;
  /** From where, and when that was reached and left behind (epoch milliseconds). */
  readonly from: MicroUsd;
  readonly fromAt: number;
  readonly at: number;
}

/** The time that a curve is about, and into how many parts it is divided. */
export interface CurveSpan {
  /** Epoch milliseconds. */
  readonly from: number;
  readonly until: number;
  readonly slots: number;
}

/** Follows one account's equity. */
export interface EquityRecorder {
  /** Notes the equity at a time, none of which is before the one noted last (epoch milliseconds). */
  note(equity: MicroUsd, at: number): void;
  /** Notes a trade; one mark stands for all of a direction in one part. */
  noteTrade(direction: OrderDirection, equity: MicroUsd, at: number): void;
  /** What was noted; no drawdown where the account never fell. */
  finish(): { readonly curve: EquityCurve; readonly drawdown: Drawdown | undefined };
}

/** @param start what the account begins with. */
export function createEquityRecorder(span: CurveSpan, start: MicroUsd): EquityRecorder {
  const steps: EquityStep[] = [];
  const trades: TradeMark[] = [];
  let peak = { equity: start, at: span.from };
  let drawdown: Drawdown | undefined;

  return {
    note(equity, at) {
      if (equity >= peak.equity) peak = { equity, at };
      const amount = subtractUsd(peak.equity, equity);
      if (amount > (drawdown?.amount ?? 0n)) drawdown = { amount, from: peak.equity, fromAt: peak.at, at };
      const slot = slotOf(span, at);
      const before = steps.at(-1);
      if (before?.slot !== slot) steps.push({ slot, low: equity, high: equity, last: equity });
      else steps[steps.length - 1] = widen(before, equity);
    },

    noteTrade(direction, equity, at) {
      const slot = slotOf(span, at);
      const mark = { slot, direction, equity };
      const last = trades.findLastIndex((one) => one.direction === direction);
      if (trades[last]?.slot === slot) trades[last] = mark;
      else trades.push(mark);
    },

    finish: () => ({ curve: { start, steps, trades }, drawdown }),
  };
}

function widen({ slot, low, high }: EquityStep, equity: MicroUsd): EquityStep {
  return { slot, low: equity < low ? equity : low, high: equity > high ? equity : high, last: equity };
}

function slotOf({ from, until, slots }: CurveSpan, at: number): number {
  if (at <= from) return 0;
  return Math.min(slots - 1, Math.floor(((at - from) * slots) / (until - from)));
}
