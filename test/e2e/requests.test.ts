import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { randomUUID } from 'node:crypto';
import { LOCAL_AGENTS } from '../../local/local-pipeline.ts';
import { sendDecision, sendRequest } from '../../local/sending.ts';
import { readBooks } from '../../local/twin-view.ts';
import { announceSession } from '../../src/local-session.ts';
import type { EscrowRequestedDetail } from '../../src/events/escrow-requested.ts';
import {
  awaitDeadLetter,
  awaitEvent,
  awaitExecution,
  escrowsOf,
  findEvents,
  listExecutions,
  settle,
  startStage,
  statesOf,
  type Stage,
} from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await startStage();
}, 600_000);

afterAll(async () => {
  await stage.close();
});

const DEAD = 'purple-flea-local-escrow-requests-dead';
const newId = () => `labels-${randomUUID().slice(0, 8)}`;

function aRequest(requestId: string, overrides: Partial<EscrowRequestedDetail> = {}): EscrowRequestedDetail {
  return {
    requestId,
    requestedAt: new Date().toISOString(),
    counterpartyAgentId: LOCAL_AGENTS.owner,
    description: `Labels, ${requestId}`,
    timeoutHours: 48,
    milestones: [
      { name: 'draft', amountUsd: '5.00' },
      { name: 'final', amountUsd: '15.00' },
    ],
    ...overrides,
  };
}

const send = (detail: EscrowRequestedDetail) => sendRequest(stage.clients, stage.outputs.busName, detail);

/** Waits until what was requested is locked. */
async function awaitLock(requestId: string, milestone: string | undefined) {
  const { executionName } = await awaitEvent(stage, 'escrow.started', { requestId, milestone });
  const { escrowId } = await awaitEvent(stage, 'escrow.locked', { executionName });
  return { escrowId: String(escrowId), executionName: String(executionName) };
}

const shown = async (requestId: string) =>
  (await escrowsOf(stage, requestId)).map(({ amount_usd, status }) => [amount_usd, status].join(' ')).toSorted();

describe('a request with two milestones', () => {
  test('that comes twice is two executions and two escrows; a word about one, said before its lock, releases just that one', async () => {
    const requestId = newId();
    const request = aRequest(requestId);
    const before = await listExecutions(stage);
    const word = { by: 'ann', reason: 'seen it' };
    await sendDecision(stage.clients, stage.outputs.busName, 'approved', { requestId, milestone: 'draft', ...word });
    await settle();

    await send(request);
    await send(request);
    const draft = await awaitLock(requestId, 'draft');
    const final = await awaitLock(requestId, 'final');
    const ended = await awaitExecution(stage, draft.executionName);
    await settle();

    expect(ended.states.at(-1)).toBe('Released');
    expect((await statesOf(stage, final.executionName)).at(-1)).toBe('AwaitDelivery');
    expect(await shown(requestId)).toEqual(['15.00 locked', '5.00 released']);
    const started = (await listExecutions(stage)).filter((name) => !before.includes(name));
    expect(started.toSorted()).toEqual([draft.executionName, final.executionName].toSorted());
    expect(findEvents(stage, 'escrow.started', { requestId })).toHaveLength(2);

    await sendDecision(stage.clients, stage.outputs.busName, 'approved', { requestId, milestone: 'final', ...word });
    expect((await awaitExecution(stage, final.executionName)).states.at(-1)).toBe('Released');
    expect((await readBooks(stage.twinUrl)).conserved).toBe(true);
  });

  test('whose id comes again and asks for more is in the dead-letter queue, and what came first stays', async () => {
    const requestId = newId();
    const request = aRequest(requestId);
    await send(request);
    await awaitLock(requestId, 'draft');
    await awaitLock(requestId, 'final');
    await send({ ...request, milestones: [{ name: 'extra', amountUsd: '30.00' }] });

    expect(await awaitDeadLetter(stage, DEAD, requestId)).toContain(
      `"${requestId}" came before and asked for something`,
    );
    expect(await shown(requestId)).toEqual(['15.00 locked', '5.00 locked']);
  });
});

describe('a request', () => {
  test('is sent by the command, and so is a word about it', async () => {
    const requestId = newId();
    const withdraw = announceSession(stage);
    const run = (...args: string[]) => execa('node', args, { reject: false });
    try {
      const request = ['request', '--id', requestId, '--to', LOCAL_AGENTS.owner, '--amount', '3.00'];
      const sent = await run('local/send.ts', ...request, '--description', requestId);
      expect([sent.exitCode, sent.stderr]).toEqual([0, '']);
      const { executionName } = await awaitLock(requestId, undefined);
      const word = ['--request', requestId, '--by', 'ann', '--reason', 'seen it'];
      expect(await run('operations/signal.ts', 'approve', ...word)).toMatchObject({ exitCode: 0 });

      expect((await awaitExecution(stage, executionName)).states.at(-1)).toBe('Released');
      expect(await shown(requestId)).toEqual(['3.00 released']);
    } finally {
      withdraw();
    }
  });

  test('for an agent who is not configured is in the dead-letter queue, with what to do', async () => {
    const requestId = newId();
    await send(aRequest(requestId, { counterpartyAgentId: LOCAL_AGENTS.treasury }));

    expect(await awaitDeadLetter(stage, DEAD, requestId)).toBe(
      'UnusableEventError: detail.counterpartyAgentId: "ag_platform_treasury" may not be paid by an event; allowed: ag_model_owner_churn, ag_model_owner_fraud. Add it to escrows.counterparties, deploy, and ask again under a new requestId; this message, redriven, would be recorded as skipped',
    );
    expect(await shown(requestId)).toEqual([]);
  });
});
