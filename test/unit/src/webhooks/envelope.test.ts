import { describe, expect, test } from '@jest/globals';
import { readWebhook } from '../../../../src/webhooks/envelope.ts';

const ESCROW = { kind: 'escrow', id: 'evt_1', escrowId: 'esc_1' };
const read = (body: unknown) => readWebhook(typeof body === 'string' ? body : JSON.stringify(body));

describe('a webhook about an escrow', () => {
  test.each([
    [
      'the page on webhooks',
      {
        event: 'escrow.released',
        id: 'evt_1',
        timestamp: '2026-03-06T09:00:00Z',
        api_version: 'v1',
        data: { escrow_id: 'esc_1' },
      },
    ],
    [
      'the page for agents',
      {
        id: 'evt_1',
        type: 'escrow_released',
        api_version: 'v1',
        created: 1772787600,
        timestamp: '2026-03-06T09:00:00Z',
        agent_id: 'ag_1',
        data: { escrow_id: 'esc_1', amount_usdc: 100, fee_usdc: 1, referral_usdc: 0.15, released_to: 'ag_2' },
      },
    ],
    [
      'the page with patterns',
      {
        id: 'evt_1',
        event: 'escrow.released',
        created_at: '2026-03-06T09:00:00Z',
        livemode: true,
        data: { escrow: { id: 'esc_1' } },
      },
    ],
    ['event_id', { event_id: 'evt_1', event: 'escrow_funded', data: { escrow_id: 'esc_1' } }],
    ['eventId', { eventId: 'evt_1', event: 'escrow_funded', data: { escrowId: 'esc_1' } }],
    ['escrow_id at the top', { id: 'evt_1', event: 'escrow_completed', escrow_id: 'esc_1' }],
    ['escrowId at the top', { id: 'evt_1', event: 'escrow_completed', escrowId: 'esc_1' }],
    ['an escrow at the top', { id: 'evt_1', event: 'escrow.disputed', escrow: { id: 'esc_1' } }],
    ['an escrow at the top with a long id', { id: 'evt_1', event: 'escrow.disputed', escrow: { escrow_id: 'esc_1' } }],
    [
      'an escrow in the data with a long id',
      { id: 'evt_1', event: 'escrow.refunded', data: { escrow: { escrow_id: 'esc_1' } } },
    ],
    ['an escrow as the data', { id: 'evt_1', event: 'escrow.refunded', data: { id: 'esc_1', status: 'refunded' } }],
    ['a source before its name', { id: 'evt_1', event: 'purple-flea/escrow.created', data: { escrow_id: 'esc_1' } }],
    ['capitals', { id: 'evt_1', event: 'ESCROW_RELEASED', data: { escrow_id: 'esc_1' } }],
    ['a name nobody has written down', { id: 'evt_1', event: 'escrow.auto_released', data: { escrow_id: 'esc_1' } }],
    ['data that is null', { id: 'evt_1', event: 'escrow.released', data: null, escrow_id: 'esc_1' }],
  ])('is read with %s', (_case, body) => {
    expect(read(body)).toMatchObject(ESCROW);
  });

  test('goes by event where it has both names, and by what is in the data where it has two ids', () => {
    expect(
      read({
        id: 'evt_1',
        event: 'escrow.released',
        type: 'bet.won',
        escrow_id: 'esc_2',
        data: { escrow_id: 'esc_1' },
      }),
    ).toEqual({ ...ESCROW, event: 'escrow.released' });
  });

  test.each([
    ['the body is not a JSON object', ''],
    ['the body is not a JSON object', '{'],
    ['the body is not a JSON object', '[]'],
    ['the body is not a JSON object', 'null'],
    ['the body is not a JSON object', '"escrow.released"'],
    ['event or type: ', {}],
    ['event or type: ', { event: 7, id: 'evt_1' }],
    ['event or type: ', { event: '', id: 'evt_1' }],
    ['event or type: ', { event: `escrow.${'x'.repeat(100)}`, id: 'evt_1' }],
    ['event or type: ', '{"__proto__":{"event":"escrow.released"},"id":"evt_1"}'],
    ['id or event_id: ', { event: 'escrow.released', data: { escrow_id: 'esc_1' } }],
    ['id or event_id: ', { event: 'escrow.released', id: 'x'.repeat(201), data: { escrow_id: 'esc_1' } }],
    ['id or event_id: ', { event: 'escrow.released', id: { $ne: null }, data: { escrow_id: 'esc_1' } }],
    ['data.escrow_id, ', { event: 'escrow.released', id: 'evt_1' }],
    ['data.escrow_id, ', { event: 'escrow.released', id: 'evt_1', data: { escrow_id: 7 } }],
    ['data.escrow_id, ', { event: 'escrow.released', id: 'evt_1', data: { escrow_id: '' } }],
    ['data.escrow_id, ', { event: 'escrow.released', id: 'evt_1', data: { escrow_id: 'x'.repeat(101) } }],
    ['data.escrow_id, ', { event: 'escrow.released', id: 'evt_1', data: ['esc_1'] }],
    ['data.escrow_id, ', { event: 'escrow.released', id: 'evt_1', data: 'esc_1' }],
    ['data.escrow_id, ', '{"event":"escrow.released","id":"evt_1","data":{"__proto__":{"escrow_id":"esc_1"}}}'],
  ])('is unusable, and says "%s", where it is %j', (problem, body) => {
    expect(read(body)).toEqual({ kind: 'unusable', problem: expect.stringContaining(problem) });
  });

  test('survives thousands of brackets', () => {
    const deep = '['.repeat(30_000) + ']'.repeat(30_000);

    expect(read(`{"event":"escrow.released","id":"evt_1","data":${deep}}`)).toMatchObject({ kind: 'unusable' });
  });
});

describe('another webhook', () => {
  test.each([
    'bet.won',
    'position.liquidated',
    'trade_filled',
    'faucet.claimed',
    'wallet_transfer',
    'payment.confirmed',
    'ping',
    'escrows',
    'descrow.released',
  ])('%s is not about an escrow, and needs no id', (event) => {
    expect(read({ event })).toEqual({ kind: 'other', event });
  });

  test('that was asked for as a test is about no escrow', () => {
    const body = { event: 'escrow.released', id: 'evt_1', test: true, data: { escrow_id: 'esc_1' } };

    expect(read(body)).toEqual({ kind: 'other', event: 'escrow.released' });
    expect(read({ ...body, test: false })).toMatchObject(ESCROW);
  });
});
