import { describe, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isSignedWith, readSignature, WINDOW_MS, type Signature } from '../../../../src/webhooks/signature.ts';

const NOW = new Date('2026-03-06T09:00:00Z');
const SECONDS = String(NOW.getTime() / 1000);
const BODY = Buffer.from('{"event":"escrow.released"}');
const CURRENT = 'whsec_current_0123456789';
const PREVIOUS = 'whsec_previous_0123456789';

const hexOf = (secret: string, timestamp: string, body: Uint8Array = BODY) =>
  createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');

function read(headers: Record<string, string>, now = NOW) {
  return readSignature(headers, now);
}

function signatureOf(headers: Record<string, string>): Signature {
  const found = read(headers);
  if (found.kind === 'none') throw new Error(found.reason);
  return found.signature;
}

const signed = (secret = CURRENT, timestamp = SECONDS) => ({
  'x-purpleflea-signature': `sha256=${hexOf(secret, timestamp)}`,
  'x-purpleflea-timestamp': timestamp,
});

describe('the headers of a signature', () => {
  const HEX = hexOf(CURRENT, SECONDS);

  test.each([
    ['as the pages write them', { 'X-PurpleFlea-Signature': `sha256=${HEX}`, 'X-PurpleFlea-Timestamp': SECONDS }],
    ['in lower case, as API Gateway passes them', signed()],
    ['with the digest bare', { ...signed(), 'x-purpleflea-signature': HEX }],
    ['with the digest in capitals', { ...signed(), 'x-purpleflea-signature': `SHA256=${HEX.toUpperCase()}` }],
    ['with hyphens', { 'x-purple-flea-signature': HEX, 'x-purple-flea-timestamp': SECONDS }],
    ['with spaces around', { ...signed(), 'x-purpleflea-signature': ` sha256=${HEX} ` }],
  ])('are read %s', (_case, headers) => {
    expect(isSignedWith([CURRENT], signatureOf(headers), BODY)).toBe(true);
  });

  test('may have the time in milliseconds, which is what is signed then', () => {
    const milliseconds = String(NOW.getTime() + 250);

    expect(isSignedWith([CURRENT], signatureOf(signed(CURRENT, milliseconds)), BODY)).toBe(true);
  });

  test.each([
    ['no signature header', { 'x-purpleflea-timestamp': SECONDS }],
    ['no signature header', { ...signed(), 'x-purpleflea-signature': '' }],
    ['no timestamp header', { 'x-purpleflea-signature': HEX }],
    ['the signature is not a SHA-256 digest in hex', { ...signed(), 'x-purpleflea-signature': HEX.slice(1) }],
    ['the signature is not a SHA-256 digest in hex', { ...signed(), 'x-purpleflea-signature': `sha1=${HEX}` }],
    ['the signature is not a SHA-256 digest in hex', { ...signed(), 'x-purpleflea-signature': `${HEX},${HEX}` }],
    ['the signature is not a SHA-256 digest in hex', { ...signed(), 'x-purpleflea-signature': 'é'.repeat(64) }],
    ['the timestamp is not epoch', { ...signed(), 'x-purpleflea-timestamp': NOW.toISOString() }],
    ['the timestamp is not epoch', { ...signed(), 'x-purpleflea-timestamp': `${SECONDS}.5` }],
    ['the timestamp is not epoch', { ...signed(), 'x-purpleflea-timestamp': '-1772787600' }],
    ['the timestamp is not epoch', { ...signed(), 'x-purpleflea-timestamp': '1e12' }],
  ])('are none where there is %s', (reason, headers) => {
    expect(read(headers)).toEqual({ kind: 'none', reason: expect.stringContaining(reason) });
  });

  test.each([
    [-WINDOW_MS / 1000, 'found'],
    [-WINDOW_MS / 1000 - 1, 'none'],
    [WINDOW_MS / 1000, 'found'],
    [WINDOW_MS / 1000 + 1, 'none'],
  ])('%d seconds from now are %s', (seconds, kind) => {
    expect(read(signed(CURRENT, String(NOW.getTime() / 1000 + seconds))).kind).toBe(kind);
  });

  test('of the window are five minutes either way', () => {
    expect(WINDOW_MS).toBe(300_000);
  });
});

describe('a signature', () => {
  test('is by either of two secrets during rotation, and by no third', () => {
    const secrets = [CURRENT, PREVIOUS];

    expect(isSignedWith(secrets, signatureOf(signed(CURRENT)), BODY)).toBe(true);
    expect(isSignedWith(secrets, signatureOf(signed(PREVIOUS)), BODY)).toBe(true);
    expect(isSignedWith(secrets, signatureOf(signed('whsec_stranger_0123456789')), BODY)).toBe(false);
    expect(isSignedWith([CURRENT], signatureOf(signed(PREVIOUS)), BODY)).toBe(false);
    expect(isSignedWith([], signatureOf(signed()), BODY)).toBe(false);
  });

  test.each([
    ['another byte in the body', Buffer.from('{"event":"escrow.releaseD"}')],
    ['the same JSON with a space', Buffer.from('{"event": "escrow.released"}')],
    ['nothing', Buffer.alloc(0)],
  ])('is not for %s', (_case, body) => {
    expect(isSignedWith([CURRENT], signatureOf(signed()), body)).toBe(false);
  });

  test('is for its own time alone: that of another would let an old one be played back', () => {
    const { digest } = signatureOf(signed());

    expect(isSignedWith([CURRENT], { digest, timestamp: String(Number(SECONDS) + 1) }, BODY)).toBe(false);
  });

  test('over the body alone, as one sentence of the pages has it, is none: nothing would tell its age', () => {
    const alone = createHmac('sha256', CURRENT).update(BODY).digest('hex');

    const signature = signatureOf({ ...signed(), 'x-purpleflea-signature': alone });
    expect(isSignedWith([CURRENT], signature, BODY)).toBe(false);
  });

  test('is for the bytes, whatever they are', () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe, 0x7b]);
    const headers = { ...signed(), 'x-purpleflea-signature': hexOf(CURRENT, SECONDS, bytes) };

    expect(isSignedWith([CURRENT], signatureOf(headers), bytes)).toBe(true);
  });

  test('is compared in constant time, and digests nowhere by an operator', () => {
    const source = readFileSync('src/webhooks/signature.ts', 'utf8');

    expect(source).toContain('timingSafeEqual(createHmac(');
    expect(source).not.toMatch(/digest\S*\s*(===|!==|==)|(===|!==|==)\s*\S*digest|\.equals\(|localeCompare/);
  });
});
