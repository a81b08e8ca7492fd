import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseUsd } from '../../../src/money.ts';
import { startTwin, type Twin } from '../../../twin/server.ts';
import { firstMoment, priceAt, pricePath } from '../../../twin/trading/prices.ts';
import { call, stoppedClock } from './calling.ts';

const START = stoppedClock();
const at = (seconds: number) => START.getTime() + seconds * 1000;
const path = (...points: [afterSeconds: number, price: string][]) =>
  pricePath(
    'ETH-USDC',
    points.map(([afterSeconds, price]) => ({ afterSeconds, price: parseUsd(price) })),
    START,
  );

describe('a price path', () => {
  const rise = path([10, '100.00'], [20, '101.00'], [30, '100.50']);

  test.each([
    [-5, '100.00'],
    [0, '100.00'],
    [10, '100.00'],
    [15, '100.50'],
    [20, '101.00'],
    [23, '100.85'],
    [30, '100.50'],
    [1e9, '100.50'],
  ])('is at %d seconds at %s', (seconds, price) => {
    expect(priceAt(rise, at(seconds))).toBe(parseUsd(price));
  });

  test('leaves out what is below a micro-dollar', () => {
    expect(priceAt(path([0, '1.00'], [3, '1.000001']), at(2))).toBe(parseUsd('1.00'));
    expect(priceAt(path([0, '1.00'], [3, '1.00001']), at(1))).toBe(parseUsd('1.000003'));
  });

  test('knows the first moment on the other side of a limit, in milliseconds', () => {
    const below = (limit: string) => (price: bigint) => price <= parseUsd(limit);
    const dip = path([0, '3000.00'], [4000, '2600.00'], [8000, '3200.00']);
    const all = { from: at(0), until: at(8000) };

    expect(firstMoment(dip, all, below('2700.00'))).toBe(at(3000));
    expect(firstMoment(dip, all, below('2599.99'))).toBeUndefined();
    expect(firstMoment(dip, { from: at(3500), until: at(8000) }, below('2700.00'))).toBe(at(3500));
    expect(firstMoment(dip, { from: at(0), until: at(2999) }, below('2700.00'))).toBeUndefined();
    expect(firstMoment(dip, { from: at(9), until: at(8) }, below('9999.00'))).toBeUndefined();
  });
});

describe('the prices of a twin', () => {
  let twin: Twin;

  beforeEach(async () => {
    twin = await startTwin({ port: 0, now: stoppedClock });
  });
  afterEach(() => twin.close());

  const prices = async () =>
    Object.fromEntries(
      ((await call(twin, 'GET /_twin/prices')).body['prices'] as { asset: string; price: string }[]).map(
        ({ asset, price }) => [asset, price],
      ),
    );

  test('begin where they always did, move over hours, and end where they began', async () => {
    const start = { 'BTC-USDC': '64250.50', 'ETH-USDC': '3120.25', 'SOL-USDC': '148.375' };
    expect(await prices()).toEqual(start);

    await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: 3600 } });
    expect(await prices()).toEqual({ 'BTC-USDC': '64675.25', 'ETH-USDC': '3107.625', 'SOL-USDC': '149.7875' });

    await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: 86_400 } });
    expect(await prices()).toEqual(start);
  });

  test('can be set to stand still', async () => {
    const { status, body } = await call(twin, 'PUT /_twin/prices/BTC-USDC', { body: { price: '65000.00' } });
    await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: 3600 } });

    expect(status).toBe(200);
    expect(body).toEqual({
      asset: 'BTC-USDC',
      price: '65000.00',
      since: '2026-01-01T00:00:00Z',
      path: [{ at: '2026-01-01T00:00:00Z', price: '65000.00' }],
    });
    expect((await prices())['BTC-USDC']).toBe('65000.00');
  });

  test('can be given a path, for an asset that was not traded too', async () => {
    const points = [
      { afterSeconds: 0, price: '0.10' },
      { afterSeconds: 100, price: '0.20' },
    ];
    await call(twin, 'PUT /_twin/prices/DOGE-USDC', { body: { path: points } });
    await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: 25 } });

    expect((await prices())['DOGE-USDC']).toBe('0.125');
  });

  test.each([
    ['BTC-USDC', {}, /Send for example/],
    ['BTC-USDC', { price: 65_000 }, /expected string/],
    ['BTC-USDC', { price: '0.00' }, /more than zero/],
    ['BTC-USDC', { price: '-1' }, /not an amount/],
    ['BTC-USDC', { path: [] }, /path/],
    [
      'BTC-USDC',
      {
        path: [
          { afterSeconds: 5, price: '1' },
          { afterSeconds: 5, price: '2' },
        ],
      },
      /order of time/,
    ],
    ['BTC', { price: '1.00' }, /such as BTC-USDC/],
  ])('refuse for %s %j', async (asset, body, reason) => {
    const answer = await call(twin, `PUT /_twin/prices/${asset}`, { body });

    expect([answer.status, answer.body['error']]).toEqual([400, 'INVALID_REQUEST']);
    expect(answer.body['message']).toMatch(reason);
  });
});
