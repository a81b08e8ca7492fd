/**
 * What a webhook is about. Purple Flea's pages describe several envelopes and none of its servers has any: whatever can be
 * meant is read, and nothing is believed but whose escrow to look at.
 */
export type Webhook =
  | { readonly kind: 'escrow'; readonly event: string; readonly id: string; readonly escrowId: string }
  /** Another service's event, a ping, or one that was asked for as a test. */
  | { readonly kind: 'other'; readonly event: string }
  /** The problem names the field and what is allowed there. */
  | { readonly kind: 'unusable'; readonly problem: string };

const MAX_EVENT = 100;
const MAX_ID = 200;
const MAX_ESCROW_ID = 100;

const EVENT_PATHS = [['event'], ['type']];
const ID_PATHS = [['id'], ['event_id'], ['eventId']];
const IN_ESCROW = [['escrow_id'], ['escrowId'], ['escrow', 'id'], ['escrow', 'escrow_id'], ['escrow', 'escrowId']];
const ESCROW_PATHS = [...IN_ESCROW.map((path) => ['data', ...path]), ...IN_ESCROW, ['data', 'id']];

/** Reads a webhook from its body. */
export function readWebhook(text: string): Webhook {
  const body = parseObject(text);
  if (body === undefined) return unusable('the body is not a JSON object');
  const event = firstText(body, EVENT_PATHS, MAX_EVENT);
  if (event === undefined) return unusable(`event or type: expected text of 1 to ${MAX_EVENT} characters`);
  // Names are written escrow_funded, escrow.funded, and purple-flea/escrow.funded.
  if (!/^(purple-?flea[/.])?escrow[._-]/i.test(event) || body['test'] === true) return { kind: 'other', event };
  const id = firstText(body, ID_PATHS, MAX_ID);
  if (id === undefined) return unusable(`id or event_id: expected text of 1 to ${MAX_ID} characters`);
  const escrowId = firstText(body, ESCROW_PATHS, MAX_ESCROW_ID);
  if (escrowId === undefined) {
    return unusable(
      `data.escrow_id, data.escrow.id, escrow_id or escrow.id: expected text of 1 to ${MAX_ESCROW_ID} characters`,
    );
  }
  return { kind: 'escrow', event, id, escrowId };
}

type JsonObject = Readonly<Record<string, unknown>>;

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function firstText(body: JsonObject, paths: readonly (readonly string[])[], max: number): string | undefined {
  for (const path of paths) {
    const value = path.reduce<unknown>(
      (at, name) => (isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined),
      body,
    );
    if (typeof value === 'string' && value !== '' && value.length <= max) return value;
  }
  return undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unusable(problem: string): Webhook {
  return { kind: 'unusable', problem };
}
