import { randomBytes } from 'node:crypto';
import { formatUsd, parseUsd, sumUsd } from '../../src/money.ts';

type Body = Record<string, unknown>;

/** Fields that name what a request made, the most telling first. */
const ID_FIELDS = ['escrow_id', 'order_id', 'position_id', 'tx_id', 'claim_id', 'id'];
const AMOUNT_FIELDS = [
  'amount_usd',
  'amount_paid_out',
  'amount_released',
  'amount_locked',
  'amount',
  'amount_usdc',
  'size_usd',
  'credited',
  'balance_usdc',
  'balance_usd',
];
const TIME_FIELDS = ['created_at', 'opened_at', 'createdAt'];

const ONE_DOLLAR = parseUsd('1.00');

/** The answer with the id of something that does not exist. */
export function withWrongId(body: Body): Body {
  const field = ID_FIELDS.find((name) => typeof body[name] === 'string');
  if (field === undefined) return body;
  const prefix = /^[a-z]+_/.exec(String(body[field]))?.[0] ?? '';
  return { ...body, [field]: `${prefix}${randomBytes(8).toString('hex')}` };
}

/** The answer with an amount that is a dollar too high, of the type that it had. */
export function withWrongAmount(body: Body): Body {
  const field = AMOUNT_FIELDS.find((name) => ['number', 'string'].includes(typeof body[name]));
  if (field === undefined) return body;
  const amount = body[field] as number | string;
  const wrong = sumUsd(parseUsd(amount), ONE_DOLLAR);
  return { ...body, [field]: typeof amount === 'string' ? formatUsd(wrong) : Number(formatUsd(wrong)) };
}

/** The first list in the answer cut to a number of rows; its total stays. */
export function withShortList(body: Body, rows: number): Body {
  const found = listIn(body);
  return found === undefined ? body : { ...body, [found.field]: found.list.slice(0, rows) };
}

/** The first list in the answer without what is newer than a time; the total is that of then. */
export function withoutNewerThan(body: Body, time: Date): Body {
  const found = listIn(body);
  if (found === undefined) return body;
  const list = found.list.filter((row) => !(timeOf(row) > time.getTime()));
  const missing = found.list.length - list.length;
  const count = (name: 'total' | 'count') => {
    const value = body[name];
    return typeof value === 'number' ? { [name]: value - missing } : {};
  };
  return { ...body, ...count('total'), ...count('count'), [found.field]: list };
}

function listIn(body: Body): { readonly field: string; readonly list: readonly unknown[] } | undefined {
  const found = Object.entries(body).find((entry): entry is [string, unknown[]] => Array.isArray(entry[1]));
  return found === undefined ? undefined : { field: found[0], list: found[1] };
}

/** In milliseconds; times are texts or epoch seconds. NaN for a row without one. */
function timeOf(row: unknown): number {
  if (typeof row !== 'object' || row === null) return Number.NaN;
  const value = TIME_FIELDS.map((field) => (row as Body)[field]).find((found) => found !== undefined);
  return typeof value === 'number' ? value * 1000 : Date.parse(String(value));
}
