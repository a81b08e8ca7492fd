import middy from '@middy/core';
import * as z from 'zod/mini';
import { createSeenWebhooks } from '../../src/aws/seen-webhooks-table.ts';
import { documents } from '../shared/clients/documents.ts';
import { mailboxEnvironment, readEnvironment } from '../shared/environment.ts';
import { createMailboxDeps } from '../shared/mailbox.ts';
import { createSigningSecretSource } from '../shared/signing-secrets.ts';
import { count, log, telemetry } from '../shared/telemetry.ts';
import { createHandler } from './handler.ts';

const env = readEnvironment({ ...mailboxEnvironment, WEBHOOK_SECRET_NAME: z.string() });

export const handler = middy(
  createHandler({
    ...createMailboxDeps(),
    seen: createSeenWebhooks(documents, env.MAILBOX_TABLE),
    readSigningSecrets: createSigningSecretSource(env.WEBHOOK_SECRET_NAME),
    now: () => new Date(),
    log,
    count,
  }),
).use(telemetry);
