import { ConditionalCheckFailedException, DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { TryLaterError } from '../errors.ts';
import {
  beginnings,
  LEDGER,
  knownSinceOf,
  moveBeginning,
  type Beginnings,
  type BeginningStore,
  type RuleTerms,
} from '../ledger/beginnings.ts';
import type { ReadBeginning } from '../ledger/the-past.ts';

/** The beginning of the key under which beginnings are kept. */
export const BEGINNING_KEYS = 'began/';
const KEY = `${BEGINNING_KEYS}ledger`;

/** As long as the position of the stop. */
const MAX_AGE_MS = 5_000;

/** Writers that meet are few: the sweeper, and an intake that is first. */
const MAX_ATTEMPTS = 5;

/** For whoever only sends: a table takes longer to be deleted and made anew, or restored. */
const SENDERS_MAX_AGE_MS = 15_000;

async function readBoth(documents: DynamoDBDocumentClient, tableName: string): Promise<[Date, Beginnings | undefined]> {
  const [{ Table }, { Item }] = await Promise.all([
    documents.send(new DescribeTableCommand({ TableName: tableName })),
    documents.send(new GetCommand({ TableName: tableName, Key: { key: KEY }, ConsistentRead: true })),
  ]);
  if (Table?.CreationDateTime === undefined) throw new Error(`DescribeTable of ${tableName} has no CreationDateTime`);
  return [Table.CreationDateTime, Item as Beginnings | undefined];
}

/**
 * Reads since when the ledger knows what was done, and records nothing. What was read is used for 15 seconds.
 *
 * @param now in epoch milliseconds.
 */
export function createReadBeginning(
  documents: DynamoDBDocumentClient,
  tableName: string,
  now: () => number,
): ReadBeginning {
  let kept: { readonly readAt: number; readonly began: Promise<string> } | undefined;
  return () => {
    if (kept === undefined || now() - kept.readAt > SENDERS_MAX_AGE_MS) {
      const began = readBoth(documents, tableName).then(([created, stored]) => knownSinceOf(stored, created));
      const reading = { readAt: now(), began };
      kept = reading;
      began.catch(() => {
        if (kept === reading) kept = undefined;
      });
    }
    return kept.began;
  };
}

/**
 * Beginnings in the table of the intents, one item (`began/ledger`). Whoever reads first after a change writes what begins.
 * What was read is used for five seconds.
 *
 * @param rules of the whole stage, so that each begins when the first of its functions runs.
 */
export function createBeginningTable(
  documents: DynamoDBDocumentClient,
  tableName: string,
  rules: readonly RuleTerms[],
  now: () => Date,
): BeginningStore {
  let kept: { readonly readAt: number; readonly value: Beginnings } | undefined;

  /** False where another write came in between. */
  const write = async (next: Beginnings, before: Beginnings | undefined): Promise<boolean> => {
    try {
      await documents.send(
        new PutCommand({
          TableName: tableName,
          Item: { ...next, key: KEY },
          ConditionExpression: before === undefined ? 'attribute_not_exists(#key)' : '#version = :version',
          ExpressionAttributeNames: before === undefined ? { '#key': 'key' } : { '#version': 'version' },
          ...(before === undefined ? {} : { ExpressionAttributeValues: { ':version': before.version } }),
        }),
      );
      return true;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return false;
    }
  };

  /** @param change of what has to be stored by rights. */
  const store = async <Changed extends Beginnings | undefined>(
    change: (current: Beginnings) => Changed,
  ): Promise<Changed> => {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const [created, before] = await readBoth(documents, tableName);
      const next = change(beginnings(before, created, rules, now()));
      if (next === undefined || next.version === before?.version || (await write(next, before))) return next;
    }
    throw new TryLaterError(`the beginnings in ${tableName} are being written by others`);
  };

  return {
    async read() {
      if (kept === undefined || now().getTime() - kept.readAt > MAX_AGE_MS) {
        kept = { readAt: now().getTime(), value: await store((current) => current) };
      }
      return kept.value;
    },

    async move(to, { operator, reason, rule }) {
      kept = undefined;
      const by = { what: rule ?? LEDGER, movedAt: now().toISOString(), operator, reason };
      return store((current) => moveBeginning(current, to, by));
    },
  };
}
