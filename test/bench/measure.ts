import { startChild, type Child } from './child.ts';
import { NO_DELAYS, type Delays, type Exchange } from './link.ts';
import type { Services } from './services-client.ts';
import { jobNameOf, type Bench, type Variant } from './variants.ts';

/** How much is done in one round. */
export interface Plan {
  /** Starts of each variant, each right after one of the empty function. */
  readonly starts: number;
  readonly warmUp: number;
  /** Warm events with delayed answers, and without. */
  readonly delayed: number;
  readonly undelayed: number;
  /** Events of which `IN_FLIGHT` are handled at once. */
  readonly many: number;
}

export const PLAN: Plan = { starts: 3, warmUp: 4, delayed: 8, undelayed: 20, many: 160 };
export const IN_FLIGHT = 16;

/** Answers take as long as from a function's own region, and from a service far away. */
export const DELAYS: Delays = { AWS: 5, 'Purple Flea': 150 };

/** One warm event with delayed answers. */
export interface DelayedEvent {
  readonly ms: number;
  readonly exchanges: readonly Exchange[];
}

/** What a variant did with events in one round. */
export interface Work {
  /** From process start to the first effect standing at its service, with delayed answers. */
  readonly firstEffectMs: number;
  readonly delayed: readonly DelayedEvent[];
  readonly undelayedMs: readonly number[];
  /** With `IN_FLIGHT` at once, without delays. */
  readonly eventsPerSecond: number;
}

/** One variant in one round. */
export interface Measured {
  /** From process start to handler in milliseconds, and the same of the empty function started right before. */
  readonly starts: readonly { readonly ms: number; readonly emptyMs: number }[];
  readonly peakMb: number;
  /** None of the empty function. */
  readonly work: Work | undefined;
}

/** Measures a variant once, in new processes and with new services. @throws where its events do not have one effect each. */
export async function measure(services: Services, { empty }: Bench, variant: Variant, plan: Plan): Promise<Measured> {
  const starts = [];
  for (let pair = 0; pair < plan.starts; pair += 1) {
    const emptyMs = await start(empty);
    starts.push({ emptyMs, ms: await start(variant) });
  }
  return { starts, ...(variant === empty ? await idle(empty) : await work(services, variant, plan)) };
}

/** How long a function takes from process start to handler, in milliseconds. */
export async function start({ command, env }: Variant): Promise<number> {
  const child = await startChild(command, env);
  await child.close();
  return child.readyAt - child.startedAt;
}

async function idle({ command, env }: Variant): Promise<Omit<Measured, 'starts'>> {
  const child = await startChild(command, env);
  try {
    return { peakMb: (await child.handle([])).peakMb, work: undefined };
  } finally {
    await child.close();
  }
}

async function work(services: Services, variant: Variant, plan: Plan): Promise<Omit<Measured, 'starts'>> {
  const { warmUp, delayed, undelayed, many } = plan;
  const facts = Array.from({ length: 1 + warmUp + delayed + warmUp + undelayed + many }, (_, fact) => fact);
  let sent = 0;
  const take = (count: number) => facts.slice(sent, (sent += count)).map(variant.eventOf);
  await services.renew(facts.map(jobNameOf));
  await services.delay(DELAYS);

  const child = await startChild(variant.command, variant.env);
  try {
    await child.handle(take(1));
    const { firstEffectAt } = await services.report();
    if (firstEffectAt === undefined) throw new Error(`${variant.name}: the first event had no effect`);
    await child.handle(take(warmUp));
    const delayedEvents = await handleOneByOne(services, child, take(delayed));

    await services.delay(NO_DELAYS);
    await child.handle(take(warmUp));
    const { times, peakMb } = await child.handle(take(undelayed));
    const { totalMs } = await child.handle(take(many), IN_FLIGHT);

    const effects = await services.count();
    if (effects !== sent) throw new Error(`${variant.name}: ${sent} events had ${effects} effects`);
    return {
      peakMb,
      work: {
        firstEffectMs: firstEffectAt - child.startedAt,
        delayed: delayedEvents,
        undelayedMs: times,
        eventsPerSecond: (many / totalMs) * 1000,
      },
    };
  } finally {
    await child.close();
  }
}

async function handleOneByOne(
  services: Services,
  child: Child,
  events: readonly unknown[],
): Promise<readonly DelayedEvent[]> {
  const handled: DelayedEvent[] = [];
  await services.report();
  for (const event of events) {
    const { totalMs } = await child.handle([event]);
    handled.push({ ms: totalMs, exchanges: (await services.report()).exchanges });
  }
  return handled;
}
