import { describe, expect, test } from '@jest/globals';
import { ServiceUnreadableError } from '../../../../src/errors.ts';
import { escrowAddress } from '../../../../src/escrow/mailbox.ts';
import type { Intent } from '../../../../src/ledger/intent.ts';
import { findStory, type StoryDeps } from '../../../../src/escrow/story.ts';
import { clientReference, effectKey, retryKey, type EffectKind } from '../../../../src/ledger/effect-key.ts';
import { aRequest, aView, ESCROW_ID, JOB_NAME } from '../../../support/bonus-escrow.ts';
import { anEscrowClient, OWNED } from '../../../support/escrow-task.ts';
import { createMemoryIntents } from '../../../support/memory-intents.ts';
import { createMemoryMailbox } from '../../../support/memory-mailbox.ts';

const NOW = new Date('2026-03-06T09:00:00Z');
const { cause } = aRequest();
const CREATION = effectKey(cause, 'escrow-create');

async function aLedger(others: number = 0) {
  const intents = createMemoryIntents();
  const add = async (key: string, kind: EffectKind, from = cause, result: object = {}) => {
    const known = { key, kind, cause: from, reference: clientReference(key), agentId: OWNED.agentId, payee: 'ag_p' };
    await intents.prepare({ ...known, amountUsd: '50.00', requestBody: '{}', expiresAt: '2026-03-13T12:00:00Z' }, NOW);
    await intents.claim({ key, owner: 'me', fence: 1 }, { reservations: [] }, NOW);
    const ending = { state: 'applied', note: 'done', result: { ...result } } as const;
    await intents.move({ key, state: 'sending', fence: 1, owner: 'me' }, ending, NOW);
  };
  for (let index = 0; index < others; index += 1) {
    const other = { ...cause, subject: `other-${index}` };
    await add(effectKey(other, 'escrow-create'), 'escrow-create', other);
  }
  await add(CREATION, 'escrow-create', cause, { escrowId: ESCROW_ID });
  return { intents, add };
}

function withDeps(overrides: Partial<StoryDeps>): StoryDeps {
  return {
    intents: createMemoryIntents(),
    mailbox: createMemoryMailbox(),
    viewEscrows: () => anEscrowClient({ readStatus: async () => aView() }),
    describeExecutions: async (name) => [
      {
        name,
        arn: `arn:${name}`,
        status: 'RUNNING',
        startedAt: NOW.toISOString(),
        input: { request: aRequest() },
      },
    ],
    ...overrides,
  };
}

