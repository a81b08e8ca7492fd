import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createHandler, type Deps } from '../../../lambdas/start-escrows/handler.ts';
import type { DeadLetter } from '../../../src/aws/dead-letters.ts';
import { referenceFor } from '../../../src/escrow/escrow-effects.ts';
import { lifecycleInputSchema, type LifecycleRequest } from '../../../src/escrow/lifecycle-input.ts';
import type { EscrowRequestedDetail } from '../../../src/events/escrow-requested.ts';
import { requestTerms } from '../../../src/escrow/rule-terms.ts';
import { effectKey } from '../../../src/ledger/effect-key.ts';
import { OWNER } from '../../support/bonus-escrow.ts';
import {
  aMilestoneRequest,
  anEscrowRequest,
  aRequestEvent,
  aRequestPolicy,
  DRAFT,
  FINAL,
  REQUEST_ID,
  REQUESTED_AT,
} from '../../support/escrow-requests.ts';
import { inert } from '../../support/inert.ts';
import { aBatch, ALL_TAKEN, comingBack, LONG_AFTER, timeLeft } from '../../support/lambda-events.ts';
import { aNewIntent } from '../../support/effects.ts';
import { createMemoryBeginnings } from '../../support/memory-beginnings.ts';
import { createMemoryIntents } from '../../support/memory-intents.ts';
import { createRecorder } from '../../support/recorder.ts';

const LEDGER_BEGAN = '2026-03-01T00:00:00.000Z';
const NOW = '2026-03-06T09:00:05.000Z';
const TERMS = { counterparties: [OWNER, 'ag_labeler'], maxAmountUsd: '200.00' };

/** A function with Step Functions and a table that remember; `fails` says which start, counted from 0, does not answer. */
function aStarter(overrides: Partial<Deps> = {}, fails: (start: number) => boolean = () => false) {
  const recorder = createRecorder();
  const deadLetters: DeadLetter[] = [];
  const executions = new Map<string, LifecycleRequest>();
  const kept = new Map<string, string>();
  const intents = createMemoryIntents();
  const beginnings = createMemoryBeginnings(new Date(LEDGER_BEGAN), requestTerms(TERMS), () => new Date(NOW));
  let starts = 0;
  const handler = createHandler({
    keepRequest: async (requestId, fingerprint) => {
      const known = kept.get(requestId);
      if (known === undefined) kept.set(requestId, fingerprint);
      return known === undefined ? 'new' : known === fingerprint ? 'same' : 'other';
    },
    startExecution: async (name, input) => {
      starts += 1;
      if (fails(starts - 1)) throw new Error('throttled');
      if (executions.has(name)) return 'already-started';
      executions.set(name, (input as { request: LifecycleRequest }).request);
      return 'started';
    },
    intents,
    readBeginnings: beginnings.read,
    policy: aRequestPolicy(),
    now: () => new Date(NOW),
    sendDeadLetter: async (letter) => void deadLetters.push(letter),
    hideMessage: async () => {},
    maxReceives: 5,
    publish: recorder.publish,
    count: recorder.count,
    log: recorder.log,
    ...overrides,
  });
  const take = (detail: unknown = anEscrowRequest(), receives = 1, event: Readonly<Record<string, unknown>> = {}) =>
    handler(aBatch({ body: aRequestEvent(detail, event), receives }), timeLeft());
  const running = () => [...executions.values()];
  const paid = () => running().map(({ cause, amountUsd }) => `${cause.subject} ${amountUsd}`);
  return {
    take,
    handler,
    recorder,
    intents,
    beginnings,
    deadLetters,
    executions,
    running,
    paid,
    reasons: () => deadLetters.map(reasonOf),
  };
}

const reasonOf = ({ reason }: DeadLetter) => reason;

const causeOf = (subject: string) => ({
  rule: 'escrow-request',
  subject,
  createdAt: REQUESTED_AT,
  status: 'requested',
});
const NAMES = new Map(
  [REQUEST_ID, `${REQUEST_ID}/draft`, `${REQUEST_ID}/final`].map((subject) => [
    subject,
    effectKey(causeOf(subject), 'escrow-create'),
  ]),
);

