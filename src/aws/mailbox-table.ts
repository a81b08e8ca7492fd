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

/** Name of the sparse index over the deadlines of waits. */
export const BY_DEADLINE_INDEX = 'by-deadline';

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
              address,
              item: 'wait',
              ...wait,
              ...(address === main ? { waiting: WAITING } : {}),
              removeAt: secondsAfter(wait.deadlineAt, KEPT_SECONDS),
            },
          }),
        );
      }
    },

    async findWait(address) {
      return (await find(address, 'wait')) as Wait | undefined;
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
        for (const { escrowId, status, notBefore, service } of items as (Wait & Watched)[]) {
          watched.push({ escrowId, status, since: notBefore, ...(service === undefined ? {} : { service }) });
        }
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
