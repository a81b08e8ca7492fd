import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { baselineSchema, type BaselineStore } from '../reconciliation/baseline.ts';

/** The beginning of the keys under which baselines are kept. */
export const BASELINE_KEYS = 'reconciliation/';

/** Baselines in the table of the intents, one item an agent (`reconciliation/<agentId>`); a shape of old counts as none. */
export function createBaselineTable(documents: DynamoDBDocumentClient, tableName: string): BaselineStore {
  return {
    async read(agentId) {
      const Key = { key: `${BASELINE_KEYS}${agentId}` };
      const { Item } = await documents.send(new GetCommand({ TableName: tableName, Key, ConsistentRead: true }));
      const parsed = baselineSchema.safeParse(Item);
      return parsed.success ? parsed.data : undefined;
    },

    async keep(baseline) {
      try {
        await documents.send(
          new PutCommand({
            TableName: tableName,
            Item: { ...baseline, key: `${BASELINE_KEYS}${baseline.agentId}` },
            ConditionExpression: 'attribute_not_exists(#at) OR #at < :at',
            ExpressionAttributeNames: { '#at': 'at' },
            ExpressionAttributeValues: { ':at': baseline.at },
          }),
        );
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
    },
  };
}
