import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TryLaterError } from '../errors.ts';
import { freesLock, givesBack, type Ending, type Intent } from '../ledger/intent.ts';
import { latestItemOf } from '../ledger/latest.ts';
import { parseUsd } from '../money.ts';
import { changeBudget, dropLock, moveUpdate, readIntent, type TransactItem, type Update } from './intent-writes.ts';

/** Waits between two tries of a transaction that met others. */
export type Pause = (attempt: number) => Promise<void>;

/** What all writes of intents are made of: see `createIntentTable`. */
export function createIntentAccess(documents: DynamoDBDocumentClient, tableName: string, pause: Pause = pauseAtRandom) {
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

  /** Records the end of an intent and gives back what it no longer needs. False where the stored intent has changed meanwhile. */
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

  return { read, readItem, readExisting, transact, writeEnding, note };
}

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
