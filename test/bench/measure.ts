import type { RawCall, ServicesReport } from './services-protocol.ts';
import { startChild } from './child.ts';
import { jobNameOf, type Bench, type Variant } from './variants.ts';

/** The services as a benchmark uses them. */
export interface Services {
  /** Forgets everything, and knows these training jobs. */
  renew(trainingJobs: readonly string[]): Promise<void>;
  report(): Promise<ServicesReport>;
}

/** What was measured of one variant in all rounds. */
export interface Samples {
  /** From process start to handler, as a ratio to the empty function started right before. */
  readonly ready: number[];
  /** From process start to the first effect standing at its service, in milliseconds. */
  readonly firstEffectMs: number[];
  /** Requests that one event makes. */
  readonly calls: number[];
  /** Of a warm handler and of the same requests made raw, one event each, in milliseconds. */
  readonly warmMs: number[];
  readonly rawMs: number[];
  readonly eventsPerSecond: number[];
  readonly eventsPerSecondOfMany: number[];
  readonly rssMb: number[];
}

/** Starts of one variant in one round. */
export const STARTS = 3;
export const WARM_UP = 5;
export const WARM = 20;
export const MANY = 160;
export const IN_FLIGHT = 16;

export function noSamples(): Samples {
  return {
    ready: [],
    firstEffectMs: [],
    calls: [],
    warmMs: [],
    rawMs: [],
    eventsPerSecond: [],
    eventsPerSecondOfMany: [],
    rssMb: [],
  };
}

/** How long a function takes from process start to handler, in milliseconds. */
async function start({ command, env }: Pick<Variant, 'command' | 'env'>): Promise<number> {
  const child = await startChild(command, env);
  await child.close();
  return child.readyAt - child.startedAt;
}

/** Measures starts of a variant, each right after one of the empty function. */
export async function measureStarts({ empty }: Bench, variant: Variant, samples: Samples): Promise<void> {
  for (let pair = 0; pair < STARTS; pair += 1) {
    const emptyMs = await start(empty);
    samples.ready.push((await start(variant)) / emptyMs);
  }
}

/**
 * Measures one variant once, in a new process and with new services.
 *
 * @throws where a function fails, or the services do not have exactly one effect for each event.
 */
export async function measure(services: Services, variant: Variant, samples: Samples): Promise<void> {
  const facts = Array.from({ length: 1 + WARM_UP + 1 + WARM + MANY }, (_, fact) => fact);
  await services.renew(facts.map(jobNameOf));
  let sent = 0;
  const take = (count: number) => facts.slice(sent, (sent += count)).map(variant.eventOf);

  const child = await startChild(variant.command, variant.env);
  try {
    await child.handle(take(1));
    const { firstEffectAt } = await services.report();
    if (firstEffectAt === undefined) throw new Error(`${variant.name}: the first event had no effect`);
    samples.firstEffectMs.push(firstEffectAt - child.startedAt);

    await child.handle(take(WARM_UP));
    await services.report();
    await child.handle(take(1));
    const { calls } = await services.report();
    samples.calls.push(calls.length);

    const warm = await child.handle(take(WARM));
    samples.warmMs.push(...warm.times);
    samples.eventsPerSecond.push((WARM / warm.totalMs) * 1000);
    samples.rssMb.push(warm.rssBytes / 1024 / 1024);

    const many = await child.handle(take(MANY), IN_FLIGHT);
    samples.eventsPerSecondOfMany.push((MANY / many.totalMs) * 1000);
    const { effects } = await services.report();
    if (effects !== sent) throw new Error(`${variant.name}: ${sent} events had ${effects} effects`);

    samples.rawMs.push(...(await makeRawCalls(calls)));
  } finally {
    await child.close();
  }
}

async function makeRawCalls(calls: readonly RawCall[]): Promise<readonly number[]> {
  const child = await startChild([process.execPath, 'test/bench/run-raw-calls.cjs'], {});
  try {
    await child.handle(Array.from({ length: WARM_UP }, () => calls));
    return (await child.handle(Array.from({ length: WARM }, () => calls))).times;
  } finally {
    await child.close();
  }
}
