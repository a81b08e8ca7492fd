import * as z from 'zod/mini';
import { UnusableEventError } from '../errors.ts';
import { describeProblems } from '../schemas.ts';

/** What every EventBridge event carries around its detail. */
const envelopeSchema = z.looseObject({
  id: z.string(),
  source: z.string(),
  'detail-type': z.string(),
  time: z.iso.datetime(),
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
  readonly detail: Detail;
}

/**
 * Reads one event from JSON text.
 *
 * @throws UnusableEventError naming each bad field and what is allowed there.
 */
export function parseEvent<Detail>(
  text: string,
  detailType: string,
  detailSchema: z.core.$ZodType<Detail>,
): IncomingEvent<Detail> {
  const envelope = z.safeParse(envelopeSchema, parseJson(text));
  if (!envelope.success) throw new UnusableEventError(describeProblems(envelope.error, 'event'));
  if (envelope.data['detail-type'] !== detailType) {
    throw new UnusableEventError(`detail-type is "${envelope.data['detail-type']}"; this queue takes "${detailType}"`);
  }
  const detail = z.safeParse(detailSchema, envelope.data.detail);
  if (!detail.success) throw new UnusableEventError(describeProblems(detail.error, 'detail'));
  return {
    id: envelope.data.id,
    source: envelope.data.source,
    detailType,
    time: envelope.data.time,
    detail: detail.data,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnusableEventError('the message is not JSON; send an EventBridge event');
  }
}
