import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Twin } from '../../../twin/server.ts';
import {
  availableTo,
  BUYER_KEY,
  call,
  createPublishedEscrow,
  OUTSIDER_KEY,
  PATRON,
  PUBLISHED_BUYER,
  PUBLISHED_SUMMARIZER,
  PUBLISHED_TERMS,
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

const INFO = {
  service: 'agent-escrow',
  docs: 'https://escrow.purpleflea.com/llms.txt',
  referral: 'GET /gossip — 15% referral commission on escrow fees',
  version: '1.0.0',
};

describe('answers', () => {
  test('create', async () => {
    const { status, headers, body } = await call(twin, 'POST /escrow/create', {
      key: BUYER_KEY,
      body: PUBLISHED_TERMS,
    });

    const id = String(body['escrow_id']);
    expect(status).toBe(201);
    expect(headers.get('content-type')).toBe('application/json; charset=UTF-8');
    expect(id).toMatch(/^esc_[0-9a-f]{16}$/);
    expect(body).toEqual({
      escrow_id: id,
      amount_usd: 50,
      commission_usd: 0.5,
      net_to_counterparty: 49.5,
      description: 'Summarize Q1 2026 earnings report, 500-word markdown briefing',
      creator_id: PUBLISHED_BUYER,
      counterparty_id: PUBLISHED_SUMMARIZER,
      status: 'funded',
      timeout_hours: 48,
      auto_release_at: '2026-03-08T09:00:00.000Z',
      next_steps: {
        counterparty: `POST /escrow/complete/${id} when task is done`,
        creator: `POST /escrow/release/${id} to release funds`,
        dispute: `POST /escrow/dispute/${id} if something goes wrong`,
      },
      _info: INFO,
    });
  });

  test('complete leaves the deadline where it was', async () => {
    const id = await createPublishedEscrow(twin);
    await setClock(twin, '2026-03-07T14:22:00Z');

    const { status, body } = await call(twin, `POST /escrow/complete/${id}`, { key: SUMMARIZER_KEY });

    expect(status).toBe(200);
    expect(body).toEqual({
      escrow_id: id,
      status: 'completed',
      message: 'Task marked complete. Waiting for creator to release funds.',
      next_step: `Creator should call POST /escrow/release/${id}`,
      auto_release_at: '2026-03-08T09:00:00.000Z',
      _info: INFO,
    });
  });

  test('release', async () => {
    const id = await createPublishedEscrow(twin, { referral_code: REFERRER_CODE });

    const { status, body } = await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY });

    expect(status).toBe(200);
    expect(body).toEqual({
      escrow_id: id,
      status: 'released',
      amount_released: 49.5,
      commission: 0.5,
      referral_commission: 0.075,
      counterparty_id: PUBLISHED_SUMMARIZER,
      message: '$49.50 released to counterparty.',
      _info: INFO,
    });
  });

  test('dispute, whose reason may be left out', async () => {
    const [first, second] = [await createPublishedEscrow(twin), await createPublishedEscrow(twin)];

    const withReason = await call(twin, `POST /escrow/dispute/${first}`, {
      key: SUMMARIZER_KEY,
      body: { reason: '  Not paid.  ' },
    });
    const without = await call(twin, `POST /escrow/dispute/${second}`, { key: BUYER_KEY });

    const expected = {
      escrow_id: first,
      status: 'disputed',
      reason: 'Not paid.',
      message: 'Escrow flagged for manual review. Purple Flea team will investigate.',
      contact: 'support@purpleflea.com',
      _info: INFO,
    };
    expect([withReason.status, withReason.body]).toEqual([200, expected]);
    expect(without.body).toEqual({ ...expected, escrow_id: second, reason: 'No reason provided' });
  });

  test('a read shows everyone the state', async () => {
    const id = await createPublishedEscrow(twin);

    const { status, body } = await call(twin, `GET /escrow/${id}`);

    expect(status).toBe(200);
    expect(body).toEqual({
      escrow_id: id,
      status: 'funded',
      amount_usd: 50,
      commission_usd: 0.5,
      net_to_counterparty: 49.5,
      description: 'Summarize Q1 2026 earnings report, 500-word markdown briefing',
      creator_id: PUBLISHED_BUYER,
      counterparty_id: PUBLISHED_SUMMARIZER,
      timeout_hours: 48,
      created_at: '2026-03-06T09:00:00.000Z',
      auto_release_at: '2026-03-08T09:00:00.000Z',
      completed_at: null,
      released_at: null,
      disputed_at: null,
      _info: INFO,
    });
  });

  test('a read shows the parties, and nobody else, the events in epoch seconds', async () => {
    const id = await createPublishedEscrow(twin);
    await setClock(twin, '2026-03-06T10:00:00Z');
    await call(twin, `POST /escrow/complete/${id}`, { key: SUMMARIZER_KEY });
    await setClock(twin, '2026-03-06T11:00:00Z');
    await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY });

    const party = await call(twin, `GET /escrow/${id}`, { key: SUMMARIZER_KEY });
    const outsider = await call(twin, `GET /escrow/${id}`, { key: OUTSIDER_KEY });
    const wrongKey = await call(twin, `GET /escrow/${id}`, { key: 'wrong-key' });

    expect(party.body).toMatchObject({
      status: 'released',
      completed_at: '2026-03-06T10:00:00.000Z',
      released_at: '2026-03-06T11:00:00.000Z',
    });
    expect(party.body['events']).toEqual([
      {
        id: `${id}_created`,
        escrow_id: id,
        event: 'created',
        actor_id: PUBLISHED_BUYER,
        note: 'Escrow created: $50 for "Summarize Q1 2026 earnings report, 500-word markdown briefing"',
        created_at: 1_772_787_600,
      },
      {
        id: `${id}_completed_1772791200000`,
        escrow_id: id,
        event: 'completed',
        actor_id: PUBLISHED_SUMMARIZER,
        note: 'Counterparty marked task complete',
        created_at: 1_772_791_200,
      },
      {
        id: `${id}_released_1772794800000`,
        escrow_id: id,
        event: 'released',
        actor_id: PUBLISHED_BUYER,
        note: `Released by creator ${PUBLISHED_BUYER}`,
        created_at: 1_772_794_800,
      },
    ]);
    expect([outsider.status, 'events' in outsider.body]).toEqual([200, false]);
    expect([wrongKey.status, 'events' in wrongKey.body]).toEqual([200, false]);
  });

  test('stats count refunds in the volume alone', async () => {
    const [released, disputed] = [await createPublishedEscrow(twin), await createPublishedEscrow(twin)];
    await createPublishedEscrow(twin, { amount_usd: 10.005, timeout_hours: 1 });
    await call(twin, `POST /escrow/release/${released}`, { key: BUYER_KEY });
    await call(twin, `POST /escrow/dispute/${disputed}`, { key: BUYER_KEY });
    await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: 7200 } });

    const { status, body } = await call(twin, 'GET /escrow/stats');

    expect(status).toBe(200);
    expect(body).toEqual({
      total_created: 3,
      total_released: 1,
      total_disputed: 1,
      total_volume_usd: 110.01,
      total_commission_usd: 0.5,
      commission_rate: '1%',
      referral_commission_rate: '15% of fees',
      _info: INFO,
    });
  });

  test('health, and what the server is', async () => {
    const health = await call(twin, 'GET /health');
    const root = await call(twin, 'GET /');

    expect(health.body).toEqual({ status: 'ok', service: 'agent-escrow', uptime: expect.any(Number), _info: INFO });
    expect(root.body).toMatchObject({ service: 'agent-escrow', version: '1.0.0', _info: INFO });
  });
});

