import { describe, expect, test } from '@jest/globals';
import { createHandler } from '../../../lambdas/lock-funds/handler.ts';
import { createKeyRing } from '../../../src/aws/key-ring.ts';
import { TryLaterError } from '../../../src/errors.ts';
import type { Answer } from '../../../src/ledger/answer.ts';
import { effectKey } from '../../../src/ledger/effect-key.ts';
import { recordedOwner, type IntentOwner } from '../../../src/ledger/owner.ts';
import { createEscrowClient } from '../../../src/purple-flea/escrow-client.ts';
import type { CreatedEscrow } from '../../../src/purple-flea/escrow.ts';
import type { EffectRequest } from '../../../src/ledger/answer.ts';
import { PROFILES } from '../../../src/purple-flea/service.ts';
import { aRequest, ESCROW_ID, OWNER, REFERENCE, TREASURY } from '../../support/bonus-escrow.ts';
import { afterNoon, aNewIntent, leaveSending, MINUTE } from '../../support/effects.ts';
import { anEscrowClient, anEscrowTask, OWNED } from '../../support/escrow-task.ts';
import { inert } from '../../support/inert.ts';
import { timeLeft } from '../../support/lambda-events.ts';
import { opening } from '../../support/owners.ts';
import { aService, CANARY_CREDENTIALS } from '../../support/purple-flea.ts';
import { createRecorder } from '../../support/recorder.ts';
import { answer, answerFrom, resetAfterRequest, startScriptedServer } from '../../support/scripted-server.ts';
import { allTextOf, CANARY } from '../../support/secrecy.ts';

const CREATED: CreatedEscrow = {
  escrowId: ESCROW_ID,
  status: 'locked',
  amountUsd: '50.00',
  feeUsd: '0.50',
  netUsd: '49.50',
  deadlineAt: '2026-03-13T09:00:00Z',
};
const KEY = effectKey(aRequest().cause, 'escrow-create');

const LOCKED = [
  'escrow.locked',
  {
    escrowId: ESCROW_ID,
    reference: REFERENCE,
    executionName: KEY,
    amountUsd: '50.00',
    feeUsd: '0.50',
    netUsd: '49.50',
    counterpartyAgentId: OWNER,
    deadlineAt: '2026-03-13T09:00:00Z',
  },
];

function creating(given: Answer<CreatedEscrow>) {
  const sent: EffectRequest[] = [];
  const create = async (request: EffectRequest) => {
    sent.push(request);
    return given;
  };
  return { create, sent };
}

