import { parseUsd } from '../../../src/money.ts';
import { INFO, type Books } from './books.ts';
import type { ServiceAnswer, ServiceRequest } from './operations.ts';

const FAUCET = parseUsd('1.00');

/** The faucet, which gives to each agent once. */
export function createFaucetService(books: Books) {
  const { isReference, newId, note, number, post, refuse, time } = books;
  const claimed = new Set<string>();

  function claim(request: ServiceRequest, at: number): ServiceAnswer {
    const asked = JSON.parse(request.body ?? '{}') as Readonly<Record<string, unknown>>;
    const agent = String(asked['agent_id'] ?? asked['agent_casino_id']);
    if (claimed.has(agent)) refuse('claimed');
    claimed.add(agent);
    const id = newId('clm');
    post('faucet', agent, FAUCET, 'faucet_claim', id, at);
    note({ operation: 'claim', subject: 'faucet', id, agent, payee: agent, amount: FAUCET, at }, request);
    return {
      status: 200,
      body: isReference
        ? { agent_id: agent, claimed_usdc: number(FAUCET), message: '-' }
        : {
            credited: number(FAUCET),
            message: '-',
            casino_url: '-',
            claim_id: id,
            agent_id: agent,
            referral_tracked: false,
            _info: INFO,
          },
    };
  }

  function status({ path }: ServiceRequest, at: number): ServiceAnswer {
    const agent = new URLSearchParams(path.split('?')[1] ?? '').get('agent_id') ?? '';
    const canClaim = !claimed.has(agent);
    return {
      status: 200,
      body: { agent_id: agent, can_claim: canClaim, next_eligible_at: canClaim ? time(at) : null },
    };
  }

  return { claim, status };
}
