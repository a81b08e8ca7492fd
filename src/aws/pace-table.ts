import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { PaceStore } from '../pacing/pacer.ts';

/** The beginning of the keys under which lanes and tickets are kept. */
export const PACE_KEYS = 'pace/';

/** Beyond any time; what is written has to be a number. */
const NEVER_LATER = Number.MAX_SAFE_INTEGER;

type Move = Parameters<PaceStore['advance']>[1];

/** As often as a lane is tried that others move between two writes. */
const MAX_TRIES = 5;

/**
 * The pacer's lanes and tickets in the table of the intents: `pace/lane/...`, one item that every reservation moves on by
 * one conditional update, and `pace/ticket/<effect key>`. A write that is repeated wastes a slot and breaks no limit.
 */
export function createPaceTable(documents: DynamoDBDocumentClient, tableName: string): PaceStore {
  async function update(
    lane: string,
    change: { readonly condition: string; readonly set: string; readonly values: Readonly<Record<string, number>> },
  ): Promise<number | undefined> {
    try {
      const { Attributes } = await documents.send(
        new UpdateCommand({
          TableName: tableName,
          Key: laneKey(lane),
          ConditionExpression: change.condition,
          UpdateExpression: `SET turnAt = ${change.set}`,
          ExpressionAttributeValues: change.values,
          ReturnValues: 'UPDATED_NEW',
        }),
      );
      return Number(Attributes?.['turnAt']);
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return undefined;
      throw error;
    }
  }

  async function readNumber(key: { readonly key: string }, name: string): Promise<number | undefined> {
    const { Item } = await documents.send(new GetCommand({ TableName: tableName, Key: key, ConsistentRead: true }));
    const value: unknown = Item?.[name];
    return value === undefined ? undefined : Number(value);
  }

  /** Where lanes stood when this process saw them last. */
  const seen = new Map<string, number>();

  /** Adds to whatever is there: others may move a lane in between. @returns where it stood; undefined if not ahead of now. */
  async function add(lane: string, { now, byMs, until }: Move): Promise<number | undefined> {
    const moved = await update(lane, {
      condition: 'turnAt > :now AND turnAt <= :until',
      set: 'turnAt + :by',
      values: { ':now': now, ':until': Math.min(until, NEVER_LATER), ':by': byMs },
    });
    return moved === undefined ? undefined : moved - byMs;
  }

  /** Lets a lane at rest begin anew. @returns now; undefined if it is ahead. */
  async function begin(lane: string, { now, byMs }: Move): Promise<number | undefined> {
    const begun = await update(lane, {
      condition: 'attribute_not_exists(turnAt) OR turnAt <= :now',
      set: ':next',
      values: { ':now': now, ':next': now + byMs },
    });
    return begun === undefined ? undefined : now;
  }

  return {
    async advance(lane, move) {
      const { now, byMs, until } = move;
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        // One of the two will do: the likely one is tried first.
        const isAhead = (seen.get(lane) ?? now) > now;
        for (const step of isAhead ? [add, begin] : [begin, add]) {
          const turnAt = await step(lane, move);
          if (turnAt === undefined) continue;
          seen.set(lane, turnAt + byMs);
          return { isMoved: true, turnAt };
        }
        const turnAt = (await readNumber(laneKey(lane), 'turnAt')) ?? now;
        seen.set(lane, turnAt);
        if (turnAt > until) return { isMoved: false, turnAt };
      }
      throw new Error(`lane ${lane} was moved by others ${MAX_TRIES} times between two writes`);
    },

    async advanceAll(moves) {
      const turns = moves.map(({ lane, now }) => Math.max(seen.get(lane) ?? now, now));
      if (moves.some(({ until }, index) => (turns[index] ?? 0) > until)) return undefined;
      const TransactItems = moves.map(({ lane, now, byMs }, index) => {
        const turnAt = turns[index] ?? now;
        // A transaction returns no values: the condition proves where the lane stood.
        const ConditionExpression = turnAt > now ? 'turnAt = :turn' : 'attribute_not_exists(turnAt) OR turnAt <= :turn';
        return {
          Update: {
            TableName: tableName,
            Key: laneKey(lane),
            ConditionExpression,
            UpdateExpression: 'SET turnAt = :next',
            ExpressionAttributeValues: { ':turn': turnAt, ':next': turnAt + byMs },
          },
        };
      });
      try {
        await documents.send(new TransactWriteCommand({ TransactItems }));
      } catch (error) {
        if (error instanceof TransactionCanceledException) return undefined;
        throw error;
      }
      moves.forEach(({ lane, byMs, now }, index) => seen.set(lane, (turns[index] ?? now) + byMs));
      return turns;
    },

    async postpone(lane, until) {
      await update(lane, {
        condition: 'attribute_not_exists(turnAt) OR turnAt < :until',
        set: ':until',
        values: { ':until': until },
      });
    },

    readTicket: (holder) => readNumber(ticketKey(holder), 'slotAt'),

    async keepTicket(holder, at) {
      await documents.send(new PutCommand({ TableName: tableName, Item: { ...ticketKey(holder), slotAt: at } }));
    },

    async dropTicket(holder) {
      await documents.send(new DeleteCommand({ TableName: tableName, Key: ticketKey(holder) }));
    },
  };
}

function laneKey(lane: string): { readonly key: string } {
  return { key: `${PACE_KEYS}lane/${lane}` };
}

function ticketKey(holder: string): { readonly key: string } {
  return { key: `${PACE_KEYS}ticket/${holder}` };
}