function announced(amountUsd: string, milestone?: string) {
  const subject = milestone === undefined ? REQUEST_ID : `${REQUEST_ID}/${milestone}`;
  return [
    'escrow.started',
    {
      requestId: REQUEST_ID,
      ...(milestone === undefined ? {} : { milestone }),
      amountUsd,
      counterpartyAgentId: OWNER,
      reference: referenceFor(causeOf(subject)),
      executionName: NAMES.get(subject),
    },
  ];
}

describe('a request', () => {
  test('for one amount starts one execution with everything about its escrow', async () => {
    const { take, recorder, executions } = aStarter();

    expect(await take()).toEqual(ALL_TAKEN);

    expect([...executions]).toEqual([
      [
        NAMES.get(REQUEST_ID),
        {
          cause: causeOf(REQUEST_ID),
          counterpartyAgentId: OWNER,
          amountUsd: '20.00',
          timeoutHours: 48,
          description: 'Labels of batch 7',
          address: `request:${REQUEST_ID}`,
          gate: { mode: 'person' },
          guard: { alertHours: 2, default: 'dispute' },
        },
      ],
    ]);
    expect(recorder.published).toEqual([announced('20.00')]);
    expect(recorder.counted).toEqual({ EscrowsStarted: 1 });
  });

  test('by milestones starts an execution for each, under its own key and address, with what it does not say from the request', async () => {
    const { take, recorder, executions, running } = aStarter();

    expect(await take(aMilestoneRequest())).toEqual(ALL_TAKEN);

    expect([...executions.keys()]).toEqual([NAMES.get(`${REQUEST_ID}/draft`), NAMES.get(`${REQUEST_ID}/final`)]);
    expect(running()).toMatchObject([
      {
        cause: causeOf(`${REQUEST_ID}/draft`),
        amountUsd: '5.00',
        timeoutHours: 48,
        description: 'Labels of batch 7 (draft)',
        address: `request:${REQUEST_ID}/draft`,
      },
      {
        cause: causeOf(`${REQUEST_ID}/final`),
        amountUsd: '15.00',
        timeoutHours: 96,
        description: 'All labels, checked',
        address: `request:${REQUEST_ID}/final`,
      },
    ]);
    expect(recorder.published).toEqual([announced('5.00', 'draft'), announced('15.00', 'final')]);
    expect(recorder.counted).toEqual({ EscrowsStarted: 2 });
  });

  test('starts what the workflow takes', async () => {
    const { take, running } = aStarter();
    await take(aMilestoneRequest());

    for (const request of running()) expect(lifecycleInputSchema.safeParse(request).error).toBeUndefined();
  });

  test('may bring its own gate and guard', async () => {
    const own = {
      gate: { mode: 'auto' as const, rule: { metric: 'quality', atLeast: 0.9 } },
      guard: { alertHours: 4, default: 'release' as const },
    };
    const { take, running } = aStarter();
    await take(anEscrowRequest(own));

    expect(running()).toMatchObject([own]);
  });

  test('of a subscription is named by its period', async () => {
    const { take, running } = aStarter();
    await take(anEscrowRequest({ requestId: 'labels/2026-03-06T08:00:00Z', requestedAt: '2026-03-06T08:00:00Z' }));
    await take(anEscrowRequest({ requestId: 'labels/2026-03-05T08:00:00Z', requestedAt: '2026-03-05T08:00:00Z' }));

    expect(running().map(({ address, cause }) => [address, cause.createdAt])).toEqual([
      ['request:labels/2026-03-06T08:00:00Z', '2026-03-06T08:00:00.000Z'],
      ['request:labels/2026-03-05T08:00:00Z', '2026-03-05T08:00:00.000Z'],
    ]);
  });

  test('is dated in whole seconds, as signals are: one of the same second is not older than it', async () => {
    const { take, running } = aStarter();
    await take(anEscrowRequest({ requestedAt: '2026-03-06T09:59:30.987+01:00' }));

    expect(running().map(({ cause }) => cause.createdAt)).toEqual([REQUESTED_AT]);
  });
});

