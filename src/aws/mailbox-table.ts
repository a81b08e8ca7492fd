import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  type DynamoDBDocumentClient,
} from '@aws-sdk/lib-dynamodb';
import type { DueWait, MailboxStore, Signal, Wait } from '../escrow/mailbox.ts';

/** Name of the sparse index over the deadlines of waits. */
export const BY_DEADLINE_INDEX = 'by-deadline';

/** All waits with a deadline share this partition of the index. */
const WAITING = 'waiting';

/** Longer than any escrow may stay open (720 h locked, 720 h completed). */
const KEPT_SECONDS = 90 * 24 * 3600;

/**
 * The mailbox in DynamoDB. Items of one address: `wait` (task token, deadline) and `signal#<type>`.
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
              item: `signal#${signal.type}`,
              ...signal,
              removeAt: secondsAfter(signal.at, KEPT_SECONDS),
            },
            ConditionExpression: 'attribute_not_exists(address) OR #at < :at',
            ExpressionAttributeNames: { '#at': 'at' },
            ExpressionAttributeValues: { ':at': signal.at },
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },

    async findSignal(address) {
      const stored = await find(address, 'signal#delivered');
      if (stored === undefined) return undefined;
      const { address: _address, item: _item, removeAt: _removeAt, ...signal } = stored;
      return signal as Signal;
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

function secondsAfter(instant: string, seconds: number): number {
  return Math.floor(Date.parse(instant) / 1000) + seconds;
}
