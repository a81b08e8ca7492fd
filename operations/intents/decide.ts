import type { EscrowStory } from '../../src/escrow/story.ts';
import type { Beginnings } from '../../src/ledger/beginnings.ts';
import type { Intent, IntentCursor } from '../../src/ledger/intent.ts';
import type { Places } from '../../src/ledger/places.ts';

/** What the function decide-intent answers. */
export interface Answer {
  readonly error?: string;
  readonly intents?: readonly Intent[];
  readonly intent?: Intent | null;
  /** What becomes of the escrow's execution. */
  readonly execution?: string;
  readonly next?: IntentCursor;
  readonly beginnings?: Beginnings;
  readonly story?: EscrowStory;
  readonly places?: Places;
}

/** Asks the function decide-intent. */
export type Decide = (asked: object) => Promise<Answer>;

/** What the command line says besides what to do, and of which effect. */
export interface IntentOptions {
  readonly state?: string | undefined;
  readonly kind?: string | undefined;
  readonly applied?: string | undefined;
  readonly operator?: string | undefined;
  readonly evidence?: string | undefined;
  readonly reason?: string | undefined;
  readonly since?: string | undefined;
  readonly rule?: string | undefined;
  readonly at?: string | undefined;
  readonly agent?: string | undefined;
  readonly open: boolean;
  readonly elsewhere: boolean;
  readonly all: boolean;
  readonly 'dry-run': boolean;
}
