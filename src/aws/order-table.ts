import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { OrderStore } from '../ledger/intent.ts';
import { budgetChanges, endedIntent, sentIntent, takenIntent } from '../ledger/order-claim.ts';
import { createIntentAccess, type Pause } from './intent-access.ts';
import { createIntentTable } from './intent-table.ts';
import { changeBudget, takeLock } from './intent-writes.ts';
import { putTaken, retakeUpdate, sendUpdate } from './order-writes.ts';

/** The table of the intents, with the steps of an order. */
export function createOrderTable(documents: DynamoDBDocumentClient, tableName: string, pause?: Pause): OrderStore {
  const { readItem, readExisting, transact, writeEnding, note } = createIntentAccess(documents, tableName, pause);
  return {
    ...createIntentTable(documents, tableName, pause),

    async take(order, terms, at) {
      const { owner, lock, known } = terms;
      const taken = takenIntent(order, terms, at);
      const changes = budgetChanges(terms);
      const failed = await transact(
        [
          known === undefined
            ? { Put: { TableName: tableName, ...putTaken(taken) } }
            : { Update: { TableName: tableName, ...retakeUpdate(known, taken) } },
          ...changes.map((change) => ({ Update: { TableName: tableName, ...changeBudget(change, at) } })),
          { Put: { TableName: tableName, ...takeLock(lock, order.key, at) } },
        ],
        `take ${order.key} ${owner} ${taken.fence}`,
      );
      if (failed === undefined) return { kind: 'claimed', intent: taken };
      if (failed === 0) {
        const stored = await readExisting(order.key);
        const isOurs = stored.state === 'claimed' && stored.owner === owner && stored.fence === taken.fence;
        return { kind: isOurs ? 'claimed' : 'known', intent: stored };
      }
      const budget = changes[failed - 1]?.budget;
      if (budget !== undefined) return { kind: 'over-budget', budget };
      const holder = (await readItem(lock)) as { readonly holder?: string } | undefined;
      return { kind: 'locked', holder: holder?.holder ?? 'unknown' };
    },

    send: (claimed, before, at) => note(claimed.key, sendUpdate(claimed, sentIntent(claimed, before, at))),

    async end(sent, ending, at) {
      const ended = await writeEnding(sent, ending, at, true);
      return ended ? endedIntent(sent, ending, at) : readExisting(sent.key);
    },
  };
}
