import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { SecretUnusableError } from '../../src/errors.ts';
import { deliverSignal, escrowAddress, type MailboxDeps } from '../../src/escrow/mailbox.ts';
import type { Count, Log } from '../../src/observability.ts';
import { readWebhook } from '../../src/webhooks/envelope.ts';
import type { SeenWebhooks } from '../../src/webhooks/seen-webhooks.ts';
import { isSignedWith, readSignature, type Signature } from '../../src/webhooks/signature.ts';

export interface Deps extends MailboxDeps {
  readonly seen: SeenWebhooks;
  readonly readSigningSecrets: () => Promise<readonly string[]>;
  readonly now: () => Date;
  readonly log: Log;
  readonly count: Count;
}

/** The part of API Gateway's request (payload 2.0) that is used. */
export type WebhookRequest = Pick<APIGatewayProxyEventV2, 'headers' | 'body' | 'isBase64Encoded'>;

const MAX_BODY_BYTES = 64 * 1024;

/**
 * Takes a webhook of Purple Flea. All that follows from one is that its escrow is looked at: what it says is not believed,
 * and no money moves by it.
 */
export function createHandler(deps: Deps) {
  const refuse = (statusCode: number, error: string, reason = error) => {
    deps.count('WebhooksRefused');
    deps.log.warn('webhook refused', { statusCode, reason });
    return answer(statusCode, { error });
  };
  const ignore = (reason: string, fields: Readonly<Record<string, string>>) => {
    deps.count('WebhooksIgnored');
    deps.log.info('webhook ignored', { reason, ...fields });
    return answer(200, { received: true });
  };

  return async (request: WebhookRequest): Promise<APIGatewayProxyStructuredResultV2> => {
    deps.count('WebhooksReceived');
    const body = Buffer.from(request.body ?? '', request.isBase64Encoded ? 'base64' : 'utf8');
    if (body.length > MAX_BODY_BYTES) return refuse(413, `the body is over ${MAX_BODY_BYTES} bytes`);
    if (!isJson(request.headers)) return refuse(415, 'content-type must be application/json');

    const read = readSignature(request.headers, deps.now());
    if (read.kind === 'none') return refuse(401, 'unauthorized', read.reason);
    const isGenuine = await isSigned(deps, read.signature, body);
    if (isGenuine === undefined) return answer(503, { error: 'webhooks are not set up' });
    if (!isGenuine) return refuse(401, 'unauthorized', 'the signature is not by a secret of ours');

    const webhook = readWebhook(body.toString('utf8'));
    if (webhook.kind === 'unusable') return refuse(400, webhook.problem);
    if (webhook.kind === 'other') return ignore('not about an escrow, or a test', { event: webhook.event });
    const { id, event, escrowId } = webhook;
    if (!(await deps.seen.take(id, deps.now()))) return ignore('taken before', { event, id });
    const delivered = await wake(deps, id, escrowId);
    deps.log.info('webhook taken', { event, id, escrowId, delivered });
    return answer(200, { received: true });
  };
}

/** Undefined where there is nothing to compare with. */
async function isSigned(deps: Deps, signature: Signature, body: Uint8Array): Promise<boolean | undefined> {
  try {
    return isSignedWith(await deps.readSigningSecrets(), signature, body);
  } catch (error) {
    if (!(error instanceof SecretUnusableError)) throw error;
    deps.count('WebhooksUnready');
    deps.log.error('webhooks cannot be checked: put the signing secret into Secrets Manager', {
      reason: error.message,
    });
    return undefined;
  }
}

/** Has the execution of an escrow look at it. Where that fails, the webhook may come again. */
async function wake(deps: Deps, id: string, escrowId: string) {
  try {
    const at = deps.now().toISOString();
    return await deliverSignal(deps, escrowAddress(escrowId), { type: 'changed', at, source: 'webhook' });
  } catch (error) {
    await deps.seen.giveBack(id);
    throw error;
  }
}

function isJson(headers: WebhookRequest['headers']): boolean {
  const type = Object.entries(headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  return type?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';
}

function answer(statusCode: number, body: object): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