describe('create takes', () => {
  test.each([
    ['a text as the amount', { amount_usd: '1.50' }, { amount_usd: 1.5, commission_usd: 0.015 }],
    ['a text that begins with a number', { amount_usd: ' 2.5 USD' }, { amount_usd: 2.5 }],
    ['a dime', { amount_usd: 0.1 }, { amount_usd: 0.1, commission_usd: 0.001 }],
    ['a third decimal', { amount_usd: 1.005 }, { commission_usd: 0.01005, net_to_counterparty: 0.99495 }],
    ['a seventh decimal', { amount_usd: 1.0000005 }, { amount_usd: 1.000001 }],
    ['an exponent', { amount_usd: '1e2' }, { amount_usd: 100 }],
    ['more than 10,000', { amount_usd: 12_000 }, { amount_usd: 12_000 }],
    ['a long description', { description: 'd'.repeat(600) }, { description: 'd'.repeat(600) }],
    ['a description with blanks around', { description: '  abc ' }, { description: 'abc' }],
    ['a timeout of zero', { timeout_hours: 0 }, { timeout_hours: 1 }],
    ['a timeout of a year', { timeout_hours: 9999 }, { timeout_hours: 720 }],
    ['a broken timeout', { timeout_hours: 2.9 }, { timeout_hours: 2 }],
    ['a timeout as text', { timeout_hours: '12' }, { timeout_hours: 12 }],
    ['no timeout', { timeout_hours: undefined }, { timeout_hours: 24 }],
    ['a null timeout', { timeout_hours: null }, { timeout_hours: 24 }],
    ['an unknown referral code', { referral_code: 'nobody' }, { status: 'funded' }],
    ['a referral code that is no text', { referral_code: 5 }, { status: 'funded' }],
    ['any metadata', { metadata: 'anything' }, { status: 'funded' }],
  ])('%s', async (_, terms, shown) => {
    const { status, body } = await call(twin, 'POST /escrow/create', {
      key: OUTSIDER_KEY,
      body: { ...PUBLISHED_TERMS, ...terms },
    });

    expect(status).toBe(201);
    expect(body).toMatchObject(shown);
  });
});

