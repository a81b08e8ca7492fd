import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ServiceUnreadableError } from '../../../../src/errors.ts';
import type { Intent } from '../../../../src/ledger/intent.ts';
import { parseUsd } from '../../../../src/money.ts';
import { PROFILES } from '../../../../src/purple-flea/service.ts';
import type { OrderDirection } from '../../../../src/purple-flea/trading.ts';
import { lookForOrder, readTrading, snapshotOf, type TradeSnapshot } from '../../../../src/trading/look-for-order.ts';
import { aNewIntent, leaveSending, leaveUnknown, NOON } from '../../../support/effects.ts';
import { inert } from '../../../support/inert.ts';
import { startLedgerWorld, TREASURY_KEY, type LedgerWorld } from '../../../support/ledger-world.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';
import { aTradingClient } from '../../../support/predictions.ts';
import { call } from '../../twin/calling.ts';

const ORDER = { asset: 'BTC-USDC', direction: 'long' } as const;

function anOrderIntent(before: Readonly<Record<string, unknown>> | undefined, amountUsd = '50.00') {
  const intent = aNewIntent({ kind: 'trade-order', payee: ORDER.asset, amountUsd });
  return leaveUnknown(createMemoryIntents(), intent, undefined, before);
}

/** An order of the same market whose fill is known. */
async function anAppliedOrder(orderId: string): Promise<Intent> {
  const intents = createMemoryIntents();
  const sending = await leaveSending(
    intents,
    aNewIntent({ kind: 'trade-order', payee: ORDER.asset, subject: orderId }),
  );
  return intents.move(sending, { state: 'applied', note: 'the service confirmed it', result: { orderId } }, NOON);
}

describe.each(PROFILES)('looking for an order at the %s service', (profile) => {
  let world: LedgerWorld;

  beforeEach(async () => {
    world = await startLedgerWorld(profile);
  });
  afterEach(() => world.close());

  async function order(direction: OrderDirection = 'long', asset: string = ORDER.asset, amount = '50.00') {
    const { trading, owner } = world.treasury;
    const { agentId } = owner;
    const request = { reference: 'pf1:a', agentId, asset, direction, amount: parseUsd(amount), leverage: 1 };
    const body = trading.orderBody({ ...request, metadata: {} });
    const answer = await trading.placeOrder({ body, key: 'k', reference: 'pf1:a' });
    if (answer.kind !== 'applied') throw new Error(`${answer.kind}: ${answer.reason}`);
    return answer.result;
  }

  const snapshot = async () => snapshotOf(ORDER, await readTrading(world.treasury.trading), undefined);
  const look = async (before: TradeSnapshot, amountUsd?: string, others: readonly Intent[] = []) =>
    lookForOrder(
      { trading: world.treasury.trading, findOthers: async () => others },
      await anOrderIntent({ ...before }, amountUsd),
    );

  test('finds the one fill of its market, side and size that was not there before', async () => {
    await order();
    const before = await snapshot();
    const { amountUsd } = await order();

    expect(await look(before)).toEqual({
      kind: 'found',
      result: { orderId: expect.any(String), status: 'filled', asset: 'BTC-USDC', direction: 'long', amountUsd },
    });
  });

  test.each<[string, OrderDirection, string, string]>([
    ['side', 'short', 'BTC-USDC', '50.00'],
    ['market', 'long', 'ETH-USDC', '50.00'],
    ['size', 'long', 'BTC-USDC', '55.01'],
    ['size by so little', 'long', 'BTC-USDC', '44.99'],
  ])('does not take one of another %s for it', async (_case, direction, asset, amount) => {
    const before = await snapshot();
    await order(direction, asset, amount);

    expect(await look(before)).toEqual({ kind: 'absent' });
  });

  test.each(['45.00', '55.00'])('takes one that was filled in whole lots for it: $%s of $50.00', async (amount) => {
    const before = await snapshot();
    await order('long', 'BTC-USDC', amount);

    expect(await look(before)).toMatchObject({ kind: 'found' });
  });

  test('does not take what was there before for it', async () => {
    await order();
    await order();

    expect(await look(await snapshot())).toEqual({ kind: 'absent' });
  });

  test('leaves two that could be it to a person, and names them', async () => {
    const before = await snapshot();
    await order();
    await order();

    expect(await look(before)).toMatchObject({
      kind: 'many',
      note: expect.stringMatching(/^several new fills could be this order: \S+, \S+$/),
    });
  });

  test('leaves out what another order of ours is known to have filled, although the snapshot missed it', async () => {
    const before = await snapshot();
    const { orderId } = await order();
    const others = [await anAppliedOrder(orderId)];

    expect(await look(before, '50.00', others)).toEqual({ kind: 'absent' });
    const mine = await order();
    expect(await look(before, '50.00', others)).toMatchObject({ kind: 'found', result: { orderId: mine.orderId } });
  });

  test('leaves out what was filled long before it was asked for', async () => {
    const before = await snapshot();
    world.setMinute(-6);
    await order();

    expect(await look(before)).toEqual({ kind: 'absent' });
  });

  test('sees an order whose position was closed since, where there is a history of fills', async () => {
    const before = await snapshot();
    const { orderId } = await order();
    const positions = (await world.treasury.trading.readPositions()).flatMap(({ positionId }) => positionId ?? []);
    const closed = await call(world.twin, 'POST /v1/trade/close', {
      key: TREASURY_KEY.apiKey,
      body: { position_id: positions[0] ?? orderId },
    });
    expect(closed.status).toBe(200);

    expect((await look(before)).kind).toBe(profile === 'published' ? 'found' : 'absent');
  });

  test('is not possible where positions cannot be read, and no order goes out then', async () => {
    const route = profile === 'reference' ? 'GET /trading/positions' : 'GET /v1/trade/positions';
    await call(world.twin, 'POST /_twin/faults', { body: { route, fault: 'error-500' } });

    await expect(snapshot()).rejects.toThrow(ServiceUnreadableError);
  });
});

