import { clientReference, effectKey, type Cause } from '../../src/ledger/effect-key.ts';
import type { Intent } from '../../src/ledger/intent.ts';
import { createMemoryIntents } from '../support/memory-intents.ts';
import type { Disturbance, Schedule } from './plan.ts';
import { KEYS, SECOND, TREASURY, WORKER } from './service/parties.ts';
import type { SimulatedWorld } from './world.ts';

type Earlier = Extract<Disturbance, { kind: 'earlier-create' }>;

/** The rule of what was done before a schedule begins: it is no part of what a schedule is judged by. */
const EARLIER = 'earlier';

/** The most that a page of the ledger holds here: a page may be full at any number. */
export const PAGE = 2;

/** Another amount than any cause of a schedule has. */
const AMOUNT = '3.10';

export function isEarlier({ cause }: Pick<Intent, 'cause'>): boolean {
  return cause.rule === EARLIER;
}

/** Writes down what was created before the schedule begins, at the service and in the ledger. */
export async function writeEarlier(world: SimulatedWorld, { disturbances }: Schedule): Promise<void> {
  for (const [index, one] of disturbances.entries()) {
    if (one.kind === 'earlier-create') await createEarlier(world, one, `earlier-${index}`);
  }
}

async function createEarlier(world: SimulatedWorld, { ago, of, isOld }: Earlier, subject: string): Promise<void> {
  const at = world.start - ago;
  const cause: Cause = { rule: EARLIER, subject, status: 'Completed' };
  const key = effectKey(cause, 'escrow-create');
  const reference = clientReference(key);
  const agentId = of === 'ours' ? TREASURY : SECOND;
  const requestBody = JSON.stringify({
    amount_usd: Number(AMOUNT),
    description: `${reference} An earlier bonus`,
    counterparty_agent_id: WORKER,
    timeout_hours: 720,
  });
  const path = '/escrow/create';
  // Without a key in the request: it is nobody's effect of this schedule.
  const asked = { method: 'POST', path, apiKey: KEYS[agentId] ?? '', body: requestBody } as const;
  const { body } = world.service.handle(asked, at);
  const intents = createMemoryIntents(undefined, world.ledger);
  const claim = { key, owner: 'earlier', fence: 1 };
  const intent = { key, kind: 'escrow-create', reference, cause, agentId, payee: WORKER, amountUsd: AMOUNT } as const;
  const expiresAt = new Date(at + 7 * 24 * 3_600_000).toISOString();
  await intents.prepare({ ...intent, requestBody, expiresAt }, new Date(at));
  await intents.claim(claim, { reservations: [] }, new Date(at));
  const result = { escrowId: body['escrow_id'] };
  await intents.move(
    { ...claim, state: 'sending' },
    { state: 'applied', note: 'created before', result },
    new Date(at),
  );
  if (isOld) world.ledger.latest.clear();
}

/** More than a page of orders on paper that are applied now. */
export function crowd({ ledger, scheduler }: SimulatedWorld): void {
  const time = new Date(scheduler.now()).toISOString();
  for (let index = 0; index <= PAGE; index += 1) {
    const cause: Cause = { rule: EARLIER, subject: `crowd-${index}`, status: 'Completed' };
    const key = effectKey(cause, 'paper-order');
    ledger.items.set(key, {
      key,
      kind: 'paper-order',
      reference: clientReference(key),
      cause,
      agentId: 'paper',
      payee: 'BTC-USDC',
      amountUsd: AMOUNT,
      requestBody: '{}',
      expiresAt: time,
      state: 'applied',
      fence: 1,
      sentAt: time,
      createdAt: time,
      updatedAt: time,
      history: [{ state: 'applied', at: time, note: 'filled on paper' }],
    });
  }
}
