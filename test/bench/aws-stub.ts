import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { BY_STATE_INDEX } from '../../src/aws/intent-table.ts';
import { BY_DEADLINE_INDEX } from '../../src/aws/mailbox-table.ts';
import { holds, update, type Attribute, type Expressions, type Item } from './dynamodb.ts';

/** The answers of AWS that the measured functions need, from memory: tables with conditions, and "yes" to all else. */
export interface AwsStub {
  readonly url: string;
  /** When the first execution was started since the last reset, in milliseconds since 1970. */
  readonly firstExecutionAt: () => number | undefined;
  readonly executions: () => number;
  /** Forgets everything. */
  reset(): void;
  close(): Promise<void>;
}

type Input = Readonly<Record<string, unknown>>;

/** An error as AWS answers it. */
class Refusal extends Error {
  readonly body: Input;
  constructor(code: string, more: Input = {}) {
    super(code);
    this.body = { __type: `stub#${code}`, message: code, ...more };
  }
}

/** Stands around the answering of every request. */
type Around = (target: string, give: () => Answer) => Answer | Promise<Answer>;
type Answer = readonly [status: number, body: unknown];

/** @param secret the text of every secret. */
export async function startAwsStub(
  secret: string,
  { around = (_, give) => give() }: { readonly around?: Around } = {},
): Promise<AwsStub> {
  const tables = createTables();
  const executions = new Map<string, unknown>();
  let firstExecutionAt: number | undefined;

  const answers: Readonly<Record<string, (input: Input) => unknown>> = {
    ...tables.answers,
    'AWSEvents.PutEvents': ({ Entries }) => ({
      FailedEntryCount: 0,
      Entries: (Entries as unknown[]).map((_, index) => ({ EventId: `event-${index}` })),
    }),
    'AmazonSQS.SendMessage': ({ MessageBody }) => ({
      MessageId: 'message',
      MD5OfMessageBody: createHash('md5').update(String(MessageBody)).digest('hex'),
    }),
    'AmazonSSM.GetParameter': ({ Name }) => ({ Parameter: { Name, Type: 'String', Value: 'running' } }),
    'secretsmanager.GetSecretValue': ({ SecretId }) => ({ Name: SecretId, SecretString: secret }),
    'AWSStepFunctions.StartExecution': ({ stateMachineArn, name, input }) => {
      const earlier = executions.get(String(name));
      if (earlier !== undefined && earlier !== input) throw new Refusal('ExecutionAlreadyExists');
      executions.set(String(name), input);
      firstExecutionAt ??= performance.timeOrigin + performance.now();
      return { executionArn: `${String(stateMachineArn)}:${String(name)}`, startDate: Date.now() / 1000 };
    },
  };

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const target = String(request.headers['x-amz-target']);
    const [status, answered] = await around(target, () => answer(answers[target], body));
    response.writeHead(status, { 'content-type': String(request.headers['content-type']) });
    response.end(JSON.stringify(answered));
  };
  const server = createServer((request, response) => {
    // A client that goes away gets no answer.
    respond(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    firstExecutionAt: () => firstExecutionAt,
    executions: () => executions.size,
    reset: () => {
      tables.clear();
      executions.clear();
      firstExecutionAt = undefined;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(operation: ((input: Input) => unknown) | undefined, body: string): Answer {
  if (operation === undefined) return [400, { __type: 'stub#UnknownOperationException' }];
  try {
    return [200, operation(JSON.parse(body) as Input) ?? {}];
  } catch (error) {
    if (error instanceof Refusal) return [400, error.body];
    return [400, { __type: 'stub#ValidationException', message: String(error) }];
  }
}

interface Write extends Expressions {
  readonly TableName: string;
  readonly Key?: Item;
  readonly Item?: Item;
  readonly ConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE';
}

interface Query extends Expressions {
  readonly TableName: string;
  readonly IndexName?: string;
  readonly KeyConditionExpression: string;
  readonly FilterExpression?: string;
  readonly ScanIndexForward?: boolean;
  readonly Limit?: number;
  readonly ExclusiveStartKey?: Item;
}

/** Tables of which every item is found by the names that keys have here. */
const KEY_NAMES = ['key', 'address', 'item'];

/** By index: its partition, and what it is sorted by. */
const INDEXES: Readonly<Record<string, readonly [partition: string, sort: string]>> = {
  [BY_STATE_INDEX]: ['state', 'updatedAt'],
  [BY_DEADLINE_INDEX]: ['waiting', 'deadlineAt'],
};

function sortOf(item: Item, [, sort = 'item']: readonly string[]): string {
  return item[sort]?.S ?? '';
}

function createTables() {
  const tables = new Map<string, Map<string, Item>>();
  const tableOf = (name: string) => {
    const table = tables.get(name) ?? new Map<string, Item>();
    tables.set(name, table);
    return table;
  };
  const idOf = (item: Item) => JSON.stringify(KEY_NAMES.map((name): Attribute | undefined => item[name]));

  const isAllowed = (write: Write): boolean => holds(write.ConditionExpression, find(write) ?? {}, write);
  const find = ({ TableName, Key, Item }: Write): Item | undefined => tableOf(TableName).get(idOf(Key ?? Item ?? {}));
  const apply = (write: Write): Item | undefined => {
    const { TableName, Key = {}, Item, UpdateExpression } = write;
    const table = tableOf(TableName);
    if (Item !== undefined) {
      table.set(idOf(Item), Item);
      return Item;
    }
    if (UpdateExpression === undefined) {
      table.delete(idOf(Key));
      return undefined;
    }
    const updated = update(UpdateExpression, find(write) ?? Key, write);
    table.set(idOf(Key), updated);
    return updated;
  };
  /** The item that did not meet a condition, where the request wants it. */
  const askedFor = (asked: Write): { readonly Item?: Item | undefined } =>
    asked.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' ? { Item: find(asked) } : {};
  const write = (input: Input): Item | undefined => {
    const asked = input as unknown as Write;
    if (!isAllowed(asked)) throw new Refusal('ConditionalCheckFailedException', askedFor(asked));
    return apply(asked);
  };

  const transact = (input: Input): void => {
    const writes = (input['TransactItems'] as Readonly<Record<string, Write>>[]).flatMap((item) =>
      Object.entries(item),
    );
    const reasons = writes.map(([, asked]) =>
      isAllowed(asked) ? { Code: 'None' } : { Code: 'ConditionalCheckFailed', ...askedFor(asked) },
    );
    if (reasons.some(({ Code }) => Code !== 'None')) {
      throw new Refusal('TransactionCanceledException', { CancellationReasons: reasons });
    }
    for (const [kind, asked] of writes) if (kind !== 'ConditionCheck') apply(asked);
  };

  const query = (input: Input) => {
    const asked = input as unknown as Query;
    const { TableName, IndexName = '', Limit = Infinity, ExclusiveStartKey } = asked;
    const index = INDEXES[IndexName] ?? [];
    const found = [...tableOf(TableName).values()]
      .filter((item) => holds(asked.KeyConditionExpression, item, asked))
      .toSorted((a, b) => (sortOf(a, index) < sortOf(b, index) ? -1 : 1));
    if (asked.ScanIndexForward === false) found.reverse();
    const from =
      ExclusiveStartKey === undefined ? -1 : found.findIndex((item) => idOf(item) === idOf(ExclusiveStartKey));
    const page = found.slice(from + 1, from + 1 + Limit);
    const last = page.length === Limit ? page.at(-1) : undefined;
    const names = [...KEY_NAMES, ...index];
    return {
      Items: page.filter((item) => holds(asked.FilterExpression, item, asked)),
      ...(last === undefined
        ? {}
        : { LastEvaluatedKey: Object.fromEntries(Object.entries(last).filter(([name]) => names.includes(name))) }),
    };
  };

  return {
    clear: () => tables.clear(),
    answers: {
      'DynamoDB_20120810.GetItem': (input: Input) => ({ Item: find(input as unknown as Write) }),
      'DynamoDB_20120810.PutItem': (input: Input) => void write(input),
      'DynamoDB_20120810.DeleteItem': (input: Input) => void write(input),
      'DynamoDB_20120810.UpdateItem': (input: Input) => ({ Attributes: write(input) }),
      'DynamoDB_20120810.TransactWriteItems': transact,
      'DynamoDB_20120810.Query': query,
      // Old enough for everything that is measured to be younger.
      'DynamoDB_20120810.DescribeTable': ({ TableName }: Input) => ({ Table: { TableName, CreationDateTime: 0 } }),
    },
  };
}