describe('funds', () => {
  test('of which the service will keep another fee are a drift, and locked', async () => {
    const { create } = creating({ kind: 'applied', result: { ...CREATED, feeUsd: '10.00', netUsd: '40.00' } });
    const { deps, recorder } = anEscrowTask({ create });

    expect(await createHandler(deps)(aRequest(), timeLeft())).toMatchObject({ outcome: 'applied' });

    const detail = 'the fee on $50.00 is $10.00; 100 basis points are $0.50';
    const drift = { agentId: TREASURY, kind: 'fee-differs', escrowId: ESCROW_ID, reference: REFERENCE, detail };
    expect(recorder.published[0]).toEqual(['ledger.drifted', drift]);
    expect(recorder.counted).toEqual({ EscrowsLocked: 1, LedgerDrifts: 1 });
  });

  test('are locked once with the own key, and that is said once', async () => {
    const { create, sent } = creating({ kind: 'applied', result: CREATED });
    const opened: unknown[] = [];
    const { deps, recorder, intents } = anEscrowTask({ create });
    const handler = createHandler({
      ...deps,
      openEscrow: ({ agentId, service }) => {
        opened.push({ agentId, service });
        return deps.openEscrow({ agentId, service });
      },
    });

    const outcome = { outcome: 'applied', ...CREATED, reference: REFERENCE };
    expect([await handler(aRequest(), timeLeft()), await handler(aRequest(), timeLeft())]).toEqual([outcome, outcome]);

    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ key: KEY, reference: REFERENCE });
    expect(JSON.parse(sent[0]?.body ?? '')).toMatchObject({ amount_usd: 50, counterparty_agent_id: OWNER });
    expect(opened).toEqual([recordedOwner(OWNED)]);
    expect(intents.items.get(KEY)?.state).toBe('applied');
    expect(recorder.published).toEqual([LOCKED]);
    expect(recorder.counted).toEqual({ EscrowsLocked: 1 });
  });

  test('stay locked where the bus is down', async () => {
    const { create } = creating({ kind: 'applied', result: CREATED });
    const { deps, recorder } = anEscrowTask({ create }, { recorder: createRecorder({ failsToPublish: true }) });

    expect(await createHandler(deps)(aRequest(), timeLeft())).toMatchObject({ outcome: 'applied' });
    expect(recorder.counted).toEqual({ EscrowsLocked: 1, PublishFailures: 1 });
  });

  test('in doubt are left to the sweeper, and are sent once', async () => {
    const { create, sent } = creating({ kind: 'unknown', reason: 'HTTP 502 without a code' });
    const { deps, recorder } = anEscrowTask({ create });
    const handler = createHandler(deps);

    const outcome = { outcome: 'pending', reason: 'HTTP 502 without a code', key: KEY };
    expect([await handler(aRequest(), timeLeft()), await handler(aRequest(), timeLeft())]).toEqual([outcome, outcome]);

    expect(sent).toHaveLength(1);
    expect(recorder.published).toEqual([]);
    expect(recorder.counted).toEqual({});
  });

  test.each<[Answer<CreatedEscrow>, object]>([
    [
      { kind: 'rejected', reason: 'HTTP 400 INSUFFICIENT_BALANCE' },
      { outcome: 'rejected', reason: 'HTTP 400 INSUFFICIENT_BALANCE' },
    ],
    [
      { kind: 'not-sent', reason: 'HTTP 429, rate limited', retryAfterSeconds: 60 },
      { outcome: 'not-sent', reason: 'HTTP 429, rate limited', retryAfterSeconds: 60 },
    ],
  ])('that were not locked leave that to the workflow as data: %j', async (given, outcome) => {
    const { deps, recorder } = anEscrowTask({ create: creating(given).create });

    expect(await createHandler(deps)(aRequest(), timeLeft())).toEqual(outcome);
    expect(recorder.published).toEqual([]);
    expect(recorder.counted).toEqual({});
  });

  test('that another invocation is locking are waited for', async () => {
    const { deps, intents } = anEscrowTask();
    await leaveSending(intents, aNewIntent({ key: KEY, cause: aRequest().cause }));

    expect(await createHandler(deps)(aRequest(), timeLeft())).toEqual({
      outcome: 'pending',
      reason: 'another invocation has it',
      key: KEY,
    });
  });

  test('are not locked with too little time left', async () => {
    const { deps } = anEscrowTask();

    await expect(createHandler(deps)(aRequest(), timeLeft(14_999))).rejects.toThrow(TryLaterError);
  });
});

describe('a request that the service would refuse', () => {
  test.each([
    [{ amountUsd: '0.99' }, 'amountUsd: must be 1.00 to 10000.00'],
    [{ amountUsd: '10000.01' }, 'amountUsd: must be 1.00 to 10000.00'],
    [{ amountUsd: '-50.00' }, 'amountUsd: "-50.00" is not an amount'],
    [{ amountUsd: 'fifty' }, 'amountUsd: "fifty" is not an amount'],
    [{ timeoutHours: 721 }, 'timeoutHours: '],
    [{ counterpartyAgentId: '' }, 'counterpartyAgentId: '],
  ])('is rejected before any call, with the field: %j', async (overrides, problem) => {
    const { deps, intents, recorder } = anEscrowTask({}, { openEscrow: inert('openEscrow') });

    expect(await createHandler(deps)({ ...aRequest(), ...overrides }, timeLeft())).toEqual({
      outcome: 'rejected',
      reason: expect.stringContaining(problem),
    });
    expect(intents.items.size).toBe(0);
    expect(recorder.published).toEqual([]);
  });

  test('is rejected as a whole where it is none', async () => {
    const { deps } = anEscrowTask({}, { openEscrow: inert('openEscrow') });

    expect(await createHandler(deps)(null, timeLeft())).toMatchObject({
      outcome: 'rejected',
      reason: expect.stringMatching(/^input: /),
    });
  });
});

