import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { sendPrediction, sendPriceAlert } from '../../local/sending.ts';
import { readOrders } from '../../local/twin-view.ts';
import type { Intent } from '../../src/ledger/intent.ts';
import { awaitEvent, eventually, findEvents, invoke, readLog, settle, startStage, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await startStage();
}, 600_000);

afterAll(async () => {
  await stage.close();
});

/** The orders of a market in the ledger, in the order in which they were sent. */
async function ordersIn(asset: string): Promise<Intent[]> {
  const { Items = [] } = await stage.clients.documents.send(new ScanCommand({ TableName: stage.outputs.intentTable }));
  return (Items as Intent[])
    .filter(({ kind, payee, sentAt }) => kind === 'trade-order' && payee === asset && sentAt !== undefined)
    .toSorted((one, other) => (one.sentAt ?? '').localeCompare(other.sentAt ?? ''));
}

const predict = (prediction: Parameters<typeof sendPrediction>[2]) =>
  sendPrediction(stage.clients, stage.outputs.busName, prediction);

describe('a price alert', () => {
  test('becomes one order, however often its event comes, and says what it came from', async () => {
    const alert = {
      asset: 'SOL-USDC',
      direction: 'long',
      price: '150.00',
      triggered_by: `rsi_oversold ${randomUUID()}`,
      at: new Date().toISOString(),
    } as const;
    for (let time = 0; time < 3; time += 1) await sendPriceAlert(stage.clients, stage.outputs.busName, alert);

    const signalId = [alert.asset, alert.direction, alert.triggered_by, alert.at].join('/');
    const placed = await awaitEvent(stage, 'trade.placed', { signalId });
    await settle();

    expect(placed).toMatchObject({ mode: 'live', source: 'price-alert', asset: 'SOL-USDC', amountUsd: '50.00' });
    expect(findEvents(stage, 'trade.placed', { signalId })).toHaveLength(1);
    const orders = await readOrders(stage.twinUrl);
    expect(orders.filter(({ order_id }) => order_id === placed['orderId'])).toHaveLength(1);
  });
});

describe('predictions', () => {
  test('that come in another order than they were made in are judged each by its own age', async () => {
    const now = Date.now();
    const [older, newer] = [randomUUID(), randomUUID()];
    const prediction = { asset: 'SOL-USDC', direction: 'short', confidence: 0.9 } as const;
    await predict({ ...prediction, predictionId: newer, at: new Date(now).toISOString() });
    await predict({ ...prediction, predictionId: older, at: new Date(now - 61_000).toISOString() });

    await awaitEvent(stage, 'trade.placed', { signalId: newer });
    expect(await awaitEvent(stage, 'trade.skipped', { signalId: older })).toMatchObject({ reason: 'stale' });
  });

  test('fifty at once for one market are placed one at a time, until the limit of the day is reached', async () => {
    const ids: readonly string[] = Array.from({ length: 50 }, () => randomUUID());
    await Promise.all(
      ids.map((predictionId) => predict({ predictionId, asset: 'ETH-USDC', direction: 'long', confidence: 0.9 })),
    );
    const isOurs = ({ signalId }: Readonly<Record<string, unknown>>) => ids.includes(String(signalId));
    const told = () =>
      (['trade.placed', 'trade.skipped'] as const).map((type) => findEvents(stage, type, {}).filter(isOurs));
    await eventually('all fifty to be decided', () => (told().flat().length === ids.length ? true : undefined));
    const [placed = [], skipped = []] = told();

    // $500.00 a day, of which $100.00 went before.
    expect(placed).toHaveLength(8);
    expect(new Set(skipped.map(({ reason }) => reason))).toEqual(new Set(['daily-notional']));
    const orders = await ordersIn('ETH-USDC');
    expect(orders).toHaveLength(8);
    const overlaps = orders.filter(
      ({ sentAt = '' }, index) => index > 0 && sentAt < (orders[index - 1]?.updatedAt ?? ''),
    );
    expect(overlaps).toEqual([]);
    const shown = await readOrders(stage.twinUrl);
    expect(shown.filter(({ asset }) => asset === 'ETH-USDC')).toHaveLength(8);
  }, 120_000);
});

test('what is open after that is measured, in total and by market, with the mode that it is of', async () => {
  const before = Date.now();
  await invoke(stage, 'measure-positions');

  const lines = await eventually('the metrics in its log', async () => {
    const found = [...(await readLog(stage, 'measure-positions')).matchAll(/\{"_aws":.*\}/g)]
      .map(([line]) => JSON.parse(line) as { readonly _aws: { readonly Timestamp: number }; readonly Asset?: string })
      .filter(({ _aws }) => _aws.Timestamp >= before);
    return found.length === 4 ? found : undefined;
  });
  const own = { service: 'purple-flea-local', Mode: 'live' };
  // One each way in SOL, and eight in ETH. This dialect has no history.
  expect(lines[0]).toMatchObject({ ...own, ExposureUsd: 500, DailyLossUsedPercent: expect.any(Number) });
  expect(lines[0]).not.toHaveProperty('RealisedProfitUsd');
  expect(lines[0]).not.toHaveProperty('WinRatePercent');
  expect(lines.slice(1)).toMatchObject([
    { ...own, Asset: 'BTC-USDC', ExposureUsd: 0, UnrealisedProfitUsd: 0 },
    { ...own, Asset: 'ETH-USDC', ExposureUsd: 400 },
    { ...own, Asset: 'SOL-USDC', ExposureUsd: 100 },
  ]);
});
