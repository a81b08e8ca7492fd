import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { paySkipped } from '../../../lambdas/decide-intent/pay-skipped.ts';
import { createLookFor } from '../../../lambdas/resolve-intents/look-for.ts';
import { createLookForCreated } from '../../../lambdas/shared/look-for-created.ts';
import { walletKeyOf } from '../../../lambdas/shared/purple-flea.ts';
import { createKeyRing, type KeyRole, type KeySources } from '../../../src/aws/key-ring.ts';
import { completeDelivery, lockFunds, raiseDispute, releaseFunds } from '../../../src/escrow/escrow-effects.ts';
import { lifecycleInputSchema } from '../../../src/escrow/lifecycle-input.ts';
import { skipOf } from '../../../src/escrow/skip-escrow.ts';
import type { Intent } from '../../../src/ledger/intent.ts';
import type { EffectOutcome } from '../../../src/ledger/perform-effect.ts';
import { RESOLVE_DEFAULTS, resolveIntents } from '../../../src/ledger/resolve-intents.ts';
import { parseUsd } from '../../../src/money.ts';
import { payAgent } from '../../../src/payouts/payout-effects.ts';
import { createEscrowClient } from '../../../src/purple-flea/escrow-client.ts';
import { lockedEscrowSchema, type LockedEscrow } from '../../../src/purple-flea/escrow.ts';
import { createFaucetClient } from '../../../src/purple-flea/faucet-client.ts';
import { openToLook, openToSend } from '../../../src/purple-flea/open-client.ts';
import { PROFILES, type ServiceDeps } from '../../../src/purple-flea/service.ts';
import { createTradingClient } from '../../../src/purple-flea/trading-client.ts';
import { createWalletClient } from '../../../src/purple-flea/wallet-client.ts';
import { startTwin, type Twin } from '../../../twin/server.ts';
import { aRequest, OWNER, TREASURY } from '../../support/bonus-escrow.ts';
import { afterNoon, aNewIntent, anInvocation, leaveUnknown, MINUTE } from '../../support/effects.ts';
import { createMemoryBeginnings, readFirstBeginning } from '../../support/memory-beginnings.ts';
import { createMemoryIntents, type MemoryIntents } from '../../support/memory-intents.ts';
import { createMemoryPaperBooks } from '../../support/memory-paper-books.ts';
import { ownerAt } from '../../support/owners.ts';
import { aService, anEffectRequest } from '../../support/purple-flea.ts';
import { createRecorder } from '../../support/recorder.ts';
import { inert } from '../../support/inert.ts';
import { call } from '../twin/calling.ts';

const TRADER = 'ag_trader_of_ours';
const NEXT = 'ag_next';
const AGENTS = [
  { agentId: TREASURY, apiKey: 'key-of-treasury', balanceUsd: '1000.00' },
  { agentId: OWNER, apiKey: 'key-of-owner', balanceUsd: '10.00' },
  { agentId: TRADER, apiKey: 'key-of-trader', balanceUsd: '1000.00' },
  { agentId: NEXT, apiKey: 'key-of-next', balanceUsd: '1000.00' },
];

const own = (agentId: string, apiKey: string) => JSON.stringify({ apiKey, agentId });
const SECRETS = new Map([
  ['Main', own(TREASURY, 'key-of-treasury')],
  ['Trading', own(TRADER, 'key-of-trader')],
  // Another key of the same account.
  ['Wallet', own(TREASURY, 'key-of-wallet')],
  ['Counterparties', JSON.stringify({ counterpartyKeys: { [OWNER]: 'key-of-owner' } })],
  ['Next', own(NEXT, 'key-of-next')],
]);
const SOURCES: KeySources = {
  treasury: { agentId: TREASURY, secretName: 'Main' },
  trading: { agentId: TRADER, secretName: 'Trading' },
  wallet: { agentId: TREASURY, secretName: 'Wallet' },
  counterparties: { secretName: 'Counterparties' },
};
const next = { agentId: NEXT, secretName: 'Next' };
/** Every role has another agent now, and nobody's former key is named. */
const REPLACED: KeySources = {
  treasury: next,
  trading: next,
  wallet: next,
  counterparties: { agentId: NEXT, secretName: 'Next' },
};

