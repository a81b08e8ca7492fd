import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { parseArgs } from 'node:util';
import { prefixOf } from '../lib/names.ts';
import { runCommand, UsageError } from '../src/command-line.ts';
import { composeSignal } from './compose-signal.ts';
import { accessTo, readStage } from './stage-access.ts';

const USAGE = `npm run signal -- approve WHICH --by NAME --reason TEXT    the escrow is released
npm run signal -- reject WHICH --by NAME --reason TEXT     it is disputed; Purple Flea's staff decide
npm run signal -- deliver WHICH --by NAME [--reason TEXT]  the delivery is there; the gate decides

  WHICH       --escrow ID, or --job NAME, or --request ID [--milestone NAME]
  --job       the training job whose bonus it is: the signal may come before the escrow is locked
  --request   the request that asked for it, and its milestone if it has any; may also come before the lock
  --by        who decides or delivers, for the record
  --reason    the reason, for the record and for Purple Flea's staff; for a delivery, a note
  --stage     local (the default: what npm start runs), or another stage of config/, with your AWS credentials

Puts one event on the stage's bus. The first signal counts; another changes nothing once money has moved.`;

const SOURCE = 'purple-flea-pipeline.operations';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      stage: { type: 'string', default: 'local' },
      escrow: { type: 'string' },
      job: { type: 'string' },
      request: { type: 'string' },
      milestone: { type: 'string' },
      by: { type: 'string' },
      reason: { type: 'string' },
    },
  });
  const [command] = positionals;
  if (command === undefined) throw new UsageError('say approve, reject or deliver');
  const stage = readStage(values.stage);
  const { detailType, detail } = composeSignal(command, values);

  const events = new EventBridgeClient(accessTo(stage));
  const { Entries } = await events.send(
    new PutEventsCommand({
      Entries: [
        { EventBusName: prefixOf(stage), Source: SOURCE, DetailType: detailType, Detail: JSON.stringify(detail) },
      ],
    }),
  );
  const refused = Entries?.find((entry) => entry.ErrorCode !== undefined);
  if (refused !== undefined) throw new Error(`the bus refused it: ${refused.ErrorCode} ${refused.ErrorMessage ?? ''}`);
  console.log(`sent ${detailType} to ${prefixOf(stage)}: ${JSON.stringify(detail)}`);
  return 0;
}

await runCommand(USAGE, main);
