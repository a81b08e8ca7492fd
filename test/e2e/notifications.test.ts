import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { putEvent } from '../../local/sending.ts';
import { OWN_SOURCE } from '../../src/events/catalogue.ts';
import { eventually, openNotifications, settle, startStage, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await startStage();
}, 600_000);

afterAll(async () => {
  await stage.close();
});

test('a decision that is asked for is one line on the topic, with the command that decides, and others are none', async () => {
  const readLines = await openNotifications(stage);
  const escrowId = `esc_${randomUUID().slice(0, 8)}`;
  const review = (detail: object) =>
    putEvent(stage.clients, stage.outputs.busName, OWN_SOURCE, 'escrow.reviewed', { escrowId, ...detail });

  await review({ decision: 'release', reason: 'delivered by ann: whoever delivers approves' });
  await review({ decision: 'ask', reason: 'a person decides', until: '2026-03-13T07:00:00.000Z', isLate: false });
  await eventually('a line', async () => ((await readLines()).length > 0 ? true : undefined));
  await settle();

  const lines = (await readLines()).filter((line) => line.includes(escrowId));
  expect(lines).toEqual([
    `"Decide over escrow ${escrowId}: a person decides. Do: npm run signal -- approve --escrow ${escrowId} --by NAME --reason TEXT --stage local (or reject). If nobody does, you are told again at 2026-03-13T07:00:00.000Z."`,
  ]);
}, 600_000);
