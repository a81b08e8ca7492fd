import { parseArgs } from 'node:util';
import { formatUsd, parseUsd } from '../src/money.ts';
import { readAgents, readInitialData, type InitialAgent } from './initial-data.ts';
import { startTwin } from './server.ts';

const USAGE = `Usage: node twin/main.ts [--port 4010] [--agents file.json]

  --port    port on 127.0.0.1 (default 4010; 0 takes a free one)
  --agents  agents to start with, in the format of twin/data/agents.json`;

try {
  const { port, agents } = readArguments();
  const twin = await startTwin({ port, agents });
  // Not once: npm passes a Ctrl+C on that the terminal has already sent.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void twin.close());
  process.once('exit', () => console.log('The twin is stopped; its state is gone.'));
  console.log(welcome(twin.url, agents));
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 1;
}

function readArguments(): { port: number; agents: readonly InitialAgent[] } {
  const { values } = parseArgs({
    options: { port: { type: 'string', default: '4010' }, agents: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true) {
    console.log(USAGE);
    process.exit(0);
  }
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535) {
    throw new Error(`--port must be a number from 0 to 65535, got "${values.port}"`);
  }
  return {
    port: Number(values.port),
    agents: values.agents === undefined ? readInitialData().agents : readAgents(values.agents),
  };
}

function welcome(url: string, known: readonly InitialAgent[]): string {
  const [creator, counterparty] = known;
  const width = Math.max(...known.map(({ agentId }) => agentId.length));
  const agentLines = known.map(
    ({ agentId, apiKey, balanceUsd }) =>
      `  ${agentId.padEnd(width)}  $${formatUsd(parseUsd(balanceUsd)).padStart(8)}  ${apiKey}`,
  );
  return `Purple Flea twin on ${url} (escrow, trading and wallet; SageMaker DescribeTrainingJob and InvokeEndpoint)

Agents and their API keys (made up, good for nothing but this server):
${agentLines.join('\n')}

Try:
  curl ${url}/health
  curl -X POST ${url}/escrow/create -H "Authorization: Bearer ${creator?.apiKey}" -H "Content-Type: application/json" \\
    -d '{"amount_usd": 50.00, "description": "Bonus for churn-xgb-demo", "counterparty_agent_id": "${counterparty?.agentId}"}'
  curl ${url}/escrow/list -H "Authorization: Bearer ${creator?.apiKey}"
  curl -X POST ${url}/endpoints/direction-model/invocations -H "Content-Type: application/json" \\
    -d '{"momentum_5m": 0.004, "momentum_1h": 0.01, "rsi_14": 65, "volume_z": 0.5, "funding_rate": 0.0001}'

Look inside and move time:
  curl ${url}/_twin/agents
  curl ${url}/_twin/calls
  curl -X POST ${url}/_twin/clock -d '{"advanceSeconds": 86400}'

Stop with Ctrl+C.`;
}
