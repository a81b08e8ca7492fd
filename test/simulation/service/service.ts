import type { MicroUsd } from '../../../src/money.ts';
import type { Profile } from '../../../src/purple-flea/service.ts';
import { createBooks, errorBody, Refused, type ServiceEffect } from './books.ts';
import { createEscrowService, type ServiceEscrow } from './escrow.ts';
import { createFaucetService } from './faucet.ts';
import { operationOf, type ServiceAnswer, type ServiceRequest } from './operations.ts';
import { createTradingService } from './trading.ts';
import { createWalletService } from './wallet.ts';

/** The services of Purple Flea over plain maps: what the client needs of them, in one dialect. */
export interface Service {
  readonly profile: Profile;
  /** @param releaseGetsStuck makes a release pay and fail. */
  handle(request: ServiceRequest, now: number, releaseGetsStuck?: boolean): ServiceAnswer;
  readonly escrows: ReadonlyMap<string, ServiceEscrow>;
  readonly effects: readonly ServiceEffect[];
  /** What is open of each agent in each market. All orders are of one side. */
  readonly exposures: () => ReadonlyMap<string, MicroUsd>;
  readonly balance: (account: string) => bigint;
  /** What all accounts hold together; never changes. */
  readonly total: () => bigint;
  /** From now on this is the agent's only key. */
  rotateKey(agent: string, apiKey: string): void;
  /** Lets the timer of an escrow fire at once. */
  expire(escrowId: string, now: number): void;
}

/** @param balances by agent, in decimal USD. */
export function createService(
  profile: Profile,
  balances: Readonly<Record<string, string>>,
  { mergesPositions = false }: { readonly mergesPositions?: boolean } = {},
): Service {
  const books = createBooks(profile, balances);
  const escrow = createEscrowService(books);
  const wallet = createWalletService(books);
  const trading = createTradingService(books, mergesPositions);
  const faucet = createFaucetService(books);

  function route(request: ServiceRequest, at: number, getsStuck: boolean): ServiceAnswer {
    switch (operationOf(request.method, request.path)) {
      case 'create':
        return escrow.create(request, at);
      case 'complete':
        return escrow.complete(request, at);
      case 'release':
        return escrow.release(request, at, getsStuck);
      case 'dispute':
        return escrow.dispute(request, at);
      case 'status':
        return escrow.status(request);
      case 'list':
        return escrow.list(request);
      case 'balance':
        return wallet.readBalance(request);
      case 'ledger':
        return wallet.ledger(request);
      case 'order':
        return trading.order(request, at);
      case 'positions':
        return trading.positions(request);
      case 'history':
        return trading.history(request);
      case 'transfer':
        return wallet.transfer(request, at);
      case 'claim':
        return faucet.claim(request, at);
      case 'faucet-status':
        return faucet.status(request, at);
    }
  }

  return {
    profile,
    escrows: escrow.escrows,
    effects: books.effects,
    exposures: trading.exposures,
    balance: books.balance,
    total: books.total,
    rotateKey: books.rotateKey,
    expire: escrow.expire,
    handle(request, now, releaseGetsStuck = false) {
      try {
        return route(request, now, releaseGetsStuck);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        return { status: error.status, body: errorBody(profile, error.code, error.message) };
      }
    },
  };
}
