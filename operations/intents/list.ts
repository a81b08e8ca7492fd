import { UsageError } from '../../src/command-line.ts';
import type { IntentState } from '../../src/ledger/intent.ts';
import type { Decide, IntentOptions } from './decide.ts';
import { drawEscrows, drawIntents } from './draw-intents.ts';
import { listIntents, listOpen } from './open-intents.ts';

/** `intents list`: the effects of one state, or all that is not at its end, or of that what lives elsewhere. */
export async function list(decide: Decide, { state, agent, open, elsewhere }: IntentOptions): Promise<number> {
  if (open && state !== undefined) throw new UsageError('list: say either --open or --state');
  if (elsewhere && (open || state !== undefined)) {
    throw new UsageError('list: say --elsewhere without --open and --state');
  }
  if (elsewhere) {
    const { drawElsewhere, listElsewhere } = await import('./elsewhere.ts');
    console.log(drawElsewhere(await listElsewhere(decide, agent, new Date())));
    return 0;
  }
  const now = new Date();
  if (open) {
    const { intents, escrows } = await listOpen(decide, agent, now);
    console.log(`Intents:\n${drawIntents(intents, now)}\n\nEscrows that are not settled:\n${drawEscrows(escrows)}`);
    return 0;
  }
  const intents = await listIntents(decide, [await readState(state)], { agentId: agent });
  console.log(drawIntents(intents, now));
  return 0;
}

/** What waits for a person, where no state is named. */
async function readState(text: string | undefined): Promise<IntentState> {
  if (text === undefined) return 'manual';
  const { INTENT_STATES } = await import('../../src/ledger/intent.ts');
  const state = INTENT_STATES.find((known) => known === text);
  if (state === undefined) throw new UsageError(`--state ${text}: allowed are ${INTENT_STATES.join(', ')}`);
  return state;
}
