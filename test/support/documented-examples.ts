/**
 * Requests and answers of the documented trading, wallet and faucet services, which go with the escrow reference.
 */

export const DOCUMENTED_AGENT = 'agent_trader';

export const ORDER_EXAMPLE = {
  path: '/trading/order',
  request: {
    agent_id: DOCUMENTED_AGENT,
    direction: 'long',
    amount: 50.0,
    asset: 'BTC-USDC',
    order_type: 'market',
    leverage: 1,
    metadata: { source: 'sagemaker', confidence: '0.72' },
  },
  answer: {
    order_id: 'ord_0011223344556677',
    status: 'filled',
    asset: 'BTC-USDC',
    direction: 'long',
    amount: 50,
    leverage: 1,
    entry_price: 64250.5,
    fee: 0.025,
    created_at: '2026-03-06T09:00:00Z',
  },
} as const;

export const POSITIONS_EXAMPLE = {
  path: `/trading/positions?agent_id=${DOCUMENTED_AGENT}`,
  answer: {
    agent_id: DOCUMENTED_AGENT,
    count: 1,
    positions: [
      {
        position_id: 'pos_0011223344556677',
        order_id: 'ord_0011223344556677',
        asset: 'BTC-USDC',
        direction: 'long',
        amount: 50,
        leverage: 1,
        entry_price: 64250.5,
        mark_price: 63607.995,
        pnl_usdc: -0.49999999999999994,
        opened_at: '2026-03-06T09:00:00Z',
      },
    ],
  },
} as const;

export const TRANSFER_EXAMPLE = {
  path: '/wallet/transfer',
  request: { from_agent: DOCUMENTED_AGENT, to_agent: 'agent_labeler', amount: 12.5, memo: 'Labels of batch 7' },
  answer: {
    tx_id: 'tx_0011223344556677',
    from_agent: DOCUMENTED_AGENT,
    to_agent: 'agent_labeler',
    amount: 12.5,
    memo: 'Labels of batch 7',
    created_at: '2026-03-06T09:00:00Z',
  },
} as const;

export const BALANCE_EXAMPLE = {
  path: `/wallet/balance?agent_id=${DOCUMENTED_AGENT}`,
  answer: { agent_id: DOCUMENTED_AGENT, balance_usdc: 139.8, locked_usdc: 50, available_usdc: 89.80000000000001 },
} as const;

export const CLAIM_EXAMPLE = {
  path: '/api/claim',
  request: { agent_id: DOCUMENTED_AGENT },
  answer: { agent_id: DOCUMENTED_AGENT, claimed_usdc: 1, message: 'Welcome.' },
} as const;

export const FAUCET_STATUS_EXAMPLE = {
  path: `/api/status?agent_id=${DOCUMENTED_AGENT}`,
  answer: { agent_id: DOCUMENTED_AGENT, can_claim: false, next_eligible_at: '2026-03-07T09:00:00Z' },
} as const;
