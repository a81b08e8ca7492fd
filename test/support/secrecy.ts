import { inspect } from 'node:util';

/** A key that must never be seen in anything but an Authorization header. */
export const CANARY = 'pf_live_canary_7Qx2Lw9Zt4';

/** Everything that a log line, an event or a ledger could show of a value: hidden fields, stack and cause included. */
export function allTextOf(value: unknown): string {
  const causes: unknown[] = [];
  for (let cause = value; cause instanceof Error; { cause } = cause) causes.push(cause.stack, String(cause), cause);
  return [value, ...causes]
    .map((part) => `${inspect(part, { depth: null, showHidden: true })} ${JSON.stringify(part)}`)
    .join('\n');
}
