/**
 * Requests to the published servers with their answers, field for field. Every one of their bodies has an `_info`.
 */

export const PUBLISHED_ID = 'esc_9c1d4e7f0a2b5c8d';
export const PUBLISHED_CREATOR = 'ag_5f3a1c7e9b2d';
export const PUBLISHED_COUNTERPARTY = 'ag_8d2b6f4a0c1e';

const info = (service: string) => ({
  _info: { service, docs: `https://${service}.example.com/llms.txt`, referral: 'GET /gossip', version: '1.0.0' },
});

export const PUBLISHED_CREATE = {
  path: '/escrow/create',
  status: 201,
  request: {
    amount_usd: 50.0,
    description: 'Summarize Q1 2026 earnings report',
    counterparty_agent_id: PUBLISHED_COUNTERPARTY,
    timeout_hours: 48,
    metadata: { task_id: 'task_88f2c1' },
  },
  answer: {
    escrow_id: PUBLISHED_ID,
    amount_usd: 50,
    commission_usd: 0.5,
    net_to_counterparty: 49.5,
    description: 'Summarize Q1 2026 earnings report',
    creator_id: PUBLISHED_CREATOR,
    counterparty_id: PUBLISHED_COUNTERPARTY,
    status: 'funded',
    timeout_hours: 48,
    auto_release_at: '2026-03-08T09:00:00.000Z',
    next_steps: {
      counterparty: `POST /escrow/complete/${PUBLISHED_ID} when task is done`,
      creator: `POST /escrow/release/${PUBLISHED_ID} to release funds`,
      dispute: `POST /escrow/dispute/${PUBLISHED_ID} if something goes wrong`,
    },
    ...info('agent-escrow'),
  },
} as const;

export const PUBLISHED_COMPLETE = {
  path: `/escrow/complete/${PUBLISHED_ID}`,
  status: 200,
  request: { completion_note: 'Delivered.', delivery_url: 'https://outputs.example.com/briefing.md' },
  answer: {
    escrow_id: PUBLISHED_ID,
    status: 'completed',
    message: 'Task marked complete. Waiting for creator to release funds.',
    next_step: `Creator should call POST /escrow/release/${PUBLISHED_ID}`,
    auto_release_at: '2026-03-08T09:00:00.000Z',
    ...info('agent-escrow'),
  },
} as const;

export const PUBLISHED_RELEASE = {
  path: `/escrow/release/${PUBLISHED_ID}`,
  status: 200,
  request: { release_note: 'Thank you.' },
  answer: {
    escrow_id: PUBLISHED_ID,
    status: 'released',
    amount_released: 49.5,
    commission: 0.5,
    referral_commission: 0.075,
    counterparty_id: PUBLISHED_COUNTERPARTY,
    message: '$49.50 released to counterparty.',
    ...info('agent-escrow'),
  },
} as const;

export const PUBLISHED_DISPUTE = {
  path: `/escrow/dispute/${PUBLISHED_ID}`,
  status: 200,
  request: { reason: 'Not what was agreed.', evidence_url: 'https://outputs.example.com/briefing.md' },
  answer: {
    escrow_id: PUBLISHED_ID,
    status: 'disputed',
    reason: 'Not what was agreed.',
    message: 'Escrow flagged for manual review. Purple Flea team will investigate.',
    contact: 'support@example.com',
    ...info('agent-escrow'),
  },
} as const;

/** As anybody sees it; a party sees `events` besides. */
export const PUBLISHED_VIEW = {
  path: `/escrow/${PUBLISHED_ID}`,
  answer: {
    escrow_id: PUBLISHED_ID,
    status: 'completed',
    amount_usd: 50,
    commission_usd: 0.5,
    net_to_counterparty: 49.5,
    description: 'Summarize Q1 2026 earnings report',
    creator_id: PUBLISHED_CREATOR,
    counterparty_id: PUBLISHED_COUNTERPARTY,
    timeout_hours: 48,
    created_at: '2026-03-06T09:00:00.000Z',
    auto_release_at: '2026-03-08T09:00:00.000Z',
    completed_at: '2026-03-07T14:22:00.000Z',
    released_at: null,
    disputed_at: null,
    ...info('agent-escrow'),
  },
  events: [
    {
      id: `${PUBLISHED_ID}_created`,
      escrow_id: PUBLISHED_ID,
      event: 'created',
      actor_id: PUBLISHED_CREATOR,
      note: 'Escrow created: $50',
      created_at: 1_772_787_600,
    },
  ],
} as const;

export const PUBLISHED_STATS = {
  path: '/escrow/stats',
  answer: {
    total_created: 847,
    total_released: 791,
    total_disputed: 12,
    total_volume_usd: 41200,
    total_commission_usd: 412.35,
    commission_rate: '1%',
    referral_commission_rate: '15% of fees',
    ...info('agent-escrow'),
  },
} as const;

export const PUBLISHED_HEALTH = {
  path: '/health',
  answer: { status: 'ok', service: 'agent-escrow', uptime: 12345.678, ...info('agent-escrow') },
} as const;

