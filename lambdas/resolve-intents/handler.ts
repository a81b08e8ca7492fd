import { describeError } from '../../src/errors.ts';
import { referenceFor } from '../../src/escrow/escrow-effects.ts';
import { findCreation } from '../../src/escrow/find-creator.ts';
import { findSettled } from '../../src/escrow/reject-settled.ts';
import { retryCompletions, type RetryCompletionDeps } from '../../src/escrow/retry-completions.ts';
import { deliverVerdict, type MailboxDeps } from '../../src/escrow/mailbox.ts';
import { knownSince, type ReadBeginnings } from '../../src/ledger/beginnings.ts';
import { isOrder, type Intent } from '../../src/ledger/intent.ts';
import { unreadElsewhere, type Places } from '../../src/ledger/places.ts';
import { listPrepared, type RoundStore } from '../../src/ledger/prepared-round.ts';
import { resolveIntents, type ResolvePolicy } from '../../src/ledger/resolve-intents.ts';
import type { IntentOwner } from '../../src/ledger/owner.ts';
import { wakeWaiting } from '../../src/ledger/wake-waiting.ts';
import { placedOrderSchema } from '../../src/purple-flea/trading.ts';
import { signalOfCause } from '../../src/trading/trade-signal.ts';
import { announce, announceParked, type AnnounceDeps } from '../shared/announce.ts';
import type { TaskContext } from '../shared/escrow-task.ts';
import { isReadable, type IsReadableDeps } from './is-readable.ts';
import { createLookFor, type LookDeps } from './look-for.ts';

export interface Deps
  extends
    LookDeps,
    AnnounceDeps,
    MailboxDeps,
    IsReadableDeps,
    Omit<RetryCompletionDeps, 'openEscrow' | 'readBeginning' | 'remainingMs'> {
  /** Where the services are configured; undefined where they never move. */
  readonly places?: Places;
  readonly readBeginnings: ReadBeginnings;
  /** How far the round over prepared intents has come; undefined where each run begins with the oldest. */
  readonly round?: RoundStore;
  readonly policy: ResolvePolicy;
}

/** How many parked intents are counted: one is enough for the alarm. */
const COUNTED = 100;

/**
 * Every minute: looks for the effects that are in doubt, settles what can be settled, and wakes who waits for it; and who
 * waits for something that is back. Completions that wait it sends itself: no execution comes back for them.
 */
export function createHandler(deps: Deps) {
  return async (_event: unknown, context: TaskContext) => {
    const remainingMs = () => context.getRemainingTimeInMillis();
    const lookFor = createLookFor(deps);
    const readBeginning = async () => knownSince(await deps.readBeginnings());
    const failed: { key: string; reason: string }[] = [];
    /** What fails keeps nothing after it from being done and measured. */
    const attempt = <Done>(key: string, act: () => Promise<Done>): Promise<Done | undefined> =>
      act().catch((error: unknown) => {
        failed.push({ key, reason: describeError(error) });
        return undefined;
      });
    const run = await attempt('the sweep', () =>
      resolveIntents({
        intents: deps.intents,
        lookFor: deps.places === undefined ? lookFor : unreadElsewhere(lookFor, deps.places),
        findMoot: createFindMoot(deps),
        policy: deps.policy,
        // Here, because this runs every minute: a rule begins soon after it was deployed, whether or not a cause comes.
        readBeginning,
        now: deps.now,
        remainingMs,
      }),
    );
    failed.push(...(run?.failed ?? []));
    const tell = async (intents: readonly Intent[], act: (intent: Intent) => Promise<unknown>) => {
      for (const intent of intents) {
        await attempt(intent.key, () => act(intent));
      }
    };
    const tellVerdict = async (intent: Intent) => {
      await announceVerdict(deps, intent);
      await deliverVerdict(deps, intent.key);
    };
    const settled = run?.settled ?? [];
    await tell(settled, tellVerdict);
    const prepared = await attempt('listing', () => listPrepared(deps.intents, deps.round));
    const woken =
      prepared &&
      (await attempt('waking', () =>
        wakeWaiting({ ...deps, isReadable: (intent) => isReadable(deps, intent) }, prepared),
      ));
    await tell(woken?.woken ?? [], ({ key }) => deliverVerdict(deps, key));
    const openEscrow = (owner: IntentOwner) => deps.openSender({ ...owner, kind: 'escrow-complete' });
    const isAwake = new Map((woken?.woken ?? []).map((intent) => [intent.key, intent]));
    const latest = (prepared ?? []).map((intent) => isAwake.get(intent.key) ?? intent);
    const sent = await attempt('completions', () =>
      retryCompletions({ ...deps, readBeginning, openEscrow, remainingMs }, latest),
    );
    failed.push(...(sent?.failed ?? []));
    await tell(sent?.completed ?? [], (intent) => announceCompleted(deps, intent));
    await tell(sent?.rejected ?? [], tellVerdict);
    const manual = await attempt('counting', () => countManual(deps));
    for (const failure of failed) deps.log.error('intent not settled, or nobody told', failure);
    if (run !== undefined) deps.count('IntentsInDoubt', run.inDoubt);
    if (manual !== undefined) deps.count('IntentsManual', manual);
    if (woken !== undefined) deps.count('IntentsWaiting', woken.waitingLong);
    const done = { looked: run?.looked ?? 0, settled: settled.length, left: run?.left ?? true };
    deps.log.info('resolved', { ...done, woken: woken?.woken.length });
    if (failed.length > 0) throw new Error(`${failed.length} intents failed, the first: ${failed[0]?.reason}`);
    return done;
  };
}

/** Settlements and completions are of no use once their escrow is settled. One that cannot be read keeps no other waiting. */
function createFindMoot({ viewEscrows }: Pick<Deps, 'viewEscrows'>): (intent: Intent) => Promise<string | undefined> {
  return async (intent) => (intent.kind.startsWith('escrow-') ? findSettled({ viewEscrows }, intent) : undefined);
}

async function announceCompleted(deps: Deps, { cause, escrowId = '' }: Intent): Promise<void> {
  const creation = await findCreation(deps.intents, cause, escrowId);
  const reference = creation?.reference ?? referenceFor(cause);
  await announce(deps, 'escrow.completed', { escrowId, reference });
}

async function countManual({ intents, now }: Deps): Promise<number> {
  // Clocks differ: those of this very moment are among them.
  const soon = new Date(now().getTime() + 60_000);
  return (await intents.list('manual', soon, COUNTED)).length;
}

async function announceVerdict(deps: Deps, intent: Intent): Promise<void> {
  const { key, reference, kind, state, cause, history } = intent;
  await announce(deps, 'intent.settled', { key, reference, kind, state, note: history.at(-1)?.note ?? '' });
  if (state === 'manual') await announceParked(deps, intent);
  if (!isOrder(kind)) return;
  const { source, id: signalId } = signalOfCause(cause);
  if (state === 'manual') {
    await announce(deps, 'trade.manual', {
      source,
      signalId,
      asset: intent.payee,
      reference,
      reason: intent.reason ?? 'parked',
    });
  }
  if (state === 'applied') {
    deps.count('TradesPlaced');
    const { orderId, asset, direction, amountUsd } = placedOrderSchema.parse(intent.result);
    const mode = kind === 'paper-order' ? 'paper' : 'live';
    await announce(deps, 'trade.placed', { mode, source, signalId, orderId, asset, direction, amountUsd });
  }
}
