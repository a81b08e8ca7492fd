import { describeError } from '../../src/errors.ts';
import type { Publish, PublishedEvents, PublishedType } from '../../src/events/catalogue.ts';
import type { Intent } from '../../src/ledger/intent.ts';
import type { Count, Log } from '../../src/observability.ts';

export interface AnnounceDeps {
  readonly publish: Publish;
  readonly log: Log;
  readonly count: Count;
}

/** Says on the bus what was done. It is done and recorded already, so a bus that is down is counted, not thrown. */
export async function announce<Type extends PublishedType>(
  deps: AnnounceDeps,
  type: Type,
  detail: PublishedEvents[Type],
): Promise<void> {
  deps.log.info(type, detail);
  try {
    await deps.publish(type, detail);
  } catch (error) {
    deps.count('PublishFailures');
    deps.log.error('event not published', { type, reason: describeError(error) });
  }
}

/** Tells people of an effect in doubt that only a person can settle. The alarm is on how many there are. */
export async function announceParked(deps: AnnounceDeps, intent: Intent): Promise<void> {
  const { key, reference, kind, amountUsd, reason = 'parked' } = intent;
  await announce(deps, 'intent.parked', { key, reference, kind, amountUsd, reason });
}