/** The escrow server's refusals: where they come, their status, and their body. */
export const PUBLISHED_ESCROW_ERRORS = [
  [
    ['create'],
    401,
    { error: 'unauthorized', message: 'Bearer {casino_api_key} required. Register first.' },
    'UNAUTHORIZED',
  ],
  [['complete', 'release', 'dispute'], 401, { error: 'unauthorized' }, 'UNAUTHORIZED'],
  [['create'], 400, { error: 'invalid_amount', message: 'Minimum escrow amount is $0.1' }, 'BELOW_MINIMUM_AMOUNT'],
  [['create'], 400, { error: 'invalid_description', message: 'Too short' }, 'INVALID_DESCRIPTION'],
  [['create'], 400, { error: 'invalid_counterparty', message: 'ag_xxx required' }, 'INVALID_COUNTERPARTY'],
  [['create'], 400, { error: 'self_escrow', message: 'Cannot create escrow with yourself' }, 'SELF_ESCROW'],
  [['create'], 404, { error: 'counterparty_not_found', message: 'Not found in casino' }, 'COUNTERPARTY_NOT_FOUND'],
  [
    ['create'],
    402,
    { error: 'insufficient_balance', message: 'Balance $0.50 < escrow amount $5.00', balance: 0.5 },
    'INSUFFICIENT_BALANCE',
  ],
  [['complete'], 403, { error: 'forbidden', message: 'Only the counterparty can mark the task complete' }, 'FORBIDDEN'],
  [['release'], 403, { error: 'forbidden', message: 'Only the escrow creator can release funds' }, 'FORBIDDEN'],
  [['dispute'], 403, { error: 'forbidden', message: 'Only escrow participants can dispute' }, 'FORBIDDEN'],
  [['complete', 'release'], 404, { error: 'not_found', message: 'Escrow not found' }, 'ESCROW_NOT_FOUND'],
  [['dispute'], 404, { error: 'not_found' }, 'NOT_FOUND'],
] as const;

export const PUBLISHED_ORDER = {
  path: '/v1/trade/open',
  status: 200,
  request: { coin: 'BTC', side: 'long', size_usd: 50.0, leverage: 1 },
  answer: {
    position_id: 'pos_4a2f6d10-9b3c-4e57-8f21-0d6c7b8a9e10',
    order_id: 'ord_1b7e3c52-6f40-4a8d-9c11-2e5d6f7a8b90',
    coin: 'BTC',
    ticker: 'BTC',
    category: 'crypto',
    dex: 'main',
    side: 'long',
    size_usd: 50,
    entry_price: 64250.5,
    leverage: 1,
    max_leverage: 40,
    margin_used: 50,
    liquidation_price: 321.2525,
    fee: 0.03,
    fee_breakdown: { hyperliquid: 0.02, purple_flea_builder: 0.01 },
    hl_order_id: 77_738_308,
    execution: 'real',
    status: 'open',
    ...info('agent-trading'),
  },
} as const;

/** Positions out of the server's table, with what it adds to each. */
export const PUBLISHED_POSITIONS = {
  path: '/v1/trade/positions',
  answer: {
    positions: [
      {
        id: 'pos_4a2f6d10-9b3c-4e57-8f21-0d6c7b8a9e10',
        agentId: PUBLISHED_CREATOR,
        coin: 'BTC',
        side: 'short',
        sizeUsd: 50,
        entryPrice: 64250.5,
        leverage: 5,
        marginUsed: 10,
        liquidationPrice: 76779.35,
        unrealizedPnl: 0,
        status: 'open',
        hlOrderId: '77738308',
        openedAt: 1_772_787_600,
        closedAt: null,
        ticker: 'BTC',
        current_price: 63607.995,
        unrealized_pnl: 0.5,
      },
    ],
    count: 1,
    source: 'database',
    ...info('agent-trading'),
  },
} as const;

/** Positions as the exchange shows them, where the agent has a wallet there. */
export const PUBLISHED_LIVE_POSITIONS = {
  path: '/v1/trade/positions',
  answer: {
    positions: [
      {
        position_id: null,
        coin: 'ETH',
        ticker: 'ETH',
        side: 'long',
        size: 0.02,
        size_usd: 49.94,
        entry_price: 2497.1,
        current_price: 2450.25,
        leverage: 1,
        margin_used: 49.94,
        liquidation_price: null,
        unrealized_pnl: -0.9370000000000001,
        return_on_equity: '-0.018',
        source: 'hyperliquid',
      },
    ],
    count: 1,
    source: 'hyperliquid',
    ...info('agent-trading'),
  },
} as const;

