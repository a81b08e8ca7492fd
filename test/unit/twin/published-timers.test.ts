import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Twin } from '../../../twin/server.ts';
import {
  availableTo,
  BUYER_KEY,
  call,
  createPublishedEscrow,
  PUBLISHED_BUYER,
  PUBLISHED_SUMMARIZER,
  REFERRER,
  REFERRER_CODE,
  setClock,
  startPublishedTwin,
  SUMMARIZER_KEY,
} from './calling.ts';

let twin: Twin;

beforeEach(async () => {
  twin = await startPublishedTwin();
});
afterEach(() => twin.close());

async function stateOf(id: string): Promise<Record<string, unknown>> {
  return (await call(twin, `GET /escrow/${id}`, { key: BUYER_KEY })).body;
}

describe.each(['funded', 'completed'])('at its deadline a %s escrow', (state) => {
  test('is refunded to the creator less the fee; the referrer is paid and the counterparty is not', async () => {
    const id = await createPublishedEscrow(twin, { amount_usd: 100, referral_code: REFERRER_CODE });
    await setClock(twin, '2026-03-07T14:22:00Z');
    if (state === 'completed') await call(twin, `POST /escrow/complete/${id}`, { key: SUMMARIZER_KEY });
    await setClock(twin, '2026-03-08T08:59:59Z');
    expect(await stateOf(id)).toMatchObject({ status: state });

    await setClock(twin, '2026-03-08T09:00:00Z');

    const refunded = await stateOf(id);
    expect(refunded).toMatchObject({ status: 'refunded', released_at: '2026-03-08T09:00:00.000Z' });
    expect((refunded['events'] as unknown[]).at(-1)).toEqual({
      id: `${id}_refunded_1772960400000`,
      escrow_id: id,
      event: 'refunded',
      actor_id: null,
      note: 'Auto-refunded after 48h timeout',
      created_at: 1_772_960_400,
    });
    expect(await availableTo(twin, PUBLISHED_BUYER)).toBe('999.00');
    expect(await availableTo(twin, PUBLISHED_SUMMARIZER)).toBe('0.50');
    expect(await availableTo(twin, REFERRER)).toBe('0.15');
    expect((await call(twin, 'GET /_twin/ledger')).body).toMatchObject({ fees_usd: '0.85', conserved: true });
  });
});

describe('between the deadline and the next full five minutes', () => {
  beforeEach(() => setClock(twin, '2026-03-06T09:01:00Z'));

  test('nothing happens by itself', async () => {
    const id = await createPublishedEscrow(twin, { timeout_hours: 1 });
    await setClock(twin, '2026-03-06T10:04:59Z');
    expect(await stateOf(id)).toMatchObject({ status: 'funded', auto_release_at: '2026-03-06T10:01:00.000Z' });

    await setClock(twin, '2026-03-06T10:05:00Z');

    expect(await stateOf(id)).toMatchObject({ status: 'refunded', released_at: '2026-03-06T10:05:00.000Z' });
  });

  test('completing and releasing are still accepted', async () => {
    const id = await createPublishedEscrow(twin, { timeout_hours: 1 });
    await setClock(twin, '2026-03-06T10:04:00Z');

    expect((await call(twin, `POST /escrow/complete/${id}`, { key: SUMMARIZER_KEY })).status).toBe(200);
    expect((await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY })).status).toBe(200);

    await setClock(twin, '2026-03-06T12:00:00Z');
    expect(await stateOf(id)).toMatchObject({ status: 'released' });
  });
});

test('a disputed escrow is frozen for ever', async () => {
  const id = await createPublishedEscrow(twin);
  await call(twin, `POST /escrow/dispute/${id}`, { key: SUMMARIZER_KEY });

  await setClock(twin, '2026-12-31T00:00:00Z');

  expect(await stateOf(id)).toMatchObject({ status: 'disputed' });
});

describe('the staff', () => {
  test.each([
    ['creator', 'refunded', '1000.00', '0.50', '0.00'],
    ['counterparty', 'released', '950.00', '50.00', '0.50'],
  ])('decide for the %s', async (inFavourOf, status, buyer, summarizer, fees) => {
    const id = await createPublishedEscrow(twin);
    await call(twin, `POST /escrow/dispute/${id}`, { key: SUMMARIZER_KEY });

    const { body } = await call(twin, `POST /_twin/escrows/${id}/resolve`, { body: { inFavourOf } });

    expect(body).toMatchObject({ escrow_id: id, status, held_usd: '0.00' });
    expect([await availableTo(twin, PUBLISHED_BUYER), await availableTo(twin, PUBLISHED_SUMMARIZER)]).toEqual([
      buyer,
      summarizer,
    ]);
    expect((await call(twin, 'GET /_twin/ledger')).body).toMatchObject({ fees_usd: fees, conserved: true });
  });

  test('decide nothing that is not disputed, that is unknown, or for nobody', async () => {
    const id = await createPublishedEscrow(twin);
    const resolve = (escrow: string, inFavourOf: string) =>
      call(twin, `POST /_twin/escrows/${escrow}/resolve`, { body: { inFavourOf } });

    const open = await resolve(id, 'creator');
    const unknown = await resolve('esc_1', 'creator');
    const nobody = await resolve(id, 'nobody');

    expect([open.status, open.body['message']]).toEqual([409, expect.stringMatching(/only a disputed one/)]);
    expect([unknown.status, nobody.status]).toEqual([404, 400]);
    expect(nobody.body['message']).toMatch(/^inFavourOf: .*Send for example/);
  });
});
