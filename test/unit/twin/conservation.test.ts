import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { startTwin, type Twin } from '../../../twin/server.ts';
import { BUYER, BUYER_KEY, call, stoppedClock, SUMMARIZER, SUMMARIZER_KEY } from './calling.ts';

const PARTIES = [
  { id: BUYER, key: BUYER_KEY },
  { id: SUMMARIZER, key: SUMMARIZER_KEY },
] as const;
const AGENTS = PARTIES.map(({ id, key }) => ({ agentId: id, apiKey: key, balanceUsd: '100.000001' }));

/** Micro-dollars as the decimal text of an amount. */
const amountText = fc
  .integer({ min: 900_000, max: 60_000_000 })
  .map((micros) => `${Math.floor(micros / 1_000_000)}.${String(micros % 1_000_000).padStart(6, '0')}`);
const party = fc.integer({ min: 0, max: 1 });

/** `escrow` is an index into those created so far. */
const step = fc.oneof(
  fc.record({ do: fc.constant('create' as const), party, amount: amountText, hours: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant('complete' as const), party, escrow: fc.nat(5) }),
  fc.record({ do: fc.constant('release' as const), party, escrow: fc.nat(5) }),
  fc.record({
    do: fc.constant('trade' as const),
    party,
    amount: amountText,
    leverage: fc.integer({ min: 1, max: 20 }),
  }),
  fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 0, max: 9_000 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

async function take(twin: Twin, created: string[], action: Step): Promise<void> {
  if (action.do === 'wait') {
    await call(twin, 'POST /_twin/clock', { body: { advanceSeconds: action.seconds } });
    return;
  }
  const { id, key } = action.party === 0 ? PARTIES[0] : PARTIES[1];
  switch (action.do) {
    case 'create': {
      const terms = {
        amount_usd: action.amount,
        description: 'work',
        counterparty_agent_id: id === BUYER ? SUMMARIZER : BUYER,
        timeout_hours: action.hours,
      };
      const { status, body } = await call(twin, 'POST /escrow/create', { key, body: terms });
      if (status === 201) created.push(String(body['escrow_id']));
      return;
    }
    case 'complete':
    case 'release':
      await call(twin, `POST /escrow/${action.do}/${created[action.escrow] ?? 'esc_none'}`, { key });
      return;
    case 'trade': {
      const { amount, leverage } = action;
      const order = { agent_id: id, direction: 'long', asset: 'BTC-USDC', order_type: 'market', leverage };
      await call(twin, 'POST /trading/order', { key, body: { ...order, amount: JSON.rawJSON(amount) } });
    }
  }
}

test('money is neither made nor lost, whatever is done in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const twin = await startTwin({ port: 0, agents: AGENTS, now: stoppedClock });
      try {
        const created: string[] = [];
        for (const action of steps) await take(twin, created, action);

        const { body } = await call(twin, 'GET /_twin/agents');
        expect(body).toMatchObject({ conserved: true, total_usd: '200.000002', deposited_usd: '200.000002' });
        expect(JSON.stringify(body)).not.toContain('"-');

        const { escrows } = (await call(twin, 'GET /_twin/escrows')).body as {
          escrows: { status: string; amount_usd: string; held_usd: string }[];
        };
        for (const { status, amount_usd, held_usd } of escrows) {
          expect(held_usd).toBe(status === 'locked' || status === 'completed' ? amount_usd : '0.00');
        }
        const answers = (await call(twin, 'GET /_twin/calls')).body['calls'] as { status: number }[];
        expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
      } finally {
        await twin.close();
      }
    }),
    { numRuns: 150 },
  );
}, 30_000);
