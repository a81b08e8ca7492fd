import type { EffectKind } from '../../src/ledger/effect-key.ts';
import type { Profile } from '../../src/purple-flea/service.ts';
import { createDice } from '../../twin/faults/dice.ts';
import type { HttpFault } from './faults.ts';
import type { Operation } from './service/operations.ts';
import type { StopState } from './stop-timeline.ts';

const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** What happens at one awaited call of a port. */
export type GateEvent =
  /** The invocation never goes on. */
  | 'crash'
  /** It goes on late; beyond its function's deadline it never does. */
  | 'stall'
  /** It never goes on, but the write that it was about to make arrives later. */
  | 'late-write'
  /** The acknowledgement of a write is lost, and the client of the database writes again. */
  | 'repeat'
  /** The call fails, before it took effect or after. */
  | 'fail';

/** One thing that goes wrong, or comes when nobody needs it. A schedule is shrunk by leaving some out. */
export type Disturbance =
  | {
      readonly kind: 'http';
      readonly operation: Operation;
      /** Which request of this operation. */
      readonly nth: number;
      readonly fault: HttpFault;
      /** How late it is applied, or how old what is read. */
      readonly milliseconds: number;
    }
  | {
      readonly kind: 'gate';
      readonly invocation: number;
      readonly gate: number;
      readonly event: GateEvent;
      readonly milliseconds: number;
    }
  /** The cause is delivered once more. */
  | { readonly kind: 'delivery'; readonly cause: number; readonly at: number }
  /** For a while no read is answered, or all are old, or show what there was at one moment, or every list is cut short. */
  | {
      readonly kind: 'reads';
      readonly at: number;
      readonly milliseconds: number;
      readonly fault: 'no-answer' | 'stale' | 'frozen' | 'short';
      /** How old what is read is; of what is frozen, how old it is at first. */
      readonly age: number;
    }
  | { readonly kind: 'stop'; readonly at: number; readonly milliseconds: number; readonly mode: StopState }
  /** The timers of the escrows at the service fire. */
  | { readonly kind: 'expiry'; readonly at: number }
  /** The counterparty acts by itself. */
  | { readonly kind: 'counterparty'; readonly at: number; readonly action: 'complete' | 'dispute' }
  /** The clocks of the functions are off by so much. */
  | { readonly kind: 'skew'; readonly milliseconds: number }
  | { readonly kind: 'second-sweeper' }
  /** A day's budget, of all or of each payee, or what may be open in a market, is enough for all but the last cause. */
  | { readonly kind: 'tight-budget'; readonly per: 'day' | 'payee' | 'market' }
  /** A UTC day ends so long after the schedule has begun. */
  | { readonly kind: 'midnight'; readonly at: number }
  /** What did not take place is not sent again. */
  | { readonly kind: 'no-resend' }
  /** The treasury's key is replaced: the old one is refused, and functions remember it for some minutes. */
  | { readonly kind: 'rotation'; readonly at: number }
  /**
   * The treasury becomes another agent: its secret at one moment, the configuration at another. The key of the one before is
   * kept as the predecessor's, or gone.
   */
  | { readonly kind: 'agent'; readonly at: number; readonly deployedAt: number; readonly old: 'kept' | 'gone' }
  /** For a while the secret cannot be read, or what is in it is wrong. */
  | { readonly kind: 'secret'; readonly at: number; readonly milliseconds: number; readonly form: SecretForm }
  /** Until this moment release 0.1.0 writes the ledger; then the processes are new and remember nothing. */
  | { readonly kind: 'redeploy'; readonly at: number }
  /**
   * The table of the ledger is lost. After some time there is another of its name: empty, or as it was so long before it was
   * lost.
   */
  | { readonly kind: 'ledger'; readonly at: number; readonly milliseconds: number; readonly backup: number | null }
  /**
   * From a moment on, and until another, orders are placed, and what is in doubt is swept, by the functions of the version
   * before; by every second of them where both run at once.
   */
  | { readonly kind: 'version-before'; readonly from: number; readonly until: number; readonly isMixed: boolean }
  /** The event of a training job never comes. */
  | { readonly kind: 'lost-event'; readonly cause: number }
  /** The event of a training job comes while SageMaker still describes the job as running. */
  | { readonly kind: 'early-event'; readonly cause: number; readonly milliseconds: number }
  /** A message among the events that nobody can handle. */
  | { readonly kind: 'poison'; readonly at: number; readonly form: PoisonForm }
  /** An escrow of an agent was created so long before the schedule begins; a ledger of release 0.1.0 keeps no item of it. */
  | {
      readonly kind: 'earlier-create';
      readonly ago: number;
      readonly of: 'ours' | 'others';
      readonly isOld: boolean;
    }
  /** Orders on paper are filled, and fill a page of what was applied last. */
  | { readonly kind: 'crowd'; readonly at: number }
  /** What an older job of the same name was delivered with is still in the mailbox. */
  | { readonly kind: 'older-signal'; readonly cause: number }
  /** Somebody says once more that what a bonus waits for is there. */
  | { readonly kind: 'signal'; readonly cause: number; readonly at: number };

