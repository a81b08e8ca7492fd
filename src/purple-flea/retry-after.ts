/** Without `Retry-After`, the end of the service's window of 60 s is not known: asking again costs nothing. */
const UNSAID_SECONDS = 15;
const MAX_SECONDS = 900;

/** IMF-fixdate, the one form of an HTTP date that is sent (RFC 9110, 5.6.7). */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * The seconds that a `Retry-After` header asks for, given as a number or as a date; undefined where it says neither.
 * A date is taken against the answer's own `Date`, so that clocks that differ do no harm.
 */
export function readRetryAfter(header: string | undefined, date: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Number(header);
  if (!HTTP_DATE.test(header)) return undefined;
  const sentAt = date !== undefined && HTTP_DATE.test(date) ? Date.parse(date) : Number.NaN;
  const seconds = Math.ceil((Date.parse(header) - (Number.isNaN(sentAt) ? Date.now() : sentAt)) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/**
 * How long to wait after a 429, in seconds: what was asked for, within 1 s and 15 min; otherwise a quarter of the service's
 * window and a random part of a second quarter, so that those who wait do not come back together.
 */
export function rateLimitWait(
  answer: { readonly retryAfterSeconds: number | undefined },
  random: () => number,
): number {
  const asked = answer.retryAfterSeconds ?? UNSAID_SECONDS + Math.floor(random() * UNSAID_SECONDS);
  return Math.max(1, Math.min(asked, MAX_SECONDS));
}
