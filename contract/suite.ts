import { describeError } from '../src/errors.ts';
import type { Profile } from '../src/purple-flea/service.ts';
import type { Differences } from './differences.ts';
import {
  checkComplete,
  checkCreate,
  checkDispute,
  checkHealth,
  checkList,
  checkRelease,
  checkStats,
  checkStatus,
} from './escrow-checks.ts';
import {
  checkBalance,
  checkClaim,
  checkFaucetStatus,
  checkHistory,
  checkLedger,
  checkOrder,
  checkPositions,
  checkTransfer,
} from './other-checks.ts';
import type { Exchange, Run, ServiceName } from './run.ts';
import { compareShapes } from './shapes.ts';

/** One operation, where each dialect has it, and what is checked of it. */
export interface Check {
  readonly operation: `${ServiceName}.${string}`;
  /** Method and start of the path; undefined where the dialect has no such operation. */
  readonly route: Readonly<Record<Profile, string | undefined>>;
  readonly run: (run: Run) => Promise<Differences>;
}

/** In this order: later checks work on what earlier ones did. */
const CHECKS: readonly Check[] = [
  { operation: 'escrow.health', route: both('GET /health'), run: checkHealth },
  { operation: 'escrow.stats', route: both('GET /escrow/stats'), run: checkStats },
  {
    operation: 'wallet.balance',
    route: { reference: 'GET /wallet/balance', published: 'GET /api/v1/auth/balance' },
    run: checkBalance,
  },
  { operation: 'escrow.create', route: both('POST /escrow/create'), run: checkCreate },
  {
    operation: 'escrow.status',
    route: { reference: 'GET /escrow/status/', published: 'GET /escrow/esc_' },
    run: checkStatus,
  },
  { operation: 'escrow.list', route: { reference: 'GET /escrow/list', published: undefined }, run: checkList },
  {
    operation: 'wallet.ledger',
    route: { reference: undefined, published: 'GET /api/v1/auth/ledger' },
    run: checkLedger,
  },
  { operation: 'escrow.complete', route: both('POST /escrow/complete/'), run: checkComplete },
  { operation: 'escrow.release', route: both('POST /escrow/release/'), run: checkRelease },
  { operation: 'escrow.dispute', route: both('POST /escrow/dispute/'), run: checkDispute },
  {
    operation: 'wallet.transfer',
    route: { reference: 'POST /wallet/transfer', published: 'POST /api/v1/stats/pay' },
    run: checkTransfer,
  },
  {
    operation: 'trading.order',
    route: { reference: 'POST /trading/order', published: 'POST /v1/trade/open' },
    run: checkOrder,
  },
  {
    operation: 'trading.positions',
    route: { reference: 'GET /trading/positions', published: 'GET /v1/trade/positions' },
    run: checkPositions,
  },
  {
    operation: 'trading.history',
    route: { reference: undefined, published: 'GET /v1/trade/history' },
    run: checkHistory,
  },
  {
    operation: 'faucet.claim',
    route: { reference: 'POST /api/claim', published: 'POST /faucet/claim' },
    run: checkClaim,
  },
  {
    operation: 'faucet.status',
    route: { reference: 'GET /api/status', published: undefined },
    run: checkFaucetStatus,
  },
];

/** How an operation compares with the contract. `differences` is empty where it agrees. */
export interface Finding {
  readonly operation: string;
  readonly verdict: 'agrees' | 'differs' | 'missing';
  readonly differences: Differences;
  /** Fields that nobody documents; they do no harm. */
  readonly undocumented: readonly string[];
  /** Requests to the operation's route with what came back; the last is the most telling. */
  readonly seen: readonly Exchange[];
}

/** Checks every operation that the target's dialect has; `report` takes each finding as it is made. */
export async function checkContract(
  run: Run,
  services: readonly ServiceName[],
  report: (finding: Finding) => void,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of checksOf(run.target.profile, services)) {
    const finding = await findOut(check, run);
    report(finding);
    findings.push(finding);
  }
  return findings;
}

/** The checks of a dialect. That the published escrow has no list is checked, too. */
export function checksOf(profile: Profile, services: readonly ServiceName[]): readonly Check[] {
  return CHECKS.filter(
    ({ operation, route }) =>
      services.some((service) => operation.startsWith(`${service}.`)) &&
      (route[profile] !== undefined || operation === 'escrow.list'),
  );
}

async function findOut({ operation, route, run: check }: Check, run: Run): Promise<Finding> {
  const start = run.exchanges.length;
  const found = await check(run).catch((error: unknown): Differences => [describeError(error)]);
  const seen = run.exchanges.slice(start).filter((exchange) => isOn(route[run.target.profile], exchange));
  const shapes = compareShapes(run.target.profile, run.exchanges.slice(start));
  const differences = [...found, ...shapes.differences];
  const missing = seen.length > 0 && seen.every(isNotThere);
  const otherwise = missing ? 'missing' : 'differs';
  const { undocumented } = shapes;
  return { operation, verdict: differences.length === 0 ? 'agrees' : otherwise, differences, undocumented, seen };
}

function isOn(route: string | undefined, { method, path }: Exchange): boolean {
  return route !== undefined && `${method} ${path}`.startsWith(route);
}

/** A 404 that speaks of no escrow and no agent. */
function isNotThere({ answer }: Exchange): boolean {
  if (answer.kind !== 'answered' || answer.status !== 404) return false;
  const { error, message } = (answer.body ?? {}) as { error?: unknown; message?: unknown };
  return (
    error === undefined || (['not_found', 'NOT_FOUND'].some((code) => code === error) && message !== 'Escrow not found')
  );
}

function both(route: string): Record<Profile, string> {
  return { reference: route, published: route };
}
