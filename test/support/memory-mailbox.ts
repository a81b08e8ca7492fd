import type { DueWait, MailboxStore, Resume, Signal, Wait, WaitEnd } from '../../src/escrow/mailbox.ts';

/** A mailbox in memory with the conditions of the real one. */
export interface MemoryMailbox extends MailboxStore {
  /** Addresses at which a wait stands. */
  readonly waiting: () => string[];
}

/** What a mailbox holds. */
export interface Mail {
  readonly waits: Map<string, Wait & { readonly isMain: boolean }>;
  /** By address, type and time. */
  readonly signals: Map<string, Signal>;
}

export function noMail(): Mail {
  return { waits: new Map(), signals: new Map() };
}

/**
 * @param turn is awaited before every operation, so that a test decides which of several callers goes on.
 * @param mail is given where several callers share one mailbox.
 */
export function createMemoryMailbox(
  turn: () => Promise<void> = async () => {},
  { waits, signals }: Mail = noMail(),
): MemoryMailbox {
  return {
    waiting: () => [...waits.keys()],
    async putWait(wait) {
      for (const [index, address] of wait.addresses.entries()) {
        await turn();
        waits.set(address, { ...wait, isMain: index === 0 });
      }
    },
    async findWait(address) {
      await turn();
      return waits.get(address);
    },
    async removeWait(address, taskToken) {
      await turn();
      if (waits.get(address)?.taskToken === taskToken) waits.delete(address);
    },
    async putSignal(address, signal) {
      await turn();
      const name = `${address}#${signal.type}#${signal.at}`;
      if (signals.has(name)) return false;
      signals.set(name, { ...signal });
      return true;
    },
    async listSignals(address) {
      await turn();
      return [...signals].filter(([name]) => name.startsWith(`${address}#`)).map(([, signal]) => signal);
    },
    async listDue(now, limit) {
      await turn();
      return [...waits]
        .filter(([, wait]) => wait.isMain && wait.deadlineAt <= now.toISOString())
        .map(([address, { taskToken, deadlineAt }]): DueWait => ({ address, taskToken, deadlineAt }))
        .toSorted((one, other) => one.deadlineAt.localeCompare(other.deadlineAt))
        .slice(0, limit);
    },
  };
}

/** Task tokens as Step Functions treats them: each ends its task once, an unknown one ends nothing. */
export interface Tasks {
  readonly resume: Resume;
  /** What each task was ended with. */
  readonly ended: Map<string, WaitEnd>;
  /** Every attempt to end one, refused ones included. */
  readonly attempts: string[];
}

export function createTasks(openTokens: readonly string[]): Tasks {
  const open = new Set(openTokens);
  const ended = new Map<string, WaitEnd>();
  const attempts: string[] = [];
  return {
    ended,
    attempts,
    resume: async (taskToken, output) => {
      attempts.push(taskToken);
      if (!open.delete(taskToken)) return false;
      ended.set(taskToken, output);
      return true;
    },
  };
}
