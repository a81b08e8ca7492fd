import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TryLaterError } from '../errors.ts';
import { reservedOf, type Reservation, type Reserved } from '../ledger/budgets.ts';
import { parseUsd, type MicroUsd } from '../money.ts';
import { canaryKey, lastOrderKey, latestItemOf, type Canary, type LastOrder } from '../ledger/latest.ts';
import {
  freesLock,
  givesBack,
  MAX_STEPS,
  skippedIntent,
  withStep,
  type Claim,
  type Ending,
  type Intent,
  type IntentCursor,
  type IntentState,
  type IntentStep,
  type IntentStore,
  type IntentWait,
} from '../ledger/intent.ts';

/** Name of the index over `state` and `updatedAt`. */
export const BY_STATE_INDEX = 'by-state';

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];
type Update = NonNullable<TransactItem['Update']>;
type Put = NonNullable<TransactItem['Put']>;
type Delete = NonNullable<TransactItem['Delete']>;

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
    return Item as Intent | undefined;
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
   */
  const latestPut = async (intent: Intent, ending: Ending, at: Date): Promise<TransactItem[]> => {
    const latest = latestItemOf(intent, ending, at);
    if (latest === undefined) return [];
    const known = (await readItem(latest.key)) as Record<string, string> | undefined;
    if (!latest.isNewer(known)) return [];
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

  /** Changes an intent where the condition holds; returns what is stored then. */
  const note = async (key: string, change: Omit<Update, 'TableName' | 'Key'>): Promise<Intent> => {
    try {
      const update = { TableName: tableName, Key: { key }, ...change, ReturnValues: 'ALL_NEW' } as const;
      const { Attributes } = await documents.send(new UpdateCommand(update));
      return Attributes as Intent;
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
          ...reservations.map((reservation) => ({ Update: { TableName: tableName, ...reserve(reservation, at) } })),
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
      const returns = givesBack(ending.state);
      const lock = freesLock(stored.kind, ending.state) ? stored.lock : undefined;
      const failed = await transact(
        [
          {
            Update: {
              TableName: tableName,
              ...moveUpdate(stored, ending, at, { returns, unlocks: lock !== undefined }),
            },
          },
          ...(returns ? (stored.reserved ?? []) : []).map((reserved) => ({
            Update: { TableName: tableName, ...unreserve(reserved, at) },
          })),
          ...(lock === undefined ? [] : [{ Delete: { TableName: tableName, ...dropLock(lock, stored.key) } }]),
        ],
        `move ${from.key} ${from.state} ${from.fence} ${ending.state} ${at.toISOString()}`,
        () => latestPut(stored, ending, at),
      );
      if (failed !== undefined && failed > 0)
        throw new Error(`intent ${from.key}: what it took is not there to give back`);
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
        ExpressionAttributeValues: { ':state': state, ':fence': fence, ':at': at.toISOString() },
      });
    },

    async list(state, changedBefore, limit) {
      const found: Intent[] = [];
      let after: IntentCursor | undefined;
      // A page ends at one megabyte, however few intents that is.
      do {
        const { Items = [], LastEvaluatedKey } = await documents.send(
          new QueryCommand({
            TableName: tableName,
            IndexName: BY_STATE_INDEX,
            KeyConditionExpression: '#state = :state AND updatedAt < :before',
            ExpressionAttributeNames: { '#state': 'state' },
            ExpressionAttributeValues: { ':state': state, ':before': changedBefore.toISOString() },
            Limit: limit - found.length,
            ...(after === undefined ? {} : { ExclusiveStartKey: after }),
          }),
        );
        found.push(...(Items as Intent[]));
        after = LastEvaluatedKey as IntentCursor | undefined;
      } while (after !== undefined && found.length < limit);
      return found;
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
          ExpressionAttributeValues: { ':state': state, ':since': since.toISOString() },
          Limit: limit,
          ...(after === undefined ? {} : { ExclusiveStartKey: after }),
        }),
      );
      return { intents: Items as Intent[], next: LastEvaluatedKey as IntentCursor | undefined };
    },
  };
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

function waitSets(wait: IntentWait): string {
  return presentIn(wait)
    .map(([name]) => `${name} = :${name}`)
    .join(', ');
}

function waitValues(wait: IntentWait): Readonly<Record<string, unknown>> {
  return Object.fromEntries(presentIn(wait).map(([name, value]) => [`:${name}`, value]));
}

