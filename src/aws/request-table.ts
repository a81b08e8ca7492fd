import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';

/** The beginning of the keys under which requests are kept. */
export const REQUEST_KEYS = 'request/';

/**
 * Keeps what a request asked for when it came first, for ever. `other` where something else came under its id before.
 *
 * @param fingerprint of what it asks for.
 */
export type KeepRequest = (requestId: string, fingerprint: string) => Promise<'new' | 'same' | 'other'>;

/** Requests in the table of the intents, one item each (`request/<requestId>`). */
export function createKeepRequest(documents: DynamoDBDocumentClient, tableName: string, now: () => Date): KeepRequest {
  return async (requestId, fingerprint) => {
    const key = `${REQUEST_KEYS}${requestId}`;
    try {
      await documents.send(
        new PutCommand({
          TableName: tableName,
          Item: { key, fingerprint, keptAt: now().toISOString() },
          ConditionExpression: 'attribute_not_exists(#key)',
          ExpressionAttributeNames: { '#key': 'key' },
        }),
      );
      return 'new';
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
    const { Item } = await documents.send(new GetCommand({ TableName: tableName, Key: { key }, ConsistentRead: true }));
    return Item?.['fingerprint'] === fingerprint ? 'same' : 'other';
  };
}
