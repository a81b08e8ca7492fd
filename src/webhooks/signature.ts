import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Purple Flea's pages sign a webhook as `X-PurpleFlea-Signature: sha256=<hex>` with `X-PurpleFlea-Timestamp: <epoch seconds>`:
 * HMAC-SHA256 of timestamp, a dot and the body as it was sent. Some write the digest bare, and the time in milliseconds.
 */
const SIGNATURE_HEADERS = ['x-purpleflea-signature', 'x-purple-flea-signature'];
const TIMESTAMP_HEADERS = ['x-purpleflea-timestamp', 'x-purple-flea-timestamp'];

/** How far the timestamp may be from the receiver's clock, either way. */
export const WINDOW_MS = 5 * 60_000;

/** What a request says it was signed with. */
export interface Signature {
  /** As it was sent: it is part of what is signed. */
  readonly timestamp: string;
  readonly digest: Buffer;
}

/** The signature of a request, or why it cannot be one; the reason quotes nothing of it. */
export type ReadSignature =
  { readonly kind: 'found'; readonly signature: Signature } | { readonly kind: 'none'; readonly reason: string };

/** Reads the signature from the headers, by any spelling, and whether it is of these minutes. */
export function readSignature(headers: Readonly<Record<string, string | undefined>>, now: Date): ReadSignature {
  const byName = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value?.trim()]));
  const valueOf = (names: readonly string[]) => names.map((name) => byName.get(name)).find(Boolean);
  const shown = valueOf(SIGNATURE_HEADERS);
  const timestamp = valueOf(TIMESTAMP_HEADERS);
  if (shown === undefined) return none('no signature header');
  if (timestamp === undefined) return none('no timestamp header');
  const hex = /^(?:sha256=)?([0-9a-f]{64})$/i.exec(shown)?.[1];
  if (hex === undefined) return none('the signature is not a SHA-256 digest in hex');
  if (!/^(\d{10}|\d{13})$/.test(timestamp)) return none('the timestamp is not epoch seconds or milliseconds');
  const at = Number(timestamp.padEnd(13, '0'));
  if (Math.abs(now.getTime() - at) > WINDOW_MS) return none('the timestamp is more than 5 minutes away');
  return { kind: 'found', signature: { timestamp, digest: Buffer.from(hex, 'hex') } };
}

/** Whether any of the secrets made the signature of this body. Takes as long whichever it was, or none. */
export function isSignedWith(secrets: readonly string[], { timestamp, digest }: Signature, body: Uint8Array): boolean {
  const matches = secrets.filter((secret) =>
    timingSafeEqual(createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest(), digest),
  );
  return matches.length > 0;
}

function none(reason: string): ReadSignature {
  return { kind: 'none', reason };
}
