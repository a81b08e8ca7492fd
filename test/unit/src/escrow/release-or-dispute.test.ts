import { describe, expect, test } from '@jest/globals';
import { raiseDispute, releaseFunds } from '../../../../src/escrow/escrow-effects.ts';
import type { Answer } from '../../../../src/ledger/answer.ts';
import type { EffectOutcome } from '../../../../src/ledger/perform-effect.ts';
import type { EscrowClient, EscrowStatus } from '../../../../src/purple-flea/escrow.ts';
import { aRequest, aView, ESCROW_ID, OWNER } from '../../../support/bonus-escrow.ts';
import { anInvocation } from '../../../support/effects.ts';
import { anEscrowClient, OWNED } from '../../../support/escrow-task.ts';
import { opening } from '../../../support/owners.ts';
import { createRandom, createRandomTurns, inEveryOrder, type Turn } from '../../../support/interleavings.ts';
import { createMemoryIntents, createMemoryLedger } from '../../../support/memory-intents.ts';

const { cause } = aRequest();
const ESCROW = { escrowId: ESCROW_ID, amountUsd: '50.00', counterpartyAgentId: OWNER };

/** How a post fares: it changes the escrow or not, and its answer arrives or not. */
const FATES = ['answered', 'applied and lost', 'lost', 'refused', 'not sent'] as const;
type Fate = (typeof FATES)[number];

/** A service with one escrow that takes every post, whatever the escrow's status: only the ledger keeps them apart. */
function createService(fateOf: (post: 'release' | 'dispute') => Fate) {
  const escrow: { status: EscrowStatus } = { status: 'completed' };
  /** Posts that reached the service. */
  const posts: string[] = [];

  function clientFor(turn: Turn): EscrowClient {
    async function post<Result>(
      name: 'release' | 'dispute',
      status: EscrowStatus,
      result: Result,
    ): Promise<Answer<Result>> {
      await turn();
      const fate = fateOf(name);
      if (fate === 'not sent') return { kind: 'not-sent', reason: 'refused connection', retryAfterSeconds: 1 };
      posts.push(name);
      if (fate === 'answered' || fate === 'applied and lost') escrow.status = status;
      await turn();
      if (fate === 'refused') return { kind: 'rejected', reason: 'HTTP 403 FORBIDDEN' };
      return fate === 'answered' ? { kind: 'applied', result } : { kind: 'unknown', reason: 'the answer was lost' };
    }
    return anEscrowClient({
      readStatus: async () => {
        await turn();
        return aView({ status: escrow.status });
      },
      release: () =>
        post('release', 'released', {
          escrowId: ESCROW_ID,
          status: 'released',
          amountUsd: '50.00',
          feeUsd: '0.50',
          paidOutUsd: '49.50',
        }),
      dispute: () => post('dispute', 'disputed', { escrowId: ESCROW_ID, status: 'disputed', disputeId: 'd_1' }),
    });
  }
  return { escrow, posts, clientFor };
}

function settle(
  name: 'release' | 'dispute',
  turn: Turn,
  ledger: ReturnType<typeof createMemoryLedger>,
  client: EscrowClient,
  postpones = true,
): Promise<EffectOutcome> {
  const intents = createMemoryIntents(
    ({ operation }) => (operation === 'postpone' && !postpones ? undefined : turn()),
    ledger,
  );
  const deps = { ...anInvocation({ intents }), owner: OWNED, openEscrow: opening(client), requestMs: 10_000 };
  return name === 'release'
    ? releaseFunds(deps, cause, ESCROW, 'delivered')
    : raiseDispute(deps, cause, ESCROW, { reason: 'not what was asked for' });
}

/** Whether, of the posts of which it is not certain that they changed nothing, there are both. */
function areBothOut(posts: readonly string[], fates: readonly Fate[]): boolean {
  const mayCount = posts.filter((_post, index) => fates[index] !== 'refused');
  return new Set(mayCount).size > 1;
}