/** What is wrong with the secret. */
export const SECRET_FORMS = ['throttled', 'malformed', 'missing', 'wrong-key', 'other-agent'] as const;
export type SecretForm = (typeof SECRET_FORMS)[number];

/** What is wrong with a message. */
export const POISON_FORMS = ['no-json', 'no-name', 'other-event', 'unknown-job'] as const;
export type PoisonForm = (typeof POISON_FORMS)[number];

/** What is to be done about an escrow once it is locked. */
export type Settlement = 'release' | 'dispute' | 'both' | 'none';

/** The business of a schedule. */
export type Scenario =
  | {
      readonly flow: 'lifecycle';
      readonly causes: number;
      readonly settlement: Settlement;
      readonly completes: boolean;
    }
  /** From the events of training jobs on; `deliveredAt` says when somebody says that what each waits for is there. */
  | { readonly flow: 'bonus'; readonly causes: number; readonly deliveredAt: readonly (number | null)[] }
  /** `merges` where there is a position before, on the same side of the market, that fills are merged into. */
  | { readonly flow: 'order'; readonly causes: number; readonly sharesMarket: boolean; readonly merges: boolean }
  | { readonly flow: 'transfer'; readonly causes: number }
  | { readonly flow: 'claim'; readonly causes: 1 };

/** All that happens, but for who goes first: that is the seed's. */
export interface Schedule {
  readonly seed: number;
  readonly profile: Profile;
  readonly scenario: Scenario;
  readonly disturbances: readonly Disturbance[];
  /** Minutes between two runs of the sweeper. */
  readonly sweepMinutes: number;
}

/** Where orders go; causes that share a market have the first. */
export const MARKETS = ['BTC-USDC', 'ETH-USDC'] as const;

/** The effects that a flow consists of. */
export const KINDS_OF_FLOW: Readonly<Record<Scenario['flow'], readonly EffectKind[]>> = {
  lifecycle: ['escrow-create', 'escrow-complete', 'escrow-release', 'escrow-dispute'],
  bonus: ['escrow-create', 'escrow-complete', 'escrow-release'],
  order: ['trade-order'],
  transfer: ['transfer'],
  claim: ['faucet-claim'],
};

export const OPERATIONS_OF_FLOW: Readonly<Record<Scenario['flow'], readonly Operation[]>> = {
  lifecycle: ['create', 'complete', 'release', 'dispute', 'status', 'list', 'ledger'],
  bonus: ['create', 'complete', 'release', 'status', 'list', 'ledger'],
  order: ['order', 'positions', 'history', 'balance'],
  transfer: ['transfer'],
  claim: ['claim', 'faucet-status'],
};

/** A choice that is the same for the same seed. */
export interface Chance {
  readonly roll: () => number;
  below(bound: number): number;
  pick<Item>(items: readonly Item[]): Item;
  maybe(probability: number): boolean;
}

export function createChance(seed: number): Chance {
  const roll = createDice(seed);
  const below = (bound: number): number => Math.floor(roll() * bound);
  return {
    roll,
    below,
    pick<Item>(items: readonly Item[]): Item {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
    maybe: (probability) => roll() < probability,
  };
}
