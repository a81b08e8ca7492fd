import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** What one command took. */
export interface Handled {
  /** Of each event, in milliseconds. */
  readonly times: readonly number[];
  /** Of all of them, in milliseconds. */
  readonly totalMs: number;
  /** The most memory that the process had so far. */
  readonly peakMb: number;
}

/** A process that runs one function. */
export interface Child {
  /** When it was started and when its handler was there, in milliseconds since 1970. */
  readonly startedAt: number;
  readonly readyAt: number;
  /** Has events handled, so many at once. @throws where one of them failed. */
  handle(events: readonly unknown[], inFlight?: number): Promise<Handled>;
  close(): Promise<void>;
}

/** Starts a program that speaks as `run-function.cjs` does. */
export async function startChild(
  [program, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Promise<Child> {
  const startedAt = performance.timeOrigin + performance.now();
  const child = spawn(program, args, { env, stdio: ['pipe', 'ignore', 'inherit', 'pipe'] });
  const lines = createInterface({ input: child.stdio[3] as Readable })[Symbol.asyncIterator]();
  const next = async <Answer>(): Promise<Answer> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${args.join(' ')} ended without an answer`);
    const answer = JSON.parse(value) as Answer & { readonly error?: string };
    if (answer.error !== undefined) throw new Error(`${args.join(' ')}: ${answer.error}`);
    return answer;
  };
  const { readyAt } = await next<{ readyAt: number }>();
  return {
    startedAt,
    readyAt,
    handle: (events, inFlight = 1) => {
      child.stdin?.write(`${JSON.stringify({ events, inFlight })}\n`);
      return next<Handled>();
    },
    close: async () => {
      const closed = once(child, 'close');
      child.stdin?.end();
      child.kill();
      await closed;
    },
  };
}
