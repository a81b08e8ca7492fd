import type { ServicePlace } from '../../src/ledger/owner.ts';
import type { Places } from '../../src/ledger/places.ts';

const at = (name: string): ServicePlace => ({ baseUrl: `https://${name}.example.com`, profile: 'reference' });

/** Where the services of tests are configured. */
export const PLACES: Places = {
  escrow: at('escrow'),
  trading: at('trading'),
  wallet: at('wallet'),
  faucet: at('faucet'),
};