function presentIn({ notBefore, waits, limitWaits, waitsFor, wakes }: IntentWait): [string, unknown][] {
  const fields = { notBefore, waits, limitWaits, waitsFor, wakes };
  return Object.entries(fields).filter(([, value]) => value !== undefined);
}

function step(state: IntentState, at: Date, note: string): IntentStep {
  return { state, at: at.toISOString(), note };
}

function claimUpdate(
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
function moveUpdate(
  stored: Intent,
  ending: Ending,
  at: Date,
  { returns, unlocks }: { readonly returns: boolean; readonly unlocks: boolean },
): Omit<Update, 'TableName'> {
  const added = step(ending.state, at, ending.note);
  const isLong = stored.history.length >= MAX_STEPS;
  const owned = stored.owner === undefined ? 'attribute_not_exists(#owner)' : '#owner = :owner';
  const sets = [
    '#state = :state',
    'updatedAt = :at',
    isLong ? 'history = :history' : 'history = list_append(history, :step)',
    ending.result === undefined ? 'reason = :note' : '#result = :result',
    ...(ending.decision === undefined ? [] : ['decision = :decision']),
    ...(ending.retriedAs === undefined ? [] : ['retriedAs = :retriedAs']),
    ...(ending.wait === undefined ? [] : [waitSets(ending.wait)]),
  ];
  const removed = [...(returns ? ['reserved', 'absentSince'] : []), ...(unlocks ? ['#lock'] : [])];
  return {
    Key: { key: stored.key },
    ConditionExpression: `#state = :from AND #fence = :fence AND ${owned}`,
    UpdateExpression: `SET ${sets.join(', ')}${removed.length === 0 ? '' : ` REMOVE ${removed.join(', ')}`}`,
    ExpressionAttributeNames: {
      '#state': 'state',
      '#fence': 'fence',
      '#owner': 'owner',
      ...(unlocks ? { '#lock': 'lock' } : {}),
      ...(ending.result === undefined ? {} : { '#result': 'result' }),
    },
    ExpressionAttributeValues: {
      ':from': stored.state,
      ':state': ending.state,
      ':fence': stored.fence,
      ':at': at.toISOString(),
      ...(isLong ? { ':history': withStep(stored.history, added) } : { ':step': [added] }),
      ...(stored.owner === undefined ? {} : { ':owner': stored.owner }),
      ...(ending.result === undefined ? { ':note': ending.note } : { ':result': ending.result }),
      ...(ending.decision === undefined ? {} : { ':decision': ending.decision }),
      ...(ending.retriedAs === undefined ? {} : { ':retriedAs': ending.retriedAs }),
      ...(ending.wait === undefined ? {} : waitValues(ending.wait)),
    },
  };
}

/** Takes a part of a budget if enough of it is left. Amounts are integers of a millionth of a dollar. */
function reserve({ budget, amount, limit }: Reservation, at: Date): Omit<Update, 'TableName'> {
  return {
    Key: { key: `budget/${budget}` },
    ConditionExpression: 'attribute_not_exists(used) OR used <= :room',
    UpdateExpression: 'SET updatedAt = :at ADD used :amount',
    ExpressionAttributeValues: { ':amount': amount, ':room': limit - amount, ':at': at.toISOString() },
  };
}

function unreserve({ budget, amountUsd }: Reserved, at: Date): Omit<Update, 'TableName'> {
  const amount = parseUsd(amountUsd);
  return {
    Key: { key: `budget/${budget}` },
    ConditionExpression: 'used >= :amount',
    UpdateExpression: 'SET updatedAt = :at ADD used :back',
    ExpressionAttributeValues: { ':amount': amount, ':back': -BigInt(amount), ':at': at.toISOString() },
  };
}

function takeLock(lock: string, holder: string, at: Date): Omit<Put, 'TableName'> {
  return {
    Item: { key: lock, holder, updatedAt: at.toISOString() },
    ConditionExpression: 'attribute_not_exists(#key) OR holder = :holder',
    ExpressionAttributeNames: { '#key': 'key' },
    ExpressionAttributeValues: { ':holder': holder },
  };
}

function dropLock(lock: string, holder: string): Omit<Delete, 'TableName'> {
  return {
    Key: { key: lock },
    ConditionExpression: 'holder = :holder',
    ExpressionAttributeValues: { ':holder': holder },
  };
}
