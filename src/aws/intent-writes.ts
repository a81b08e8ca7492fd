import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import {
  MAX_STEPS,
  withStep,
  type Claim,
  type Ending,
  type Intent,
  type IntentState,
  type IntentStep,
  type IntentWait,
} from '../ledger/intent.ts';
import type { BudgetChange } from '../ledger/order-claim.ts';
import { NO_USD } from '../money.ts';

export type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];
export type Update = NonNullable<TransactItem['Update']>;
export type Put = NonNullable<TransactItem['Put']>;
type Delete = NonNullable<TransactItem['Delete']>;

/**
 * How a state is stored. A claimed order is stored as `prepared` with a lease: so functions of the version before take it for
 * what it is to them, not sent, and a rollback leaves none behind.
 */
export function storedState(state: IntentState): IntentState {
  return state === 'claimed' ? 'prepared' : state;
}

/** An intent as it was stored. A lease of another claim than the last was left by a function of the version before. */
export function readIntent<Stored extends Pick<Intent, 'state' | 'fence' | 'lease'>>(stored: Stored): Stored {
  const isClaimed = stored.state === 'prepared' && stored.lease !== undefined && stored.lease.fence === stored.fence;
  return isClaimed ? { ...stored, state: 'claimed' } : stored;
}

export function waitSets(wait: IntentWait): string {
  return presentIn(wait)
    .map(([name]) => `${name} = :${name}`)
    .join(', ');
}

export function waitValues(wait: IntentWait): Readonly<Record<string, unknown>> {
  return Object.fromEntries(presentIn(wait).map(([name, value]) => [`:${name}`, value]));
}

function presentIn({ notBefore, waits, limitWaits, waitsFor, wakes }: IntentWait): [string, unknown][] {
  const fields = { notBefore, waits, limitWaits, waitsFor, wakes };
  return Object.entries(fields).filter(([, value]) => value !== undefined);
}

export function step(state: IntentState, at: Date, note: string): IntentStep {
  return { state, at: at.toISOString(), note };
}

export function claimUpdate(
  claim: Claim,
  taken: Pick<Intent, 'reserved' | 'lock' | 'before' | 'ledgerBegan'>,
  at: Date,
): Omit<Update, 'TableName'> {
  const present = Object.entries(taken).filter(([, value]) => value !== undefined);
  const names = Object.fromEntries(present.map(([name]) => [`#${name}`, name]));
  const values = Object.fromEntries(present.map(([name, value]) => [`:${name}`, value]));
  const sets = present.map(([name]) => `, #${name} = :${name}`).join('');
  return {
    Key: { key: claim.key },
    ConditionExpression: '#state = :prepared AND #fence = :before_fence',
    UpdateExpression: `SET #state = :sending, #fence = :fence, #owner = :owner, sentAt = :at, updatedAt = :at, history = list_append(history, :step)${sets}`,
    ExpressionAttributeNames: { '#state': 'state', '#fence': 'fence', '#owner': 'owner', ...names },
    ExpressionAttributeValues: {
      ':prepared': 'prepared',
      ':sending': 'sending',
      ':before_fence': claim.fence - 1,
      ':fence': claim.fence,
      ':owner': claim.owner,
      ':at': at.toISOString(),
      ':step': [step('sending', at, `attempt ${claim.fence}`)],
      ...values,
    },
  };
}

