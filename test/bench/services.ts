import { startTwin } from '../../twin/server.ts';
import { startAwsStub } from './aws-stub.ts';
import { createLink, operationOfTarget, type Exchange } from './link.ts';
import { MARKETS } from './markets.ts';
import type { FromServices, ToServices } from './services-protocol.ts';

/**
 * The other side of what is measured, in a process of its own: the twin, and a stub of AWS, behind one link. Told to renew, it
 * forgets everything; told to report, it says what came since it did so last.
 */

const AGENTS = [
  { agentId: 'ag_platform_treasury', apiKey: 'pf_local_treasury', balanceUsd: '100000000.00' },
  { agentId: 'ag_model_owner_churn', apiKey: 'pf_local_owner_churn', balanceUsd: '0.00' },
];
const [treasury] = AGENTS;

const link = createLink();
const aws = await startAwsStub(JSON.stringify({ apiKey: treasury?.apiKey, agentId: treasury?.agentId }), {
  around: (target, answer) => link.carry({ service: 'AWS', operation: operationOfTarget(target) }, answer),
});
const options = { agents: AGENTS, rateLimits: false, around: carryToTwin };
let twin = await startTwin(options);
let firstEffectAt: number | undefined;

function say(message: FromServices): void {
  process.send?.(message);
}

process.on('message', (message: ToServices) => {
  handle(message).then(say, (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
});
say({ kind: 'ready', awsUrl: aws.url, twinUrl: twin.url });

async function handle(message: ToServices): Promise<FromServices> {
  switch (message.kind) {
    case 'renew':
      await renew(message.trainingJobs);
      return { kind: 'renewed' };
    case 'delay':
      link.delays = message.delays;
      return { kind: 'delayed' };
    case 'report':
      return {
        kind: 'report',
        firstEffectAt: firstEffectAt ?? aws.firstExecutionAt(),
        exchanges: link.takeExchanges(),
      };
    case 'count':
      return { kind: 'counted', effects: (await count('orders')) + (await count('escrows')) + aws.executions() };
  }
}

async function renew(trainingJobs: readonly string[]): Promise<void> {
  const { port } = new URL(twin.url);
  await twin.close();
  twin = await startTwin({ ...options, port: Number(port) });
  aws.reset();
  firstEffectAt = undefined;
  for (const job of trainingJobs) await register(job);
  for (const asset of MARKETS) {
    await ask(`prices/${asset}`, { method: 'PUT', body: JSON.stringify({ price: '100.00' }) });
  }
  link.takeExchanges();
}

const EFFECT = /^POST \/(trading\/order|escrow\/create|v1\/trade\/open)$/;

/** The twin plays SageMaker too, which is as near as the rest of AWS. */
function carryToTwin(request: Request, answer: () => Response | Promise<Response>): Response | Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith('/_twin/')) return answer();
  const asked = whatIsAsked(request, pathname);
  return link.carry(asked, async () => {
    const response = await answer();
    if (EFFECT.test(asked.operation) && response.ok) firstEffectAt ??= performance.timeOrigin + performance.now();
    return response;
  });
}

function whatIsAsked(request: Request, pathname: string): Pick<Exchange, 'service' | 'operation'> {
  const target = request.headers.get('x-amz-target');
  if (target !== null) return { service: 'AWS', operation: operationOfTarget(target) };
  if (pathname.endsWith('/invocations')) return { service: 'AWS', operation: 'SageMaker InvokeEndpoint' };
  return { service: 'Purple Flea', operation: `${request.method} ${pathname}` };
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
