import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { aNewIntent } from '../../support/effects.ts';
import { startLocalSession, type LocalSessionStub } from '../../support/local-session.ts';

const MANUAL = { ...aNewIntent({ key: 'pf1:manual' }), state: 'manual' };
const BEGINNINGS = { at: '2026-01-01T00:00:00.000Z', rules: {}, moves: [] };

/** What the function answers, by action. */
const ANSWERS: Readonly<Record<string, object>> = {
  page: { intents: [MANUAL] },
  rejected: { intents: [{ ...aNewIntent({ key: 'pf1:rejected' }), state: 'rejected' }] },
  skipped: { intents: [] },
  beginnings: { beginnings: BEGINNINGS },
  show: { intent: null },
  continue: { execution: 'started' },
  pay: { error: 'the operator is missing' },
};

let session: LocalSessionStub;

beforeAll(async () => {
  session = await startLocalSession(({ input }) => ANSWERS[String(input['action'])] ?? {});
});
afterAll(() => session.stop());

async function run(...args: string[]) {
  session.asked.length = 0;
  return execa(process.execPath, ['operations/intents.ts', ...args], { env: session.env, reject: false });
}

describe('npm run intents', () => {
  test('list asks for what waits for a person', async () => {
    expect(await run('list')).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringContaining('pf1:manual') });
    expect(session.asked).toEqual([
      {
        of: '/2015-03-31/functions/purple-flea-local-decide-intent/invocations',
        input: expect.objectContaining({ action: 'page', state: 'manual' }),
      },
    ]);
  });

  test.each([
    [['retry', '--all', '--dry-run'], 0, 'pf1:rejected'],
    [['skipped'], 0, 'None.'],
    [['pay', '--all'], 0, 'None.'],
    [['pay', 'pf1:one'], 1, 'pf1:one  the operator is missing'],
    [['begin'], 0, 'the ledger  2026-01-01'],
    [['show', 'pf1:gone'], 1, 'There is no intent pf1:gone'],
    [['continue', 'pf1:one'], 0, 'execution: started'],
  ])('%j exits %i and says what came of it', async (args, exitCode, said) => {
    const { stdout, stderr, exitCode: exited } = await run(...args);

    expect(stdout + stderr).toContain(said);
    expect(exited).toBe(exitCode);
  });

  test.each([
    [['list', '--state', 'lost'], '--state lost: allowed are prepared,'],
    [['list', '--open', '--state', 'manual'], 'list: say either --open or --state'],
    [['list', '--stage', 'nowhere'], '--stage nowhere: allowed are dev, local, prod'],
    [['pay'], 'pay: say either a KEY or --all'],
    [['retry', '--all', 'pf1:one'], 'retry --all: takes no KEY'],
    [['list', '--elsewhere', '--open'], 'list: say --elsewhere without --open and --state'],
    [['resolve', 'pf1:one'], 'resolve: say either --applied ID or --not-applied'],
  ])('%j asks nothing and says what is allowed', async (args, said) => {
    expect(await run(...args)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(said) });
    expect(session.asked).toEqual([]);
  });
});
