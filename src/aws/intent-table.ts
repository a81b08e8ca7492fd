import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TryLaterError } from '../errors.ts';
import { reservedOf } from '../ledger/budgets.ts';
import { parseUsd, type MicroUsd } from '../money.ts';
import { canaryKey, lastOrderKey, latestItemOf, type Canary, type LastOrder } from '../ledger/latest.ts';
import {
  freesLock,
  givesBack,
  skippedIntent,
  type Ending,
  type Intent,
  type IntentCursor,
  type IntentState,
  type IntentStore,
} from '../ledger/intent.ts';
import { budgetChanges, endedIntent, sentIntent, takenIntent } from '../ledger/order-claim.ts';
import {
  changeBudget,
  claimUpdate,
  dropLock,
  moveUpdate,
  putTaken,
  readIntent,
  retakeUpdate,
  sendUpdate,
  step,
  storedState,
  takeLock,
  waitSets,
  waitValues,
  type TransactItem,
  type Update,
} from './intent-writes.ts';

/** Name of the index over `state` and `updatedAt`. */
export const BY_STATE_INDEX = 'by-state';

/**
 * Intents in DynamoDB, one item an effect key, and beside them one item for each day's budget (`budget/...`) and for each
 * escrow that is being settled (`settlement/...`). A claim takes all that it needs in one transaction, or nothing.
 *
 * An acknowledgement may get lost and the write is then made again: a write that meets its own earlier one counts as done.
 */
