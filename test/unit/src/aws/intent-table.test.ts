import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createIntentTable } from '../../../../src/aws/intent-table.ts';
import { TryLaterError } from '../../../../src/errors.ts';
import type { ClaimTerms, Intent } from '../../../../src/ledger/intent.ts';
import { doubt } from '../../../../src/ledger/the-past.ts';
import type { MicroUsd } from '../../../../src/money.ts';
import { aNewIntent, aNewSkip, MINUTE, afterNoon, NOON } from '../../../support/effects.ts';
import { openDocuments } from '../../../../src/aws/documents.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import {
  answer,
  resetAfterRequest,
  startScriptedServer,
  type ScriptedServer,
} from '../../../support/scripted-server.ts';

const TABLE = 'intents';
const NEW = aNewIntent({ kind: 'escrow-release', escrowId: 'esc_1' });
const { key } = NEW;
const CLAIM = { key, owner: 'me', fence: 1 };
const LOCK = 'settlement/esc_1';
const DAY = 'escrow-release/2026-03-06';

/** A ledger's item as DynamoDB answers it. */
const item = (fields: Readonly<Record<string, unknown>>) => ({ Item: typed(fields) });

type Typed = Record<string, unknown>;

/** Plain values in DynamoDB's JSON. */
function typed(fields: Readonly<Record<string, unknown>>): Typed {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, typedValue(value)]));
}

function typedValue(value: unknown): Typed {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number' || typeof value === 'bigint') return { N: String(value) };
  if (Array.isArray(value)) return { L: value.map(typedValue) };
  return { M: typed(value as Record<string, unknown>) };
}