const REQUEST = aRequest();
const INPUT = lifecycleInputSchema.parse(REQUEST);
const { cause } = REQUEST;
const PAYMENT = { toAgentId: OWNER, amount: parseUsd('20.00'), memo: 'for model v7' };

describe.each(PROFILES)('with a key for each role, in the %s dialect', (profile) => {
  let twin: Twin;
  let intents: MemoryIntents;
  let minute = 0;
  const now = () => afterNoon(minute * MINUTE);
  beforeEach(async () => {
    minute = 0;
    intents = createMemoryIntents();
    twin = await startTwin({
      agents: AGENTS,
      escrowProfile: profile,
      rateLimits: false,
      registrations: { trading: [TRADER] },
      now,
    });
  });
  afterEach(() => twin.close());

  /** The stage as its functions are wired. Once a POST is lost, nothing answers until that is over. */
  function aStage(sources: KeySources = SOURCES) {
    const calls: { method: string; path: string; key: string | undefined }[] = [];
    const line = { loses: undefined as 'answer' | 'request' | undefined, isDown: false };
    const plain = aService(twin.url, { profile });
    const service: ServiceDeps = {
      ...plain,
      async transport(request) {
        if (line.isDown) return { kind: 'lost', reason: 'timed out' };
        const { apiKey, method, url } = request;
        calls.push({ method, path: url.slice(twin.url.length), key: apiKey });
        const isLost = line.loses !== undefined && method === 'POST';
        if (isLost) line.isDown = true;
        if (isLost && line.loses === 'request') return { kind: 'lost', reason: 'timed out' };
        const answer = await plain.transport(
          apiKey === 'key-of-wallet' ? { ...request, apiKey: 'key-of-treasury' } : request,
        );
        return isLost ? { kind: 'lost', reason: 'timed out' } : answer;
      },
    };
    const keys = createKeyRing(sources, async (name) => SECRETS.get(name));
    const AGENT_ID = sources.treasury?.agentId ?? '';
    const keyIn =
      (...roles: KeyRole[]) =>
      (agentId: string) =>
        keys.get(agentId, roles);
    const walletKey = walletKeyOf(keys, { AGENT_ID, SECRETS: sources });
    const deps = {
      ...anInvocation({ intents, now }),
      owner: ownerAt(service, { agentId: AGENT_ID }),
      openEscrow: openToSend(service, keyIn('treasury', 'predecessor'), createEscrowClient),
      openWallet: openToSend(service, walletKey, createWalletClient),
      requestMs: 5_000,
    };
    const asCounterparty = {
      ...deps,
      owner: ownerAt(service, { agentId: OWNER }),
      openEscrow: openToSend(service, keyIn('counterparties'), createEscrowClient),
    };
    const lookDeps = {
      intents,
      openEscrow: openToLook(service, keyIn('treasury', 'predecessor', 'counterparties'), createEscrowClient),
      openWallet: openToLook(service, walletKey, createWalletClient),
      openTrading: openToLook(service, keyIn('trading', 'predecessor'), createTradingClient),
      openFaucet: openToLook(service, keyIn('treasury', 'predecessor', 'counterparties'), createFaucetClient),
      paperBooks: createMemoryPaperBooks(),
    };
    const sweepAt = (later: number) => {
      minute = later;
      line.isDown = false;
      line.loses = undefined;
      return resolveIntents({
        intents,
        lookFor: createLookFor(lookDeps),
        policy: RESOLVE_DEFAULTS,
        readBeginning: readFirstBeginning,
        now,
        remainingMs: () => 60 * MINUTE,
      });
    };
    return { calls, line, deps, asCounterparty, lookDeps, service, keyIn, sweepAt };
  }
  type Stage = ReturnType<typeof aStage>;

  const keysOf = ({ calls }: Stage) => [...new Set(calls.flatMap(({ key }) => key ?? []))];
  const postsOf = ({ calls }: Stage) => calls.filter(({ method }) => method === 'POST').map(({ key }) => key);
  const of = (kind: Intent['kind']) => [...intents.items.values()].filter((intent) => intent.kind === kind);

  async function locked(): Promise<LockedEscrow> {
    const outcome = await lockFunds(aStage().deps, INPUT);
    return lockedEscrowSchema.parse(outcome.outcome === 'applied' ? outcome.result : undefined);
  }

  const SETTLEMENTS: readonly [
    Intent['kind'],
    string,
    (stage: Stage, escrow: LockedEscrow) => Promise<EffectOutcome>,
  ][] = [
    [
      'escrow-release',
      'key-of-treasury',
      ({ deps }, escrow) => releaseFunds(deps, cause, { ...escrow, counterpartyAgentId: OWNER }, 'seen'),
    ],
    [
      'escrow-dispute',
      'key-of-treasury',
      ({ deps }, escrow) => raiseDispute(deps, cause, { ...escrow, counterpartyAgentId: OWNER }, { reason: 'bad' }),
    ],
    [
      'escrow-complete',
      'key-of-owner',
      ({ asCounterparty }, escrow) =>
        completeDelivery(asCounterparty, cause, { ...escrow, counterpartyAgentId: OWNER }, { note: 'done' }),
    ],
  ];

  describe.each(SETTLEMENTS)('an effect %s', (kind, key, settle) => {
    test('whose answer is lost is looked for, and found, as its own agent', async () => {
      const escrow = await locked();
      const stage = aStage();
      stage.line.loses = 'answer';
      await settle(stage, escrow);
      expect(of(kind)).toMatchObject([{ state: 'unknown' }]);

      await stage.sweepAt(20);

      expect(of(kind)).toMatchObject([{ state: 'applied' }]);
      expect(await settle(stage, escrow)).toMatchObject({ outcome: 'applied' });
      expect(postsOf(stage)).toEqual([key]);
      expect(keysOf(stage)).toEqual([key]);
    });

    test('in doubt is neither settled nor sent by an agent that replaced it', async () => {
      const escrow = await locked();
      const before = aStage();
      before.line.loses = 'request';
      await settle(before, escrow);
      const after = aStage(REPLACED);

      for (const later of [20, 30, 40]) await after.sweepAt(later);
      await settle(after, escrow);

      expect(of(kind)).toMatchObject([{ state: 'unknown' }]);
      expect([postsOf(after), keysOf(after)]).toEqual([[], []]);
    });

    test('that waits is sent by nobody else, and by its own agent once that is back', async () => {
      const escrow = await locked();
      const halted = aStage();
      await settle(
        {
          ...halted,
          deps: { ...halted.deps, readStop: async () => 'halted' },
          asCounterparty: { ...halted.asCounterparty, readStop: async () => 'halted' },
        },
        escrow,
      );
      minute = 180;

      const other = aStage(REPLACED);
      expect((await settle(other, escrow)).outcome).not.toBe('applied');
      expect(postsOf(other)).toEqual([]);
      minute = 360;
      const back = aStage();
      expect(await settle(back, escrow)).toMatchObject({ outcome: 'applied' });
      expect(postsOf(back)).toEqual([key]);
    });
  });

  test('a transfer whose answer is lost is parked, and never sent again, whoever holds the wallet', async () => {
    const stage = aStage();
    stage.line.loses = 'answer';
    await payAgent(stage.deps, cause, PAYMENT);
    await stage.sweepAt(20);
    expect(of('transfer')).toMatchObject([{ state: 'manual', agentId: TREASURY }]);

    const other = aStage(REPLACED);
    for (const { deps } of [stage, other]) {
      expect(await payAgent(deps, cause, PAYMENT)).toMatchObject({ outcome: 'manual' });
    }
    expect(postsOf(stage)).toEqual(['key-of-wallet']);
    expect(keysOf(other)).toEqual([]);
  });

  test('a transfer that waits is sent with the key of no other wallet', async () => {
    const halted = aStage();
    await payAgent({ ...halted.deps, readStop: async () => 'halted' }, cause, PAYMENT);
    minute = 180;
    const other = aStage(REPLACED);
    await payAgent(other.deps, cause, PAYMENT);
    expect([of('transfer'), postsOf(other)]).toMatchObject([[{ state: 'prepared' }], []]);

    minute = 360;
    const back = aStage();
    expect(await payAgent(back.deps, cause, PAYMENT)).toMatchObject({ outcome: 'applied' });
    expect(postsOf(back)).toEqual(['key-of-wallet']);
  });

  describe('an order whose answer is lost', () => {
    async function anOrderInDoubt(): Promise<Stage> {
      const stage = aStage();
      const trading = await stage.lookDeps.openTrading({ agentId: TRADER });
      const terms = { asset: 'BTC-USDC', direction: 'long', amount: parseUsd('10.00'), leverage: 1 } as const;
      const [positions, history] = await Promise.all([trading.readPositions(), trading.readHistory()]);
      const intent = aNewIntent({
        kind: 'trade-order',
        agentId: TRADER,
        payee: terms.asset,
        amountUsd: '10.00',
        service: { baseUrl: twin.url, profile },
      });
      const { reference } = intent;
      await leaveUnknown(intents, intent, now(), {
        asset: terms.asset,
        direction: terms.direction,
        positionIds: positions.flatMap(({ positionId }) => positionId ?? []),
        ...(history.kind === 'read' ? { tradeIds: history.value.map(({ tradeId }) => tradeId) } : {}),
      });
      stage.line.loses = 'answer';
      await trading.placeOrder(
        anEffectRequest(trading.orderBody({ ...terms, reference, agentId: TRADER, metadata: {} })),
      );
      return stage;
    }

    test('is found by the key to trading alone', async () => {
      const stage = await anOrderInDoubt();

      await stage.sweepAt(20);

      expect(of('trade-order')).toMatchObject([{ state: 'applied', agentId: TRADER }]);
      expect(keysOf(stage)).toEqual(['key-of-trader']);
    });

    test('is not looked for among the orders of another agent', async () => {
      await anOrderInDoubt();
      const other = aStage(REPLACED);

      for (const later of [20, 30, 40]) await other.sweepAt(later);

      expect(of('trade-order')).toMatchObject([{ state: 'unknown', agentId: TRADER }]);
      expect(keysOf(other)).toEqual([]);
    });
  });

  test('a skipped cause is looked for with the key to the wallet where no list shows it, before it is paid', async () => {
    const skip = skipOf(REQUEST, {
      reason: 'older-than-ledger',
      detail: 'old',
      rule: 'bonus/churn',
      causedAt: afterNoon(0).toISOString(),
    });
    // The ledger that is gone has paid it.
    await lockFunds(aStage().deps, INPUT);
    intents = createMemoryIntents();
    await intents.skip(skip, afterNoon(0));
    const witness = lifecycleInputSchema.parse(aRequest({ cause: { ...cause, subject: 'another job' } }));
    await lockFunds(aStage().deps, witness);
    const stage = aStage();
    minute = 20;
    const recorder = createRecorder();

    const paid = await paySkipped(
      {
        ...recorder,
        intents,
        beginnings: createMemoryBeginnings(afterNoon(0), [], () => afterNoon(0)),
        openLook: () => createLookForCreated(stage.lookDeps),
        payers: [TREASURY],
        describeExecutions: async () => [],
        startExecution: inert('startExecution'),
        continueExecution: inert('continueExecution'),
        now,
      },
      { key: skip.key, operator: 'ada', evidence: 'a list', reason: 'not paid' },
    );

    expect(paid).toEqual({ error: expect.stringContaining('bears its reference') });
    const inWallet = stage.calls.filter(({ path }) => path.includes('/ledger')).map(({ key }) => key);
    const keys = profile === 'published' ? ['key-of-wallet', 'key-of-treasury'] : ['key-of-treasury'];
    expect(keysOf(stage)).toEqual(keys);
    expect(new Set(inWallet)).toEqual(new Set(profile === 'published' ? ['key-of-wallet'] : []));
    expect((await call(twin, 'GET /_twin/escrows')).body['escrows']).toHaveLength(2);
  });
});
