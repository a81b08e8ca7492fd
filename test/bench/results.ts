import { roundTripsInSequence, type Service } from './link.ts';
import type { Measured, Work } from './measure.ts';
import { medianOf } from './statistics.ts';
import type { Variant } from './variants.ts';

/** What was measured of every variant, round by round. */
export type Results = ReadonlyMap<Variant, readonly Measured[]>;

/** One figure of one round. */
export type Figure = (measured: Measured) => number;

/** From process start to handler, as a ratio to the empty function. */
export const readyRatio: Figure = ({ starts }) => medianOf(starts.map(({ ms, emptyMs }) => ms / emptyMs));

export const firstEffectMs: Figure = (measured) => workOf(measured).firstEffectMs;
export const delayedMs: Figure = (measured) => medianOf(workOf(measured).delayed.map(({ ms }) => ms));
export const eventsPerSecond: Figure = (measured) => workOf(measured).eventsPerSecond;

/** Requests that one event makes, to one service or to all. */
export const requests =
  (service?: Service): Figure =>
  (measured) =>
    medianOf(exchangesOf(measured, service).map(({ length }) => length));

/** Round trips of one event that follow each other at one service. */
export const inSequence =
  (service: Service): Figure =>
  (measured) =>
    medianOf(exchangesOf(measured, service).map(roundTripsInSequence));

/** Requests that half of the events or more make, by service and operation. */
export function operationsOf(rounds: readonly Measured[]): ReadonlyMap<string, number> {
  const events = rounds.flatMap((measured) => exchangesOf(measured));
  const names = events.flatMap((exchanges) => exchanges.map(nameOf));
  const countIn = (name: string) =>
    medianOf(events.map((exchanges) => exchanges.filter((exchange) => nameOf(exchange) === name).length));
  const counted = [...new Set(names)].map((name) => [name, countIn(name)] as const);
  return new Map(counted.filter(([, count]) => count > 0));
}

/** A figure as a ratio to another variant's, each round by itself. */
export function ratios(of: readonly Measured[], to: readonly Measured[], figure: Figure): readonly number[] {
  return of.flatMap((measured, round) => {
    const other = to[round];
    return other === undefined ? [] : [figure(measured) / figure(other)];
  });
}

export function workOf({ work }: Measured): Work {
  if (work === undefined) throw new Error('the empty function does no work');
  return work;
}

const nameOf = ({ service, operation }: { readonly service: Service; readonly operation: string }) =>
  service === 'AWS' ? operation : `${service}: ${operation}`;

function exchangesOf(measured: Measured, service?: Service) {
  return workOf(measured).delayed.map(({ exchanges }) =>
    exchanges.filter((exchange) => service === undefined || exchange.service === service),
  );
}
