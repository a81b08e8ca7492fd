import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { IntentCursor } from '../ledger/intent.ts';
import type { RoundStore } from '../ledger/prepared-round.ts';

/** In the table of the intents. */
const KEY = 'sweep/prepared';

/** How far the round over prepared intents has come, in the table of the intents. Two runs at once do no harm. */
export function createRoundTable(documents: DynamoDBDocumentClient, tableName: string): RoundStore {
  return {
    async read() {
      const { Item } = await documents.send(new GetCommand({ TableName: tableName, Key: { key: KEY } }));
      return (Item as { readonly next?: IntentCursor } | undefined)?.next;
    },
    async write(next) {
      const Item = { key: KEY, ...(next === undefined ? {} : { next }) };
      await documents.send(new PutCommand({ TableName: tableName, Item }));
    },
  };
}