export const PUBLISHED_HISTORY = {
  path: '/v1/trade/history?limit=200',
  answer: {
    trades: [
      {
        id: 'trd_7c9e6679-7425-40de-944b-e07fc1f90ae7',
        agentId: PUBLISHED_CREATOR,
        orderId: 'ord_2c8f4d63-7051-4b9e-8d22-3f6e708b9ca1',
        coin: 'BTC',
        side: 'sell',
        sizeUsd: 50,
        price: 65000,
        fee: 0.03,
        realizedPnl: 0.58,
        createdAt: 1_772_791_200,
      },
      {
        id: 'trd_16fd2706-8baf-433b-82eb-8c7fada847da',
        agentId: PUBLISHED_CREATOR,
        orderId: 'ord_1b7e3c52-6f40-4a8d-9c11-2e5d6f7a8b90',
        coin: 'BTC',
        side: 'buy',
        sizeUsd: 50,
        price: 64250.5,
        fee: 0.03,
        realizedPnl: null,
        createdAt: 1_772_787_600,
      },
    ],
    count: 2,
    ...info('agent-trading'),
  },
} as const;

export const PUBLISHED_PAYMENT = {
  path: '/api/v1/stats/pay',
  status: 200,
  request: { to_agent_id: PUBLISHED_COUNTERPARTY, amount: 12.5, memo: 'Labels of batch 7' },
  answer: {
    tx_id: 'pay_0011223344556677',
    from: PUBLISHED_CREATOR,
    to: PUBLISHED_COUNTERPARTY,
    amount: 12.5,
    memo: 'Labels of batch 7',
    sender_new_balance: 89.80000000000001,
    timestamp: '2026-03-06T09:00:00.000Z',
    message: 'Payment sent',
    note: 'Payments are instant',
    ...info('agent-casino'),
  },
} as const;

export const PUBLISHED_PAYMENT_ERRORS = [
  [401, { error: 'unauthorized', message: 'Invalid API key' }, 'UNAUTHORIZED'],
  [400, { error: 'invalid_request' }, 'INVALID_REQUEST'],
  [400, { error: 'invalid_amount' }, 'BELOW_MINIMUM_AMOUNT'],
  [400, { error: 'same_agent' }, 'SAME_AGENT'],
  [400, { error: 'insufficient_balance' }, 'INSUFFICIENT_BALANCE'],
  [404, { error: 'recipient_not_found' }, 'RECIPIENT_NOT_FOUND'],
] as const;

export const PUBLISHED_BALANCE = {
  path: '/api/v1/auth/balance',
  answer: {
    agent_id: PUBLISHED_CREATOR,
    balance_usd: 89.80000000000001,
    tier: 'free',
    risk_factor: 0.25,
    lifetime: { total_deposited: 100, total_wagered: 0 },
    recent_activity: [],
    ...info('agent-casino'),
  },
} as const;

export const PUBLISHED_LEDGER = {
  path: '/api/v1/auth/ledger',
  answer: {
    entries: [
      {
        id: `${PUBLISHED_ID}_release_credit`,
        agentId: PUBLISHED_CREATOR,
        type: 'credit',
        amount: 49.5,
        balanceAfter: 99.5,
        reason: `escrow_release: ${PUBLISHED_ID}`,
        reference: `${PUBLISHED_ID}_release`,
        service: 'escrow',
        createdAt: 1_772_791_200,
        at: '2026-03-06T10:00:00.000Z',
      },
      {
        id: `${PUBLISHED_ID}_debit`,
        agentId: PUBLISHED_CREATOR,
        type: 'debit',
        amount: 50,
        balanceAfter: 50,
        reason: `escrow_lock: ${PUBLISHED_ID}`,
        reference: PUBLISHED_ID,
        service: 'escrow',
        createdAt: 1_772_787_600,
        at: '2026-03-06T09:00:00.000Z',
      },
      {
        id: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
        agentId: PUBLISHED_CREATOR,
        type: 'credit',
        amount: 1,
        balanceAfter: 100,
        reason: 'faucet_claim: $1 free credits',
        reference: null,
        service: null,
        createdAt: 1_772_784_000,
        at: '2026-03-06T08:00:00.000Z',
      },
    ],
    ...info('agent-casino'),
  },
} as const;

export const PUBLISHED_CLAIM = {
  path: '/faucet/claim',
  status: 200,
  request: { agent_casino_id: PUBLISHED_CREATOR },
  answer: {
    credited: 1,
    message: 'Free $1 credited. Use it to try the casino!',
    casino_url: 'https://casino.example.com',
    claim_id: '16fd2706-8baf-433b-82eb-8c7fada847da',
    agent_id: PUBLISHED_CREATOR,
    referral_tracked: false,
    ...info('agent-faucet'),
  },
} as const;

export const PUBLISHED_CLAIM_ERRORS = [
  [400, { error: 'invalid_request', message: 'agent_casino_id is required (ag_xxx format)' }, 'INVALID_REQUEST'],
  [404, { error: 'agent_not_found', message: 'Agent not found in casino.' }, 'AGENT_NOT_FOUND'],
  [409, { error: 'already_claimed', message: 'This agent has already claimed.' }, 'ALREADY_CLAIMED'],
  [403, { error: 'has_deposits', message: 'Faucet is for new agents with no deposits.' }, 'HAS_DEPOSITS'],
] as const;
