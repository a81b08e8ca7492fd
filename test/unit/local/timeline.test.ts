import { describe, expect, test } from '@jest/globals';
import { stripVTControlCharacters } from 'node:util';
import { describeDeadLetter, describeEvent } from '../../../local/timeline.ts';
import { INCOMING, PUBLISHED } from '../../../src/events/catalogue.ts';
import { anEscrowRequest } from '../../support/escrow-requests.ts';
import { aPrediction, aPriceAlert } from '../../support/predictions.ts';

const textOf = (type: string, detail: object) =>
  stripVTControlCharacters(
    describeEvent({ id: '1', source: 's', time: '', 'detail-type': type, detail: { ...detail } }),
  )
    .slice(8)
    .trim();

const DECIDED = { escrowId: 'esc_1', by: 'ada', reason: 'in production' };
const SAID: Readonly<Record<string, object>> = {
  [INCOMING.inferenceCompleted]: aPrediction(),
  [INCOMING.priceAlert]: aPriceAlert(),
  [INCOMING.escrowRequested]: anEscrowRequest(),
  [INCOMING.escrowDelivered]: { escrowId: 'esc_1', deliveredBy: 'registry' },
  [INCOMING.escrowApproved]: DECIDED,
  [INCOMING.escrowRejected]: DECIDED,
};

describe('the timeline', () => {
  test.each(Object.values(INCOMING))('has a line for %s, and one for what cannot be used', (type) => {
    expect(textOf(type, SAID[type] ?? {})).toMatch(/^event +(?!.*(cannot be used|undefined))/);
    expect(textOf(type, { nonsense: true })).toBe(`event      ${type}, which cannot be used as it is`);
  });

  test.each(Object.keys(PUBLISHED).filter((type) => type !== INCOMING.inferenceCompleted))(
    'has a line for %s',
    (type) => {
      const detail = { deadlineAt: '2026-03-13T09:00:00.000Z' };

      expect(textOf(type, detail)).not.toContain('knows no such event');
    },
  );

  test('says of a price alert what it asks for', () => {
    expect(textOf(INCOMING.priceAlert, aPriceAlert())).toBe(
      'event      price alert: long BTC-USDC at 61000.00, by rsi_oversold',
    );
  });

  test('says what it does not know, and why a message is dead', () => {
    expect(textOf('price.alarm', {})).toBe('attention  price.alarm: the pipeline knows no such event');
    const letter = {
      queue: 'purple-flea-local-signals-dead',
      reason: 'detail.by: missing',
      detailType: 'escrow.approved',
    };
    expect(stripVTControlCharacters(describeDeadLetter(letter))).toContain(
      'escrow.approved is a dead letter in purple-flea-local-signals-dead: detail.by: missing',
    );
  });
});
