import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
  type DynamoDBDocumentClient,
} from '@aws-sdk/lib-dynamodb';
import type { Claim, Intent, IntentState, IntentStep, IntentStore } from '../ledger/intent.ts';

/** Name of the index over `state` and `updatedAt`. */
export const BY_STATE_INDEX = 'by-state';

/**
 * Intents in DynamoDB, one item an effect key. An acknowledgement may get lost and the SDK then writes again: a claim
 * or ending that meets its own earlier write counts as done.
 */
export function createIntentTable(documents: DynamoDBDocumentClient, tableName: string): IntentStore {
  const store: IntentStore = {
    async prepare(newIntent, at) {
      const intent: Intent = {
        ...newIntent,
        state: 'prepared',
        fence: 0,
        createdAt: at.toISOString(),
        updatedAt: at.toISOString(),
        history: [step('prepared', at, 'written before the call')],
      };
      try {
        await documents.send(
          new PutCommand({
            TableName: tableName,
            Item: intent,
            ConditionExpression: 'attribute_not_exists(#key)',
            ExpressionAttributeNames: { '#key': 'key' },
          }),
        );
        return intent;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        const stored = await store.read(newIntent.key);
        if (stored === undefined) throw error;
        return stored;
      }
    },

    async claim(claim, at) {
      try {
        await documents.send(
          new UpdateCommand({
            TableName: tableName,
            Key: { key: claim.key },
            ConditionExpression: '#state = :prepared AND #fence = :before',
            UpdateExpression:
              'SET #state = :sending, #fence = :fence, #owner = :owner, sentAt = :at, updatedAt = :at, history = list_append(history, :step)',
            ExpressionAttributeNames: { '#state': 'state', '#fence': 'fence', '#owner': 'owner' },
            ExpressionAttributeValues: {
              ':prepared': 'prepared',
              ':sending': 'sending',
              ':before': claim.fence - 1,
              ':fence': claim.fence,
              ':owner': claim.owner,
              ':at': at.toISOString(),
              ':step': [step('sending', at, `attempt ${claim.fence}`)],
            },
          }),
        );
        return true;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        const stored = await store.read(claim.key);
        return stored !== undefined && stored.state === 'sending' && isHeldBy(stored, claim);
      }
    },

    async end(claim, ending, at) {
      try {
        const { Attributes } = await documents.send(
          new UpdateCommand({
            TableName: tableName,
            Key: { key: claim.key },
            ConditionExpression: '#state = :sending AND #fence = :fence AND #owner = :owner',
            UpdateExpression: `SET #state = :state, updatedAt = :at, history = list_append(history, :step), ${
              ending.result === undefined ? 'reason = :note' : '#result = :result'
            }`,
            ExpressionAttributeNames: {
              '#state': 'state',
              '#fence': 'fence',
              '#owner': 'owner',
              ...(ending.result === undefined ? {} : { '#result': 'result' }),
            },
            ExpressionAttributeValues: {
              ':sending': 'sending',
              ':state': ending.state,
              ':fence': claim.fence,
              ':owner': claim.owner,
              ':at': at.toISOString(),
              ':step': [step(ending.state, at, ending.note)],
              ...(ending.result === undefined ? { ':note': ending.note } : { ':result': ending.result }),
            },
            ReturnValues: 'ALL_NEW',
          }),
        );
        return Attributes as Intent;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        const stored = await store.read(claim.key);
        if (stored === undefined) throw error;
        return stored;
      }
    },

    async read(key) {
      const { Item } = await documents.send(
        new GetCommand({ TableName: tableName, Key: { key }, ConsistentRead: true }),
      );
      return Item as Intent | undefined;
    },

    async listSending(claimedBefore, limit) {
      const { Items = [] } = await documents.send(
        new QueryCommand({
          TableName: tableName,
          IndexName: BY_STATE_INDEX,
          KeyConditionExpression: '#state = :sending AND updatedAt < :before',
          ExpressionAttributeNames: { '#state': 'state' },
          ExpressionAttributeValues: { ':sending': 'sending', ':before': claimedBefore.toISOString() },
          Limit: limit,
        }),
      );
      return Items as Intent[];
    },
  };
  return store;
}

function isHeldBy(intent: Intent, claim: Claim): boolean {
  return intent.owner === claim.owner && intent.fence === claim.fence;
}

function step(state: IntentState, at: Date, note: string): IntentStep {
  return { state, at: at.toISOString(), note };
}
