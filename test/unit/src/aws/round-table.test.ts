import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openDocuments } from '../../../../src/aws/documents.ts';
import { createRoundTable } from '../../../../src/aws/round-table.ts';
import { awsClientFor } from '../../../support/aws-clients.ts';
import { answer, startScriptedServer, type ScriptedServer } from '../../../support/scripted-server.ts';

let server: ScriptedServer;
beforeEach(async () => {
  server = await startScriptedServer();
});
afterEach(() => server.close());

test('a round goes on where the run before it ended, and begins anew after the last', async () => {
  const next = { key: 'k', state: 'prepared', updatedAt: '2026-03-06T12:00:00.000Z' } as const;
  const stored = { key: { S: 'k' }, state: { S: 'prepared' }, updatedAt: { S: next.updatedAt } };
  server.script(answer(200, {}), answer(200, {}), answer(200, { Item: { next: { M: stored } } }), answer(200, {}));
  const round = createRoundTable(openDocuments(awsClientFor(server.url)), 'intents');

  expect(await round.read()).toBeUndefined();
  await round.write(next);
  expect(await round.read()).toEqual(next);
  await round.write(undefined);

  // At its top it has no state, so that it is in no list of intents.
  const [, first, , last] = server.requests.map(({ body }) => (JSON.parse(body) as { Item?: unknown }).Item);
  expect([first, last]).toEqual([
    { key: { S: 'sweep/prepared' }, next: { M: stored } },
    { key: { S: 'sweep/prepared' } },
  ]);
});
