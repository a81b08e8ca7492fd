import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';

/** Where DynamoDB's requests and answers hold attributes. */
const ATTRIBUTES = new Set([
  'Key',
  'Item',
  'Attributes',
  'ExpressionAttributeValues',
  'ExclusiveStartKey',
  'LastEvaluatedKey',
]);
type Fields = Readonly<Record<string, unknown>>;

/** Puts plain values of a request into DynamoDB's typed JSON. Attributes that are undefined are left out. */
export function toDynamoDb(request: Fields): Fields {
  return convert(request, (attributes) =>
    marshall(Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))),
  );
}

/** Puts an answer into plain values. Numbers that are no safe integer become bigint. */
export function fromDynamoDb(answer: Fields): Fields {
  return convert(answer, (attributes) => unmarshall(attributes as Parameters<typeof unmarshall>[0]));
}

function convert(fields: Fields, convertAttributes: (attributes: Fields) => Fields): Fields {
  const convertField = ([name, value]: [string, unknown]): [string, unknown] => {
    if (value === undefined || value === null) return [name, value];
    if (ATTRIBUTES.has(name)) return [name, convertAttributes(value as Fields)];
    if (name === 'Items') return [name, (value as Fields[]).map(convertAttributes)];
    if (name === 'TransactItems') return [name, (value as Fields[]).map(convertActions)];
    return [name, value];
  };
  const convertActions = (actions: Fields): Fields =>
    Object.fromEntries(
      Object.entries(actions).map(([kind, action]) => [kind, convert(action as Fields, convertAttributes)]),
    );
  return Object.fromEntries(Object.entries(fields).map(convertField));
}
