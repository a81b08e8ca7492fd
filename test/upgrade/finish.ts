import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { sendDecision, sendDelivery, setStop } from '../../local/sending.ts';
import { readCalls, readEscrows } from '../../local/twin-view.ts';
import { createIntentTable } from '../../src/aws/intent-table.ts';
import { awaitEvent, eventually, invoke, statesOf, type Stage } from '../e2e/stage.ts';
import { postToTwin, sweeping } from '../e2e/playing.ts';
import { letLateRequestsArrive, type LeftEscrow, type LeftIntents } from './left-behind.ts';

/** One thing that was left, how it should end, and how it did. */
export interface Ended {
  readonly what: string;
  readonly left: string;
  readonly expected: string;
  readonly found: string;
}

const WORD = { by: 'ann', reason: 'looked at' };
const DECIDED = { operator: 'ann', evidence: 'the history of fills', reason: 'looked at' };

/** Whether what is said to an escrow in this state releases it, or the staff decide over its dispute. */
const DISPUTED: readonly string[] = ['AwaitResolution', 'AwaitDisputeVerdict', 'WaitToDispute'];

const expectedOf = (state: string) => (DISPUTED.includes(state) ? 'Refunded, refunded' : 'Released, released');

/** Has every escrow that was left end, in the new version. `callsBefore` were made at the service by the old one. */
export async function finishEscrows(
  stage: Stage,
  escrows: readonly LeftEscrow[],
  callsBefore: number,
): Promise<Ended[]> {
  const { clients, outputs, twinUrl } = stage;
  const { Parameter } = await clients.parameters.send(new GetParameterCommand({ Name: outputs.stopParameter }));
  const ended: Ended[] = [
    { what: 'the stop', left: 'halted', expected: 'halted', found: Parameter?.Value ?? 'not there' },
  ];
  await letLateRequestsArrive(stage);
  await setStop(clients, outputs.stopParameter, 'running');

  for (const { state, subject, executionName, escrowId: known } of escrows) {
    const found = await finishOne(stage, { state, executionName, known }).catch((error: unknown) => String(error));
    ended.push({ what: `escrow of ${subject}`, left: state, expected: expectedOf(state), found });
  }
  for (const { subject } of escrows) {
    const same = (await readEscrows(twinUrl)).filter(({ description }) => description.includes(subject));
    if (same.length === 1) continue;
    ended.push({ what: `escrows of ${subject}`, left: '', expected: '1', found: String(same.length) });
  }
  const calls = (await readCalls(twinUrl)).slice(callsBefore);
  const creates = calls.filter(
    ({ method, path, status }) => method === 'POST' && path === '/escrow/create' && status < 300,
  );
  ended.push({ what: 'escrows created by the new version', left: '', expected: '1', found: String(creates.length) });
  return ended;
}

async function finishOne(
  stage: Stage,
  {
    state,
    executionName,
    known,
  }: { readonly state: string; readonly executionName: string; readonly known: string | undefined },
): Promise<string> {
  const { clients, outputs, twinUrl } = stage;
  const escrowId = known ?? (await awaitEscrow(stage, executionName));
  if (state === 'AwaitDelivery' || known === undefined) {
    await sendDelivery(clients, outputs.busName, { escrowId, deliveredBy: 'owner' });
  }
  if (state === 'AwaitDecision') await sendDecision(clients, outputs.busName, 'approved', { escrowId, ...WORD });
  if (DISPUTED.includes(state)) {
    const isDisputed = async () =>
      (await statesOf(stage, executionName)).at(-1) === 'AwaitResolution' ? true : undefined;
    await sweeping(stage, `a dispute of ${escrowId}`, isDisputed, WOKEN_SECONDS);
    await postToTwin(stage, '', `/_twin/escrows/${escrowId}/resolve`, { inFavourOf: 'creator' });
  }
  const findEnd = async () => {
    const last = (await statesOf(stage, executionName)).at(-1) ?? '';
    return ENDS.includes(last) ? last : undefined;
  };
  const end = await sweeping(stage, `the end of ${executionName}`, findEnd, WOKEN_SECONDS);
  const status = (await readEscrows(twinUrl)).find(({ escrow_id }) => escrow_id === escrowId)?.status;
  return `${end}, ${status}`;
}

/** What the stop held is woken within minutes of its being set back. */
const WOKEN_SECONDS = 300;

const ENDS: readonly string[] = ['Released', 'AutoReleased', 'Refunded', 'FundingFailed', 'NeedsAttention'];

/** Waits until an execution that had no escrow has one; returns its id. */
async function awaitEscrow(stage: Stage, executionName: string): Promise<string> {
  const intents = createIntentTable(stage.clients.documents, stage.outputs.intentTable);
  const findResult = async () => {
    const intent = await intents.read(executionName);
    return intent?.state === 'applied' ? intent.result : undefined;
  };
  const result = await sweeping(stage, `the lock of ${executionName}`, findResult, WOKEN_SECONDS);
  return String((result as { readonly escrowId?: string }).escrowId);
}

/** Has every intent that was left alone end, in the new version. */
export async function finishIntents(
  stage: Stage,
  { sending, manual, rejected }: LeftIntents & { readonly sending: string },
): Promise<Ended[]> {
  const intents = createIntentTable(stage.clients.documents, stage.outputs.intentTable);
  const stateOf = async (key: string) => (await intents.read(key))?.state ?? 'not there';
  await sweeping(stage, 'the order to be parked', async () =>
    (await stateOf(sending)) === 'manual' ? true : undefined,
  );
  const parked = {
    what: 'an order that was just sent',
    left: 'sending',
    expected: 'manual',
    found: await stateOf(sending),
  };

  await invoke(stage, 'decide-intent', { action: 'resolve', verdict: 'not-applied', key: manual, ...DECIDED });
  const decided = {
    what: 'an order that a person decides',
    left: 'manual',
    expected: 'rejected',
    found: await stateOf(manual),
  };

  const { requestId, key } = rejected;
  await invoke(stage, 'decide-intent', { action: 'retry', key, ...DECIDED });
  const retriedAs = (await intents.read(key))?.retriedAs ?? '';
  await eventually('the lock of the other try', async () =>
    (await stateOf(retriedAs)) === 'applied' ? true : undefined,
  );
  await sendDecision(stage.clients, stage.outputs.busName, 'approved', { requestId, ...WORD });
  const { result = {} } = (await intents.read(retriedAs)) ?? {};
  await awaitEvent(stage, 'escrow.released', { escrowId: result['escrowId'] });
  const retried = {
    what: 'a lock that never went out',
    left: 'rejected',
    expected: 'applied',
    found: await stateOf(retriedAs),
  };
  return [parked, decided, retried];
}