describe('a release and a dispute of one escrow at the same time', () => {
  // That one waits is noted after everything that may be sent: with a turn for it there are too many orders to try all.
  test.each(
    FATES.flatMap(
      (fate) =>
        [
          [fate, 'in any order', false, Infinity],
          [fate, 'also while it is noted that one waits, in any order of three switches', true, 3],
        ] as const,
    ),
  )('never both go out, where the first post is %s, %s', async (fate, _orders, postpones, switches) => {
    // Asked once at the end: there are more orders than `expect` takes in a few seconds.
    const problems: string[] = [];
    const orders = await inEveryOrder(
      (turnOf) => {
        const ledger = createMemoryLedger();
        const fates: Fate[] = [];
        const service = createService(() => {
          const next: Fate = fates.length === 0 ? fate : 'answered';
          fates.push(next);
          return next;
        });
        const start = (name: 'release' | 'dispute', actor: number) =>
          settle(name, turnOf(actor), ledger, service.clientFor(turnOf(actor)), postpones);
        return { service, fates, ledger, actors: [start('release', 0), start('dispute', 1)] };
      },
      ({ service, fates, ledger }) => {
        const reached = fates.filter((one) => one !== 'not sent');
        if (areBothOut(service.posts, reached)) problems.push(`both are out: ${reached.join(', ')}`);
        const states = [...ledger.items.values()].map(({ state }) => state);
        if (states.filter((state) => state === 'applied' || state === 'unknown').length > 1)
          problems.push(`both count: ${states.join(', ')}`);
        if (ledger.locks.size > 1) problems.push(`locked ${ledger.locks.size} times`);
      },
      switches,
    );

    expect(problems).toEqual([]);
    expect(orders).toBeGreaterThan(100);
  });

  test('never both go out, however often both are called for and whatever becomes of each', async () => {
    let severalPosts = 0;
    for (let seed = 1; seed <= 500; seed += 1) {
      const random = createRandom(seed);
      const turns = createRandomTurns(seed);
      const ledger = createMemoryLedger();
      const fates: Fate[] = [];
      const reached: Fate[] = [];
      const service = createService(() => {
        const fate = FATES[Math.floor(random() * FATES.length)] ?? 'lost';
        fates.push(fate);
        if (fate !== 'not sent') reached.push(fate);
        return fate;
      });
      const all = Promise.all(
        Array.from({ length: 8 }, (_, actor) =>
          settle(actor % 2 === 0 ? 'release' : 'dispute', turns.turn, ledger, service.clientFor(turns.turn)),
        ),
      );
      await turns.run();
      await all;

      expect(areBothOut(service.posts, reached)).toBe(false);
      if (service.posts.length > 1) severalPosts += 1;
    }
    expect(severalPosts).toBeGreaterThan(0);
  });

  test('the one that has to wait is told so', async () => {
    const ledger = createMemoryLedger();
    const still: Turn = async () => {};
    const service = createService(() => 'lost');
    expect(await settle('release', still, ledger, service.clientFor(still))).toMatchObject({ outcome: 'pending' });

    expect(await settle('dispute', still, ledger, service.clientFor(still))).toMatchObject({
      outcome: 'not-sent',
      reason: expect.stringContaining('another effect is settling the escrow'),
    });
    expect(service.posts).toEqual(['release']);
  });

  test('a dispute may follow a release that was refused', async () => {
    const ledger = createMemoryLedger();
    const still: Turn = async () => {};
    const fates: Fate[] = ['refused', 'answered'];
    const service = createService(() => fates.shift() ?? 'lost');
    expect(await settle('release', still, ledger, service.clientFor(still))).toMatchObject({ outcome: 'rejected' });

    expect(await settle('dispute', still, ledger, service.clientFor(still))).toMatchObject({ outcome: 'applied' });
    expect(service.escrow.status).toBe('disputed');
  });
});
