import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod/mini';
import { formatUsd } from '../money.ts';
import { describeProblems, estimateSchema, usdSchema } from '../schemas.ts';
import type { PaperBook, PaperBookStore, PaperPrice } from '../trading/paper-book.ts';

/** The beginning of the keys under which paper books are kept. */
export const PAPER_KEYS = 'paper/';

const direction = z.enum(['long', 'short']);
const priceSchema = z.object({ price: usdSchema, at: z.string() });

/** The item of a book: amounts are decimal USD, units a whole number as text, for neither fits a float. */
const itemSchema = z.object({
  version: z.int().check(z.positive()),
  start: usdSchema,
  balance: usdSchema,
  realised: estimateSchema,
  fees: usdSchema,
  prices: z.record(z.string(), priceSchema),
  positions: z.array(
    z.object({
      asset: z.string(),
      direction,
      units: z.pipe(
        z.string().check(z.regex(/^[1-9]\d*$/)),
        z.transform((digits: string) => BigInt(digits)),
      ),
      cost: usdSchema,
      margin: usdSchema,
      leverage: z.int().check(z.positive()),
      openedAt: z.string(),
    }),
  ),
  fills: z.array(
    z.pipe(
      z.object({
        id: z.string(),
        key: z.optional(z.string()),
        asset: z.string(),
        direction,
        amount: usdSchema,
        price: priceSchema,
        fee: usdSchema,
        realised: z.optional(estimateSchema),
        at: z.string(),
      }),
      z.transform((fill) => ({ ...fill, key: fill.key, realised: fill.realised })),
    ),
  ),
  fillCount: z.int().check(z.nonnegative()),
});

/** Paper books in the table of the intents, one item an agent (`paper/<agentId>`). */
export function createPaperBookTable(documents: DynamoDBDocumentClient, tableName: string): PaperBookStore {
  return {
    async read(agentId) {
      const key = `${PAPER_KEYS}${agentId}`;
      const { Item } = await documents.send(
        new GetCommand({ TableName: tableName, Key: { key }, ConsistentRead: true }),
      );
      if (Item === undefined) return undefined;
      const parsed = z.safeParse(itemSchema, Item);
      if (!parsed.success) {
        throw new Error(
          `item ${key} of ${tableName} is no paper book: ${describeProblems(parsed.error)}. Delete it to begin anew`,
        );
      }
      const { version, ...book } = parsed.data;
      return { book, version };
    },

    async write(agentId, book, version) {
      const isNew = version === 0;
      try {
        await documents.send(
          new PutCommand({
            TableName: tableName,
            Item: { ...itemOf(book), key: `${PAPER_KEYS}${agentId}`, version: version + 1 },
            ConditionExpression: isNew ? 'attribute_not_exists(#version)' : '#version = :version',
            ExpressionAttributeNames: { '#version': 'version' },
            ...(isNew ? {} : { ExpressionAttributeValues: { ':version': version } }),
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },
  };
}

function priced({ price, at }: PaperPrice) {
  return { price: formatUsd(price), at };
}

function itemOf({ start, balance, realised, fees, prices, positions, fills, fillCount }: PaperBook) {
  return {
    start: formatUsd(start),
    balance: formatUsd(balance),
    realised: formatUsd(realised),
    fees: formatUsd(fees),
    prices: Object.fromEntries(Object.entries(prices).map(([asset, price]) => [asset, priced(price)])),
    positions: positions.map(({ asset, direction: side, units, cost, margin, leverage, openedAt }) => ({
      asset,
      direction: side,
      units: String(units),
      cost: formatUsd(cost),
      margin: formatUsd(margin),
      leverage,
      openedAt,
    })),
    fills: fills.map(({ key, realised: gain, amount, price, fee, ...fill }) => ({
      ...fill,
      amount: formatUsd(amount),
      price: priced(price),
      fee: formatUsd(fee),
      // What is not there has no attribute.
      ...(key === undefined ? {} : { key }),
      ...(gain === undefined ? {} : { realised: formatUsd(gain) }),
    })),
    fillCount,
  };
}
