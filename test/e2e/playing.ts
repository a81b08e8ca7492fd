import { readFileSync } from 'node:fs';
import { eventually, invoke, type Stage } from './stage.ts';

/** Calls the twin with an agent's key; without an agent, as its operator. Throws if it refuses. */
export async function postToTwin(stage: Stage, agent: string, path: string, body: object): Promise<void> {
  const agents = JSON.parse(readFileSync('twin/data/agents.json', 'utf8')) as { agentId: string; apiKey: string }[];
  const apiKey = agents.find(({ agentId }) => agentId === agent)?.apiKey ?? '';
  const response = await fetch(`${stage.twinUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status} ${await response.text()}`);
}

/** Runs what schedules run every minute, until there is an answer. */
export function sweeping<Value>(
  stage: Stage,
  what: string,
  ask: () => Value | undefined | Promise<Value | undefined>,
  withinSeconds?: number,
) {
  const sweep = async () => {
    for (const lambda of ['resolve-intents', 'watch-escrows', 'deliver-deadlines']) await invoke(stage, lambda);
    return ask();
  };
  return eventually(what, sweep, withinSeconds);
}
