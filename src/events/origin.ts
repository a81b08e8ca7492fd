import { UnusableEventError } from '../errors.ts';
import type { IncomingEvent } from './envelope.ts';

/** The account and the region of this pipeline. */
export interface Home {
  readonly account: string;
  readonly region: string;
}

/** Reads account and region off an ARN, such as that of a function's own queue. */
export function homeOf(arn: string): Home {
  const [, , , region = '', account = ''] = arn.split(':');
  return { account, region };
}

/**
 * Refuses an event of AWS about something in another account or region, where names may be the same: a bus can be given
 * events of others.
 *
 * @param arn of what the event is about, and where the event has it; left out if it has none, as an object of S3.
 * @throws UnusableEventError naming the field, its value and what is allowed.
 */
export function refuseForeign(
  { account, region }: Pick<IncomingEvent<unknown>, 'account' | 'region'>,
  home: Home,
  subject?: { readonly field: string; readonly arn: string },
): void {
  refuseUnless(account === home.account, 'event.account', account, home.account);
  refuseUnless(region === home.region, 'event.region', region, home.region);
  if (subject === undefined) return;
  const place = homeOf(subject.arn);
  const isHome = place.account === home.account && place.region === home.region;
  refuseUnless(isHome, subject.field, subject.arn, `an ARN of ${home.region}:${home.account}`);
}

function refuseUnless(isHome: boolean, field: string, value: string | undefined, wanted: string): void {
  if (isHome) return;
  const shown = value === undefined ? 'is missing' : `is "${value}"`;
  throw new UnusableEventError(`${field}: ${shown}; this pipeline takes ${wanted} alone`);
}
