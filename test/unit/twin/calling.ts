import { startTwin, type Twin } from '../../../twin/server.ts';

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

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** One request: `call(twin, 'POST /escrow/create', { key, body })`. A string body is sent as it is. */
export async function call(
  twin: Twin,
  route: string,
  { key, body }: { readonly key?: string; readonly body?: unknown } = {},
): Promise<Answer> {
  const [method = 'GET', path = '/'] = route.split(' ');
  const response = await fetch(`${twin.url}${path}`, {
    method,
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text, headers: response.headers, body: JSON.parse(text) as Answer['body'] };
}

export async function setClock(twin: Twin, now: string): Promise<void> {
  await call(twin, 'POST /_twin/clock', { body: { now } });
}

/** A twin with the example's parties, whose clock stands at the moment of the example's create request. */
export async function startExampleTwin(): Promise<Twin> {
  const twin = await startTwin({ port: 0, agents: AGENTS, now: stoppedClock });
  await setClock(twin, '2026-03-06T09:00:00Z');
  return twin;
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