describe('a request that comes again', () => {
  test.each([
    ['as it was', aMilestoneRequest()],
    ['with its milestones in another order', aMilestoneRequest({ milestones: [FINAL, DRAFT] })],
    ['with its time in another zone', aMilestoneRequest({ requestedAt: '2026-03-06T09:59:30+01:00' })],
    ['with an amount written otherwise', aMilestoneRequest({ milestones: [{ ...DRAFT, amountUsd: '5' }, FINAL] })],
  ])('%s starts nothing and says nothing', async (_case, again) => {
    const { take, recorder, paid, deadLetters } = aStarter();
    await take(aMilestoneRequest());

    expect(await take(again)).toEqual(ALL_TAKEN);

    expect(paid()).toEqual([`${REQUEST_ID}/draft 5.00`, `${REQUEST_ID}/final 15.00`]);
    expect(recorder.published).toHaveLength(2);
    expect(deadLetters).toEqual([]);
  });

  test('because the queue delivers it again says it again: the first run may not have got so far', async () => {
    const { take, recorder, paid } = aStarter();
    await take(aMilestoneRequest());
    await take(aMilestoneRequest(), 2);

    expect(paid()).toHaveLength(2);
    expect(recorder.published).toHaveLength(4);
  });

  test.each([
    ['another amount', anEscrowRequest({ amountUsd: '20.01' })],
    ['another counterparty', anEscrowRequest({ counterpartyAgentId: 'ag_labeler' })],
    ['another time', anEscrowRequest({ requestedAt: '2026-03-06T08:59:31Z' })],
    ['another timeout', anEscrowRequest({ timeoutHours: 49 })],
    ['another description', anEscrowRequest({ description: 'Labels of batch 8' })],
    ['a gate', anEscrowRequest({ gate: { mode: 'auto' } })],
    ['a guard', anEscrowRequest({ guard: { alertHours: 2, default: 'release' } })],
    ['milestones', aMilestoneRequest()],
  ])('with %s is another one under the same id: it is put aside, and what came first stays', async (_case, other) => {
    const { take, recorder, paid, reasons } = aStarter();
    await take();

    expect(await take(other)).toEqual(ALL_TAKEN);

    expect(paid()).toEqual([`${REQUEST_ID} 20.00`]);
    expect(reasons()).toEqual([
      `UnusableEventError: detail.requestId: "${REQUEST_ID}" came before and asked for something else; what came first counts. Send what is new under an id of its own`,
    ]);
    expect(recorder.published).toEqual([announced('20.00')]);
  });

  test('with one milestone more starts none of them', async () => {
    const { take, paid, reasons } = aStarter();
    await take(aMilestoneRequest());
    await take(aMilestoneRequest({ milestones: [DRAFT, FINAL, { name: 'extra', amountUsd: '30.00' }] }));

    expect(paid()).toEqual([`${REQUEST_ID}/draft 5.00`, `${REQUEST_ID}/final 15.00`]);
    expect(reasons()).toHaveLength(1);
  });
});

describe('where a start fails', () => {
  test.each([0, 1])('the others stay, and the message comes back for it (start %i)', async (failing) => {
    const { take, recorder, paid, deadLetters } = aStarter({}, (start) => start === failing);

    expect(await take(aMilestoneRequest())).toEqual(comingBack('message-1'));
    expect(paid()).toEqual([failing === 0 ? `${REQUEST_ID}/final 15.00` : `${REQUEST_ID}/draft 5.00`]);
    expect(recorder.published).toHaveLength(1);
    expect(deadLetters).toEqual([]);

    expect(await take(aMilestoneRequest(), 2)).toEqual(ALL_TAKEN);
    expect(paid().toSorted()).toEqual([`${REQUEST_ID}/draft 5.00`, `${REQUEST_ID}/final 15.00`]);
  });

  test('to the last, the message is put aside with how many are missing', async () => {
    const { take, reasons } = aStarter({ now: () => LONG_AFTER }, (start) => start === 1);

    expect(await take(aMilestoneRequest(), 5)).toEqual(ALL_TAKEN);
    expect(reasons()).toEqual([`Error: 1 of 2 escrows of request "${REQUEST_ID}" were not started: Error: throttled`]);
  });

  test('nothing is started where the table does not answer', async () => {
    const { take } = aStarter({
      keepRequest: () => Promise.reject(new Error('throttled')),
      startExecution: inert('startExecution'),
    });

    expect(await take()).toEqual(comingBack('message-1'));
  });

  test('a message of the same batch is not held up by it', async () => {
    const { handler, paid } = aStarter({}, (start) => start === 0);
    const batch = aBatch(
      { messageId: 'one', body: aRequestEvent(anEscrowRequest()) },
      { messageId: 'two', body: aRequestEvent(anEscrowRequest({ requestId: 'labels-8' })) },
    );

    expect(await handler(batch, timeLeft())).toEqual(comingBack('one'));
    expect(paid()).toEqual(['labels-8 20.00']);
  });
});

