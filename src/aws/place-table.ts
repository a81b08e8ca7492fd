import type { Places, PlaceStore } from '../ledger/places.ts';
import { BEGINNING_KEYS } from './beginning-table.ts';
import { isAwsError } from './aws-error.ts';
import type { DynamoDb } from './services.ts';

const KEY = `${BEGINNING_KEYS}services`;

/** Places in the table of the intents, one item (`began/services`) that is written once. What was read once is kept. */
export function createPlaceTable(dynamoDb: DynamoDb, tableName: string): PlaceStore {
  let kept: Places | undefined;
  let reading: Promise<Places | undefined> | undefined;

  const fetch: PlaceStore['read'] = async () => {
    const { Item } = await dynamoDb('GetItem', { TableName: tableName, Key: { key: KEY }, ConsistentRead: true });
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
        await dynamoDb('PutItem', {
          TableName: tableName,
          Item: { key: KEY, ...places },
          ConditionExpression: 'attribute_not_exists(#key)',
          ExpressionAttributeNames: { '#key': 'key' },
        });
      } catch (error) {
        if (!isAwsError(error, 'ConditionalCheckFailedException')) throw error;
      }
      return (await read()) ?? places;
    },
  };
}
