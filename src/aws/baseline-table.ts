import { baselineSchema, type BaselineStore } from '../reconciliation/baseline.ts';
import { isAwsError } from './aws-error.ts';
import type { DynamoDb } from './services.ts';

/** The beginning of the keys under which baselines are kept. */
export const BASELINE_KEYS = 'reconciliation/';

/** Baselines in the table of the intents, one item an agent (`reconciliation/<agentId>`); a shape of old counts as none. */
export function createBaselineTable(dynamoDb: DynamoDb, tableName: string): BaselineStore {
  return {
    async read(agentId) {
      const Key = { key: `${BASELINE_KEYS}${agentId}` };
      const { Item } = await dynamoDb('GetItem', { TableName: tableName, Key, ConsistentRead: true });
      const parsed = baselineSchema.safeParse(Item);
      return parsed.success ? parsed.data : undefined;
    },

    async keep(baseline) {
      try {
        await dynamoDb('PutItem', {
          TableName: tableName,
          Item: { ...baseline, key: `${BASELINE_KEYS}${baseline.agentId}` },
          ConditionExpression: 'attribute_not_exists(#at) OR #at < :at',
          ExpressionAttributeNames: { '#at': 'at' },
          ExpressionAttributeValues: { ':at': baseline.at },
        });
      } catch (error) {
        if (!isAwsError(error, 'ConditionalCheckFailedException')) throw error;
      }
    },
  };
}
