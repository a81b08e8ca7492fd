import type { Claim, Intent, IntentState, IntentStep, IntentStore } from '../../src/ledger/intent.ts';

/** A point at which a call to the store can be disturbed: before it takes effect, or after, before it is answered. */
export interface Moment {
  readonly operation: 'prepare' | 'claim' | 'end' | 'read' | 'listSending';
  readonly when: 'before' | 'after';
}

/**
 * Called at each moment. It may wait (another caller goes first), throw (the call fails), never return (the caller
 * is gone), or after a write say `repeat`: the acknowledgement was lost and the client writes again.
 */
export type Disturb = (moment: Moment) => void | 'repeat' | Promise<void | 'repeat'>;

/** A ledger in memory with the conditions of the real one. Each write is one step that nothing comes between. */
export interface MemoryIntents extends IntentStore {
  /** What is stored, by key. */
  readonly items: ReadonlyMap<string, Intent>;
}

/** @param items is given where several callers, each with disturbances of its own, share one ledger. */
export function createMemoryIntents(disturb: Disturb = () => {}, items = new Map<string, Intent>()): MemoryIntents {
  async function around<Result>(operation: Moment['operation'], act: () => Result): Promise<Result> {
    await disturb({ operation, when: 'before' });
    let result = act();
    if ((await disturb({ operation, when: 'after' })) === 'repeat') result = act();
    return structuredClone(result);
  }

  function stored(key: string): Intent {
    const intent = items.get(key);
    if (intent === undefined) throw new Error(`no intent ${key}`);
    return intent;
  }

  return {
    items,
    prepare: (newIntent, at) =>
      around('prepare', () => {
        const time = at.toISOString();
        const known = items.get(newIntent.key);
        if (known !== undefined) return known;
        const history = [step('prepared', at, 'written before the call')];
        const intent = {
          ...newIntent,
          state: 'prepared' as const,
          fence: 0,
          createdAt: time,
          updatedAt: time,
          history,
        };
        items.set(newIntent.key, structuredClone(intent));
        return intent;
      }),
    claim: (claim, at) =>
      around('claim', () => {
        const intent = stored(claim.key);
        if (intent.state !== 'prepared' || intent.fence !== claim.fence - 1) {
          return intent.state === 'sending' && isHeldBy(intent, claim);
        }
        const { owner, fence } = claim;
        const time = at.toISOString();
        const history = [...intent.history, step('sending', at, `attempt ${fence}`)];
        items.set(claim.key, { ...intent, state: 'sending', owner, fence, sentAt: time, updatedAt: time, history });
        return true;
      }),
    end: (claim, { state, note, result }, at) =>
      around('end', () => {
        const intent = stored(claim.key);
        if (intent.state !== 'sending' || !isHeldBy(intent, claim)) return intent;
        const ended = {
          ...intent,
          ...(result === undefined ? { reason: note } : { result: structuredClone(result) }),
          state,
          updatedAt: at.toISOString(),
          history: [...intent.history, step(state, at, note)],
        };
        items.set(claim.key, ended);
        return ended;
      }),
    read: (key) => around('read', () => items.get(key)),
    listSending: (claimedBefore, limit) =>
      around('listSending', () =>
        [...items.values()]
          .filter((intent) => intent.state === 'sending' && intent.updatedAt < claimedBefore.toISOString())
          .toSorted((one, other) => one.updatedAt.localeCompare(other.updatedAt))
          .slice(0, limit),
      ),
  };
}

function isHeldBy(intent: Intent, claim: Claim): boolean {
  return intent.owner === claim.owner && intent.fence === claim.fence;
}

function step(state: IntentState, at: Date, note: string): IntentStep {
  return { state, at: at.toISOString(), note };
}
