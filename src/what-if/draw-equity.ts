import { formatUsd, type MicroUsd } from '../money.ts';
import type { CurveSpan, EquityCurve, TradeMark } from './equity-curve.ts';
import type { Comparison } from './replay.ts';

/** One line of the picture. */
interface NamedCurve {
  readonly name: string;
  readonly curve: EquityCurve;
}

const WIDTH = 840;
const HEIGHT = 420;
const LEFT = 84;
const RIGHT = 36;
const TOP = 64;
const BOTTOM = 40;
const PLOT_WIDTH = WIDTH - LEFT - RIGHT;
const PLOT_HEIGHT = HEIGHT - TOP - BOTTOM;

/** Marks of one direction are so far apart at least, in pixels. */
const MARK_DISTANCE = 8;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TIME_STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 28, 91, 182, 364, 728, 3640].map((days) => days * DAY),
];
const MAX_TICKS = 7;

const STYLE = [
  'text{font:12px ui-sans-serif,system-ui,sans-serif;fill:#1f2328}',
  '.paper{fill:#ffffff}.axis{stroke:#59636e}.grid{stroke:#d1d9e0}',
  '.line{fill:none;stroke-width:1.5;stroke-linejoin:round}.mark{fill-opacity:.75}',
  '.a .line{stroke:#0969da}.a .mark{fill:#0969da}',
  '.b .line{stroke:#bc4c00;stroke-dasharray:5 2}.b .mark{fill:#bc4c00}',
  '@media (prefers-color-scheme:dark){',
  'text{fill:#f0f6fc}.paper{fill:#0d1117}.axis{stroke:#9198a1}.grid{stroke:#3d444d}',
  '.a .line{stroke:#4493f8}.a .mark{fill:#4493f8}.b .line{stroke:#f0883e}.b .mark{fill:#f0883e}',
  '}',
].join('\n');

/** Equity over time as SVG text, for light and dark. Pure: the same comparison gives the same text. */
export function drawComparison({ span, results }: Pick<Comparison, 'span' | 'results'>): string {
  const curves = results.map(({ candidate, curve }): NamedCurve => ({ name: candidate.name, curve }));
  const scale = scaleFor(curves.map(({ curve }) => curve));
  const names = curves.map(({ name }) => name).join(' and ');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title">`,
    `<title id="title">${escape(`Equity under ${names}`)}</title>`,
    `<style>\n${STYLE}\n</style>`,
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>`,
    ...drawMoneyAxis(scale),
    ...drawTimeAxis(span),
    ...curves.flatMap(({ curve }, index) => drawCurve(curve, 'ab'.charAt(index), span, scale)),
    ...curves.flatMap(({ name, curve }, index) => drawLegend(name, curve, 'ab'.charAt(index), index)),
    `<text x="${WIDTH - RIGHT}" y="22" text-anchor="end">▲ long ▼ short</text>`,
    '</svg>',
    '',
  ].join('\n');
}

interface Scale {
  readonly bottom: bigint;
  readonly top: bigint;
  readonly step: bigint;
}

/** Over all that is drawn, between round amounts. */
function scaleFor(curves: readonly EquityCurve[]): Scale {
  const amounts = curves.flatMap(({ start, steps }) => [start, ...steps.flatMap(({ low, high }) => [low, high])]);
  const low = amounts.reduce<bigint>((least, amount) => (amount < least ? amount : least), amounts[0] ?? 0n);
  const high = amounts.reduce<bigint>((most, amount) => (amount > most ? amount : most), amounts[0] ?? 0n);
  const step = roundStep(high - low);
  const bottom = floorTo(low, step);
  const top = floorTo(high, step) + step;
  return { bottom, top, step };
}

/** 1, 2 or 5 with noughts, at least a cent, so that there are no more than `MAX_TICKS`. */
function roundStep(range: bigint): bigint {
  for (let power = 10_000n; ; power *= 10n) {
    for (const factor of [1n, 2n, 5n]) {
      if (range / (power * factor) < BigInt(MAX_TICKS - 1)) return power * factor;
    }
  }
}

/** Of amounts below nothing too. */
function floorTo(amount: bigint, step: bigint): bigint {
  const rest = ((amount % step) + step) % step;
  return amount - rest;
}

/** In tenths of a pixel, so that no float is involved. */
function y(amount: bigint, { bottom, top }: Scale): string {
  const tenths = BigInt(TOP * 10) + ((top - amount) * BigInt(PLOT_HEIGHT * 10)) / (top - bottom);
  return tenthsOf(Number(tenths));
}

function x(slot: number, { slots }: CurveSpan): string {
  return tenthsOf(LEFT * 10 + Math.floor((slot * PLOT_WIDTH * 10) / slots));
}

function tenthsOf(tenths: number): string {
  return tenths % 10 === 0 ? String(tenths / 10) : `${Math.floor(tenths / 10)}.${tenths % 10}`;
}

function drawMoneyAxis(scale: Scale): string[] {
  const lines: string[] = [];
  for (let amount = scale.bottom; amount <= scale.top; amount += scale.step) {
    const at = y(amount, scale);
    lines.push(
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}"/>`,
      `<text x="${LEFT - 8}" y="${at}" dy="4" text-anchor="end">$${formatUsd(amount as MicroUsd)}</text>`,
    );
  }
  return lines;
}

