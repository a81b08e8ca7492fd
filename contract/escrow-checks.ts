import { formatUsd, parseUsd, shareOf, subtractUsd, type MicroUsd } from '../src/money.ts';
import {
  notAmount,
  notAnswered,
  notApplied,
  notRefused,
  notUnreadable,
  unless,
  type Differences,
} from './differences.ts';
import type { Party, Run } from './run.ts';

/** The smallest amount that both dialects take. */
export const AMOUNT = parseUsd('1.00');
const FEE = shareOf(AMOUNT, 100);
const NET = subtractUsd(AMOUNT, FEE);
const TIMEOUT_HOURS = 24;
const NO_ESCROW = 'esc_0000000000000000';

export async function checkHealth({ creator }: Run): Promise<Differences> {
  const { service } = await creator.escrow.readHealth();
  return unless(service !== '', 'the service has no name');
}

export async function checkStats({ creator }: Run): Promise<Differences> {
  const stats = await creator.escrow.readStats();
  return unless(stats.created >= stats.released, `${stats.released} released of ${stats.created} created`);
}

/** Locks the amount, and tries what must be refused. */
export async function checkCreate(run: Run): Promise<Differences> {
  const { creator, counterparty, stranger } = run;
  const reference = run.target.profile === 'reference';
  const terms = { description: 'Contract check', counterparty_agent_id: counterparty.agentId, timeout_hours: 24 };
  const refused = [
    ...notRefused('with a key nobody has', await create(run, stranger, counterparty.agentId), 401, 'UNAUTHORIZED'),
    ...notAnswered(
      'below the minimum',
      await run.raw('escrow', 'POST', '/escrow/create', { ...terms, amount_usd: 0.05 }),
      400,
      reference ? 'BELOW_MINIMUM_AMOUNT' : 'invalid_amount',
    ),
    ...notRefused(
      'for an agent nobody is',
      await create(run, creator, 'ag_000000000000'),
      reference ? 400 : 404,
      'COUNTERPARTY_NOT_FOUND',
    ),
    ...(reference
      ? notAnswered(
          'for 721 hours',
          await run.raw('escrow', 'POST', '/escrow/create', { ...terms, amount_usd: 1, timeout_hours: 721 }),
          400,
          'INVALID_TIMEOUT',
        )
      : notRefused('for oneself', await create(run, creator, creator.agentId), 400, 'SELF_ESCROW')),
  ];

  const before = await creator.wallet.readBalance();
  const created = await create(run, creator, counterparty.agentId);
  if (created.kind !== 'applied') return [...refused, ...notApplied(created)];
  run.escrowId = created.result.escrowId;
  const after = await creator.wallet.readBalance();
  return [
    ...refused,
    ...unless(created.result.feeUsd === formatUsd(FEE), `the fee is $${created.result.feeUsd}`),
    ...notAmount("the creator's balance", after.available, subtractUsd(before.available, AMOUNT)),
  ];
}

/** Reads the escrow as anyone may, and one that is not there. */
export async function checkStatus(run: Run): Promise<Differences> {
  const escrowId = createdIn(run);
  const view = await run.stranger.escrow.readStatus(escrowId);
  return [
    ...unless(view.status === 'locked', `the status is ${view.statusShown}`),
    ...notAmount('the amount', view.amount, AMOUNT),
    ...unless(view.creatorAgentId === run.creator.agentId, `the creator is ${view.creatorAgentId}`),
    ...unless(view.counterpartyAgentId === run.counterparty.agentId, `the counterparty is ${view.counterpartyAgentId}`),
    ...unless(view.description.startsWith('contract:'), 'the description does not start with the client reference'),
    ...unless(
      Date.parse(view.deadlineAt) - Date.parse(view.createdAt) === TIMEOUT_HOURS * 3_600_000,
      `locked at ${view.createdAt} for ${TIMEOUT_HOURS} h, it ends at ${view.deadlineAt}`,
    ),
    ...(await notUnreadable(
      'one that is not there',
      run.creator.escrow.readStatus(NO_ESCROW),
      404,
      'ESCROW_NOT_FOUND',
    )),
  ];
}

/** Finds the escrow in both parties' lists, or that there is no list. */
export async function checkList(run: Run): Promise<Differences> {
  const escrowId = createdIn(run);
  const page = await run.creator.escrow.list({ status: 'locked', role: 'creator', limit: 100 });
  if (page.kind === 'unsupported') {
    return notAnswered('the list', await run.raw('escrow', 'GET', '/escrow/list'), 404, 'not_found');
  }
  const row = page.value.escrows.find((escrow) => escrow.escrowId === escrowId);
  const theirs = await run.counterparty.escrow.list({ role: 'counterparty' });
  return [
    ...unless(row !== undefined, `${escrowId} is not among the creator's ${page.value.total} locked ones`),
    ...unless(row === undefined || row.role === 'creator', `the creator's role is ${row?.role}`),
    ...unless(
      row === undefined || row.description.startsWith('contract:'),
      'the row does not start with the reference',
    ),
    ...unless(
      theirs.kind === 'read' && theirs.value.escrows.some((escrow) => escrow.escrowId === escrowId),
      `${escrowId} is not in the counterparty's list`,
    ),
  ];
}

