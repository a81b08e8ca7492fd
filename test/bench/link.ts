import { setTimeout as sleep } from 'node:timers/promises';

export type Service = 'AWS' | 'Purple Flea';

/** One request, from its arrival at the service to its answer, in milliseconds of one clock. */
export interface Exchange {
  readonly service: Service;
  /** `DynamoDB GetItem`, `POST /trading/order`. */
  readonly operation: string;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** How many milliseconds later an answer arrives than it is given. */
export type Delays = Readonly<Record<Service, number>>;

export const NO_DELAYS: Delays = { AWS: 0, 'Purple Flea': 0 };

/** What is between functions and services: it delays each answer by itself, and records when it was asked for and left. */
export interface Link {
  delays: Delays;
  /** Gives an answer late. The service has done its work by then. */
  carry<Answer>(what: Pick<Exchange, 'service' | 'operation'>, answer: () => Answer | Promise<Answer>): Promise<Answer>;
  /** What was exchanged since this was asked last. */
  takeExchanges(): Exchange[];
}

export function createLink(): Link {
  const exchanges: Exchange[] = [];
  const link: Link = {
    delays: NO_DELAYS,
    carry: async ({ service, operation }, answer) => {
      const startedAt = performance.now();
      const answered = await answer();
      // A timer of 0 ms takes 1 ms.
      if (link.delays[service] > 0) await sleep(link.delays[service]);
      exchanges.push({ service, operation, startedAt, endedAt: performance.now() });
      return answered;
    },
    takeExchanges: () => exchanges.splice(0),
  };
  return link;
}

/** The most exchanges of which none overlaps another: round trips one after the other. */
export function roundTripsInSequence(exchanges: readonly Pick<Exchange, 'startedAt' | 'endedAt'>[]): number {
  let count = 0;
  let freeFrom = -Infinity;
  for (const { startedAt, endedAt } of exchanges.toSorted((a, b) => a.endedAt - b.endedAt)) {
    if (startedAt < freeFrom) continue;
    count += 1;
    freeFrom = endedAt;
  }
  return count;
}

const SERVICES_OF_AWS: Readonly<Record<string, string>> = {
  AWSEvents: 'EventBridge',
  AWSStepFunctions: 'Step Functions',
  AmazonSQS: 'SQS',
  AmazonSSM: 'SSM',
  DynamoDB_20120810: 'DynamoDB',
  secretsmanager: 'Secrets Manager',
};

/** `DynamoDB GetItem` for the header `x-amz-target: DynamoDB_20120810.GetItem`. */
export function operationOfTarget(target: string): string {
  const [prefix = '', operation = ''] = target.split('.');
  return `${SERVICES_OF_AWS[prefix] ?? prefix} ${operation}`;
}