describe('the referral share', () => {
  test('of $100: 99.00 for the counterparty, 0.15 for the referrer, 0.85 for the service', async () => {
    const id = await createPublishedEscrow(twin, { amount_usd: 100, referral_code: REFERRER_CODE });
    await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY });

    expect(await availableTo(twin, PUBLISHED_SUMMARIZER)).toBe('99.50');
    expect(await availableTo(twin, REFERRER)).toBe('0.15');
    expect((await call(twin, 'GET /_twin/ledger')).body).toMatchObject({
      fees_usd: '0.85',
      referral_commissions_paid_usd: '0.15',
      conserved: true,
    });
  });

  test('goes to whoever referred the creator where no code is given', async () => {
    const id = await createPublishedEscrow(twin, { amount_usd: 100, referral_code: undefined }, OUTSIDER_KEY);
    const { body } = await call(twin, `POST /escrow/release/${id}`, { key: OUTSIDER_KEY });

    expect(body['referral_commission']).toBe(0.15);
    expect(await availableTo(twin, PATRON)).toBe('0.15');
  });

  test('goes to the owner of the code rather than to whoever referred the creator', async () => {
    const id = await createPublishedEscrow(twin, { amount_usd: 100, referral_code: REFERRER_CODE }, OUTSIDER_KEY);
    await call(twin, `POST /escrow/release/${id}`, { key: OUTSIDER_KEY });

    expect([await availableTo(twin, REFERRER), await availableTo(twin, PATRON)]).toEqual(['0.15', '0.00']);
  });

  test.each(['nobody', `REF_ag_outsider`])('goes to nobody where the code is %s', async (code) => {
    const id = await createPublishedEscrow(twin, { amount_usd: 100, referral_code: code }, OUTSIDER_KEY);
    const { body } = await call(twin, `POST /escrow/release/${id}`, { key: OUTSIDER_KEY });

    expect(body['referral_commission']).toBe(0);
    expect(await availableTo(twin, PATRON)).toBe('0.00');
  });
});

test('of 20 releases at once, one pays and 19 are refused', async () => {
  const id = await createPublishedEscrow(twin);

  const answers = await Promise.all(
    Array.from({ length: 20 }, () => call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY })),
  );

  const statuses = answers.map(({ status }) => status);
  expect(statuses.toSorted((one, other) => one - other)).toEqual([200, ...Array.from({ length: 19 }, () => 409)]);
  expect(await availableTo(twin, PUBLISHED_SUMMARIZER)).toBe('50.00');
});

test('of 15 creates of $100 at once with $990, nine are taken', async () => {
  await createPublishedEscrow(twin, { amount_usd: 10 });

  const answers = await Promise.all(
    Array.from({ length: 15 }, () =>
      call(twin, 'POST /escrow/create', { key: BUYER_KEY, body: { ...PUBLISHED_TERMS, amount_usd: 100 } }),
    ),
  );

  expect(answers.filter(({ status }) => status === 201)).toHaveLength(9);
  expect(answers.filter(({ status }) => status === 402)).toHaveLength(6);
  expect(await availableTo(twin, PUBLISHED_BUYER)).toBe('90.00');
});

test('the ledger has the reasons and references of the published server', async () => {
  const id = await createPublishedEscrow(twin, { referral_code: REFERRER_CODE });
  await call(twin, `POST /escrow/release/${id}`, { key: BUYER_KEY });
  const timedOut = await createPublishedEscrow(twin, { timeout_hours: 1 });
  await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: 3600 } });

  const { entries } = (await call(twin, 'GET /_twin/ledger?since=3')).body as {
    entries: { reason: string; reference: string }[];
  };

  expect(entries.map(({ reason, reference }) => [reason, reference])).toEqual([
    [`escrow_lock: ${id}`, id],
    [`escrow_release: ${id}`, `${id}_release`],
    [`escrow_referral_commission: ${id}`, `${id}_refcom`],
    [`escrow_fee: ${id}`, `${id}_fee`],
    [`escrow_lock: ${timedOut}`, timedOut],
    [`escrow_timeout_refund: ${timedOut}`, `${timedOut}_timeout`],
    [`escrow_fee: ${timedOut}`, `${timedOut}_fee`],
  ]);
});
