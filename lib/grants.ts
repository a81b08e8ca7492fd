import { Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IEventBus } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IStringParameter } from 'aws-cdk-lib/aws-ssm';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { PACE_KEYS } from '../src/aws/pace-table.ts';
import { OWN_SOURCE } from '../src/events/catalogue.ts';
import { PUBLISHERS } from '../src/events/publishers.ts';
import type { PipelineFunction } from './constructs/pipeline-function.ts';

/**
 * What functions may do, each on one named resource. Written out instead of the constructs' own grants, because those
 * add wildcards (`table/index/*`, `function:*`) and key policies that tie the stacks into a circle.
 */

function allow(fn: IFunction, actions: string[], ...resources: string[]): void {
  fn.addToRolePolicy(new PolicyStatement({ actions, resources }));
}

/** A service of AWS, where it acts for a resource of the stack's own account. */
export function ofOwnAccount(scope: Construct, service: string): ServicePrincipal {
  return new ServicePrincipal(service, {
    conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
  });
}

/** Read one secret; it is encrypted with `key`. */
export function allowReadingSecret(fn: IFunction, secret: ISecret, key: IKey): void {
  allow(fn, ['secretsmanager:GetSecretValue'], secret.secretFullArn ?? secret.secretArn);
  allow(fn, ['kms:Decrypt'], key.keyArn);
}

/** What a caller needs of the key behind a table that it writes to: DynamoDB uses the key on the caller's behalf. */
const TABLE_KEY_ACTIONS = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/** Write and read intents by key; budgets and locks are taken and given back in the same transactions. */
export function allowRecordingIntents(fn: IFunction, intents: ITable, key: IKey): void {
  allow(fn, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'], intents.tableArn);
  allow(fn, TABLE_KEY_ACTIONS, key.keyArn);
}

/** Read intents by key. */
export function allowReadingIntents(fn: IFunction, intents: ITable, key: IKey): void {
  allow(fn, ['dynamodb:GetItem'], intents.tableArn);
  allow(fn, ['kms:Decrypt'], key.keyArn);
}

/** Record decisions by key unless they are known, and read or record since when the ledger pays. */
export function allowDecidingOnce(fn: IFunction, intents: ITable, key: IKey): void {
  allow(fn, ['dynamodb:DescribeTable', 'dynamodb:GetItem', 'dynamodb:PutItem'], intents.tableArn);
  allow(fn, TABLE_KEY_ACTIONS, key.keyArn);
}

/** Read when the table was created; what is recorded of it is an item. */
export function allowReadingBeginnings(fn: IFunction, intents: ITable): void {
  allow(fn, ['dynamodb:DescribeTable'], intents.tableArn);
}

/** Read intents by key, and write the items beside them whose keys begin so. */
export function allowKeepingItems(fn: IFunction, intents: ITable, key: IKey, keysBeginWith: string): void {
  allow(fn, ['dynamodb:GetItem'], intents.tableArn);
  fn.addToRolePolicy(
    new PolicyStatement({
      actions: ['dynamodb:PutItem'],
      resources: [intents.tableArn],
      conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${keysBeginWith}*`] } },
    }),
  );
  allow(fn, TABLE_KEY_ACTIONS, key.keyArn);
}

/** Take slots for calls to Purple Flea: on the pacer's items alone. */
export function allowPacing(fn: IFunction, intents: ITable, key: IKey): void {
  fn.addToRolePolicy(
    new PolicyStatement({
      actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      resources: [intents.tableArn],
      conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${PACE_KEYS}*`] } },
    }),
  );
  allow(fn, TABLE_KEY_ACTIONS, key.keyArn);
}

/** Read one parameter of Systems Manager. */
export function allowReadingParameter(fn: IFunction, parameter: IStringParameter): void {
  allow(fn, ['ssm:GetParameter'], parameter.parameterArn);
}

/** Register waits, and end them at once where something was said before. */
export function allowWaiting(fn: IFunction, mailbox: ITable, key: IKey): void {
  allow(fn, ['dynamodb:PutItem', 'dynamodb:DeleteItem'], mailbox.tableArn);
  allow(fn, TABLE_KEY_ACTIONS, key.keyArn);
}

/** Find and remove waits. */
export function allowEndingWaits(fn: IFunction, mailbox: ITable, key: IKey): void {
  allow(fn, ['dynamodb:GetItem', 'dynamodb:DeleteItem'], mailbox.tableArn);
  allow(fn, TABLE_KEY_ACTIONS, key.keyArn);
}

/** Remove waits that are due. */
export function allowEndingDueWaits(fn: IFunction, mailbox: ITable, key: IKey): void {
  allow(fn, ['dynamodb:DeleteItem'], mailbox.tableArn);
  allow(fn, TABLE_KEY_ACTIONS, key.keyArn);
}

/** Write, read and remove waits and signals. */
export function allowUsingMailbox(fn: IFunction, mailbox: ITable, key: IKey): void {
  allow(fn, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'], mailbox.tableArn);
  allow(fn, TABLE_KEY_ACTIONS, key.keyArn);
}

/** Read what is kept under addresses. */
export function allowReadingMailbox(fn: IFunction, mailbox: ITable, key: IKey): void {
  allow(fn, ['dynamodb:GetItem', 'dynamodb:Query'], mailbox.tableArn);
  allow(fn, ['kms:Decrypt'], key.keyArn);
}

/** Find all that is kept under one address. */
export function allowListingSignals(fn: IFunction, mailbox: ITable): void {
  allow(fn, ['dynamodb:Query'], mailbox.tableArn);
}

/** Query one index of a table. */
export function allowQueryingIndex(fn: IFunction, table: ITable, index: string): void {
  allow(fn, ['dynamodb:Query'], `${table.tableArn}/index/${index}`);
}

/** Put on the app's bus what `PUBLISHERS` says of the function, as the pipeline. */
export function allowPublishing(fn: PipelineFunction, bus: IEventBus): void {
  const types = PUBLISHERS[fn.lambda];
  if (types === undefined) throw new Error(`${fn.lambda} publishes nothing: see src/events/publishers.ts`);
  fn.addToRolePolicy(putEventsStatement(bus, ...types));
}

/** Put events of these detail types on a bus, as the pipeline and under no other source. */
export function putEventsStatement(bus: IEventBus, ...detailTypes: readonly string[]): PolicyStatement {
  return new PolicyStatement({
    actions: ['events:PutEvents'],
    resources: [bus.eventBusArn],
    conditions: {
      StringEquals: { 'events:detail-type': detailTypes },
      // The source of an event is a key of many values: without a Null, no source at all would pass.
      'ForAllValues:StringEquals': { 'events:source': OWN_SOURCE },
      Null: { 'events:source': 'false' },
    },
  });
}

/** Read objects of S3, by `bucket/key`; they are encrypted with a key of the user's, if one is given. */
export function allowReadingObjects(fn: IFunction, objects: readonly string[], kmsKeyArn: string | undefined): void {
  const { partition } = Stack.of(fn);
  allow(fn, ['s3:GetObject'], ...objects.map((object) => `arn:${partition}:s3:::${object}`));
  if (kmsKeyArn !== undefined) allow(fn, ['kms:Decrypt'], kmsKeyArn);
}

/** Any other actions, on resources given by ARN. */
export function allowOn(fn: IFunction, actions: string[], ...resources: string[]): void {
  allow(fn, actions, ...resources);
}
