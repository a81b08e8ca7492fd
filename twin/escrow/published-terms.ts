import { parseUsd, type MicroUsd } from '../../src/money.ts';
import { Refusal } from '../request.ts';
import type { EscrowTerms } from './escrow-book.ts';

const MINIMUM = parseUsd('0.10');
const DEFAULT_TIMEOUT_HOURS = 24;
const MAXIMUM_TIMEOUT_HOURS = 720;

/** What a create request of the published server asks for; null hours cannot be written, and fail after the debit. */
export type PublishedTerms = Pick<EscrowTerms, 'counterpartyId' | 'amount' | 'description' | 'referralCode'> & {
  readonly timeoutHours: number | null;
};

/** Reads the body of a create as leniently as the published server does. @throws Refusal 400 or 500 */
export function readPublishedTerms(body: Readonly<Record<string, unknown>>): PublishedTerms {
  // Texts are trimmed before anything is checked: one that is no text fails whatever the amount is.
  const description = trimmed(body['description']);
  const counterpartyId = trimmed(body['counterparty_agent_id']);
  const amount = readAmount(body['amount_usd']);
  if (amount === undefined || amount < MINIMUM) {
    throw new Refusal(400, 'invalid_amount', 'Minimum escrow amount is $0.1');
  }
  if (description.length < 3) {
    throw new Refusal(400, 'invalid_description', 'description is required (min 3 chars)');
  }
  if (!counterpartyId.startsWith('ag_')) {
    throw new Refusal(400, 'invalid_counterparty', 'counterparty_agent_id must be in ag_xxx format');
  }
  return {
    amount,
    description,
    counterpartyId,
    timeoutHours: readTimeout(body['timeout_hours']),
    referralCode: readReferralCode(body['referral_code']),
  };
}

function trimmed(value: unknown): string {
  const text = value ?? '';
  if (typeof text !== 'string') throw new Refusal(500, 'internal_error', '');
  return text.trim();
}

/** A number, or the number at the beginning of a text; undefined where there is none above zero. */
function readAmount(value: unknown): MicroUsd | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const text = String(value).trimStart();
  const [, whole = '', fraction = '', exponent = '0'] = /^\+?(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?/i.exec(text) ?? [];
  const digits = whole + fraction;
  return digits === '' ? undefined : roundedUsd(BigInt(digits), Number(exponent) - fraction.length);
}

/** `digits` times ten to the power of `exponent`, rounded half up to the micro-dollar. */
function roundedUsd(digits: bigint, exponent: number): MicroUsd {
  const shift = exponent + 6;
  if (shift >= 0) return (digits * 10n ** BigInt(shift)) as MicroUsd;
  const divisor = 10n ** BigInt(-shift);
  return ((digits + divisor / 2n) / divisor) as MicroUsd;
}

/** Whole hours, silently brought into the range; null for what is no number. */
function readTimeout(value: unknown): number | null {
  const hours = Math.floor(Number(value ?? DEFAULT_TIMEOUT_HOURS));
  return Number.isNaN(hours) ? null : Math.min(Math.max(1, hours), MAXIMUM_TIMEOUT_HOURS);
}

/** Anything but a text is nobody's code. */
function readReferralCode(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