describe('a request is put aside, before anything is kept or started,', () => {
  const without = (field: string) => Object.fromEntries(Object.entries(anEscrowRequest()).filter(([k]) => k !== field));
  const milestones = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ name: `m${index}`, amountUsd: '1.00' }));

  test.each<[unknown, string]>([
    [without('requestId'), 'detail.requestId: '],
    [without('requestedAt'), 'detail.requestedAt: '],
    [without('counterpartyAgentId'), 'detail.counterpartyAgentId: '],
    [without('description'), 'detail.description: '],
    [without('timeoutHours'), 'detail.timeoutHours: '],
    [without('amountUsd'), 'detail.amountUsd: give either amountUsd or milestones'],
    [{ ...anEscrowRequest(), milestones: [DRAFT] }, 'detail.amountUsd: give either amountUsd or milestones'],
    [{ ...anEscrowRequest(), amount: '5.00' }, 'detail: unknown: amount; allowed: requestId, requestedAt, '],
    [{ ...anEscrowRequest(), amountUsd: 20 }, 'detail.amountUsd: expected decimal USD as text, such as "50.00"'],
    [anEscrowRequest({ amountUsd: '0.99' }), 'detail.amountUsd: must be 1.00 to 10000.00'],
    [anEscrowRequest({ amountUsd: '10000.01' }), 'detail.amountUsd: must be 1.00 to 10000.00'],
    [anEscrowRequest({ amountUsd: '-5.00' }), 'detail.amountUsd: "-5.00" is not an amount'],
    [anEscrowRequest({ amountUsd: '200.000001' }), 'detail.amountUsd: 200.000001 USD in all; at most 200.00 a request'],
    [anEscrowRequest({ requestId: '' }), 'detail.requestId: '],
    [anEscrowRequest({ requestId: 'x'.repeat(101) }), 'detail.requestId: '],
    // It would be the milestone `draft` of `labels-7`.
    [anEscrowRequest({ requestId: 'labels-7/draft' }), 'detail.requestId: expected 1 to 100 of'],
    [anEscrowRequest({ requestedAt: '2026-03-06' }), 'detail.requestedAt: '],
    [anEscrowRequest({ requestedAt: '2026-03-06T09:05:01Z' }), 'detail.requestedAt: 2026-03-06T09:05:01Z is after'],
    [anEscrowRequest({ description: '' }), 'detail.description: '],
    [anEscrowRequest({ description: 'x'.repeat(201) }), 'detail.description: '],
    [anEscrowRequest({ timeoutHours: 0 }), 'detail.timeoutHours: '],
    [anEscrowRequest({ timeoutHours: 721 }), 'detail.timeoutHours: '],
    [anEscrowRequest({ timeoutHours: 1.5 }), 'detail.timeoutHours: '],
    [{ ...anEscrowRequest(), gate: { mode: 'auto', rules: {} } }, 'detail.gate: Unrecognized key: "rules"'],
    [{ ...anEscrowRequest(), gate: { mode: 'nobody' } }, 'detail.gate.mode: '],
    [{ ...anEscrowRequest(), guard: { alertHours: 2 } }, 'detail.guard.default: '],
    [aMilestoneRequest({ milestones: [] }), 'detail.milestones: Too small'],
    [aMilestoneRequest({ milestones: milestones(21) }), 'detail.milestones: Too big'],
    [aMilestoneRequest({ milestones: [DRAFT, { ...FINAL, name: 'draft' }] }), 'each needs a name of its own'],
    [aMilestoneRequest({ milestones: [{ ...DRAFT, name: 'a/b' }] }), 'detail.milestones.0.name: expected 1 to 40 of'],
    [aMilestoneRequest({ milestones: [{ ...DRAFT, name: 'x'.repeat(41) }] }), 'detail.milestones.0.name: '],
    [
      aMilestoneRequest({ milestones: [DRAFT, { ...FINAL, amountUsd: '0' }] }),
      'detail.milestones.1.amountUsd: must be',
    ],
    [{ ...aMilestoneRequest(), milestones: [{ ...DRAFT, timeout: 5 }] }, 'detail.milestones.0: unknown: timeout'],
    [
      aMilestoneRequest({ milestones: [DRAFT, { ...FINAL, amountUsd: '195.01' }] }),
      'detail.milestones: 200.01 USD in all; at most 200.00 a request. Ask for less, or raise escrows.maxAmountUsd, deploy, and ask again under a new requestId',
    ],
    [
      anEscrowRequest({ counterpartyAgentId: 'ag_somebody_else' }),
      'detail.counterpartyAgentId: "ag_somebody_else" may not be paid by an event; allowed: ag_model_owner_churn, ag_labeler. Add it to escrows.counterparties, deploy, and ask again under a new requestId',
    ],
  ])('where it is %j', async (detail, reason) => {
    const { take, recorder, reasons } = aStarter({
      keepRequest: inert('keepRequest'),
      startExecution: inert('startExecution'),
    });

    expect(await take(detail)).toEqual(ALL_TAKEN);
    expect(reasons()).toEqual([expect.stringContaining(reason)]);
    expect(recorder.published).toEqual([]);
    expect(recorder.counted).toEqual({ EventsRejected: 1 });
  });

  test('where nobody is configured, and says so', async () => {
    const { take, reasons } = aStarter({ policy: aRequestPolicy({ counterparties: [] }) });
    await take();

    expect(reasons()).toEqual([expect.stringContaining('may not be paid by an event; allowed: none.')]);
  });

  test.each([
    anEscrowRequest({ amountUsd: '1.00' }),
    anEscrowRequest({ amountUsd: '200.00' }),
    anEscrowRequest({ requestId: 'x'.repeat(100) }),
    anEscrowRequest({ description: 'x'.repeat(200), timeoutHours: 720 }),
    anEscrowRequest({ requestedAt: '2026-03-06T09:05:00Z' }),
    aMilestoneRequest({ milestones: milestones(20) }),
    aMilestoneRequest({ milestones: [DRAFT, { ...FINAL, amountUsd: '195.00' }] }),
    aMilestoneRequest({ milestones: [{ ...DRAFT, name: 'x'.repeat(40) }] }),
  ])('but not where it is %j', async (detail) => {
    const { take, deadLetters, running } = aStarter();

    expect(await take(detail)).toEqual(ALL_TAKEN);
    expect(deadLetters).toEqual([]);
    expect(running()).toHaveLength(detail.milestones?.length ?? 1);
  });
});

