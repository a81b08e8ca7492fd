import { runCommand } from '../src/command-line.ts';
import { formatUsd, parseUsd } from '../src/money.ts';
import { readArguments, USAGE, type Arguments } from './arguments.ts';
import { startTwin } from './server.ts';

await runCommand(USAGE, async () => {
  await start(readArguments(process.argv.slice(2)));
  return 0;
});

async function start(asked: Arguments): Promise<void> {
  const twin = await startTwin(asked);
  // Not once: npm passes a Ctrl+C on that the terminal has already sent.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void twin.close());
  const leftover = asked.file === undefined ? 'its state is gone' : `its state is in ${asked.file}`;
  process.once('exit', () => console.log(`The twin is stopped; ${leftover}.`));
  console.log(welcome(twin.url, asked));
}

function welcome(url: string, { agents, escrowProfile, file, rateLimits }: Arguments): string {
  const width = Math.max(...agents.map(({ agentId }) => agentId.length));
  const agentLines = agents.map(
    ({ agentId, apiKey, balanceUsd }) =>
      `  ${agentId.padEnd(width)}  $${formatUsd(parseUsd(balanceUsd)).padStart(8)}  ${apiKey}`,
  );
  const kept =
    file === undefined ? 'in memory alone' : `in ${file}; agents and balances are those of the file, if it has some`;
  return `Purple Flea twin on ${url} (escrow, trading, wallet, faucet; SageMaker DescribeTrainingJob and InvokeEndpoint)
Escrow dialect: ${escrowProfile}. Rate limits: ${rateLimits ? 'on' : 'off'}. State: ${kept}.

Agents and their API keys (made up, good for nothing but this server):
${agentLines.join('\n')}

Try:
${attempts(url, { agents, escrowProfile })}

Look inside, move time, break an answer:
  curl ${url}/_twin/ledger
  curl ${url}/_twin/calls
  curl -X POST ${url}/_twin/clock -d '{"advanceSeconds": 86400}'
  curl -X POST ${url}/_twin/faults -d '{"route": "POST /escrow/create", "fault": "applied-answer-lost"}'

Stop with Ctrl+C.`;
}

function attempts(url: string, { agents, escrowProfile }: Pick<Arguments, 'agents' | 'escrowProfile'>): string {
  const [creator, counterparty] = agents;
  const key = `-H "Authorization: Bearer ${creator?.apiKey}"`;
  const read = {
    reference: `curl ${url}/escrow/list ${key}`,
    published: `curl ${url}/escrow/esc_... ${key}\n  curl ${url}/api/v1/auth/ledger ${key}`,
  };
  return `  curl ${url}/health
  curl -X POST ${url}/escrow/create ${key} -H "Content-Type: application/json" \\
    -d '{"amount_usd": 50.00, "description": "Bonus for churn-xgb-demo", "counterparty_agent_id": "${counterparty?.agentId}"}'
  ${read[escrowProfile]}
  curl -X POST ${url}/endpoints/direction-model/invocations -H "Content-Type: application/json" \\
    -d '{"momentum_5m": 0.004, "momentum_1h": 0.01, "rsi_14": 65, "volume_z": 0.5, "funding_rate": 0.0001}'`;
}