describe('the story of an escrow', () => {
  test('is the same by its id and by the key of any of its effects', async () => {
    const { intents, add } = await aLedger();
    const release = effectKey(cause, 'escrow-release');
    await add(release, 'escrow-release');
    const deps = withDeps({ intents });

    const [byId, byCreation, byRelease] = await Promise.all(
      [ESCROW_ID, CREATION, release].map((id) => findStory(deps, id)),
    );

    expect(byId).toMatchObject({
      executionName: CREATION,
      escrowId: ESCROW_ID,
      cause,
      escrow: { status: 'locked', amountUsd: '50.00', feeUsd: '0.50', netUsd: '49.50' },
      intents: [{ kind: 'escrow-create' }, { kind: 'escrow-release' }],
      execution: { arn: `arn:${CREATION}`, status: 'RUNNING' },
    });
    expect([byCreation, byRelease]).toEqual([byId, byId]);
    // A function's answer is JSON.
    expect(JSON.parse(JSON.stringify(byId))).toMatchObject({ escrow: { amountUsd: '50.00' } });
  });

  test('is found among many that were created at the same time, page after page', async () => {
    const { intents } = await aLedger(250);

    expect(await findStory(withDeps({ intents }), ESCROW_ID)).toMatchObject({ executionName: CREATION });
  });

  test('has what was said, under the id and under the name of the job, and the next look', async () => {
    const { intents } = await aLedger();
    const mailbox = createMemoryMailbox();
    const delivered = { type: 'delivered', at: '2026-03-07T09:00:00Z', deliveredBy: 'ann' } as const;
    const approved = { type: 'approved', at: '2026-03-06T10:00:00Z', by: 'bob', reason: 'fine' } as const;
    await mailbox.putSignal(escrowAddress(ESCROW_ID), delivered);
    await mailbox.putSignal(`training-job:${JOB_NAME}`, approved);
    await mailbox.putWait({
      taskToken: 't',
      addresses: [escrowAddress(ESCROW_ID)],
      takes: ['delivered'],
      notBefore: cause.createdAt,
      deadlineAt: '2026-03-13T09:00:00Z',
    });

    const story = await findStory(withDeps({ intents, mailbox }), ESCROW_ID);

    expect(story).toMatchObject({ signals: [approved, delivered], waitsUntil: '2026-03-13T09:00:00Z' });
  });

  test('has every try of a call', async () => {
    const { intents, add } = await aLedger();
    const first = effectKey(cause, 'escrow-dispute');
    await intents.prepare(
      {
        key: first,
        kind: 'escrow-dispute',
        cause,
        reference: 'r',
        agentId: 'a',
        payee: 'p',
        amountUsd: '50.00',
        requestBody: '{}',
        expiresAt: NOW.toISOString(),
      },
      NOW,
    );
    const asked = { state: 'rejected', note: 'another try', retriedAs: retryKey(first) } as const;
    await intents.move({ key: first, state: 'prepared', fence: 0 }, asked, NOW);
    await add(retryKey(first), 'escrow-dispute');

    const story = await findStory(withDeps({ intents }), CREATION);

    expect(typeof story === 'string' ? story : story.intents.map(({ key }) => key)).toEqual([
      CREATION,
      first,
      retryKey(first),
    ]);
  });

  test('is told by its id where it lives, if the service is configured elsewhere now', async () => {
    const { intents } = await aLedger();
    const service = { baseUrl: 'https://before.example.com', profile: 'reference' } as const;
    const creation = intents.items.get(CREATION) as Intent;
    (intents.items as Map<string, Intent>).set(CREATION, { ...creation, service });
    const gone = new ServiceUnreadableError('status: HTTP 404', { httpStatus: 404, code: 'ESCROW_NOT_FOUND' });
    const viewEscrows: StoryDeps['viewEscrows'] = (at) =>
      anEscrowClient({ readStatus: async () => (at === service ? aView() : Promise.reject(gone)) });

    expect(await findStory(withDeps({ intents, viewEscrows }), ESCROW_ID)).toMatchObject({
      executionName: CREATION,
      escrow: { escrowId: ESCROW_ID, status: 'locked' },
    });
  });

  test('is shown where the try lives that made it', async () => {
    const { intents, add } = await aLedger();
    const service = { baseUrl: 'https://today.example.com', profile: 'reference' } as const;
    const retried = retryKey(CREATION);
    await add(retried, 'escrow-create', cause, { escrowId: 'esc_retried' });
    const items = intents.items as Map<string, Intent>;
    const { result: _result, ...first } = items.get(CREATION) as Intent;
    items.set(CREATION, { ...first, state: 'rejected', retriedAs: retried });
    items.set(retried, { ...(items.get(retried) as Intent), service });
    const asked: unknown[] = [];
    const viewEscrows: StoryDeps['viewEscrows'] = (at) => {
      asked.push(at);
      return anEscrowClient({ readStatus: async () => aView() });
    };

    expect(await findStory(withDeps({ intents, viewEscrows }), retried)).toMatchObject({ escrowId: 'esc_retried' });
    expect(asked).toEqual([service]);
  });

  test('is told by key while the service cannot be read, and by id only why not', async () => {
    const { intents } = await aLedger();
    const readStatus = () => Promise.reject(new ServiceUnreadableError('status: HTTP 503'));
    const deps = withDeps({ intents, viewEscrows: () => anEscrowClient({ readStatus }) });

    expect(await findStory(deps, CREATION)).toMatchObject({ escrowId: ESCROW_ID, escrow: 'status: HTTP 503' });
    expect(await findStory(deps, ESCROW_ID)).toBe(
      'id: status: HTTP 503. By the effect key of its creation it can be shown all the same',
    );
  });

  test.each([
    ['a key that nobody knows', 'f'.repeat(64), `id: there is no intent ${'f'.repeat(64)}`],
    ['an escrow of somebody else', 'esc_other', 'id: no intent of the ledger has made esc_other'],
  ])('is not there for %s', async (_, id, problem) => {
    const { intents } = await aLedger();
    const readStatus = async () => aView({ description: 'theirs' });
    const deps = withDeps({ intents, viewEscrows: () => anEscrowClient({ readStatus }) });

    expect(await findStory(deps, id)).toContain(problem);
  });

  test('is not there for an order, which has no escrow', async () => {
    const { intents, add } = await aLedger();
    const key = effectKey(cause, 'trade-order');
    await add(key, 'trade-order');

    expect(await findStory(withDeps({ intents }), key)).toContain(`npm run intents -- show ${key}`);
  });
});
