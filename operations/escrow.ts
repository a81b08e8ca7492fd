import { parseArgs } from 'node:util';
import type { Stage } from '../lib/stages.ts';
import { runCommand, UsageError } from '../src/command-line.ts';
import type { EscrowStory } from '../src/escrow/story.ts';
import { composeStory, type HistoryEvent } from './compose-story.ts';
import { openFunction } from './invoke-function.ts';
import { accessTo, readStage } from './stage-access.ts';

const USAGE = `npm run escrow -- show ID [--stage dev]    one escrow's whole story: cause, decisions, signals, calls, money, what is next

  ID          the escrow's id, or the key of any effect of it
  --stage     local (the default: what npm start runs), or another stage of config/, with your AWS credentials

Needs lambda:InvokeFunction on decide-intent and states:GetExecutionHistory. It changes nothing.`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { stage: { type: 'string', default: 'local' } },
  });
  const [command, id] = positionals;
  if (command !== 'show' || id === undefined) throw new UsageError('say show, and the id of an escrow or effect');
  const stage = readStage(values.stage);
  const answer = await openFunction(stage, 'decide-intent')({ action: 'story', id });
  const { story, error } = JSON.parse(answer) as { story?: EscrowStory; error?: string };
  if (story === undefined) throw new Error(error ?? `no answer about ${id}`);
  const history = story.execution === undefined ? [] : await readHistory(stage, story.execution.arn);
  console.log(composeStory(story, history).join('\n'));
  return 0;
}

async function readHistory(stage: Stage, executionArn: string): Promise<HistoryEvent[]> {
  const { paginateGetExecutionHistory, SFNClient } = await import('@aws-sdk/client-sfn');
  const events: HistoryEvent[] = [];
  const client = new SFNClient(accessTo(stage));
  const pages = paginateGetExecutionHistory({ client, pageSize: 1000 }, { executionArn });
  for await (const page of pages) events.push(...(page.events ?? []));
  return events;
}

await runCommand(USAGE, main);
