import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, type DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { SeenWebhooks } from '../webhooks/seen-webhooks.ts';

/** Far longer than a webhook is tried again (11 minutes) and than an old one can be played back (5 minutes). */
const KEPT_SECONDS = 7 * 24 * 3600;

/** Taken webhooks in the mailbox's table, under `webhook:<id>`. */
export function createSeenWebhooks(documents: DynamoDBDocumentClient, tableName: string): SeenWebhooks {
  return {
    async take(id, at) {
      try {
        await documents.send(
          new PutCommand({
            TableName: tableName,
            Item: { ...keyOf(id), at: at.toISOString(), removeAt: Math.floor(at.getTime() / 1000) + KEPT_SECONDS },
            ConditionExpression: 'attribute_not_exists(address)',
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },

    async giveBack(id) {
      await documents.send(new DeleteCommand({ TableName: tableName, Key: keyOf(id) }));
    },
  };
}

function keyOf(id: string) {
  return { address: `webhook:${id}`, item: 'taken' };
}
