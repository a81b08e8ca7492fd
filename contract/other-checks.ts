import { parseUsd, sumUsd } from '../src/money.ts';
import { notAmount, notApplied, notRefused, unless, type Differences } from './differences.ts';
import type { Run } from './run.ts';

const TRANSFER = parseUsd('0.01');
const ORDER = parseUsd('2.00');
/** An exchange fills whole lots: a little less than was asked. */
const LEAST_FILLED = parseUsd('1.90');
const ASSET = 'BTC-USDC';

export async function checkBalance({ creator, counterparty }: Run): Promise<Differences> {
  const [own, theirs] = [await creator.wallet.readBalance(), await counterparty.wallet.readBalance()];
  return unless(own.agentId !== theirs.agentId, `both keys belong to ${own.agentId}`);
}

/** Finds the lock of the escrow in the agent's own ledger. */
export async function checkLedger(run: Run): Promise<Differences> {
  const ledger = await run.creator.wallet.readLedger();
  if (ledger.kind === 'unsupported') return [ledger.reason];
  const lock = ledger.value.find(({ reason }) => reason === `escrow_lock: ${run.escrowId}`);
  return unless(lock !== undefined, `no row says "escrow_lock: ${run.escrowId}"`);
}

/** Pays a cent to the counterparty. */
export async function checkTransfer(run: Run): Promise<Differences> {
  const { creator, counterparty, stranger } = run;
  const transfer = async (from: typeof creator) => {
    const effect = run.newEffect();
    const body = from.wallet.transferBody({
      reference: effect.reference,
      fromAgentId: creator.agentId,
      toAgentId: counterparty.agentId,
      amount: TRANSFER,
      memo: 'Contract check',
    });
    return from.wallet.transfer({ ...effect, body });
  };
  const wrong = notRefused('with a key nobody has', await transfer(stranger), 401, 'UNAUTHORIZED');
  const before = await counterparty.wallet.readBalance();
  const applied = notApplied(await transfer(creator));
  const after = await counterparty.wallet.readBalance();
  return [
    ...wrong,
    ...applied,
    ...notAmount("the counterparty's balance", after.available, sumUsd(before.available, TRANSFER)),
  ];
}

/** Opens a position of $2, which stays open. */
export async function checkOrder(run: Run): Promise<Differences> {
  const order = async ({ trading }: typeof run.creator) => {
    const effect = run.newEffect();
    const body = trading.orderBody({
      reference: effect.reference,
      agentId: run.creator.traderId,
      asset: ASSET,
      direction: 'long',
      amount: ORDER,
      leverage: 1,
      metadata: {},
    });
    return trading.placeOrder({ ...effect, body });
  };
  return [
    ...notRefused('with a key nobody has', await order(run.stranger), 401, 'UNAUTHORIZED'),
    ...notApplied(await order(run.creator)),
  ];
}

/** Finds the position that the order opened. */
export async function checkPositions(run: Run): Promise<Differences> {
  const positions = await run.creator.trading.readPositions();
  const opened = positions.some(
    ({ asset, direction, amount }) => asset === ASSET && direction === 'long' && amount >= LEAST_FILLED,
  );
  return unless(opened, `no long position of ${ASSET} among ${positions.length}`);
}

/** Finds the fill of the order. */
export async function checkHistory(run: Run): Promise<Differences> {
  const history = await run.creator.trading.readHistory();
  if (history.kind === 'unsupported') return [history.reason];
  const filled = history.value.some(({ asset, direction }) => asset === ASSET && direction === 'long');
  return unless(filled, `no buy of ${ASSET} among ${history.value.length}`);
}

/** Claims for the counterparty; whether or not it is the first time, the next is refused. */
export async function checkClaim(run: Run): Promise<Differences> {
  const { faucet, agentId } = run.counterparty;
  const claim = () => faucet.claim({ ...run.newEffect(), body: faucet.claimBody(agentId) });
  const first = await claim();
  const known = first.kind === 'rejected' && first.failure?.code === 'ALREADY_CLAIMED';
  return [...(known ? [] : notApplied(first)), ...notRefused('twice', await claim(), 409, 'ALREADY_CLAIMED')];
}

/** Asks after the claim, when there is nothing to claim. */
export async function checkFaucetStatus({ counterparty }: Run): Promise<Differences> {
  const status = await counterparty.faucet.readStatus();
  return unless(status.kind === 'read' && !status.value.canClaim, 'the agent may claim again at once');
}