const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 });
const amounts = fc.constantFrom('1.00', '2.50', '60.00');
const contents = fc.oneof(
  amounts.map((amountUsd) => anEscrowRequest({ amountUsd })),
  fc
    .tuple(names, amounts)
    .map(([all, amountUsd]) => aMilestoneRequest({ milestones: all.map((name) => ({ name, amountUsd })) })),
);
const requests = fc
  .tuple(fc.constantFrom('r1', 'r2'), contents, fc.constantFrom(REQUESTED_AT, '2026-03-06T08:00:00Z'))
  .map(([requestId, content, requestedAt]) => ({ ...content, requestId, requestedAt }));

/** What a request asks for. */
function partsOf({ requestId, amountUsd, milestones = [] }: EscrowRequestedDetail): string[] {
  return amountUsd === undefined
    ? milestones.map((milestone) => `${requestId}/${milestone.name} ${milestone.amountUsd}`)
    : [`${requestId} ${amountUsd}`];
}

test('no sequence of deliveries starts anything but what the first request of an id asked for, each part once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(requests, fc.integer({ min: 1, max: 5 })), { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(fc.boolean()),
      async (deliveries, failures) => {
        const first = new Map(deliveries.toReversed().map(([request]) => [request.requestId, request] as const));
        const wanted = [...first.values()].flatMap(partsOf).toSorted();
        let isDown = true;
        const { take, paid } = aStarter({}, () => isDown && failures.next().value === true);

        for (const [request, receives] of deliveries) await take(request, receives);
        const soFar = paid();
        expect(soFar.filter((part) => !wanted.includes(part))).toEqual([]);
        expect(new Set(soFar).size).toBe(soFar.length);

        isDown = false;
        for (const request of first.values()) await take(request, 2);
        expect(paid().toSorted()).toEqual(wanted);
      },
    ),
    { numRuns: 300 },
  );
});

