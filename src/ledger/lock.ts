import { marketLock, type Intent } from './intent.ts';

/**
 * Release and dispute exclude each other: both need the lock of their escrow. Orders of one agent in one market go one
 * after the other: while one is in doubt, another's fill would look like its own.
 */
export function lockOf({ key, kind, escrowId, agentId, payee }: Intent): string | undefined {
  switch (kind) {
    case 'escrow-release':
    case 'escrow-dispute':
      if (escrowId === undefined) throw new Error(`intent ${key} settles no escrow`);
      return `settlement/${escrowId}`;
    case 'trade-order':
    case 'paper-order':
      return marketLock({ kind, agentId, payee });
    case 'escrow-create':
    case 'escrow-complete':
    case 'transfer':
    case 'faucet-claim':
      return undefined;
  }
}
