import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';

/** The names of the executions that continue the first one of a cause, oldest first. What Step Functions lists may lag. */
export interface ContinuationStore {
  readonly read: (first: string) => Promise<readonly string[]>;
  /** Adds a name if those known are all there are. Returns what is recorded then. */
  readonly add: (first: string, known: readonly string[], name: string) => Promise<readonly string[]>;
}

/** Continuations in the table of the intents, one item (`executions/KEY`) for each cause that was continued. */
export function createContinuationTable(documents: DynamoDBDocumentClient, tableName: string): ContinuationStore {
  const read: ContinuationStore['read'] = async (first) => {
    const { Item } = await documents.send(
      new GetCommand({ TableName: tableName, Key: { key: keyOf(first) }, ConsistentRead: true }),
    );
    return (Item as { readonly names?: readonly string[] } | undefined)?.names ?? [];
  };

  return {
    read,

    async add(first, known, name) {
      const names = [...known, name];
      const none = {
        ConditionExpression: 'attribute_not_exists(#names)',
        ExpressionAttributeNames: { '#names': 'names' },
      };
      const same = { ConditionExpression: '#names = :known', ExpressionAttributeValues: { ':known': known } };
      const isKnown = known.length === 0 ? none : { ...none, ...same };
      try {
        await documents.send(new PutCommand({ TableName: tableName, Item: { key: keyOf(first), names }, ...isKnown }));
        return names;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        return read(first);
      }
    },
  };
}

function keyOf(first: string): string {
  return `executions/${first}`;
}
