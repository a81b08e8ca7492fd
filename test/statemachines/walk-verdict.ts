import type { EffectKind } from '../../src/ledger/effect-key.ts';
import type { ServiceEscrow } from '../simulation/service/escrow.ts';
import type { Operation } from '../simulation/service/operations.ts';
import { HOUR, MINUTE, type Story, type Walked } from './walk-story.ts';

/** What the service shows at each end. */
const STATUS_AT: Readonly<Record<string, ServiceEscrow['status'] | undefined>> = {
  Released: 'released',
  AutoReleased: 'auto_released',
  Refunded: 'refunded',
  FundingFailed: undefined,
};

const OPERATION_OF: Partial<Readonly<Record<EffectKind, Operation>>> = {
  'escrow-create': 'create',
  'escrow-complete': 'complete',
  'escrow-release': 'release',
  'escrow-dispute': 'dispute',
};

/** Everything that is wrong with a walk, in words; nothing where the end, the ledger and the service agree. */
export function problemsOf(walked: Walked, story: Story): string[] {
  return [...settlementProblemsOf(walked, story), ...decisions(walked, story)];
}

/** The same, but for whether it was decided: of an execution that went on it may have been before. */
export function settlementProblemsOf(walked: Walked, story: Story): string[] {
  return [...endProblems(walked, story), ...moneyProblems(walked), ...ledgerProblems(walked)];
}

function endProblems({ execution, escrow, intents }: Walked, story: Story): string[] {
  const end = execution.path.at(-1) ?? '';
  if (end === 'NeedsAttention') {
    const states = [...intents.items.values()].map(({ state }) => state);
    const isLifted = escrow !== undefined && escrow.disputedAt !== null && story.staff?.decision === 'reopen';
    const isExplained =
      isLifted ||
      story.crash?.kind === 'fails-always' ||
      story.shown !== undefined ||
      states.includes('manual') ||
      states.includes('rejected');
    return isExplained ? [] : ['needs attention for no reason'];
  }
  if (!(end in STATUS_AT)) return [`ends in ${end}`];
  return escrow?.status === STATUS_AT[end] ? [] : [`ends in ${end}, and the escrow is ${escrow?.status}`];
}

function moneyProblems({ service, escrow, total, settlements }: Walked): string[] {
  const problems: string[] = [];
  if (service.total() !== total) problems.push(`the service holds ${service.total()}, not ${total}`);
  if (service.escrows.size > 1) problems.push(`${service.escrows.size} escrows for one cause`);
  if (settlements.length > 1) problems.push(`settled ${settlements.length} times`);
  if (escrow === undefined) return problems;
  if (escrow.paid > 1) problems.push(`paid ${escrow.paid} times`);
  const isSettled = ['released', 'auto_released', 'refunded'].includes(escrow.status);
  const left = service.balance(`escrow:${escrow.id}`);
  if (isSettled && left !== 0n) problems.push(`${left} are left in a settled escrow`);
  if (!isSettled && !escrow.isStuck && left !== escrow.amount) problems.push(`${left} are left in an open escrow`);
  return problems;
}

function ledgerProblems({ service, escrow, intents, execution }: Walked): string[] {
  const isFailed = execution.error === 'NeedsAttention';
  return [...intents.items.values()].flatMap(({ key, kind, state }) => {
    // A completion moves nothing: of an escrow that was frozen meanwhile nobody needs to know whether it took place.
    const isMoot = kind === 'escrow-complete';
    const operation = OPERATION_OF[kind];
    const done = service.effects.filter((effect) => effect.operation === operation && effect.key === key).length;
    if (done > 1) return [`${kind} took place ${done} times`];
    switch (state) {
      case 'applied':
        return done === 1 || isSeenToBe(kind, escrow) ? [] : [`${kind} is applied, and did not take place`];
      case 'rejected':
      case 'skipped':
        return done === 0 || isMoot ? [] : [`${kind} is ${state}, and took place`];
      case 'sending':
      case 'unknown':
        return isFailed || isMoot ? [] : [`${kind} is ${state} at the end`];
      case 'claimed':
        return [`${kind} is claimed, which orders alone are`];
      case 'prepared':
        return isMoot || (done === 0 && isFailed) ? [] : [`${kind} is prepared at the end`];
      case 'manual':
        return isFailed || isMoot ? [] : [`${kind} is manual at the end ${execution.path.at(-1)}`];
    }
  });
}

