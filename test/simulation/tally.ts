import Table from 'cli-table3';
import type { Disturbance } from './plan.ts';
import { ENDS, type End, type Verdict } from './verdict.ts';

/** What happened in many schedules. */
export interface Tally {
  schedules: number;
  /** Causes and deliveries of them. */
  events: number;
  effects: number;
  duplicates: number;
  wronglyParked: number;
  undefinedEnds: number;
  /** Schedules in which a promise was broken. */
  failures: number;
  readonly ends: Record<End, number>;
  /** By disturbance: of the schedules that it was drawn for. */
  readonly byDisturbance: Map<string, Row>;
}

interface Row {
  schedules: number;
  duplicates: number;
  wronglyParked: number;
  readonly ends: Record<End, number>;
}

const noEnds = (): Record<End, number> => ({ applied: 0, rejected: 0, manual: 0, lapsed: 0 });

export function createTally(): Tally {
  return {
    schedules: 0,
    events: 0,
    effects: 0,
    duplicates: 0,
    wronglyParked: 0,
    undefinedEnds: 0,
    failures: 0,
    ends: noEnds(),
    byDisturbance: new Map(),
  };
}

/** Adds one schedule. */
export function addVerdict(tally: Tally, verdict: Verdict): void {
  tally.schedules += 1;
  tally.events += verdict.events;
  tally.effects += verdict.effects;
  tally.duplicates += verdict.duplicates;
  tally.wronglyParked += verdict.wronglyParked;
  tally.undefinedEnds += verdict.undefinedEnds;
  tally.failures += verdict.violations.length > 0 ? 1 : 0;
  for (const end of ENDS) tally.ends[end] += verdict.ends[end];
  for (const name of new Set(verdict.schedule.disturbances.map(nameOf))) {
    const row = tally.byDisturbance.get(name) ?? { schedules: 0, duplicates: 0, wronglyParked: 0, ends: noEnds() };
    tally.byDisturbance.set(name, row);
    row.schedules += 1;
    row.duplicates += verdict.duplicates;
    row.wronglyParked += verdict.wronglyParked;
    for (const end of ENDS) row.ends[end] += verdict.ends[end];
  }
}

function nameOf(disturbance: Disturbance): string {
  switch (disturbance.kind) {
    case 'http':
      return `http: ${disturbance.fault}`;
    case 'gate':
      return `step: ${disturbance.event}`;
    case 'reads':
      return `all reads: ${disturbance.fault}`;
    case 'poison':
      return `poison: ${disturbance.form}`;
    case 'delivery':
      return disturbance.at > 3_600_000 * 20 ? 'delivered again after 24 h' : 'delivered again';
    default:
      return disturbance.kind;
  }
}

/** Disturbances against outcomes. */
export function outcomeTable({ byDisturbance }: Tally): string {
  const table = new Table({
    head: ['disturbance', 'schedules', ...ENDS, 'duplicates', 'wrongly parked'],
    style: { head: [], border: [] },
  });
  for (const [name, row] of [...byDisturbance].toSorted(([one], [other]) => one.localeCompare(other))) {
    table.push([name, row.schedules, ...ENDS.map((end) => row.ends[end]), row.duplicates, row.wronglyParked]);
  }
  return table.toString();
}

/** All of it in lines. */
export function totals(tally: Tally): string {
  return [
    ['schedules', tally.schedules],
    ['events', tally.events],
    ['effects', tally.effects],
    ['duplicates', tally.duplicates],
    ['parked', tally.ends.manual],
    ['wrongly parked', tally.wronglyParked],
    ['lapsed unsent', tally.ends.lapsed],
    ['undefined ends', tally.undefinedEnds],
    ['schedules that broke a promise', tally.failures],
  ]
    .map(([name, count]) => `${String(name).padEnd(32)}${String(count).padStart(10)}`)
    .join('\n');
}
