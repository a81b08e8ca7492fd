import { expect, test } from '@jest/globals';
import { unpaced } from '../../../../src/pacing/pacer.ts';
import type { ServiceDeps } from '../../../../src/purple-flea/service.ts';
import { limitOf } from '../../../../twin/rate-limits.ts';
import { aServiceAnswering, anEffectRequest, answered } from '../../../support/purple-flea.ts';
import { EFFECT_CALLS, READ_CALLS } from '../../../support/service-calls.ts';

/** What a call is paced by. */
async function paceOfCall(
  deps: ServiceDeps,
  call: (deps: ServiceDeps) => Promise<unknown>,
): Promise<number | undefined> {
  const limits: number[] = [];
  await call({ ...deps, pacer: { ...unpaced, take: async ({ limit }) => void limits.push(limit.perMinute) } });
  return limits[0];
}

/** Those that are counted for each escrow are far from their limit. */
const COUNTED_BY_ESCROW = /^\/escrow\/(?:complete|release|dispute)\/[^/]+$/;

test.each(EFFECT_CALLS)('$profile $operation is paced by the limit that its service counts', async (call) => {
  const { deps } = aServiceAnswering(call.profile, answered(201, call.proof));
  const counted = limitOf(call.profile, 'POST', call.path);
  const isFree = call.profile === 'published' && COUNTED_BY_ESCROW.test(call.path);

  expect(await paceOfCall(deps, (paced) => call.send(paced, anEffectRequest(call.body)))).toBe(
    isFree ? undefined : counted,
  );
});

test.each(READ_CALLS)('$profile $operation is paced by the limit that its service counts', async (call) => {
  const { deps } = aServiceAnswering(call.profile, answered(200, call.answer));

  expect(await paceOfCall(deps, call.read)).toBe(limitOf(call.profile, 'GET', call.path.split('?')[0] ?? ''));
});
