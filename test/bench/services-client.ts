import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Delays } from './link.ts';
import type { FromServices, ServicesReport, ToServices } from './services-protocol.ts';

/** The services as a benchmark uses them. */
export interface Services {
  readonly awsUrl: string;
  readonly twinUrl: string;
  /** Forgets everything, and knows these training jobs. */
  renew(trainingJobs: readonly string[]): Promise<void>;
  delay(delays: Delays): Promise<void>;
  report(): Promise<ServicesReport>;
  /** How many effects there are. */
  count(): Promise<number>;
  close(): void;
}

/** Starts `services.ts` in a process of its own. */
export async function startServices(): Promise<Services> {
  const services = fork('test/bench/services.ts');
  const ended = once(services, 'exit').then(() => undefined);

  const answerOf = async <Kind extends FromServices['kind']>(
    kind: Kind,
  ): Promise<Extract<FromServices, { kind: Kind }>> => {
    const answer = await Promise.race([once(services, 'message'), ended]);
    if (answer === undefined) throw new Error('the services ended');
    const [message] = answer as [FromServices];
    if (message.kind !== kind) throw new Error(`the services answered "${message.kind}", not "${kind}"`);
    return message as Extract<FromServices, { kind: Kind }>;
  };
  const ask = <Kind extends FromServices['kind']>(message: ToServices, kind: Kind) => {
    services.send(message);
    return answerOf(kind);
  };

  const { awsUrl, twinUrl } = await answerOf('ready');
  return {
    awsUrl,
    twinUrl,
    renew: async (trainingJobs) => void (await ask({ kind: 'renew', trainingJobs }, 'renewed')),
    delay: async (delays) => void (await ask({ kind: 'delay', delays }, 'delayed')),
    report: () => ask({ kind: 'report' }, 'report'),
    count: async () => (await ask({ kind: 'count' }, 'counted')).effects,
    close: () => void services.kill(),
  };
}