/** An intent that nobody ever claimed has no owner: then none may have come in between. */
export function moveUpdate(
  stored: Intent,
  ending: Ending,
  at: Date,
  { returns, unlocks }: { readonly returns: boolean; readonly unlocks: boolean },
): Omit<Update, 'TableName'> {
  const added = step(ending.state, at, ending.note);
  const isLong = stored.history.length >= MAX_STEPS;
  const isLeased = stored.state === 'claimed';
  const owned = stored.owner === undefined ? 'attribute_not_exists(#owner)' : '#owner = :owner';
  const sets = [
    '#state = :state',
    'updatedAt = :at',
    isLong ? 'history = :history' : 'history = list_append(history, :step)',
    ending.result === undefined ? 'reason = :note' : '#result = :result',
    ...(ending.decision === undefined ? [] : ['decision = :decision']),
    ...(ending.retriedAs === undefined ? [] : ['retriedAs = :retriedAs']),
    ...(ending.skip === undefined ? [] : ['#skip = :skip']),
    ...(ending.wait === undefined ? [] : [waitSets(ending.wait)]),
  ];
  const removed = [
    ...(returns ? ['reserved', 'absentSince'] : []),
    ...(unlocks ? ['#lock'] : []),
    ...(isLeased ? ['#lease'] : []),
  ];
  return {
    Key: { key: stored.key },
    ConditionExpression: `#state = :from AND #fence = :fence AND ${owned}${isLeased ? ' AND attribute_exists(#lease)' : ''}`,
    UpdateExpression: `SET ${sets.join(', ')}${removed.length === 0 ? '' : ` REMOVE ${removed.join(', ')}`}`,
    ExpressionAttributeNames: {
      '#state': 'state',
      '#fence': 'fence',
      '#owner': 'owner',
      ...(unlocks ? { '#lock': 'lock' } : {}),
      ...(isLeased ? { '#lease': 'lease' } : {}),
      ...(ending.skip === undefined ? {} : { '#skip': 'skip' }),
      ...(ending.result === undefined ? {} : { '#result': 'result' }),
    },
    ExpressionAttributeValues: {
      ':from': storedState(stored.state),
      ':state': ending.state,
      ':fence': stored.fence,
      ':at': at.toISOString(),
      ...(isLong ? { ':history': withStep(stored.history, added) } : { ':step': [added] }),
      ...(stored.owner === undefined ? {} : { ':owner': stored.owner }),
      ...(ending.result === undefined ? { ':note': ending.note } : { ':result': ending.result }),
      ...(ending.decision === undefined ? {} : { ':decision': ending.decision }),
      ...(ending.retriedAs === undefined ? {} : { ':retriedAs': ending.retriedAs }),
      ...(ending.skip === undefined ? {} : { ':skip': ending.skip }),
      ...(ending.wait === undefined ? {} : waitValues(ending.wait)),
    },
  };
}

/**
 * Takes a part of a budget if enough of it is left, or gives one back. Amounts are integers of a millionth of a dollar. Of a
 * limit that is smaller than the amount nothing is left, also where nothing is used.
 */
export function changeBudget({ budget, amount, limit = NO_USD }: BudgetChange, at: Date): Omit<Update, 'TableName'> {
  const Key = { key: `budget/${budget}` };
  const time = { ':at': at.toISOString() };
  if (amount < 0n) {
    return {
      Key,
      ConditionExpression: 'used >= :amount',
      UpdateExpression: 'SET updatedAt = :at ADD used :back',
      ExpressionAttributeValues: { ':amount': -amount, ':back': amount, ...time },
    };
  }
  return {
    Key,
    ConditionExpression: amount > limit ? 'used <= :room' : 'attribute_not_exists(used) OR used <= :room',
    UpdateExpression: 'SET updatedAt = :at ADD used :amount',
    ExpressionAttributeValues: { ':amount': amount, ':room': limit - amount, ...time },
  };
}

export function takeLock(lock: string, holder: string, at: Date): Omit<Put, 'TableName'> {
  return {
    Item: { key: lock, holder, updatedAt: at.toISOString() },
    ConditionExpression: 'attribute_not_exists(#key) OR holder = :holder',
    ExpressionAttributeNames: { '#key': 'key' },
    ExpressionAttributeValues: { ':holder': holder },
  };
}

export function dropLock(lock: string, holder: string): Omit<Delete, 'TableName'> {
  return {
    Key: { key: lock },
    ConditionExpression: 'holder = :holder',
    ExpressionAttributeValues: { ':holder': holder },
  };
}
