import diagnostics from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { startTwin } from '../../twin/server.ts';
import { startAwsStub } from './aws-stub.ts';
import { MARKETS } from './markets.ts';
import type { FromServices, ToServices } from './services-protocol.ts';

/**
 * The other side of what is measured, in a process of its own: the twin, and a stub of AWS. Told to renew, it forgets
 * everything; told to report, it says what came since it did so last.
 */

const AGENTS = [
  { agentId: 'ag_platform_treasury', apiKey: 'pf_local_treasury', balanceUsd: '100000000.00' },
  { agentId: 'ag_model_owner_churn', apiKey: 'pf_local_owner_churn', balanceUsd: '0.00' },
];
const [treasury] = AGENTS;

const aws = await startAwsStub(JSON.stringify({ apiKey: treasury?.apiKey, agentId: treasury?.agentId }));
let twin = await startTwin({ agents: AGENTS, rateLimits: false });
let firstEffectAt: number | undefined;
let reported = { aws: 0, twin: 0 };

// The moment at which the service has an order or an escrow, and has said so.
diagnostics.subscribe('http.server.response.finish', (message) => {
  const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
  const isEffect = /^\/(trading\/order|escrow\/create|v1\/trade\/open)$/.test(request.url ?? '');
  if (request.method === 'POST' && isEffect && response.statusCode < 300) {
    firstEffectAt ??= performance.timeOrigin + performance.now();
  }
});

function say(message: FromServices): void {
  process.send?.(message);
}

process.on('message', (message: ToServices) => {
  handle(message).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});
say({ kind: 'ready', awsUrl: aws.url, twinUrl: twin.url });

async function handle(message: ToServices): Promise<void> {
  if (message.kind === 'renew') {
    const { port } = new URL(twin.url);
    await twin.close();
    twin = await startTwin({ agents: AGENTS, rateLimits: false, port: Number(port) });
    aws.reset();
    firstEffectAt = undefined;
    reported = { aws: 0, twin: 0 };
    for (const job of message.trainingJobs) await register(job);
    for (const asset of MARKETS) {
      await ask(`prices/${asset}`, { method: 'PUT', body: JSON.stringify({ price: '100.00' }) });
    }
    say({ kind: 'renewed' });
    return;
  }
  const orders = await count('orders');
  const escrows = await count('escrows');
  const { calls } = (await ask('calls')) as { calls: { method: string; path: string; query: string; body: unknown }[] };
  const since = reported;
  reported = { aws: aws.requests.length, twin: calls.length };
  say({
    kind: 'report',
    effects: orders + escrows + aws.executions(),
    firstEffectAt: firstEffectAt ?? aws.firstExecutionAt(),
    calls: [
      ...aws.requests.slice(since.aws).map(({ target, contentType, body }) => ({
        url: `${aws.url}/`,
        method: 'POST',
        headers: { 'content-type': contentType, 'x-amz-target': target },
        body,
      })),
      ...calls.slice(since.twin).map(({ method, path, query, body }) => ({
        url: `${twin.url}${path}${query}`,
        method,
        headers: {
          authorization: `Bearer ${treasury?.apiKey}`,
          'content-type': 'application/json',
          ...(path === '/' ? { 'x-amz-target': 'SageMaker.DescribeTrainingJob' } : {}),
        },
        body: body === null ? '' : JSON.stringify(body),
      })),
    ],
  });
}

async function register(name: string): Promise<void> {
  const job = { status: 'Completed', metrics: { 'validation:accuracy': 0.93 } };
  await ask(`training-jobs/${name}`, { method: 'PUT', body: JSON.stringify(job) });
}

async function count(what: 'orders' | 'escrows'): Promise<number> {
  return ((await ask(what)) as Record<string, unknown[]>)[what]?.length ?? 0;
}

/** Asks the twin's control routes. A renewed twin has the port of the last one, but not its connections. */
async function ask(path: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(`${twin.url}/_twin/${path}`, { ...init, headers: { connection: 'close' } });
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status} ${await response.text()}`);
  return response.json();
}
