import { createResume } from '../../src/aws/executions.ts';
import { createMailboxTable } from '../../src/aws/mailbox-table.ts';
import type { MailboxDeps } from '../../src/escrow/mailbox.ts';
import { documents } from './clients/documents.ts';
import { stepFunctions } from './clients/step-functions.ts';
import { mailboxEnvironment, readEnvironment } from './environment.ts';

/** The mailbox and the way to resume an execution, from the environment. */
export function createMailboxDeps(): MailboxDeps {
  const env = readEnvironment(mailboxEnvironment);
  return {
    mailbox: createMailboxTable(documents, env.MAILBOX_TABLE),
    resume: createResume(stepFunctions),
  };
}
