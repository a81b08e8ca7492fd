import { createPacer } from '../../src/pacing/pacer.ts';
import type { Profile, ServiceDeps } from '../../src/purple-flea/service.ts';
import type { HttpAnswer } from '../../src/purple-flea/transport.ts';
import { createRateLimiter, limitOf } from '../../twin/rate-limits.ts';
import { createMemoryPaces } from '../support/memory-paces.ts';
import { createScheduler, type Scheduler } from '../simulation/scheduler.ts';
import { KEYS, TREASURY, WORKER } from '../simulation/service/parties.ts';
import { createService, type Service } from '../simulation/service/service.ts';

export const START = Date.UTC(2026, 2, 6, 9);
export const MINUTE = 60_000;

/** One call that reached the service. */
interface Call {
  readonly at: number;
  /** What it was counted with, where the dialect counts it. */
  readonly counted: string | undefined;
  readonly status: number;
}

/** A service that counts calls as its dialect says, in virtual time, and what all functions share. */
export interface LoadedService {
  readonly scheduler: Scheduler;
  /** To set up what was there before; these calls are not counted. */
  readonly service: Service;
  readonly calls: readonly Call[];
  /** What a function of its own calls it with: its own slots, in the shared lanes. */
  newFunction(): ServiceDeps;
  /** The most calls that any 60 s hold, of those that are counted together. */
  busiestMinute(): number;
}

export function createLoadedService(profile: Profile, seed: number): LoadedService {
  const roll = createRoll(seed);
  const scheduler = createScheduler(roll, START);
  const service = createService(profile, { [TREASURY]: '1000000.00', [WORKER]: '5.00' });
  const limiter = createRateLimiter();
  const paces = createMemoryPaces();
  const calls: Call[] = [];

  const transport: ServiceDeps['transport'] = async (request) => {
    await scheduler.pause(5 + Math.floor(roll() * 100));
    const { method, url, apiKey = '' } = request;
    const path = url.split('?')[0] ?? '';
    const limit = limitOf(profile, method, path);
    const counted =
      limit === undefined ? undefined : profile === 'published' ? path : `${path.split('/')[1]} ${apiKey}`;
    const waitMs = counted === undefined ? undefined : limiter.take(counted, limit ?? 0, scheduler.now());
    const answer: HttpAnswer =
      waitMs === undefined
        ? { kind: 'answered', retryAfterSeconds: undefined, ...handle(request) }
        : {
            kind: 'answered',
            status: 429,
            body: { success: false, error: profile === 'published' ? 'rate_limited' : 'RATE_LIMITED' },
            retryAfterSeconds: profile === 'published' ? undefined : Math.ceil(waitMs / 1000),
          };
    calls.push({ at: scheduler.now(), counted, status: answer.status });
    await scheduler.pause(5 + Math.floor(roll() * 50));
    return answer;
  };
  const handle = ({ method, url, apiKey, body, idempotencyKey }: Parameters<ServiceDeps['transport']>[0]) =>
    service.handle({ method, path: url, apiKey: apiKey ?? '', body, key: idempotencyKey }, scheduler.now());

  return {
    scheduler,
    service,
    calls,
    newFunction: () => ({
      service: { baseUrl: '', profile },
      transport,
      pacer: createPacer({
        store: paces,
        percent: 100,
        now: scheduler.now,
        sleep: (milliseconds) => scheduler.pause(milliseconds),
        random: roll,
        onUnpaced: (error) => {
          throw error;
        },
      }),
      readMs: 10_000,
      now: scheduler.now,
      sleep: (milliseconds) => scheduler.pause(milliseconds),
      random: roll,
    }),
    busiestMinute() {
      const lanes = Map.groupBy(calls, ({ counted }) => counted);
      lanes.delete(undefined);
      return Math.max(0, ...[...lanes.values()].map((lane) => mostInAMinute(lane.map(({ at }) => at))));
    },
  };
}

export const TREASURY_CREDENTIALS = { agentId: TREASURY, apiKey: KEYS[TREASURY] ?? '' };

function mostInAMinute(times: readonly number[]): number {
  let most = 0;
  let start = 0;
  for (const [end, at] of times.entries()) {
    while (at - (times[start] ?? at) >= MINUTE) start += 1;
    most = Math.max(most, end - start + 1);
  }
  return most;
}

/** Numbers in [0, 1) that a seed decides. */
function createRoll(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
