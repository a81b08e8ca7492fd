import type { Intent } from '../ledger/intent.ts';
import { storedState, type Put, type Update } from './intent-writes.ts';

/** The whole intent of an order, unless its key is known. */
export function putTaken(taken: Intent): Omit<Put, 'TableName'> {
  return {
    Item: { ...taken, state: storedState(taken.state) },
    ConditionExpression: 'attribute_not_exists(#key)',
    ExpressionAttributeNames: { '#key': 'key' },
  };
}

/** Takes over a known intent, on condition that no other invocation has changed it. */
export function retakeUpdate(known: Intent, taken: Intent): Omit<Update, 'TableName'> {
  const isLeased = known.state === 'claimed';
  return {
    Key: { key: known.key },
    ConditionExpression: `#state = :prepared AND #fence = :before${isLeased ? ' AND attribute_exists(#lease)' : ''}`,
    UpdateExpression: `SET #fence = :fence, #owner = :owner, #lease = :lease, #lock = :lock, updatedAt = :at, history = list_append(history, :step)${taken.ledgerBegan === undefined ? '' : ', ledgerBegan = :began'}${taken.reserved === undefined ? ' REMOVE reserved' : ', reserved = :reserved'}`,
    ExpressionAttributeNames: {
      '#state': 'state',
      '#fence': 'fence',
      '#owner': 'owner',
      '#lease': 'lease',
      '#lock': 'lock',
    },
    ExpressionAttributeValues: {
      ':prepared': storedState('claimed'),
      ':before': known.fence,
      ':fence': taken.fence,
      ':owner': taken.owner,
      ':lease': taken.lease,
      ':lock': taken.lock,
      ':at': taken.updatedAt,
      ':step': taken.history.slice(-1),
      ...(taken.ledgerBegan === undefined ? {} : { ':began': taken.ledgerBegan }),
      ...(taken.reserved === undefined ? {} : { ':reserved': taken.reserved }),
    },
  };
}

/** Takes a claimed order to `sending`. Only the invocation that holds its lease may. */
export function sendUpdate(claimed: Intent, sent: Intent): Omit<Update, 'TableName'> {
  return {
    Key: { key: claimed.key },
    ConditionExpression: '#state = :prepared AND #fence = :fence AND #owner = :owner AND attribute_exists(#lease)',
    UpdateExpression:
      'SET #state = :sending, #before = :before, sentAt = :at, updatedAt = :at, history = list_append(history, :step) REMOVE #lease',
    ExpressionAttributeNames: {
      '#state': 'state',
      '#fence': 'fence',
      '#owner': 'owner',
      '#lease': 'lease',
      '#before': 'before',
    },
    ExpressionAttributeValues: {
      ':prepared': storedState('claimed'),
      ':sending': sent.state,
      ':fence': claimed.fence,
      ':owner': claimed.owner,
      ':before': sent.before,
      ':at': sent.updatedAt,
      ':step': sent.history.slice(-1),
    },
  };
}
