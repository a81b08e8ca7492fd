import type { EffectKind } from '../../src/ledger/effect-key.ts';
import { mayBegin, type StopMode } from '../../src/ledger/stop.ts';
import type { Disturbance } from './plan.ts';

/** The longest that a function may remember the switch, in milliseconds. */
export const STOP_CACHE_MS = 5_000;

/** What the switch says, or that nobody can read it. */
export type StopState = StopMode | 'unreadable';

/** What the switch says during a schedule. */
export interface StopTimeline {
  modeAt(at: number): StopState;
  /** Whether the switch let an effect begin at some moment of a time, its ends among them. */
  everAllowed(kind: EffectKind, from: number, until: number): boolean;
}

type Stop = Extract<Disturbance, { kind: 'stop' }>;

/** @param start is when the schedule begins, which the disturbances count from. */
export function createStopTimeline(disturbances: readonly Disturbance[], start: number): StopTimeline {
  const stops = disturbances.filter((one): one is Stop => one.kind === 'stop');
  const changes = stops.flatMap(({ at, milliseconds }) => [start + at, start + at + milliseconds]);

  const modeAt = (at: number): StopState =>
    stops.find((one) => at >= start + one.at && at < start + one.at + one.milliseconds)?.mode ?? 'running';

  return {
    modeAt,
    everAllowed: (kind, from, until) =>
      [from, ...changes.filter((at) => at > from && at <= until)].map(modeAt).some((mode) => allows(mode, kind)),
  };
}

function allows(mode: StopState, kind: EffectKind): boolean {
  return mode !== 'unreadable' && mayBegin(kind, mode);
}