export function createIntentTable(
  documents: DynamoDBDocumentClient,
  tableName: string,
  pause: (attempt: number) => Promise<void> = pauseAtRandom,
): IntentStore {
  const read = async (key: string): Promise<Intent | undefined> => {
    const { Item } = await documents.send(new GetCommand({ TableName: tableName, Key: { key }, ConsistentRead: true }));
    return Item === undefined ? undefined : readIntent(Item as Intent);
  };
  /** An item beside the intents. */
  const readItem = async (key: string): Promise<unknown> => {
    const item = (await read(key)) as Record<string, unknown> | undefined;
    if (item === undefined) return undefined;
    const { key: _key, updatedAt: _updatedAt, ...value } = item;
    return value;
  };
  /**
   * The write that goes with the one of an intent that is applied, if it makes the latest of its kind. Its condition holds
   * where none that is newer came in between.
   *
   * @param isSure whether it is taken for the latest without a look: the condition says if it is not.
   */
  const latestPut = async (intent: Intent, ending: Ending, at: Date, isSure = false): Promise<TransactItem[]> => {
    const latest = latestItemOf(intent, ending, at);
    if (latest === undefined) return [];
    if (!isSure && !latest.isNewer((await readItem(latest.key)) as Record<string, unknown> | undefined)) return [];
    const Item = { key: latest.key, ...latest.value, updatedAt: at.toISOString() };
    const isLatest = {
      ConditionExpression: 'attribute_not_exists(#key) OR #by <= :by',
      ExpressionAttributeNames: { '#key': 'key', '#by': latest.by },
      ExpressionAttributeValues: { ':by': latest.value[latest.by] },
    };
    return [{ Put: { TableName: tableName, Item, ...isLatest } }];
  };
  const readExisting = async (key: string): Promise<Intent> => {
    const stored = await read(key);
    if (stored === undefined) throw new Error(`intent ${key} is not in ${tableName}`);
    return stored;
  };

  /**
   * Writes all of it or nothing. Returns the position of the first condition that did not hold; undefined where all held.
   * Transactions that met others are tried again: a day's budget is one item, and a burst wants it all at once. What
   * `findMore` adds is found anew for each try, and also where its condition did not hold.
   */
  const transact = async (
    items: TransactItem[],
    name: string,
    findMore: () => Promise<TransactItem[]> = async () => [],
  ): Promise<number | undefined> => {
    for (let attempt = 1; ; attempt += 1) {
      const more = await findMore();
      const TransactItems = [...items, ...more];
      const ClientRequestToken = tokenOf(TransactItems);
      try {
        await documents.send(new TransactWriteCommand({ TransactItems, ClientRequestToken }));
        return undefined;
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) throw error;
        const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code);
        const failed = codes.indexOf('ConditionalCheckFailed');
        if (failed >= 0 && failed < items.length) return failed;
        if (attempt === MAX_CONFLICTS) throw new TryLaterError(`${name}: ${codes.join(', ')}`, { cause: error });
        await pause(attempt);
      }
    }
  };

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

  /** Ends an intent as it is stored, gives back what it no longer needs, and says whether it still was so. */
  const writeEnding = async (stored: Intent, ending: Ending, at: Date, isLatest: boolean): Promise<boolean> => {
    const returns = givesBack(ending.state);
    const lock = freesLock(stored.kind, ending.state) ? stored.lock : undefined;
    const change = moveUpdate(stored, ending, at, { returns, unlocks: lock !== undefined });
    const given = (returns ? (stored.reserved ?? []) : []).map(({ budget, amountUsd }) => ({
      budget,
      amount: -BigInt(parseUsd(amountUsd)),
    }));
    let isFirst = isLatest;
    const failed = await transact(
      [
        { Update: { TableName: tableName, ...change } },
        ...given.map((back) => ({ Update: { TableName: tableName, ...changeBudget(back, at) } })),
        ...(lock === undefined ? [] : [{ Delete: { TableName: tableName, ...dropLock(lock, stored.key) } }]),
      ],
      `move ${stored.key} ${stored.state} ${stored.fence} ${ending.state} ${at.toISOString()}`,
      async () => {
        const put = await latestPut(stored, ending, at, isFirst);
        isFirst = false;
        return put;
      },
    );
    if (failed !== undefined && failed > 0)
      throw new Error(`intent ${stored.key}: what it took is not there to give back`);
    return failed === undefined;
  };

  /** Changes an intent where the condition holds; returns what is stored then. */
  const note = async (key: string, change: Omit<Update, 'TableName' | 'Key'>): Promise<Intent> => {
    try {
      const update = { TableName: tableName, Key: { key }, ...change, ReturnValues: 'ALL_NEW' } as const;
      const { Attributes } = await documents.send(new UpdateCommand(update));
      return readIntent(Attributes as Intent);
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return readExisting(key);
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

    async take(order, terms, at) {
      const { owner, lock, known } = terms;
      const taken = takenIntent(order, terms, at);
      const changes = budgetChanges(terms);
      const failed = await transact(
        [
          known === undefined
            ? { Put: { TableName: tableName, ...putTaken(taken) } }
            : { Update: { TableName: tableName, ...retakeUpdate(known, taken) } },
          ...changes.map((change) => ({ Update: { TableName: tableName, ...changeBudget(change, at) } })),
          { Put: { TableName: tableName, ...takeLock(lock, order.key, at) } },
        ],
        `take ${order.key} ${owner} ${taken.fence}`,
      );
      if (failed === undefined) return { kind: 'claimed', intent: taken };
      if (failed === 0) {
        const stored = await readExisting(order.key);
        const isOurs = stored.state === 'claimed' && stored.owner === owner && stored.fence === taken.fence;
        return { kind: isOurs ? 'claimed' : 'known', intent: stored };
      }
      const budget = changes[failed - 1]?.budget;
      if (budget !== undefined) return { kind: 'over-budget', budget };
      const holder = (await readItem(lock)) as { readonly holder?: string } | undefined;
      return { kind: 'locked', holder: holder?.holder ?? 'unknown' };
    },

    send: (claimed, before, at) => note(claimed.key, sendUpdate(claimed, sentIntent(claimed, before, at))),

    async end(sent, ending, at) {
      const ended = await writeEnding(sent, ending, at, true);
      return ended ? endedIntent(sent, ending, at) : readExisting(sent.key);
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

/** What lies behind so many pages of others is found once these have moved on: one list keeps no run from its other work. */
const MAX_PAGES = 20;

/** A burst of claims meets on the day's budget; with this many tries and the pauses between, a hundred at once get through. */
const MAX_CONFLICTS = 8;

/** Waits for a random time, up to a second, that grows with every attempt. */
export function pauseAtRandom(attempt: number): Promise<void> {
  return sleep(Math.random() * Math.min(50 * 2 ** attempt, 1_000));
}

/** A token stands for one content: AWS refuses another under the same one for ten minutes. */
function tokenOf(items: readonly TransactItem[]): string {
  const content = JSON.stringify(items, (_name, value: unknown) =>
    typeof value === 'bigint' ? { bigint: String(value) } : value,
  );
  return createHash('sha256').update(content).digest('hex').slice(0, 36);
}