/** Others may have done what an effect was to do; then it is not sent. */
function isSeenToBe(kind: EffectKind, escrow: ServiceEscrow | undefined): boolean {
  switch (kind) {
    case 'escrow-complete':
      return escrow?.completedAt != null;
    case 'escrow-release':
      return escrow?.status === 'released';
    case 'escrow-dispute':
      return escrow?.disputedAt != null;
    default:
      return false;
  }
}

/** No settlement of ours lacks a recorded decision; and what somebody was asked about is not settled undecided. */
function decisions(walked: Walked, story: Story): string[] {
  const { settlements, recorder, execution, escrow } = walked;
  const undecided = settlements
    .filter(({ call, decided }) => call !== decided)
    .map(({ call, decided }) => `the decision before ${call} is ${decided ?? 'none'}`);
  const recorded = recorder.published.flatMap(([type, detail]) =>
    type === 'escrow.reviewed' ? [(detail as { decision: string }).decision] : [],
  );
  const isUndisturbed =
    story.crash === undefined &&
    story.sweepsFrom === undefined &&
    story.shown === undefined &&
    story.counterparty?.action !== 'dispute' &&
    !Object.values(story.faults ?? {}).includes('overtaken');
  const isSettledUndecided =
    isUndisturbed &&
    recorded.includes('ask') &&
    !recorded.some((decision) => ['release', 'dispute', 'let-lapse'].includes(decision));
  const isPaidBySilence =
    isUndisturbed &&
    escrow?.status === 'auto_released' &&
    !recorded.includes('let-lapse') &&
    !recorded.includes('release');
  const isBeyondUs = story.faults?.dispute === 'never-sent' && recorded.includes('dispute');
  return [
    ...undecided,
    ...(isSettledUndecided ? [`asked, and ended undecided in ${execution.path.at(-1)}`] : []),
    ...(isPaidBySilence && !isBeyondUs ? ['paid by silence, and nobody decided so'] : []),
    ...(isPaidBySilence && isBeyondUs ? missedInSilence(walked) : []),
  ];
}

/** Waits are that long at most, and an eighth of what is left before a deadline; the sweep that ends them comes each minute. */
const LONGEST_WAIT = 2 * HOUR;
const PART_OF_WHAT_IS_LEFT = 8;

/**
 * A dispute that cannot be sent until silence pays is beyond us. Up to then it has to be tried, more often as the deadline
 * comes near, and people have to be told that it was missed.
 */
function missedInSilence({ tries, recorder, escrow }: Walked): string[] {
  const paidAt = escrow?.settledAt ?? 0;
  const times = tries.flatMap(({ call, at }) => (call === 'dispute' && at <= paidAt ? [at] : []));
  const lazy = times.flatMap((at, index) => {
    const left = (times[index + 1] ?? paidAt) - at;
    const most = Math.min(LONGEST_WAIT, (paidAt - at) / PART_OF_WHAT_IS_LEFT);
    return left > Math.max(MINUTE, most) + MINUTE ? [`no dispute was tried for ${left / MINUTE} minutes`] : [];
  });
  const isTold = (recorder.counted['DecisionsMissed'] ?? 0) > 0;
  return [
    ...(times.length === 0 ? ['a dispute was decided, and never tried'] : []),
    ...lazy,
    ...(isTold ? [] : ['a dispute was missed, and nobody told']),
  ];
}
