import { startTwin, type Twin, type TwinOptions } from '../../../twin/server.ts';

export const BUYER = 'agent_buyer_0c3d2e';
export const BUYER_KEY = 'key-of-buyer';
export const SUMMARIZER = 'agent_summarizer_9f2a';
export const SUMMARIZER_KEY = 'key-of-summarizer';
export const OUTSIDER = 'agent_outsider';
export const OUTSIDER_KEY = 'key-of-outsider';

/** The parties of the escrow reference's examples, and somebody else. */
export const AGENTS = [
  { agentId: BUYER, apiKey: BUYER_KEY, balanceUsd: '1000.00' },
  { agentId: SUMMARIZER, apiKey: SUMMARIZER_KEY, balanceUsd: '0.00' },
  { agentId: OUTSIDER, apiKey: OUTSIDER_KEY, balanceUsd: '20000.00' },
];

/** A clock that stands still, so that the twin's moves only when a test moves it. */
export function stoppedClock(): Date {
  return new Date('2026-01-01T00:00:00Z');
}

/** The same parties as the published server wants them named, and two that refer others. */
export const REFERRER = 'ag_referrer';
export const REFERRER_CODE = 'ref_carol';
export const PATRON = 'ag_patron';
export const PUBLISHED_BUYER = 'ag_buyer';
export const PUBLISHED_SUMMARIZER = 'ag_summarizer';
export const PUBLISHED_AGENTS = [
  { agentId: PUBLISHED_BUYER, apiKey: BUYER_KEY, balanceUsd: '1000.00' },
  { agentId: PUBLISHED_SUMMARIZER, apiKey: SUMMARIZER_KEY, balanceUsd: '0.50' },
  { agentId: 'ag_outsider', apiKey: OUTSIDER_KEY, balanceUsd: '20000.00', referredBy: PATRON },
  { agentId: REFERRER, apiKey: 'key-of-referrer', balanceUsd: '0.00', referralCode: REFERRER_CODE },
  { agentId: PATRON, apiKey: 'key-of-patron', balanceUsd: '0.00' },
];

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface Sent {
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** One request: `call(twin, 'POST /escrow/create', { key, body })`. A string body is sent as it is. */
export async function call(twin: Twin, route: string, sent: Sent = {}): Promise<Answer> {
  const response = await send(twin, route, sent);
  const text = await response.text();
  return { status: response.status, text, headers: response.headers, body: JSON.parse(text) as Answer['body'] };
}

/** The same, with whatever comes back. */
export function send(twin: Twin, route: string, { key, body, headers, signal }: Sent = {}): Promise<Response> {
  const [method = 'GET', path = '/'] = route.split(' ');
  return fetch(`${twin.url}${path}`, {
    method,
    headers: { ...headers, ...(key !== undefined && { authorization: `Bearer ${key}` }) },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
  });
}

export async function setClock(twin: Twin, now: string): Promise<void> {
  await call(twin, 'POST /_twin/clock', { body: { now } });
}

/** A twin with the example's parties, whose clock stands at the moment of the example's create request. */
export async function startExampleTwin(options: TwinOptions = {}): Promise<Twin> {
  const twin = await startTwin({ port: 0, agents: AGENTS, now: stoppedClock, ...options });
  await setClock(twin, '2026-03-06T09:00:00Z');
  return twin;
}

/** The same with the escrow routes of the published server. */
export function startPublishedTwin(options: TwinOptions = {}): Promise<Twin> {
  return startExampleTwin({ agents: PUBLISHED_AGENTS, escrowProfile: 'published', ...options });
}

/** The create request of the reference's example. */
export const EXAMPLE_TERMS = {
  amount_usd: 50.0,
  description: 'Summarize Q1 2026 earnings report, 500-word markdown briefing',
  counterparty_agent_id: SUMMARIZER,
  timeout_hours: 48,
  referral_code: 'REF_abc123',
  metadata: { task_id: 'task_88f2c1', output_format: 'markdown' },
};

/** Creates an escrow as the buyer and returns its id. */
export async function createEscrow(twin: Twin, terms: Record<string, unknown> = {}): Promise<string> {
  const { body } = await call(twin, 'POST /escrow/create', { key: BUYER_KEY, body: { ...EXAMPLE_TERMS, ...terms } });
  return String(body['escrow_id']);
}

/** What the published server takes for the same. */
export const PUBLISHED_TERMS = { ...EXAMPLE_TERMS, counterparty_agent_id: PUBLISHED_SUMMARIZER };

/** Creates an escrow at the published server, as the buyer if no other key is given, and returns its id. */
export async function createPublishedEscrow(
  twin: Twin,
  terms: Record<string, unknown> = {},
  key: string = BUYER_KEY,
): Promise<string> {
  const { body } = await call(twin, 'POST /escrow/create', { key, body: { ...PUBLISHED_TERMS, ...terms } });
  return String(body['escrow_id']);
}

/** What the control of the agents says of one of them, and of the whole. */
export async function availableTo(twin: Twin, agentId: string): Promise<unknown> {
  const { body } = await call(twin, 'GET /_twin/agents');
  const agents = body['agents'] as { readonly agent_id: string; readonly available_usd: string }[];
  return agents.find(({ agent_id }) => agent_id === agentId)?.available_usd;
}
