import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type { DueWait, MailboxStore, Signal, Wait } from '../escrow/mailbox.ts';
import type { Watched, WatchRound, WatchStore } from '../escrow/watch.ts';
import { placeOf, type ServicePlace } from '../ledger/owner.ts';

/** Name of the sparse index over the deadlines of waits. */
export const BY_DEADLINE_INDEX = 'by-deadline';

/** All that a read through that index shows, beside the keys. What DynamoDB projects cannot be changed in place. */
export const BY_DEADLINE_ATTRIBUTES = ['taskToken', 'escrowId', 'status', 'notBefore'] as const;

/** All waits with a deadline share this partition of the index. */
const WAITING = 'waiting';

/** Longer than any escrow may stay open (720 h locked, 720 h completed). */
const KEPT_SECONDS = 90 * 24 * 3600;

/**
 * The mailbox in DynamoDB. Items of one address: `wait` (task token, deadline) and `signal#<type>#<at>`.
 * The first address of a wait alone carries the deadline, so that it falls due once.
 */
export function createMailboxTable(documents: DynamoDBDocumentClient, tableName: string): MailboxStore {
  const find = async (address: string, item: string) => {
    const { Item } = await documents.send(
      new GetCommand({ TableName: tableName, Key: { address, item }, ConsistentRead: true }),
    );
    return Item;
  };

  return {
    async putWait(wait) {
      const [main] = wait.addresses;
      for (const address of wait.addresses) {
        await documents.send(
          new PutCommand({
            TableName: tableName,
            Item: {
              ...waitItem(address, wait),
              ...(address === main ? { waiting: WAITING } : {}),
              removeAt: secondsAfter(wait.deadlineAt, KEPT_SECONDS),
            },
          }),
        );
      }
    },

    async findWait(address) {
      const item = (await find(address, 'wait')) as Wait | undefined;
      return item?.status === undefined ? item : { ...item, status: readStatus(item.status).status };
    },

    async removeWait(address, taskToken) {
      try {
        await documents.send(
          new DeleteCommand({
            TableName: tableName,
            Key: { address, item: 'wait' },
            ConditionExpression: 'taskToken = :token',
            ExpressionAttributeValues: { ':token': taskToken },
          }),
        );
      } catch (error) {
        // A newer wait stands there, or none: either way this one is gone.
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
    },

    async putSignal(address, signal) {
      try {
        await documents.send(
          new PutCommand({
            TableName: tableName,
            Item: {
              address,
              item: `signal#${signal.type}#${signal.at}`,
              ...toItem(signal),
              removeAt: secondsAfter(signal.at, KEPT_SECONDS),
            },
            ConditionExpression: 'attribute_not_exists(address)',
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },

    async listSignals(address) {
      const signals: Signal[] = [];
      const pages = queryAll(documents, {
        TableName: tableName,
        ConsistentRead: true,
        KeyConditionExpression: 'address = :address AND begins_with(#item, :signal)',
        ExpressionAttributeNames: { '#item': 'item' },
        ExpressionAttributeValues: { ':address': address, ':signal': 'signal#' },
      });
      for await (const items of pages) {
        for (const { address: _address, item: _item, removeAt: _removeAt, ...signal } of items) {
          signals.push(fromItem(signal));
        }
      }
      return signals;
    },

    async listDue(now, limit) {
      const { Items = [] } = await documents.send(
        new QueryCommand({
          TableName: tableName,
          IndexName: BY_DEADLINE_INDEX,
          KeyConditionExpression: 'waiting = :waiting AND deadlineAt <= :now',
          ExpressionAttributeValues: { ':waiting': WAITING, ':now': now.toISOString() },
          Limit: limit,
        }),
      );
      return Items as DueWait[];
    },
  };
}

/** The item of a wait under one of its addresses. */
export function waitItem(address: string, wait: Wait) {
  const status = wait.status === undefined ? {} : { status: placedStatus(wait.status, wait.service) };
  return { address, item: 'wait', ...wait, ...status };
}

/** The index shows no `service`, and the watch needs it: the status that is kept says it too. */
function placedStatus(status: string, service: ServicePlace | undefined): string {
  return service === undefined ? status : `${status} ${JSON.stringify(placeOf(service))}`;
}

/** Waits of earlier releases keep the status alone: where their escrow lives is not known. */
function readStatus(placed: string): Pick<Watched, 'status' | 'service'> {
  const end = placed.indexOf(' ');
  if (end < 0) return { status: placed };
  return { status: placed.slice(0, end), service: JSON.parse(placed.slice(end)) as ServicePlace };
}

/** A wait for an escrow, as the index shows it. */
export type WatchRow = Readonly<Record<Exclude<(typeof BY_DEADLINE_ATTRIBUTES)[number], 'taskToken'>, string>>;

/** What the watch learns of a wait from the index alone. */
export function watchedOf({ escrowId, status, notBefore }: WatchRow): Watched {
  return { escrowId, ...readStatus(status), since: notBefore };
}

/** Metrics are kept as JSON text: DynamoDB's numbers have another range than a model's. */
function toItem(signal: Signal): Readonly<Record<string, unknown>> {
  if (signal.type !== 'delivered' || signal.metrics === undefined) return signal;
  return { ...signal, metrics: JSON.stringify(signal.metrics) };
}

/** Earlier releases kept metrics as a map. */
function fromItem(item: Readonly<Record<string, unknown>>): Signal {
  const { metrics } = item;
  return (typeof metrics === 'string' ? { ...item, metrics: JSON.parse(metrics) as unknown } : item) as Signal;
}

/** Where the round over all watched escrows is kept. */
const ROUND = { address: 'watch', item: 'round' };

/** The waits of the mailbox as the watch sees them: through the index, all of them in few reads. */
export function createWatchTable(documents: DynamoDBDocumentClient, tableName: string): WatchStore {
  return {
    async listWatched() {
      const watched: Watched[] = [];
      const pages = queryAll(documents, {
        TableName: tableName,
        IndexName: BY_DEADLINE_INDEX,
        KeyConditionExpression: 'waiting = :waiting',
        FilterExpression: 'attribute_exists(escrowId)',
        ExpressionAttributeValues: { ':waiting': WAITING },
      });
      for await (const items of pages) {
        watched.push(...(items as WatchRow[]).map(watchedOf));
      }
      return watched;
    },

    async readRound() {
      const { Item } = await documents.send(new GetCommand({ TableName: tableName, Key: ROUND, ConsistentRead: true }));
      if (Item === undefined) return undefined;
      const { startedAt, position, elsewhere } = Item;
      return {
        startedAt: String(startedAt),
        position: Number(position),
        ...(elsewhere === undefined ? {} : { elsewhere: Number(elsewhere) }),
      };
    },

    async writeRound(round: WatchRound) {
      await documents.send(new PutCommand({ TableName: tableName, Item: { ...ROUND, ...round } }));
    },
  };
}

/** All pages of a query, one after the other. */
async function* queryAll(documents: DynamoDBDocumentClient, query: QueryCommandInput) {
  let from: QueryCommandInput['ExclusiveStartKey'];
  do {
    const page = await documents.send(new QueryCommand({ ...query, ExclusiveStartKey: from }));
    yield page.Items ?? [];
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
}

function secondsAfter(instant: string, seconds: number): number {
  return Math.floor(Date.parse(instant) / 1000) + seconds;
}
