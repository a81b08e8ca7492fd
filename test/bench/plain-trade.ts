import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SQSEvent } from 'aws-lambda';

/**
 * A prediction becomes an order, as one writes it in an afternoon: the AWS SDK, `fetch`, and no more. No ledger, so an event
 * that comes twice, or an answer that is lost, is two orders. No budget, no stop, no look at what is stale.
 */

const { SECRETS = '{}', EVENT_BUS = '', TRADING_SERVICE = '{}', POLICIES = '{}' } = process.env;
const { baseUrl } = JSON.parse(TRADING_SERVICE) as { baseUrl: string };
const { trade: policy } = JSON.parse(POLICIES) as {
  trade: { confidenceThreshold: number; size: { amountUsd: string } };
};
const secrets = new SecretsManagerClient({});
const events = new EventBridgeClient({});

interface Prediction {
  readonly predictionId: string;
  readonly direction: string;
  readonly confidence: number;
  readonly asset: string;
}

const { secretName: SECRET_NAME = '' } =
  (JSON.parse(SECRETS) as { readonly trading?: { readonly secretName: string } }).trading ?? {};

let keys: Promise<{ apiKey: string; agentId: string }> | undefined;

async function readKeys() {
  const { SecretString = '' } = await secrets.send(new GetSecretValueCommand({ SecretId: SECRET_NAME }));
  return JSON.parse(SecretString) as { apiKey: string; agentId: string };
}

async function placeOrder({ predictionId, direction, confidence, asset }: Prediction): Promise<void> {
  if (direction === 'hold' || confidence < policy.confidenceThreshold) return;
  const { apiKey, agentId } = await (keys ??= readKeys());
  const response = await fetch(`${baseUrl}/trading/order`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      agent_id: agentId,
      direction,
      amount: Number(policy.size.amountUsd),
      asset,
      order_type: 'market',
      metadata: { source: 'sagemaker', confidence: String(confidence) },
    }),
  });
  if (!response.ok) throw new Error(`order: HTTP ${response.status}`);
  const order = (await response.json()) as { order_id: string };
  await events.send(
    new PutEventsCommand({
      Entries: [
        {
          EventBusName: EVENT_BUS,
          Source: 'plain',
          DetailType: 'trade.placed',
          Detail: JSON.stringify({ predictionId, orderId: order.order_id }),
        },
      ],
    }),
  );
}

export async function handler({ Records }: SQSEvent): Promise<void> {
  for (const { body } of Records) await placeOrder((JSON.parse(body) as { detail: Prediction }).detail);
}