describe('a request from before', () => {
  const OLD = { time: '2026-02-28T23:59:59Z' };
  const old = anEscrowRequest({ requestedAt: '2026-02-28T23:59:00Z' });
  const oldKey = effectKey({ ...causeOf(REQUEST_ID), createdAt: '2026-02-28T23:59:00.000Z' }, 'escrow-create');

  test('the ledger is recorded with what it would have paid, said once and not paid, however often it comes', async () => {
    const { take, recorder, intents, executions } = aStarter();

    for (const receives of [1, 1, 2]) {
      expect(await take(old, receives, { ...OLD, 'replay-name': 'all of last year' })).toEqual(ALL_TAKEN);
    }

    expect(executions.size).toBe(0);
    expect([...intents.items.values()]).toEqual([
      expect.objectContaining({
        key: oldKey,
        state: 'skipped',
        payee: OWNER,
        amountUsd: '20.00',
        skip: {
          reason: 'older-than-ledger',
          rule: `escrow-request/${OWNER}`,
          causedAt: '2026-02-28T23:59:00Z',
          input: expect.stringContaining('"timeoutHours":48'),
        },
      }),
    ]);
    expect(recorder.published).toEqual([
      ['escrow.skipped', expect.objectContaining({ requestId: REQUEST_ID, reason: 'older-than-ledger', key: oldKey })],
    ]);
    expect(recorder.counted).toEqual({ PastSkipped: 1 });
  });

  test.each([
    ['is sent again now', '2026-03-06T09:00:00Z', '2026-02-28T23:59:00Z'],
    ['comes late', '2026-02-28T23:59:30Z', '2026-02-28T23:59:00Z'],
    ['has a clock ahead of the bus', '2026-02-28T23:59:00Z', '2026-03-01T00:03:00Z'],
    ['has a clock that is behind, in the first minutes', '2026-03-01T00:01:00Z', '2026-02-28T23:58:00Z'],
  ])('the ledger that %s is not paid', async (_case, time, requestedAt) => {
    const { take, recorder, executions } = aStarter();

    expect(await take(anEscrowRequest({ requestedAt }), 1, { time })).toEqual(ALL_TAKEN);
    expect([executions.size, recorder.counted]).toEqual([0, { PastSkipped: 1 }]);
  });

  test('the ledger has each of its milestones recorded', async () => {
    const { take, recorder, intents } = aStarter();

    await take(aMilestoneRequest({ requestedAt: OLD.time }), 1, OLD);

    expect([...intents.items.values()].map(({ amountUsd, state }) => [state, amountUsd])).toEqual([
      ['skipped', '5.00'],
      ['skipped', '15.00'],
    ]);
    expect(recorder.published).toMatchObject([
      ['escrow.skipped', { milestone: 'draft' }],
      ['escrow.skipped', { milestone: 'final' }],
    ]);
  });

  test.each([
    ['its counterparty was added', { ...TERMS, counterparties: ['ag_labeler'] }],
    ['the limit was raised', { ...TERMS, maxAmountUsd: '10.00' }],
  ])('%s is not paid by being delivered again', async (_case, before) => {
    const { take, beginnings, executions, recorder } = aStarter();
    beginnings.configure(requestTerms(before));
    await beginnings.read();
    beginnings.configure(requestTerms(TERMS));

    await take();

    expect([executions.size, recorder.published]).toEqual([
      0,
      [['escrow.skipped', expect.objectContaining({ reason: 'older-than-rule' })]],
    ]);
  });

  test('the ledger stays skipped where the beginning is moved back', async () => {
    const { take, beginnings, executions, recorder } = aStarter();
    await take(old, 1, OLD);
    await beginnings.move(new Date('2026-01-01'), { operator: 'ada', reason: 'one ledger since then' });

    await take(old, 1, OLD);
    await take(anEscrowRequest({ requestId: 'labels-6', requestedAt: OLD.time }), 1, OLD);

    expect([...executions.values()].map(({ cause }) => cause.subject)).toEqual(['labels-6']);
    expect(recorder.counted).toEqual({ PastSkipped: 1, EscrowsStarted: 1 });
  });

  test('the ledger whose intent is known goes on as it is', async () => {
    const { take, intents, executions } = aStarter();
    await intents.prepare({ ...aNewIntent(), key: oldKey }, new Date(NOW));

    await take(old, 1, OLD);

    expect([...executions.keys()]).toEqual([oldKey]);
  });
});

test('a request comes back where the beginnings cannot be read', async () => {
  const { take } = aStarter({
    readBeginnings: () => Promise.reject(new Error('throttled')),
    startExecution: inert('startExecution'),
  });

  expect(await take()).toEqual(comingBack('message-1'));
});
