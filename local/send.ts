import { parseArgs } from 'node:util';
import { createClients } from './clients.ts';
import { runCommand, UsageError } from '../src/command-line.ts';
import { readSession } from '../src/local-session.ts';
import { STOP_MODES } from '../src/ledger/stop.ts';
import {
  askModel,
  registerTrainingJob,
  sendDelivery,
  sendPrediction,
  sendPriceAlert,
  sendRequest,
  sendTrainingEvent,
  setStop,
} from './sending.ts';

const USAGE = `Puts an event on the buses of the pipeline that \`npm start\` runs.

  npm run send -- training --job NAME [--accuracy 0.93] [--tag team=churn]     a training job finishes; without --accuracy it has no metric
  npm run send -- delivered --escrow ID --by WHO            the delivery that the escrow waits for
  npm run send -- delivered --job NAME --by WHO             the same, by the training job; may come before the lock
  npm run send -- delivered --request ID [--milestone NAME] --by WHO     the same, by the request that asked for it
  npm run send -- request --id ID --to AGENT --amount 20.00              requests an escrow
  npm run send -- request --id ID --to AGENT --milestone draft=5.00 --milestone final=15.00     one escrow for each milestone
  npm run send -- prediction --direction long|short|hold --confidence 0.8 [--asset BTC-USDC] [--id ID]
  npm run send -- alert --direction long|short --price 61000.00 [--asset BTC-USDC] [--id ID] [--by rsi_oversold]
  npm run send -- ask-model                                 the first predictor asks its endpoint, and publishes its answer
  npm run send -- stop running|reducing|halted              the stop: send everything, nothing new, nothing`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      job: { type: 'string' },
      request: { type: 'string' },
      milestone: { type: 'string', multiple: true },
      to: { type: 'string' },
      amount: { type: 'string' },
      description: { type: 'string', default: 'asked for by npm run send' },
      accuracy: { type: 'string' },
      tag: { type: 'string', multiple: true, default: [] },
      escrow: { type: 'string' },
      by: { type: 'string' },
      direction: { type: 'string' },
      confidence: { type: 'string' },
      price: { type: 'string' },
      asset: { type: 'string' },
      id: { type: 'string' },
    },
  });
  const [command] = positionals;
  if (command === undefined) throw new UsageError('say what to send');
  const need = (option: 'job' | 'by' | 'id' | 'to' | 'direction' | 'confidence' | 'price') => {
    const value = values[option];
    if (value === undefined) throw new UsageError(`--${option} is missing`);
    return value;
  };
  const { endpoint, twinUrl, outputs } = readSession();
  const clients = createClients(endpoint);

  switch (command) {
    case 'training': {
      const metrics: Record<string, number> =
        values.accuracy === undefined ? {} : { 'validation:accuracy': toNumber('accuracy', values.accuracy) };
      const tags = Object.fromEntries(values.tag.map(toTag));
      await registerTrainingJob(twinUrl, need('job'), { metrics, tags });
      const rules = await sendTrainingEvent(clients, need('job'), { tags });
      console.log(`taken by rule ${rules.join(', ')}`);
      break;
    }
    case 'delivered': {
      const { escrow, job, request, milestone } = values;
      if ([escrow, job, request].filter((name) => name !== undefined).length !== 1) {
        throw new UsageError('give one of --escrow, --job and --request');
      }
      await sendDelivery(clients, outputs.busName, {
        deliveredBy: need('by'),
        ...(escrow === undefined ? {} : { escrowId: escrow }),
        ...(job === undefined ? {} : { trainingJobName: job }),
        ...(request === undefined ? {} : { requestId: request }),
        ...(milestone?.[0] === undefined ? {} : { milestone: milestone[0] }),
      });
      break;
    }
    case 'request': {
      const { amount, milestone: milestones, description } = values;
      if ((amount === undefined) === (milestones === undefined)) {
        throw new UsageError('give either --amount, or --milestone NAME=AMOUNT once or more');
      }
      const requestedAt = new Date().toISOString();
      await sendRequest(clients, outputs.busName, {
        requestId: need('id'),
        requestedAt,
        counterpartyAgentId: need('to'),
        description,
        timeoutHours: 24,
        ...(amount === undefined ? {} : { amountUsd: amount }),
        ...(milestones === undefined ? {} : { milestones: milestones.map(toMilestone) }),
      });
      break;
    }
    case 'prediction': {
      const direction = need('direction');
      if (direction !== 'long' && direction !== 'short' && direction !== 'hold') {
        throw new UsageError(`--direction ${direction}: allowed are long, short, hold`);
      }
      await sendPrediction(clients, outputs.busName, {
        direction,
        confidence: toNumber('confidence', need('confidence')),
        ...(values.asset === undefined ? {} : { asset: values.asset }),
        ...(values.id === undefined ? {} : { predictionId: values.id }),
      });
      break;
    }
    case 'alert': {
      const direction = need('direction');
      if (direction !== 'long' && direction !== 'short') {
        throw new UsageError(`--direction ${direction}: allowed are long, short`);
      }
      await sendPriceAlert(clients, outputs.busName, {
        asset: values.asset ?? 'BTC-USDC',
        direction,
        price: need('price'),
        triggered_by: values.by ?? 'by hand',
        at: new Date().toISOString(),
        ...(values.id === undefined ? {} : { alertId: values.id }),
      });
      break;
    }
    case 'ask-model': {
      await askModel(clients, outputs.requestPrediction);
      break;
    }
    case 'stop': {
      const mode = STOP_MODES.find((known) => known === positionals[1]);
      if (mode === undefined)
        throw new UsageError(`stop ${positionals[1] ?? ''}: allowed are ${STOP_MODES.join(', ')}`);
      await setStop(clients, outputs.stopParameter, mode);
      console.log(`the switch is on ${mode}; functions notice within five seconds`);
      return 0;
    }
    default:
      throw new UsageError(`there is no command "${command}"`);
  }
  console.log('sent; what follows from it is in the timeline of npm start');
  return 0;
}

function toMilestone(text: string): { name: string; amountUsd: string } {
  const [name = '', amountUsd, ...rest] = text.split('=');
  if (amountUsd === undefined || rest.length > 0) throw new UsageError(`--milestone ${text}: write NAME=AMOUNT`);
  return { name, amountUsd };
}

function toTag(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--tag ${text}: write KEY=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function toNumber(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new UsageError(`--${option} ${text} is not a number`);
  return value;
}

await runCommand(USAGE, main);