test.each([undefined, {}, { asset: 'BTC-USDC', direction: 'up', positionIds: [] }])(
  'an order without a snapshot can never be told from another: %j',
  async (before) => {
    expect(
      await lookForOrder({ trading: aTradingClient(), findOthers: inert('findOthers') }, await anOrderIntent(before)),
    ).toEqual({
      kind: 'invisible',
      reason: 'no snapshot was taken before the order',
    });
  },
);

test('a position without an id, which was not opened through the service, is never taken for an order', async () => {
  const position = {
    positionId: undefined,
    orderId: undefined,
    asset: 'BTC-USDC',
    direction: 'long',
    amount: parseUsd('50.00'),
    leverage: 1,
    entryPrice: '65000.00',
    openedAt: undefined,
    pnl: undefined,
  } as const;
  const trading = aTradingClient({ readPositions: async () => [position] });

  expect(snapshotOf(ORDER, await readTrading(trading), undefined)).toEqual({ ...ORDER, positionIds: [] });
  const findOthers = async () => [];
  const intent = await anOrderIntent({ ...ORDER, positionIds: [] });
  expect(await lookForOrder({ trading, findOthers }, intent)).toEqual({ kind: 'absent' });
});

test('a position that does not say which order opened it may be that of another order of ours', async () => {
  const position = {
    positionId: 'pos_new',
    orderId: undefined,
    asset: 'BTC-USDC',
    direction: 'long',
    amount: parseUsd('50.00'),
    leverage: 1,
    entryPrice: '65000.00',
    openedAt: undefined,
    pnl: undefined,
  } as const;
  const trading = aTradingClient({ readPositions: async () => [position] });
  const intent = await anOrderIntent({ ...ORDER, positionIds: [] });
  const other = await anAppliedOrder('ord_other');

  expect(await lookForOrder({ trading, findOthers: async () => [other] }, intent)).toEqual({
    kind: 'many',
    note: `the new fill pos_new could be this order or one of ${other.reference}`,
  });
  expect(await lookForOrder({ trading, findOthers: async () => [] }, intent)).toMatchObject({
    kind: 'found',
    result: { orderId: 'pos_new' },
  });
});
