import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { paginateGetExecutionHistory, SFNClient } from '@aws-sdk/client-sfn';
import { parseArgs } from 'node:util';
import { STAGES } from '../lib/stages.ts';
import { prefixOf } from '../lib/names.ts';
import { createClients } from '../local/clients.ts';
import { readSession } from '../local/local-pipeline.ts';
import { runCommand, UsageError } from '../src/command-line.ts';
import type { EscrowStory } from '../src/escrow/story.ts';
import { composeStory, type HistoryEvent } from './compose-story.ts';

const USAGE = `npm run escrow -- show ID [--stage dev]    one escrow's whole story: cause, decisions, signals, calls, money, what is next

  ID          the escrow's id, or the key of any effect of it
  --stage     local (the default: what npm start runs), or another stage of config/, with your AWS credentials

Needs lambda:InvokeFunction on decide-intent and states:GetExecutionHistory. It changes nothing.`;

type Clients = Pick<ReturnType<typeof createClients>, 'lambda' | 'stepFunctions'>;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { stage: { type: 'string', default: 'local' } },
  });
  const [command, id] = positionals;
  if (command !== 'show' || id === undefined) throw new UsageError('say show, and the id of an escrow or effect');
  const stage = STAGES.find((known) => known === values.stage);
  if (stage === undefined) throw new UsageError(`--stage ${values.stage}: allowed are ${STAGES.join(', ')}`);
  const clients =
    stage === 'local'
      ? createClients(readSession().endpoint)
      : { lambda: new LambdaClient({}), stepFunctions: new SFNClient({}) };
  const { story, error } = await askForStory(clients, `${prefixOf(stage)}-decide-intent`, id);
  if (story === undefined) throw new Error(error ?? `no answer about ${id}`);
  const history = story.execution === undefined ? [] : await readHistory(clients, story.execution.arn);
  console.log(composeStory(story, history).join('\n'));
  return 0;
}

async function askForStory(
  { lambda }: Clients,
  FunctionName: string,
  id: string,
): Promise<{ readonly story?: EscrowStory; readonly error?: string }> {
  const { Payload, FunctionError } = await lambda.send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify({ action: 'story', id }) }),
  );
  const text = Payload?.transformToString() ?? '{}';
  if (FunctionError !== undefined) throw new Error(text);
  return JSON.parse(text) as { story?: EscrowStory; error?: string };
}

async function readHistory({ stepFunctions }: Clients, executionArn: string): Promise<HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  const pages = paginateGetExecutionHistory({ client: stepFunctions, pageSize: 1000 }, { executionArn });
  for await (const page of pages) events.push(...(page.events ?? []));
  return events;
}

await runCommand(USAGE, main);
