import { describeError, SecretUnusableError } from '../errors.ts';
import type { BudgetPolicy } from '../ledger/budgets.ts';
import type { ReadStop } from '../ledger/stop.ts';
import { formatUsd, parseUsd, type MicroUsd } from '../money.ts';
import type { Market } from './market.ts';
import type { TradePolicy, TradingMode } from './trade-policy.ts';

/** One thing that has to be so before orders go out. */
export interface ReadinessCheck {
  readonly check: 'secret' | 'balance' | 'positions' | 'order' | 'exposure' | 'daily-notional' | 'daily-loss' | 'stop';
  readonly ok: boolean;
  /** What was found, or what is wrong and how to mend it; never a key. */
  readonly detail: string;
  /** Set where it could not be looked at: that is no "no". */
  readonly isUnread?: true;
}

/** What the function check-readiness answers. */
export interface ReadinessReport {
  readonly mode: TradingMode;
  /** Of the mode that is set. */
  readonly checks: readonly ReadinessCheck[];
  /** Of the mode `live`. */
  readonly toGoLive: readonly ReadinessCheck[];
}

export interface ReadinessDeps {
  /** Opens the market that is asked about. @throws SecretUnusableError where there is no usable key to it. */
  readonly openMarket: () => Promise<Market>;
  readonly policy: TradePolicy;
  readonly budgets: BudgetPolicy;
  readonly readStop: ReadStop;
}

/** Checks whether orders may go out in a market. Reads alone, and never throws: what cannot be read is a check that fails. */
export async function checkReadiness(deps: ReadinessDeps): Promise<ReadinessCheck[]> {
  const [account, stop] = await Promise.all([checkAccount(deps), checkStop(deps)]);
  return [...account, ...checkLimits(deps), stop];
}

/** The failing checks in one line. */
export function describeFailing(checks: readonly ReadinessCheck[]): string {
  return checks
    .filter(({ ok }) => !ok)
    .map(({ check, detail }) => `${check}: ${detail}`)
    .join('; ');
}

/** The checks that fail; none where orders may go out. */
export type FindUnready = () => Promise<readonly ReadinessCheck[]>;

/**
 * Finds the limits that keep orders from going out live. The account is looked at for each order, and so is the stop: what
 * cannot be read there waits. Paper needs no permission.
 */
export function createFindUnready(deps: Pick<ReadinessDeps, 'policy' | 'budgets'>): FindUnready {
  const failing = deps.policy.mode === 'paper' ? [] : checkLimits(deps).filter(({ ok }) => !ok);
  return async () => failing;
}

async function checkAccount({ openMarket, policy }: ReadinessDeps): Promise<ReadinessCheck[]> {
  let market: Market;
  try {
    market = await openMarket();
  } catch (error) {
    const unasked = { ok: false, detail: 'not asked: there is no usable key' };
    return [
      {
        check: 'secret',
        ok: false,
        detail: error instanceof SecretUnusableError ? error.message : describeError(error),
      },
      { check: 'balance', ...unasked },
      { check: 'positions', ...unasked },
    ];
  }
  const [balance, positions] = await Promise.all([
    attempt('balance', async () => describeBalance(await market.readBalance(), policy)),
    attempt('positions', async () => `${(await market.trading.readPositions()).length} open`),
  ]);
  const secret = { check: 'secret', ok: true, detail: `it has a key of ${market.agentId}` } as const;
  return market.mode === 'live' ? [secret, balance, positions] : [balance, positions];
}

function describeBalance(balance: MicroUsd | undefined, { minBalanceUsd }: TradePolicy): string {
  if (balance === undefined) return 'this dialect does not show it; see positions';
  const free = `${usd(balance)} are free`;
  return balance < minBalanceUsd ? `${free}, and no order goes out below ${usd(minBalanceUsd)}` : free;
}

async function checkStop({ readStop }: ReadinessDeps): Promise<ReadinessCheck> {
  return attempt('stop', async () => {
    const mode = await readStop();
    return mode === 'running' ? mode : `${mode}: no order goes out until it is on running`;
  });
}

async function attempt(check: ReadinessCheck['check'], read: () => Promise<string>): Promise<ReadinessCheck> {
  try {
    return { check, ok: true, detail: await read() };
  } catch (error) {
    return { check, ok: false, detail: describeError(error), isUnread: true };
  }
}

/** Whether every limit is set, and none is one that no order fits. */
function checkLimits({ policy, budgets }: Pick<ReadinessDeps, 'policy' | 'budgets'>): ReadinessCheck[] {
  const { size, maxOrderUsd, markets, dailyLossUsd } = policy;
  const asked = size.by === 'fixed' ? size.amountUsd : size.toUsd;
  const largest = asked < maxOrderUsd ? asked : maxOrderUsd;
  const tight = markets.filter(({ maxExposureUsd }) => maxExposureUsd <= 0n || maxExposureUsd < largest);
  const daily = budgets.perDay['trade-order'];
  const notional = daily === undefined ? undefined : parseUsd(daily);
  return [
    limit(
      'order',
      largest > 0n,
      `orders of ${usd(largest)} at most`,
      'trading.size and trading.maxOrderUsd have to be set',
    ),
    markets.length === 0
      ? { check: 'exposure', ok: false, detail: 'trading.markets is empty: nothing may be traded' }
      : limit(
          'exposure',
          tight.length === 0,
          markets.map(({ asset, maxExposureUsd }) => `${asset} ${usd(maxExposureUsd)}`).join(', '),
          `maxExposureUsd of ${tight.map(({ asset }) => asset).join(', ')} is less than one order of ${usd(largest)}`,
        ),
    limit(
      'daily-notional',
      notional !== undefined && notional > 0n && notional >= largest,
      `${usd(notional)} a day`,
      `budgets.perDay.trade-order is ${usd(notional)}; it has to be set, and at least one order of ${usd(largest)}`,
    ),
    limit(
      'daily-loss',
      dailyLossUsd > 0n,
      `${usd(dailyLossUsd)} a day`,
      'trading.dailyLossUsd has to be more than nothing',
    ),
  ];
}

function limit(check: ReadinessCheck['check'], ok: boolean, set: string, problem: string): ReadinessCheck {
  return { check, ok, detail: ok ? set : problem };
}

function usd(amount: MicroUsd | undefined): string {
  return amount === undefined ? 'not set' : `$${formatUsd(amount)}`;
}
