import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Places, PlaceStore } from '../ledger/places.ts';
import { BEGINNING_KEYS } from './beginning-table.ts';

const KEY = `${BEGINNING_KEYS}services`;

/** Places in the table of the intents, one item (`began/services`) that is written once. What was read once is kept. */
export function createPlaceTable(documents: DynamoDBDocumentClient, tableName: string): PlaceStore {
  let kept: Places | undefined;
  let reading: Promise<Places | undefined> | undefined;

  const fetch: PlaceStore['read'] = async () => {
    const { Item } = await documents.send(
      new GetCommand({ TableName: tableName, Key: { key: KEY }, ConsistentRead: true }),
    );
    if (Item !== undefined) {
      const { escrow, trading, wallet, faucet } = Item as unknown as Places;
      kept = { escrow, trading, wallet, faucet };
    }
    return kept;
  };

  /** A page of intents asks at once. */
  const read: PlaceStore['read'] = async () => {
    if (kept !== undefined) return kept;
    reading ??= fetch().finally(() => (reading = undefined));
    return reading;
  };

  return {
    read,

    async record(places) {
      const known = await read();
      if (known !== undefined) return known;
      try {
        await documents.send(
          new PutCommand({
            TableName: tableName,
            Item: { key: KEY, ...places },
            ConditionExpression: 'attribute_not_exists(#key)',
            ExpressionAttributeNames: { '#key': 'key' },
          }),
        );
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
      return (await read()) ?? places;
    },
  };
}
