import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { reservedOf } from '../ledger/budgets.ts';
import type { MicroUsd } from '../money.ts';
import { canaryKey, lastOrderKey, type Canary, type LastOrder } from '../ledger/latest.ts';
import { skippedIntent, type Intent, type IntentCursor, type IntentState, type IntentStore } from '../ledger/intent.ts';
import { createIntentAccess, type Pause } from './intent-access.ts';
import {
  changeBudget,
  claimUpdate,
  readIntent,
  step,
  storedState,
  takeLock,
  waitSets,
  waitValues,
} from './intent-writes.ts';

/** Name of the index over `state` and `updatedAt`. */
export const BY_STATE_INDEX = 'by-state';

/**
 * Intents in DynamoDB, one item an effect key, and beside them one item for each day's budget (`budget/...`) and for each
 * escrow that is being settled (`settlement/...`). A claim takes all that it needs in one transaction, or nothing.
 *
 * An acknowledgement may get lost and the write is then made again: a write that meets its own earlier one counts as done.
 */
export function createIntentTable(documents: DynamoDBDocumentClient, tableName: string, pause?: Pause): IntentStore {
  const { read, readItem, readExisting, transact, writeEnding, note } = createIntentAccess(documents, tableName, pause);

  /** Writes a whole intent unless its key is known; returns what is stored then, and whether it is this one. */
  const write = async (intent: Intent): Promise<{ intent: Intent; isNew: boolean }> => {
    try {
      await documents.send(
        new PutCommand({
          TableName: tableName,
          Item: intent,
          ConditionExpression: 'attribute_not_exists(#key)',
          ExpressionAttributeNames: { '#key': 'key' },
        }),
      );
      return { intent, isNew: true };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return { intent: await readExisting(intent.key), isNew: false };
    }
  };

  return {
    read,

    async readHolder(lock) {
      const item = (await read(lock)) as { readonly holder?: string } | undefined;
      return item?.holder;
    },

    async readCanary(agent) {
      return (await readItem(canaryKey(agent))) as Canary | undefined;
    },

    async readLastOrder(market) {
      return (await readItem(lastOrderKey(market))) as LastOrder | undefined;
    },

    async readUsed(budget) {
      const item = (await read(`budget/${budget}`)) as { readonly used?: number | bigint } | undefined;
      return BigInt(item?.used ?? 0) as MicroUsd;
    },

    async prepare(newIntent, at) {
      const { intent } = await write({
        ...newIntent,
        state: 'prepared',
        fence: 0,
        createdAt: at.toISOString(),
        updatedAt: at.toISOString(),
        history: [step('prepared', at, 'written before the call')],
      });
      return intent;
    },

    skip: (skip, at) => write(skippedIntent(skip, at)),

    async claim(claim, { reservations, lock, before, ledgerBegan }, at) {
      const beyond = reservations.find(({ amount, limit }) => amount > limit);
      if (beyond !== undefined) return { kind: 'over-budget', budget: beyond.budget };

      const taken = {
        reserved: reservations.length === 0 ? undefined : reservedOf(reservations),
        lock,
        before,
        ledgerBegan,
      };
      const failed = await transact(
        [
          { Update: { TableName: tableName, ...claimUpdate(claim, taken, at) } },
          ...reservations.map((reservation) => ({
            Update: { TableName: tableName, ...changeBudget(reservation, at) },
          })),
          ...(lock === undefined ? [] : [{ Put: { TableName: tableName, ...takeLock(lock, claim.key, at) } }]),
        ],
        `claim ${claim.key} ${claim.owner} ${claim.fence}`,
      );
      if (failed === undefined) return { kind: 'claimed' };
      if (failed === 0) {
        const stored = await readExisting(claim.key);
        const isOurs = stored.state === 'sending' && stored.owner === claim.owner && stored.fence === claim.fence;
        return { kind: isOurs ? 'claimed' : 'lost' };
      }
      const budget = reservations[failed - 1]?.budget;
      if (budget !== undefined) return { kind: 'over-budget', budget };
      const holder = (await read(lock ?? '')) as { readonly holder?: string } | undefined;
      return { kind: 'locked', holder: holder?.holder ?? 'unknown' };
    },

    async move(from, ending, at) {
      const stored = await readExisting(from.key);
      if (stored.state !== from.state || stored.fence !== from.fence || stored.owner !== from.owner) return stored;
      await writeEnding(stored, ending, at, false);
      return readExisting(from.key);
    },

    postpone({ key, fence, waits }, wait, reason, at) {
      return note(key, {
        ConditionExpression: `#state = :state AND #fence = :fence AND ${waits === undefined ? 'attribute_not_exists(waits)' : 'waits = :before'}`,
        UpdateExpression: `SET updatedAt = :at, reason = :reason, ${waitSets(wait)}`,
        ExpressionAttributeNames: { '#state': 'state', '#fence': 'fence' },
        ExpressionAttributeValues: {
          ':state': 'prepared',
          ':fence': fence,
          ...(waits === undefined ? {} : { ':before': waits }),
          ':reason': reason,
          ':at': at.toISOString(),
          ...waitValues(wait),
        },
      });
    },

    noteLook({ key, state, fence }, at, isFirst) {
      return note(key, {
        ConditionExpression: '#state = :state AND #fence = :fence',
        UpdateExpression: `SET updatedAt = :at${isFirst ? ', absentSince = :at' : ''}`,
        ExpressionAttributeNames: { '#state': 'state', '#fence': 'fence' },
        ExpressionAttributeValues: { ':state': storedState(state), ':fence': fence, ':at': at.toISOString() },
      });
    },

    async list(state, changedBefore, limit) {
      const found: Intent[] = [];
      let after: IntentCursor | undefined;
      let pages = 0;
      // A page ends at one megabyte, however few intents that is.
      do {
        const { Items = [], LastEvaluatedKey } = await documents.send(
          new QueryCommand({
            TableName: tableName,
            IndexName: BY_STATE_INDEX,
            KeyConditionExpression: '#state = :state AND updatedAt < :before',
            ExpressionAttributeNames: { '#state': 'state' },
            ExpressionAttributeValues: { ':state': storedState(state), ':before': changedBefore.toISOString() },
            Limit: storedState(state) === state ? limit - found.length : MIXED_PAGE,
            ...(after === undefined ? {} : { ExclusiveStartKey: after }),
          }),
        );
        found.push(...inState(state, Items as Intent[]));
        after = LastEvaluatedKey as IntentCursor | undefined;
        pages += 1;
      } while (after !== undefined && found.length < limit && pages < MAX_PAGES);
      return found.slice(0, limit);
    },

    async listApplied(limit, after) {
      const { Items = [], LastEvaluatedKey } = await documents.send(
        new QueryCommand({
          TableName: tableName,
          IndexName: BY_STATE_INDEX,
          KeyConditionExpression: '#state = :state',
          ExpressionAttributeNames: { '#state': 'state' },
          ExpressionAttributeValues: { ':state': 'applied' },
          ScanIndexForward: false,
          Limit: limit,
          ...(after === undefined ? {} : { ExclusiveStartKey: after }),
        }),
      );
      return { intents: Items as Intent[], next: LastEvaluatedKey as IntentCursor | undefined };
    },

    async listSince(state, since, limit, after) {
      const { Items = [], LastEvaluatedKey } = await documents.send(
        new QueryCommand({
          TableName: tableName,
          IndexName: BY_STATE_INDEX,
          KeyConditionExpression: '#state = :state AND updatedAt >= :since',
          ExpressionAttributeNames: { '#state': 'state' },
          ExpressionAttributeValues: { ':state': storedState(state), ':since': since.toISOString() },
          Limit: limit,
          ...(after === undefined ? {} : { ExclusiveStartKey: after }),
        }),
      );
      return { intents: inState(state, Items as Intent[]), next: LastEvaluatedKey as IntentCursor | undefined };
    },
  };
}

/** Two states are stored as one. */
function inState(state: IntentState, stored: readonly Intent[]): Intent[] {
  const isMixed = storedState(state) === storedState('claimed');
  return isMixed ? stored.map(readIntent).filter((intent) => intent.state === state) : [...stored];
}

/** Of a state that is stored as another one: most of a page may be of that. */
const MIXED_PAGE = 500;

/** A list reads so many pages at most, so that a run gets to its other work. A later run finds what lies behind them. */
const MAX_PAGES = 20;