const FAILED_CONDITION = answer(400, { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' });

/** A transaction that was cancelled, with the reason of each of its items. */
const cancelled = (...codes: string[]) =>
  answer(400, {
    __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
    CancellationReasons: codes.map((Code) => ({ Code })),
  });

let server: ScriptedServer;
let pauses: number[];

beforeEach(async () => {
  server = await startScriptedServer();
  pauses = [];
});
afterEach(() => server.close());

function table(maxAttempts = 1) {
  const documents = openDocuments(awsClientFor(server.url, maxAttempts));
  return createIntentTable(documents, TABLE, async (attempt) => void pauses.push(attempt));
}

interface Sent {
  readonly operation: string;
  readonly body: Record<string, unknown>;
}

function sent(): Sent[] {
  return server.requests.map(({ headers, body }) => ({
    operation: String(headers['x-amz-target']).split('.')[1] ?? '',
    body: JSON.parse(body) as Sent['body'],
  }));
}

function transaction(index: number): Record<string, Record<string, unknown>>[] {
  return sent()[index]?.body['TransactItems'] as Record<string, Record<string, unknown>>[];
}

const operations = () => sent().map(({ operation }) => operation);

function stored(overrides: Partial<Intent> = {}): Intent {
  return {
    ...NEW,
    state: 'sending',
    fence: 1,
    owner: 'me',
    sentAt: NOON.toISOString(),
    createdAt: NOON.toISOString(),
    updatedAt: NOON.toISOString(),
    history: [],
    ...overrides,
  };
}

type Fields = Readonly<Record<string, unknown>>;

describe('an intent', () => {
  test('is written unless its key is known', async () => {
    server.script(answer(200, {}));

    const intent = await table().prepare(NEW, NOON);

    expect(intent).toMatchObject({ ...NEW, state: 'prepared', fence: 0, createdAt: NOON.toISOString() });
    expect(sent()).toMatchObject([
      {
        operation: 'PutItem',
        body: {
          TableName: TABLE,
          Item: typed({ ...intent }),
          ConditionExpression: 'attribute_not_exists(#key)',
          ExpressionAttributeNames: { '#key': 'key' },
        },
      },
    ]);
  });

  test('may leave out all that is optional', async () => {
    server.script(answer(200, {}));

    await table().prepare(aNewIntent({ escrowId: undefined }), NOON);

    expect(sent()[0]?.body['Item']).not.toHaveProperty('escrowId');
  });

  test('that is known stays as it is, and is read consistently', async () => {
    server.script(FAILED_CONDITION, answer(200, item({ ...stored() })));

    expect(await table().prepare({ ...NEW, requestBody: '{"other":1}' }, NOON)).toEqual(stored());
    expect(sent()[1]).toMatchObject({
      operation: 'GetItem',
      body: { TableName: TABLE, Key: { key: { S: key } }, ConsistentRead: true },
    });
  });

  test('that is skipped is written whole unless its key is known, and says who wrote it', async () => {
    const skip = aNewSkip();
    server.script(answer(200, {}), FAILED_CONDITION, answer(200, item({ ...stored() })));

    const { intent, isNew } = await table().skip(skip, NOON);

    expect(isNew).toBe(true);
    expect(intent).toMatchObject({ state: 'skipped', reason: skip.note, skip: skip.skip, fence: 0 });
    expect(sent()[0]).toMatchObject({
      operation: 'PutItem',
      body: { Item: typed({ ...intent }), ConditionExpression: 'attribute_not_exists(#key)' },
    });
    expect(await table().skip(skip, NOON)).toEqual({ intent: stored(), isNew: false });
  });

  test('that nobody wrote is undefined', async () => {
    server.script(answer(200, {}));

    expect(await table().read(key)).toBeUndefined();
  });

  test('cannot be written where the table fails', async () => {
    server.script(answer(400, { __type: 'x#ProvisionedThroughputExceededException' }));

    await expect(table().prepare(NEW, NOON)).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException' });
  });
});

describe('a claim', () => {
  const TERMS: ClaimTerms = {
    reservations: [
      { budget: DAY, amount: 50_000_000n as MicroUsd, limit: 500_000_000n as MicroUsd },
      { budget: 'escrow-release/ag_payee/2026-03-06', amount: 50_000_000n as MicroUsd, limit: 50_000_000n as MicroUsd },
    ],
    lock: LOCK,
    before: { canClaim: true },
  };

  test('takes the intent, its budgets and its lock in one transaction', async () => {
    server.script(answer(200, {}));

    expect(await table().claim(CLAIM, TERMS, NOON)).toEqual({ kind: 'claimed' });

    expect(operations()).toEqual(['TransactWriteItems']);
    const [claim, day, agent, lock, ...others] = transaction(0);
    expect(others).toEqual([]);
    expect(claim).toMatchObject({
      Update: {
        TableName: TABLE,
        Key: { key: { S: key } },
        ConditionExpression: '#state = :prepared AND #fence = :before_fence',
        ExpressionAttributeValues: {
          ':prepared': { S: 'prepared' },
          ':before_fence': { N: '0' },
          ':sending': { S: 'sending' },
          ':fence': { N: '1' },
          ':owner': { S: 'me' },
          ':at': { S: NOON.toISOString() },
          ':reserved': {
            L: [
              { M: { budget: { S: DAY }, amountUsd: { S: '50.00' } } },
              { M: { budget: { S: 'escrow-release/ag_payee/2026-03-06' }, amountUsd: { S: '50.00' } } },
            ],
          },
          ':lock': { S: LOCK },
          ':before': { M: { canClaim: { BOOL: true } } },
        },
      },
    });
    expect(day).toMatchObject({
      Update: {
        Key: { key: { S: `budget/${DAY}` } },
        ConditionExpression: 'attribute_not_exists(used) OR used <= :room',
        UpdateExpression: 'SET updatedAt = :at ADD used :amount',
        ExpressionAttributeValues: { ':amount': { N: '50000000' }, ':room': { N: '450000000' } },
      },
    });
    expect(agent).toMatchObject({ Update: { ExpressionAttributeValues: { ':room': { N: '0' } } } });
    expect(lock).toMatchObject({
      Put: {
        Item: { key: { S: LOCK }, holder: { S: key }, updatedAt: { S: NOON.toISOString() } },
        ConditionExpression: 'attribute_not_exists(#key) OR holder = :holder',
        ExpressionAttributeValues: { ':holder': { S: key } },
      },
    });
  });

  test('that needs nothing takes the intent alone', async () => {
    server.script(answer(200, {}));

    expect(await table().claim(CLAIM, { reservations: [] }, NOON)).toEqual({ kind: 'claimed' });
    expect(transaction(0)).toHaveLength(1);
    expect(JSON.stringify(transaction(0))).not.toMatch(/reserved|lock|:before"/);
  });

  test.each([
    ['another invocation', { owner: 'another' }, 'lost'],
    ['a later attempt', { fence: 2 }, 'lost'],
    ['what has ended', { state: 'applied' }, 'lost'],
    ['itself, whose acknowledgement was lost', {}, 'claimed'],
  ] as const)('that meets %s', async (_case, overrides, kind) => {
    server.script(
      cancelled('ConditionalCheckFailed', 'ConditionalCheckFailed', 'None', 'None'),
      answer(200, item({ ...stored(overrides) })),
    );

    expect(await table().claim(CLAIM, TERMS, NOON)).toEqual({ kind });
  });

  test('whose acknowledgement was lost is sent again by the SDK under the same token', async () => {
    server.script(resetAfterRequest, answer(200, {}));

    expect(await table(2).claim(CLAIM, TERMS, NOON)).toEqual({ kind: 'claimed' });
    const tokens = sent().map(({ body }) => body['ClientRequestToken']);
    expect(tokens[0]).toMatch(/^[0-9a-f]{36}$/);
    expect(tokens).toEqual([tokens[0], tokens[0]]);
  });

  test('of another owner or fence has another token', async () => {
    server.script(answer(200, {}), answer(200, {}), answer(200, {}));
    const intents = table();
    await intents.claim(CLAIM, TERMS, NOON);
    await intents.claim({ ...CLAIM, owner: 'another' }, TERMS, NOON);
    await intents.claim({ ...CLAIM, fence: 2 }, TERMS, NOON);

    expect(new Set(sent().map(({ body }) => body['ClientRequestToken'])).size).toBe(3);
  });

  test.each([
    ['other budgets', { ...TERMS, reservations: [] }, NOON],
    [
      'another limit',
      { ...TERMS, reservations: [{ budget: DAY, amount: 1n as MicroUsd, limit: 2n as MicroUsd }] },
      NOON,
    ],
    ['another lock', { ...TERMS, lock: 'settlement/esc_2' }, NOON],
    ['something else kept from before', { ...TERMS, before: { canClaim: false } }, NOON],
    ['another time', TERMS, afterNoon(MINUTE)],
  ] satisfies [string, ClaimTerms, Date][])(
    'that is made again has the same token, and with %s another',
    async (_case, terms, at) => {
      server.script(answer(200, {}), answer(200, {}), answer(200, {}));
      await table().claim(CLAIM, TERMS, NOON);
      await table().claim(CLAIM, TERMS, NOON);
      await table().claim(CLAIM, terms, at);

      const [first, same, other] = sent().map(({ body }) => body['ClientRequestToken']);
      expect(same).toBe(first);
      expect(other).not.toBe(first);
    },
  );

  test('for what may have been sent before, which its budget refuses, is made under another token without that', async () => {
    const prepared = stored({ state: 'prepared', fence: 0, owner: undefined });
    const refused = cancelled('None', 'ConditionalCheckFailed', 'None');
    const claimed = stored({ owner: 'the sweeper' });
    const unknown = stored({ state: 'unknown' });
    server.script(refused, answer(200, {}), answer(200, item({ ...claimed })), answer(200, {}));
    server.script(answer(200, item({ ...unknown })));
    const budgets = { perDay: { 'escrow-release': '50.00' }, perAgentAndDay: {} };

    const doubted = await doubt(
      { intents: table(), budgets, now: () => NOON },
      prepared,
      'the sweeper',
      NOON.toISOString(),
    );

    expect(doubted).toEqual({ kind: 'doubted', intent: unknown });
    expect([transaction(0).length, transaction(1).length]).toEqual([3, 2]);
    expect(sent()[1]?.body['ClientRequestToken']).not.toBe(sent()[0]?.body['ClientRequestToken']);
  });

  test.each([
    [['None', 'ConditionalCheckFailed', 'None', 'None'], DAY],
    [['None', 'None', 'ConditionalCheckFailed', 'None'], 'escrow-release/ag_payee/2026-03-06'],
    [['None', 'ConditionalCheckFailed', 'ConditionalCheckFailed', 'ConditionalCheckFailed'], DAY],
  ])('that is cancelled with %j is over a budget', async (codes, budget) => {
    server.script(cancelled(...codes));

    expect(await table().claim(CLAIM, TERMS, NOON)).toEqual({ kind: 'over-budget', budget });
  });

  test('beyond a whole budget asks for nothing', async () => {
    const reservations = [{ budget: DAY, amount: 2n as MicroUsd, limit: 1n as MicroUsd }];

    expect(await table().claim(CLAIM, { reservations }, NOON)).toEqual({ kind: 'over-budget', budget: DAY });
    expect(operations()).toEqual([]);
  });

  test.each([
    [{ Item: typed({ key: LOCK, holder: 'another-key' }) }, 'another-key'],
    [{}, 'unknown'],
  ])('whose lock is held names the holder: %j', async (found, holder) => {
    server.script(cancelled('None', 'None', 'None', 'ConditionalCheckFailed'), answer(200, found));

    expect(await table().claim(CLAIM, TERMS, NOON)).toEqual({ kind: 'locked', holder });
    expect(sent()[1]?.body['Key']).toEqual({ key: { S: LOCK } });
  });

  test('that meets another transaction is tried again, with pauses', async () => {
    server.script(
      cancelled('None', 'TransactionConflict', 'None', 'None'),
      cancelled('TransactionConflict', 'None', 'None', 'None'),
      answer(200, {}),
    );

    expect(await table().claim(CLAIM, TERMS, NOON)).toEqual({ kind: 'claimed' });
    expect(pauses).toEqual([1, 2]);
    expect(new Set(sent().map(({ body }) => body['ClientRequestToken'])).size).toBe(1);
  });

  test('that meets others again and again is left for later, and nothing was claimed', async () => {
    server.script(...Array.from({ length: 8 }, () => cancelled('None', 'TransactionConflict', 'None', 'None')));

    const claim = table().claim(CLAIM, TERMS, NOON);
    await expect(claim).rejects.toThrow(TryLaterError);
    await expect(claim).rejects.toThrow('None, TransactionConflict, None, None');
    expect(operations()).toHaveLength(8);
    expect(pauses).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('is a condition that failed, not a conflict, where it is both', async () => {
    server.script(cancelled('None', 'TransactionConflict', 'ConditionalCheckFailed', 'None'));

    expect(await table().claim(CLAIM, TERMS, NOON)).toMatchObject({ kind: 'over-budget' });
    expect(operations()).toHaveLength(1);
  });

  test('fails where the table fails', async () => {
    server.script(answer(500, { __type: 'x#InternalServerError' }));

    await expect(table().claim(CLAIM, TERMS, NOON)).rejects.toMatchObject({ name: 'InternalServerError' });
  });
});

describe('the latest of its kind', () => {
  const create = aNewIntent({ kind: 'escrow-create' });
  const created = (sentAt: string) => ({
    ...create,
    state: 'sending',
    fence: 1,
    owner: 'me',
    sentAt,
    createdAt: sentAt,
    updatedAt: sentAt,
    history: [],
  });
  const sending = { key: create.key, state: 'sending', fence: 1, owner: 'me' } as const;
  const applied = { state: 'applied', note: 'confirmed', result: { escrowId: 'esc_1' } } as const;
  const canary = `canary/${create.agentId}`;

  test.each([
    ['none is kept', undefined],
    ['the one that is kept is older', { reference: 'pf1:old', createdAt: '2026-03-06T11:59:59.999Z' }],
  ])("is written with an agent's create, in one transaction, where %s", async (_where, kept) => {
    const found = created(NOON.toISOString());
    const known = kept === undefined ? {} : item({ key: canary, ...kept });
    server.script(answer(200, item(found)), answer(200, known), answer(200, {}), answer(200, item(found)));

    await table().move(sending, applied, NOON);

    expect(operations()).toEqual(['GetItem', 'GetItem', 'TransactWriteItems', 'GetItem']);
    expect(sent()[1]?.body).toMatchObject({ Key: { key: { S: canary } }, ConsistentRead: true });
    const { reference } = create;
    expect(transaction(2).at(-1)).toEqual({
      Put: {
        TableName: TABLE,
        Item: typed({ key: canary, reference, createdAt: NOON.toISOString(), updatedAt: NOON.toISOString() }),
        ConditionExpression: 'attribute_not_exists(#key) OR #by <= :by',
        ExpressionAttributeNames: { '#key': 'key', '#by': 'createdAt' },
        ExpressionAttributeValues: typed({ ':by': NOON.toISOString() }),
      },
    });
  });

  test('stays where an older one is found later', async () => {
    const found = created('2026-03-06T11:00:00.000Z');
    const newer = item({ key: canary, reference: 'pf1:newer', createdAt: NOON.toISOString() });
    server.script(answer(200, item(found)), answer(200, newer), answer(200, {}), answer(200, item(found)));

    await table().move(sending, applied, NOON);

    expect(transaction(2)).toHaveLength(1);
  });

  test.each(['TransactionConflict', 'ConditionalCheckFailed'])(
    'stays where a newer one came in between the read and the write: %s',
    async (code) => {
      const found = created('2026-03-06T11:00:00.000Z');
      const newer = item({ key: canary, reference: 'pf1:newer', createdAt: NOON.toISOString() });
      server.script(
        answer(200, item(found)),
        answer(200, {}),
        cancelled('None', code),
        answer(200, newer),
        answer(200, {}),
        answer(200, item(found)),
      );

      await table().move(sending, applied, NOON);

      expect([transaction(2).length, transaction(4).length]).toEqual([2, 1]);
      expect(new Set([2, 4].map((index) => sent()[index]?.body['ClientRequestToken'])).size).toBe(2);
    },
  );

  test('of an agent and of a market is read consistently', async () => {
    const order = { intentKey: 'k', at: NOON.toISOString(), exposureUsd: '50.00' };
    server.script(answer(200, {}), answer(200, item({ key: 'k', ...order, updatedAt: NOON.toISOString() })));

    const service = { baseUrl: 'https://escrow.example.com', profile: 'reference' } as const;

    expect(await table().readCanary({ agentId: 'ag_1', service })).toBeUndefined();
    expect(await table().readLastOrder({ kind: 'trade-order', agentId: 'ag_1', payee: 'BTC-USDC' })).toEqual(order);
    expect(sent().map(({ body }) => body)).toMatchObject([
      { Key: { key: { S: 'canary/ag_1/https://escrow.example.com' } }, ConsistentRead: true },
      { Key: { key: { S: 'last-order/market/ag_1/BTC-USDC' } }, ConsistentRead: true },
    ]);
  });
});

describe('a move', () => {
  const RESERVED = [{ budget: DAY, amountUsd: '50.00' }];
  const held = (overrides: Partial<Intent> = {}) => stored({ reserved: RESERVED, lock: LOCK, ...overrides });
  const from = { key, state: 'sending', fence: 1, owner: 'me' } as const;

  test('to what took place keeps what the claim took, and records the result', async () => {
    const result = { escrowId: 'esc_1' };
    const applied = held({ state: 'applied', result });
    server.script(answer(200, item({ ...held() })), answer(200, {}), answer(200, item({ ...applied })));

    expect(await table().move(from, { state: 'applied', note: 'confirmed', result }, NOON)).toEqual(applied);

    expect(operations()).toEqual(['GetItem', 'TransactWriteItems', 'GetItem']);
    const items = transaction(1);
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      Update: {
        ConditionExpression: '#state = :from AND #fence = :fence AND #owner = :owner',
        ExpressionAttributeValues: {
          ':from': { S: 'sending' },
          ':state': { S: 'applied' },
          ':fence': { N: '1' },
          ':owner': { S: 'me' },
          ':result': { M: { escrowId: { S: 'esc_1' } } },
          ':step': { L: [{ M: typed({ state: 'applied', at: NOON.toISOString(), note: 'confirmed' }) }] },
        },
      },
    });
    expect(JSON.stringify(items)).not.toContain('REMOVE');
  });

  test.each(['unknown', 'manual'] as const)('to %s keeps what the claim took, and records why', async (state) => {
    server.script(answer(200, item({ ...held() })), answer(200, {}), answer(200, item({ ...held({ state }) })));

    await table().move(from, { state, note: 'HTTP 500' }, NOON);

    expect(transaction(1)).toHaveLength(1);
    expect(transaction(1)[0]).toMatchObject({
      Update: { ExpressionAttributeValues: { ':state': { S: state }, ':note': { S: 'HTTP 500' } } },
    });
  });

  test.each(['rejected', 'prepared'] as const)(
    'to %s gives back budgets and lock in the same transaction',
    async (state) => {
      server.script(answer(200, item({ ...held() })), answer(200, {}), answer(200, item({ ...stored({ state }) })));

      await table().move(from, { state, note: 'HTTP 400' }, NOON);

      const [update, budget, lock, ...others] = transaction(1);
      expect(others).toEqual([]);
      expect(update?.['Update']?.['UpdateExpression']).toMatch(/ REMOVE reserved, absentSince, #lock$/);
      expect(budget).toMatchObject({
        Update: {
          Key: { key: { S: `budget/${DAY}` } },
          ConditionExpression: 'used >= :amount',
          ExpressionAttributeValues: { ':amount': { N: '50000000' }, ':back': { N: '-50000000' } },
        },
      });
      expect(lock).toMatchObject({
        Delete: {
          Key: { key: { S: LOCK } },
          ConditionExpression: 'holder = :holder',
          ExpressionAttributeValues: { ':holder': { S: key } },
        },
      });
    },
  );

  test('of what nobody has claimed yet is on condition that nobody has', async () => {
    const { owner: _owner, ...prepared } = stored({ state: 'prepared', fence: 0 });
    server.script(answer(200, item(prepared)), answer(200, {}), answer(200, item({ ...prepared, state: 'rejected' })));

    await table().move({ key, state: 'prepared', fence: 0 }, { state: 'rejected', note: 'expired' }, NOON);

    expect(transaction(1)[0]?.['Update']?.['ConditionExpression']).toBe(
      '#state = :from AND #fence = :fence AND attribute_not_exists(#owner)',
    );
  });

  test('records who decided it, and on what evidence', async () => {
    const decision = { operator: 'ann', evidence: 'ticket 7', reason: 'not in the list' };
    const parked = held({ state: 'manual' });
    server.script(answer(200, item({ ...parked })), answer(200, {}), answer(200, item({ ...parked })));

    await table().move(parked, { state: 'rejected', note: 'decided by ann', decision }, NOON);

    expect(transaction(1)[0]).toMatchObject({
      Update: { ExpressionAttributeValues: { ':decision': { M: typed(decision) } } },
    });
  });

  test.each<[string, Partial<Intent>]>([
    ['has moved on', { state: 'unknown' }],
    ['is claimed anew', { fence: 2 }],
    ["is another's", { owner: 'another' }],
  ])('of what %s writes nothing and says what stands', async (_case, overrides) => {
    server.script(answer(200, item({ ...held(overrides) })));

    expect(await table().move(from, { state: 'rejected', note: 'no' }, NOON)).toMatchObject(overrides);
    expect(operations()).toEqual(['GetItem']);
  });

  test('that loses at the last moment says what stands', async () => {
    const moved = held({ state: 'unknown' });
    server.script(
      answer(200, item({ ...held() })),
      cancelled('ConditionalCheckFailed', 'None', 'None'),
      answer(200, item({ ...moved })),
    );

    expect(await table().move(from, { state: 'rejected', note: 'no' }, NOON)).toEqual(moved);
  });

  test('whose acknowledgement was lost is sent again under the same token, and counts once', async () => {
    const rejected = stored({ state: 'rejected' });
    server.script(
      answer(200, item({ ...held() })),
      resetAfterRequest,
      answer(200, {}),
      answer(200, item({ ...rejected })),
    );

    expect(await table(2).move(from, { state: 'rejected', note: 'no' }, NOON)).toEqual(rejected);
    expect(sent()[1]?.body['ClientRequestToken']).toBe(sent()[2]?.body['ClientRequestToken']);
  });

  test('that has nothing to give back although it should is a fault', async () => {
    server.script(answer(200, item({ ...held() })), cancelled('None', 'ConditionalCheckFailed', 'None'));

    await expect(table().move(from, { state: 'rejected', note: 'no' }, NOON)).rejects.toThrow(
      `intent ${key}: what it took is not there to give back`,
    );
  });

  test('that meets other transactions is tried again, and then left for later', async () => {
    server.script(
      answer(200, item({ ...held() })),
      ...Array.from({ length: 8 }, () => cancelled('None', 'TransactionConflict', 'None')),
    );

    await expect(table().move(from, { state: 'rejected', note: 'no' }, NOON)).rejects.toThrow(TryLaterError);
    expect(pauses).toHaveLength(7);
  });

  test('of what is not there is a fault', async () => {
    server.script(answer(200, {}));

    await expect(table().move(from, { state: 'rejected', note: 'no' }, NOON)).rejects.toThrow(
      `intent ${key} is not in intents`,
    );
  });
});

describe('a look', () => {
  test.each([
    [true, 'SET updatedAt = :at, absentSince = :at'],
    [false, 'SET updatedAt = :at'],
  ])('is noted where the intent is still in doubt (the first that counts: %p)', async (isFirst, expression) => {
    const unknown = stored({ state: 'unknown' });
    server.script(answer(200, { Attributes: typed({ ...unknown }) }));

    expect(await table().noteLook({ key, state: 'unknown', fence: 1 }, NOON, isFirst)).toEqual(unknown);
    expect(sent()).toMatchObject([
      {
        operation: 'UpdateItem',
        body: {
          ConditionExpression: '#state = :state AND #fence = :fence',
          UpdateExpression: expression,
          ExpressionAttributeValues: { ':state': { S: 'unknown' }, ':fence': { N: '1' } },
          ReturnValues: 'ALL_NEW',
        },
      },
    ]);
  });

  test.each([
    [undefined, 'attribute_not_exists(waits)', {}],
    [3, 'waits = :before', { ':before': { N: '3' } }],
  ])('is put off by a wait, if it waited %p times before', async (waits, condition, values) => {
    const prepared = stored({ state: 'prepared' });
    server.script(answer(200, { Attributes: typed({ ...prepared }) }));
    const notBefore = afterNoon(MINUTE).toISOString();
    const wait = { notBefore, waits: (waits ?? 0) + 1, limitWaits: 1, waitsFor: 'stop' } as const;

    expect(await table().postpone({ key, fence: 1, waits }, wait, 'halted', NOON)).toEqual(prepared);
    const { ConditionExpression, UpdateExpression, ExpressionAttributeValues } = (sent()[0]?.body ?? {}) as Fields;
    expect(ConditionExpression).toBe(`#state = :state AND #fence = :fence AND ${condition}`);
    expect(UpdateExpression).not.toContain('history');
    expect(UpdateExpression).toContain(
      'notBefore = :notBefore, waits = :waits, limitWaits = :limitWaits, waitsFor = :waitsFor',
    );
    expect(ExpressionAttributeValues).toMatchObject({
      ...values,
      ':limitWaits': { N: '1' },
      ':state': { S: 'prepared' },
      ':notBefore': { S: wait.notBefore },
      ':waits': { N: String(wait.waits) },
      ':waitsFor': { S: 'stop' },
      ':reason': { S: 'halted' },
    });
  });

  test('at what is in doubt no more changes nothing', async () => {
    server.script(FAILED_CONDITION, answer(200, item({ ...stored({ state: 'applied' }) })));

    expect(await table().noteLook({ key, state: 'unknown', fence: 1 }, NOON, true)).toMatchObject({ state: 'applied' });
  });
});

describe('a list', () => {
  test('is of one state, the longest unchanged first, and bounded', async () => {
    server.script(answer(200, { Items: [typed({ ...stored() })] }));

    expect(await table().list('unknown', afterNoon(MINUTE), 25)).toEqual([stored()]);
    expect(sent()[0]).toMatchObject({
      operation: 'Query',
      body: {
        IndexName: 'by-state',
        KeyConditionExpression: '#state = :state AND updatedAt < :before',
        ExpressionAttributeValues: { ':state': { S: 'unknown' }, ':before': { S: afterNoon(MINUTE).toISOString() } },
        Limit: 25,
      },
    });
    expect(sent()[0]?.body).not.toHaveProperty('ScanIndexForward', false);
  });

  test('of what was applied last begins with the newest', async () => {
    const next = { key, state: 'applied', updatedAt: NOON.toISOString() } as const;
    server.script(answer(200, { Items: [], LastEvaluatedKey: typed(next) }), answer(200, { Items: [] }));

    const first = await table().listApplied(50);
    expect(first).toEqual({ intents: [], next });
    expect(await table().listApplied(50, first.next)).toEqual({ intents: [], next: undefined });
    expect(sent()[0]?.body).toMatchObject({
      ExpressionAttributeValues: { ':state': { S: 'applied' } },
      ScanIndexForward: false,
      Limit: 50,
    });
    expect(sent()[1]?.body).toMatchObject({ ExclusiveStartKey: typed(next) });
  });

  test('goes on where a page ended at its megabyte, until there are as many as asked for', async () => {
    const next = { key, state: 'unknown', updatedAt: NOON.toISOString() } as const;
    const page = { Items: [typed({ ...stored() })], LastEvaluatedKey: typed(next) };
    server.script(answer(200, page), answer(200, page));

    expect(await table().list('unknown', afterNoon(MINUTE), 2)).toHaveLength(2);
    expect(sent().map(({ body }) => (body as { Limit: number }).Limit)).toEqual([2, 1]);
    expect(sent()[1]?.body).toMatchObject({ ExclusiveStartKey: typed(next) });
  });
});

test('a list of claimed orders goes through no more than 20 pages of what is stored likewise', async () => {
  const next = { key, state: 'prepared', updatedAt: NOON.toISOString() } as const;
  const waiting = typed({ ...stored({ state: 'prepared' }) });
  const lease = { until: NOON.toISOString(), fence: 1 };
  const claimed = typed({ ...stored({ state: 'prepared', lease }) });
  const page = (items: object[]) => answer(200, { Items: items, LastEvaluatedKey: typed(next) });
  server.script(page([waiting, claimed]), ...Array.from({ length: 25 }, () => page([waiting])));

  expect(await table().list('claimed', afterNoon(MINUTE), 25)).toMatchObject([{ state: 'claimed' }]);
  expect(sent()).toHaveLength(20);
});

test('a page is queried through the index from a moment on, where the one before it ended', async () => {
  const next = { key, state: 'applied', updatedAt: NOON.toISOString() } as const;
  server.script(
    answer(200, { Items: [typed({ ...stored() })], LastEvaluatedKey: typed(next) }),
    answer(200, { Items: [] }),
  );

  const first = await table().listSince('applied', NOON, 500);
  const second = await table().listSince('applied', NOON, 500, first.next);

  expect(first).toEqual({ intents: [stored()], next });
  expect(second).toEqual({ intents: [], next: undefined });
  expect(sent()[0]?.body).toMatchObject({
    IndexName: 'by-state',
    KeyConditionExpression: '#state = :state AND updatedAt >= :since',
    ExpressionAttributeValues: { ':state': { S: 'applied' }, ':since': { S: NOON.toISOString() } },
    Limit: 500,
  });
  expect(sent()[0]?.body).not.toHaveProperty('ExclusiveStartKey');
  expect(sent()[1]?.body).toMatchObject({ ExclusiveStartKey: typed(next) });
});
