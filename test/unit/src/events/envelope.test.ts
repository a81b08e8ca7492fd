import { describe, expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import { UnusableEventError } from '../../../../src/errors.ts';
import { parseEvent } from '../../../../src/events/envelope.ts';
import { anEvent } from '../../../support/lambda-events.ts';

const detailSchema = z.looseObject({ name: z.string(), size: z.number() });
const DETAIL = { name: 'x', size: 1 };

function parse(text: string) {
  return parseEvent(text, 'thing.happened', detailSchema);
}

test('an event is read with its detail, and what else is in it is no matter', () => {
  expect(parse(anEvent('thing.happened', { ...DETAIL, more: true }, { 'trace-header': 'x' }))).toEqual({
    id: '7bf73129-1428-4cd3-a780-95db273d1602',
    source: 'my.source',
    account: '000000000000',
    region: 'us-east-1',
    detailType: 'thing.happened',
    time: '2026-03-06T09:00:00Z',
    detail: { name: 'x', size: 1, more: true },
  });
});

describe('a message that is no usable event', () => {
  test.each<[string, string, string]>([
    ['text', 'hello', 'the message is not JSON; send an EventBridge event'],
    ['nothing', '', 'the message is not JSON'],
    ['a JSON null', 'null', 'event: '],
    ['a JSON array', '[]', 'event: '],
    ['an event without an id', anEvent('thing.happened', DETAIL, { id: undefined }), 'event.id: '],
    ['an event without a source', anEvent('thing.happened', DETAIL, { source: undefined }), 'event.source: '],
    ['an event without a type', anEvent('thing.happened', DETAIL, { 'detail-type': undefined }), 'event.detail-type: '],
    ['an event without a time', anEvent('thing.happened', DETAIL, { time: undefined }), 'event.time: '],
    ['an event of an unreadable time', anEvent('thing.happened', DETAIL, { time: 'yesterday' }), 'event.time: '],
    ['an event whose time is a number', anEvent('thing.happened', DETAIL, { time: 1772787600 }), 'event.time: '],
    ['an event without a detail', anEvent('thing.happened', undefined), 'event.detail: '],
    ['an event whose detail is text', anEvent('thing.happened', '{}'), 'event.detail: '],
    [
      'an event of another type',
      anEvent('thing.hapened', DETAIL),
      'detail-type is "thing.hapened"; this queue takes "thing.happened"',
    ],
    ['a detail with a bad field', anEvent('thing.happened', { ...DETAIL, size: '1' }), 'detail.size: '],
  ])('is refused with the field named: %s', (_case, text, message) => {
    expect(() => parse(text)).toThrow(UnusableEventError);
    expect(() => parse(text)).toThrow(message);
  });

  test('has all its bad fields named', () => {
    expect(() => parse(anEvent('thing.happened', {}))).toThrow(/^detail\.name: .*; detail\.size: /);
  });
});
