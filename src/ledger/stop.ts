import type { EffectKind } from './effect-key.ts';

/**
 * The one switch over all money.
 *
 * - `running`: everything goes on
 * - `reducing`: no new outflow begins; what is locked may be completed, released, disputed; reads go on
 * - `halted`: nothing that moves money is sent; reads go on
 */
export const STOP_MODES = ['running', 'reducing', 'halted'] as const;
export type StopMode = (typeof STOP_MODES)[number];

/**
 * What the switch says, at most five seconds old.
 *
 * @throws where it cannot be read. Nothing is sent then: a switch that nobody can read is no permission.
 */
export type ReadStop = () => Promise<StopMode>;

/** What an effect does with money: it takes more of it out of the account, or settles what was taken out before. */
export const EFFECT_NATURE: Readonly<Record<EffectKind, 'outflow' | 'settlement' | 'inflow'>> = {
  'escrow-create': 'outflow',
  'escrow-complete': 'settlement',
  'escrow-release': 'settlement',
  'escrow-dispute': 'settlement',
  'trade-order': 'outflow',
  'paper-order': 'outflow',
  transfer: 'outflow',
  'faucet-claim': 'inflow',
};

/** Whether an effect may begin in a mode. */
export function mayBegin(kind: EffectKind, mode: StopMode): boolean {
  switch (mode) {
    case 'running':
      return true;
    case 'reducing':
      return EFFECT_NATURE[kind] !== 'outflow';
    case 'halted':
      return false;
  }
}
