import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createResume } from '../../src/aws/executions.ts';
import { createMailboxTable } from '../../src/aws/mailbox-table.ts';
import type { MailboxDeps } from '../../src/escrow/mailbox.ts';
import { mailboxEnvironment, readEnvironment } from './environment.ts';

/** The mailbox and the way to resume an execution, from the environment. */
export function createMailboxDeps(): MailboxDeps {
  const env = readEnvironment(mailboxEnvironment);
  return {
    mailbox: createMailboxTable(DynamoDBDocumentClient.from(new DynamoDBClient({})), env.MAILBOX_TABLE),
    resume: createResume(new SFNClient({})),
  };
}
