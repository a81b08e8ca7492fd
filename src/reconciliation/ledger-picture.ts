import { effectKey, type EffectKind } from '../ledger/effect-key.ts';
import { isAt } from '../ledger/owner.ts';
import { serviceOf, type Places } from '../ledger/places.ts';
import { INTENT_STATES, type Intent, type IntentCursor, type IntentState, type IntentStore } from '../ledger/intent.ts';

/** What the ledger says of one effect, as far as it is compared. */
export interface LedgerEffect extends Pick<
  Intent,
  'key' | 'kind' | 'reference' | 'cause' | 'payee' | 'amountUsd' | 'state' | 'fence' | 'sentAt' | 'updatedAt'
> {
  /** The escrow that it settles or, once applied, that it created. */
  readonly escrowId: string | undefined;
  /** What is in doubt, or has just changed, explains either outcome. */
  readonly says: 'took-place' | 'did-not' | 'in-doubt';
}

/** The ledger of one agent over the time that is compared. */
export interface LedgerPicture {
  readonly agentId: string;
  readonly effects: readonly LedgerEffect[];
  /** What was last changed after it is in doubt, and a later escrow may have an intent that is not here yet (ISO 8601). */
  readonly settledBefore: string;
  /** References of effects at another place, which are not among these. */
  readonly elsewhere?: ReadonlySet<string> | undefined;
}

/** Intents of one agent by key, and whether these are all that changed since the moment asked for. */
export interface LedgerReading {
  readonly intents: ReadonlyMap<string, Intent>;
  readonly isAll: boolean;
  /** References of its effects at another place: nothing that is read shows them. Absent where there are none. */
  readonly elsewhere?: ReadonlySet<string>;
}

/** Whether what the clients show may show an effect: it was sent to the services that they read. */
export function isAtPlaces({ kind, service }: Pick<Intent, 'kind' | 'service'>, places: ComparedPlaces): boolean {
  const compared = serviceOf(kind);
  return compared === 'escrow' || compared === 'wallet' ? isAt({ service }, places[compared]) : true;
}

/** Where the services are that escrows and balances are read from. */
export type ComparedPlaces = Pick<Places, 'escrow' | 'wallet'>;

const PAGE = 500;

/** More than this is not held in memory. */
const MAX_INTENTS = 20_000;

/**
 * Reads what concerns one agent: what it sent, and the completions of whoever's key is held. Paper is no money.
 *
 * @param isHere sets aside effects at another place.
 */
export async function readLedger(
  intents: IntentStore,
  agentId: string,
  since: Date,
  hasTime: () => boolean,
  isHere: (intent: Intent) => boolean = () => true,
): Promise<LedgerReading> {
  const read = new Map<string, Intent>();
  const elsewhere = new Set<string>();
  // In the order in which intents go through them: one that moves on while they are read is seen twice, not missed.
  for (const state of INTENT_STATES) {
    let after: IntentCursor | undefined;
    do {
      if (!hasTime() || read.size > MAX_INTENTS) return { intents: read, isAll: false };
      const page = await intents.listSince(state, since, PAGE, after);
      for (const intent of page.intents) {
        if (!concerns(intent, agentId)) continue;
        if (isHere(intent)) keepLatest(read, intent);
        else elsewhere.add(intent.reference);
      }
      after = page.next;
    } while (after !== undefined);
  }
  return { intents: read, isAll: true, ...(elsewhere.size === 0 ? {} : { elsewhere }) };
}

function concerns({ agentId, kind }: Intent, own: string): boolean {
  return kind !== 'paper-order' && (agentId === own || kind === 'escrow-complete');
}

function keepLatest(read: Map<string, Intent>, intent: Intent): void {
  const known = read.get(intent.key);
  if (known === undefined || known.fence < intent.fence || known.updatedAt <= intent.updatedAt) {
    read.set(intent.key, intent);
  }
}

/** The picture that two readings give, one before and one after the service was read. What moved in between is in doubt. */
export function pictureOf(
  agentId: string,
  before: LedgerReading,
  after: LedgerReading,
  settledBefore: Date,
): LedgerPicture {
  const until = settledBefore.toISOString();
  const latest = new Map([...before.intents, ...after.intents]);
  return {
    agentId,
    settledBefore: until,
    elsewhere: after.elsewhere ?? before.elsewhere,
    effects: [...latest.values()].map((intent) => {
      const earlier = before.intents.get(intent.key);
      const isMoving = !after.intents.has(intent.key) || earlier === undefined || hasMoved(earlier, intent);
      return effectOf(intent, isMoving || intent.updatedAt > until);
    }),
  };
}

/**
 * The picture with some of its intents read again, each by its key, and with the settlements that belong to the same
 * causes: an index may be behind its table. What is not as it was is in doubt.
 */
export async function readAgain(
  intents: IntentStore,
  picture: LedgerPicture,
  keys: ReadonlySet<string>,
): Promise<LedgerPicture> {
  const known = new Map(picture.effects.map((effect) => [effect.key, effect]));
  for (const key of new Set([...keys].flatMap((one) => [one, ...settlementKeys(known.get(one))]))) {
    const intent = await intents.read(key);
    const effect = known.get(key);
    if (intent !== undefined && (effect === undefined || hasMoved(effect, intent))) {
      known.set(key, effectOf(intent, true));
    }
  }
  return { ...picture, effects: [...known.values()] };
}

const SETTLEMENTS = ['escrow-release', 'escrow-dispute', 'escrow-complete'] as const satisfies EffectKind[];

function settlementKeys(effect: LedgerEffect | undefined): string[] {
  return effect?.kind === 'escrow-create' ? SETTLEMENTS.map((kind) => effectKey(effect.cause, kind)) : [];
}

function hasMoved(one: Pick<Intent, 'state' | 'fence'>, other: Pick<Intent, 'state' | 'fence'>): boolean {
  return one.state !== other.state || one.fence !== other.fence;
}

function effectOf(intent: Intent, isMoving: boolean): LedgerEffect {
  const { key, kind, reference, cause, payee, amountUsd, state, fence, sentAt, updatedAt, result } = intent;
  const created = typeof result?.['escrowId'] === 'string' ? result['escrowId'] : undefined;
  const escrowId = intent.escrowId ?? created;
  return {
    key,
    kind,
    reference,
    cause,
    payee,
    amountUsd,
    state,
    fence,
    sentAt,
    updatedAt,
    escrowId,
    says: isMoving ? 'in-doubt' : whatItSays(state),
  };
}

function whatItSays(state: IntentState): LedgerEffect['says'] {
  switch (state) {
    case 'applied':
      return 'took-place';
    case 'prepared':
    case 'claimed':
    case 'rejected':
    case 'skipped':
      return 'did-not';
    case 'sending':
    case 'unknown':
    case 'manual':
      return 'in-doubt';
  }
}