/** Delivers, as only the counterparty may, once. */
export async function checkComplete(run: Run): Promise<Differences> {
  const escrowId = createdIn(run);
  const before = await run.creator.escrow.readStatus(escrowId);
  const wrong = notRefused('by the creator', await complete(run, run.creator, escrowId), 403, ofParty(run));
  const applied = notApplied(await complete(run, run.counterparty, escrowId));
  const after = await run.creator.escrow.readStatus(escrowId);
  const again = await complete(run, run.counterparty, escrowId);
  // The reference begins a new window; the published server keeps the first.
  const moved = Date.parse(after.deadlineAt) >= Date.parse(before.deadlineAt);
  const same = after.deadlineAt === before.deadlineAt;
  return [
    ...wrong,
    ...applied,
    ...unless(after.status === 'completed', `the status is ${after.statusShown}`),
    ...unless(
      run.target.profile === 'reference' ? moved : same,
      `completed, its deadline went from ${before.deadlineAt} to ${after.deadlineAt}`,
    ),
    ...notRefused('twice', again, 409, 'INVALID_STATUS_TRANSITION'),
  ];
}

/** Pays, as only the creator may, once. */
export async function checkRelease(run: Run): Promise<Differences> {
  const escrowId = createdIn(run);
  const wrong = notRefused('by the counterparty', await release(run, run.counterparty, escrowId), 403, ofParty(run));
  const before = await run.counterparty.wallet.readBalance();
  const answer = await release(run, run.creator, escrowId);
  const after = await run.counterparty.wallet.readBalance();
  const { status, statusShown } = await run.creator.escrow.readStatus(escrowId);
  return [
    ...wrong,
    ...notApplied(answer),
    ...unless(
      answer.kind !== 'applied' || answer.result.paidOutUsd === formatUsd(NET),
      `paid out is $${answer.kind === 'applied' ? answer.result.paidOutUsd : ''}`,
    ),
    ...unless(status === 'released', `the status is ${statusShown}`),
    ...notAmount("the counterparty's balance", after.available, (before.available + NET) as MicroUsd),
    ...notRefused('twice', await release(run, run.creator, escrowId), 409, 'INVALID_STATUS_TRANSITION'),
    ...notRefused('of one that is not there', await release(run, run.creator, NO_ESCROW), 404, 'ESCROW_NOT_FOUND'),
  ];
}

/** Freezes a second escrow, for good. */
export async function checkDispute(run: Run): Promise<Differences> {
  const second = await create(run, run.creator, run.counterparty.agentId);
  if (second.kind !== 'applied') return notApplied(second);
  const { escrowId } = second.result;
  const applied = notApplied(await dispute(run, escrowId));
  const { status, statusShown } = await run.creator.escrow.readStatus(escrowId);
  const code = run.target.profile === 'reference' ? 'ALREADY_DISPUTED' : 'INVALID_STATUS_TRANSITION';
  return [
    ...applied,
    ...unless(status === 'disputed', `the status is ${statusShown}`),
    ...notRefused('twice', await dispute(run, escrowId), 409, code),
    ...notRefused('and then released', await release(run, run.creator, escrowId), 409, 'INVALID_STATUS_TRANSITION'),
  ];
}

function create(run: Run, party: Party, counterpartyAgentId: string) {
  const effect = run.newEffect();
  const body = party.escrow.bodies.create({
    reference: effect.reference,
    amount: AMOUNT,
    description: 'Contract check',
    counterpartyAgentId,
    timeoutHours: TIMEOUT_HOURS,
    metadata: {},
  });
  return party.escrow.create({ ...effect, body });
}

function complete(run: Run, party: Party, escrowId: string) {
  const body = party.escrow.bodies.complete({ note: 'Contract check' });
  return party.escrow.complete(escrowId, { ...run.newEffect(), body });
}

function release(run: Run, party: Party, escrowId: string) {
  return party.escrow.release(escrowId, { ...run.newEffect(), body: party.escrow.bodies.release('Contract check') });
}

function dispute(run: Run, escrowId: string) {
  const { escrow } = run.creator;
  return escrow.dispute(escrowId, { ...run.newEffect(), body: escrow.bodies.dispute({ reason: 'Contract check' }) });
}

/** What the wrong party of an escrow is told. */
function ofParty(run: Run): string {
  return run.target.profile === 'reference' ? 'WRONG_PARTY' : 'FORBIDDEN';
}

function createdIn(run: Run): string {
  if (run.escrowId === undefined) throw new Error('not tried: there is no escrow to try it on');
  return run.escrowId;
}