async function aTaskWithSecret(first: string | undefined) {
  let text = first;
  const keys = createKeyRing({ treasury: { agentId: TREASURY, secretName: 'PurpleFleaApiKey' } }, async () => text);
  const openable = creating({ kind: 'applied', result: CREATED });
  const client = anEscrowClient({ create: openable.create });
  const openEscrow = async ({ agentId }: IntentOwner) => {
    await keys.get(agentId, ['treasury']);
    return client;
  };
  const replace = (next: string) => {
    text = next;
  };
  return { ...anEscrowTask({}, { openEscrow }), openable, replace };
}

describe('a secret', () => {
  test.each([
    [undefined, 'secret PurpleFleaApiKey: has no value'],
    ['pf_live_1', 'secret PurpleFleaApiKey: is not JSON'],
    ['{"agentId":"agent_1"}', 'secret PurpleFleaApiKey: apiKey is missing'],
    ['{"apiKey":"key","agentId":"another"}', 'secret PurpleFleaApiKey: agentId is another than the agentId in the'],
    ['{"apiKey":"key\\n","agentId":"ag_platform_treasury"}', 'secret PurpleFleaApiKey: apiKey has white space'],
  ])('that cannot be used keeps the intent waiting, with nothing claimed or sent: %s', async (text, reason) => {
    const { deps, intents, openable } = await aTaskWithSecret(text);

    expect(await createHandler(deps)(aRequest(), timeLeft())).toEqual({
      outcome: 'not-sent',
      reason: expect.stringContaining(reason),
      retryAfterSeconds: 15,
    });
    expect(intents.items.get(KEY)).toMatchObject({ state: 'prepared', fence: 0, agentId: TREASURY });
    expect(openable.sent).toEqual([]);
  });

  test('that is mended lets the same intent go out', async () => {
    const { deps, intents, openable, replace } = await aTaskWithSecret('{"agentId":"x"}');
    const handler = createHandler(deps);
    await handler(aRequest(), timeLeft());
    replace(`{"apiKey":"key","agentId":"${TREASURY}"}`);

    const later = createHandler({ ...deps, now: () => afterNoon(MINUTE) });
    expect(await later(aRequest(), timeLeft())).toMatchObject({ outcome: 'applied' });
    expect(openable.sent).toHaveLength(1);
    expect(intents.items.size).toBe(1);
  });

  test('that cannot be read for another reason than its own is a fault', async () => {
    const { deps } = anEscrowTask({}, { openEscrow: () => Promise.reject(new TypeError('x is not a function')) });

    await expect(createHandler(deps)(aRequest(), timeLeft())).rejects.toThrow(TypeError);
  });
});

test.each(PROFILES)(
  'the key is in no result, event, log line or intent, even where a %s service quotes it',
  async (profile) => {
    const server = await startScriptedServer();
    try {
      for (const [index, reply] of [
        answerFrom(401, ({ headers }) => ({ error: headers.authorization, message: headers.authorization })),
        answerFrom(201, ({ headers }) => ({ escrow_id: headers.authorization, status: headers.authorization })),
        answer(400, { error: CANARY }),
        answer(401, `{"error":"${CANARY.replaceAll('_', '\\u005f')}"}`),
        resetAfterRequest,
      ].entries()) {
        server.script(reply);
        const { deps, recorder, intents } = anEscrowTask(
          {},
          { openEscrow: opening(createEscrowClient(aService(server.url, { profile }), CANARY_CREDENTIALS)) },
        );

        const result = await createHandler(deps)(aRequest(), timeLeft());

        expect(server.requests[index]?.headers.authorization).toBe(`Bearer ${CANARY}`);
        const { published, logged } = recorder;
        expect(allTextOf([result, published, logged, [...intents.items]])).not.toContain(CANARY);
      }
    } finally {
      await server.close();
    }
  },
);