function drawTimeAxis({ from, until }: CurveSpan): string[] {
  const bottom = HEIGHT - BOTTOM;
  const lines = [`<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${bottom}" y2="${bottom}"/>`];
  if (until <= from) return lines;
  const step = TIME_STEPS.find((one) => (until - from) / one <= MAX_TICKS) ?? until - from;
  for (let at = Math.ceil(from / step) * step; at <= until; at += step) {
    const tick = tenthsOf(LEFT * 10 + Math.floor(((at - from) * PLOT_WIDTH * 10) / (until - from)));
    const iso = new Date(at).toISOString();
    const label = step >= DAY ? iso.slice(0, 10) : `${iso.slice(5, 10)} ${iso.slice(11, 16)}`;
    lines.push(
      `<line class="axis" x1="${tick}" x2="${tick}" y1="${bottom}" y2="${bottom + 5}"/>`,
      `<text x="${tick}" y="${bottom + 20}" text-anchor="middle">${label}</text>`,
    );
  }
  return lines;
}

/** A line that keeps its height until it changes; within one slot it goes to its highest and its lowest. */
function drawCurve({ start, steps, trades }: EquityCurve, name: string, span: CurveSpan, scale: Scale): string[] {
  const path = [
    `M${LEFT} ${y(start, scale)}`,
    ...steps.flatMap(({ slot, low, high, last }) => {
      const heights = [high, low, last].map((amount) => y(amount, scale));
      const moves = heights.filter((height, index) => height !== heights[index - 1]);
      return [`H${x(slot, span)}`, ...moves.map((height) => `V${height}`)];
    }),
    `H${WIDTH - RIGHT}`,
  ];
  return [
    `<g class="${name}">`,
    `<path class="line" d="${path.join('')}"/>`,
    `<path class="mark" d="${thinOut(trades, span)
      .map((mark) => drawMark(mark, span, scale))
      .join('')}"/>`,
    '</g>',
  ];
}

function thinOut(trades: readonly TradeMark[], { slots }: CurveSpan): TradeMark[] {
  const cellOf = ({ slot, direction }: TradeMark) =>
    `${direction} ${Math.floor((slot * PLOT_WIDTH) / (slots * MARK_DISTANCE))}`;
  return [...new Map(trades.map((mark) => [cellOf(mark), mark])).values()];
}

function drawMark({ slot, direction, equity }: TradeMark, span: CurveSpan, scale: Scale): string {
  const [dx, dy] = direction === 'long' ? [4, 7] : [4, -7];
  return `M${x(slot, span)} ${y(equity, scale)}l${dx} ${dy}h${-2 * dx}z`;
}

function drawLegend(name: string, { start, steps }: EquityCurve, className: string, index: number): string[] {
  const line = 22 + index * 20;
  const text = `${name}: $${cents(start)} to $${cents(steps.at(-1)?.last ?? start)}`;
  return [
    `<g class="${className}"><path class="line" d="M${LEFT} ${line - 4}h28"/></g>`,
    `<text x="${LEFT + 36}" y="${line}">${escape(text)}</text>`,
  ];
}

function cents(amount: MicroUsd): string {
  return formatUsd((amount - (amount % 10_000n)) as MicroUsd);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
