import * as z from 'zod/mini';
import { UnusableEventError } from '../errors.ts';
import { describeProblems } from '../schemas.ts';

/** Epoch milliseconds of this century and the next; fewer digits would be seconds. */
const EPOCH_MS = /^[1-9]\d{12}$/;

/**
 * A time as SageMaker's events write it: ISO 8601, or epoch milliseconds as a number or as text. Read into ISO 8601, whole
 * seconds where it was milliseconds, as EventBridge's own times are.
 */
const instantSchema = z.union(
  [
    z.iso.datetime(),
    z.pipe(
      z.union([z.string(), z.number()]).check(z.refine((value) => EPOCH_MS.test(String(value)))),
      z.transform((value) => new Date(Number(value)).toISOString().replace(/\.\d+Z$/, 'Z')),
    ),
  ],
  { error: 'expected ISO 8601 in UTC, or epoch milliseconds' },
);

/** What every EventBridge event carries around its detail. */
const envelopeSchema = z.looseObject({
  id: z.string(),
  source: z.string(),
  'detail-type': z.string(),
  time: instantSchema,
  account: z.optional(z.string()),
  region: z.optional(z.string()),
  detail: z.looseObject({}),
});

/** An event whose detail has been checked. */
export interface IncomingEvent<Detail> {
  /** EventBridge's id of this delivery. Not a key: one fact can come under several. */
  readonly id: string;
  readonly source: string;
  readonly detailType: string;
  /** When EventBridge took it (ISO 8601). */
  readonly time: string;
  /** Where it happened; AWS always says. */
  readonly account: string | undefined;
  readonly region: string | undefined;
  readonly detail: Detail;
}

/**
 * Reads one event of any type from JSON text; its detail is not checked yet.
 *
 * @throws UnusableEventError naming each bad field and what is allowed there.
 */
export function parseEnvelope(text: string): IncomingEvent<unknown> {
  return readEnvelope(parseJson(text));
}

/**
 * The same of what is not text any more.
 *
 * @throws UnusableEventError naming each bad field and what is allowed there.
 */
export function readEnvelope(value: unknown): IncomingEvent<unknown> {
  const envelope = z.safeParse(envelopeSchema, value);
  if (!envelope.success) throw new UnusableEventError(describeProblems(envelope.error, 'event'));
  const { id, source, time, account, region, detail } = envelope.data;
  return { id, source, detailType: envelope.data['detail-type'], time, account, region, detail };
}

/**
 * Checks the detail of an event.
 *
 * @throws UnusableEventError naming each bad field and what is allowed there.
 */
export function parseDetail<Detail>(detail: unknown, schema: z.core.$ZodType<Detail>): Detail {
  const parsed = z.safeParse(schema, detail);
  if (!parsed.success) throw new UnusableEventError(describeProblems(parsed.error, 'detail'));
  return parsed.data;
}

/**
 * Reads one event of one type from JSON text.
 *
 * @throws UnusableEventError naming each bad field and what is allowed there.
 */
export function parseEvent<Detail>(
  text: string,
  detailType: string,
  detailSchema: z.core.$ZodType<Detail>,
): IncomingEvent<Detail> {
  const event = parseEnvelope(text);
  if (event.detailType !== detailType) {
    throw new UnusableEventError(`detail-type is "${event.detailType}"; this queue takes "${detailType}"`);
  }
  return { ...event, detail: parseDetail(event.detail, detailSchema) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnusableEventError('the message is not JSON; send an EventBridge event');
  }
}
