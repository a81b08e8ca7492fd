/** The calls that the client makes, in both dialects. */
export const OPERATIONS = [
  'create',
  'complete',
  'release',
  'dispute',
  'status',
  'list',
  'ledger',
  'order',
  'positions',
  'history',
  'balance',
  'transfer',
  'claim',
  'faucet-status',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** One request as the service sees it. */
export interface ServiceRequest {
  readonly method: 'GET' | 'POST';
  /** With its query. */
  readonly path: string;
  readonly apiKey: string | undefined;
  readonly body?: string | undefined;
  /** The header that the service ignores, and the simulator counts by. */
  readonly key?: string | undefined;
  /** What no service gets: when the sender claimed the effect, by its own clock. */
  readonly claimedAt?: number | undefined;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The escrow that a path ends with. */
export function escrowIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

const operations = new Map<string, Operation>();

/** The operation behind a request, in either dialect. */
export function operationOf(method: string, path: string): Operation {
  const name = `${method} ${path}`;
  const known = operations.get(name) ?? readOperation(method, path);
  operations.set(name, known);
  return known;
}

function readOperation(method: string, path: string): Operation {
  const [, first = '', second = '', third = '', fourth = ''] = path.split('?')[0]?.split('/') ?? [];
  switch (first) {
    case 'escrow':
      if (method === 'POST') return second as Operation;
      return second === 'list' ? 'list' : 'status';
    case 'trading':
      return second === 'order' ? 'order' : 'positions';
    case 'v1':
      return third === 'open' ? 'order' : (third as Operation);
    case 'wallet':
      return second as Operation;
    case 'faucet':
      return 'claim';
    case 'api':
      if (second === 'v1') return third === 'stats' ? 'transfer' : (fourth as Operation);
      return second === 'claim' ? 'claim' : 'faucet-status';
    default:
      throw new Error(`${method} ${path} is no request of the client`);
  }
}
