/**
 * The examples of the escrow reference: every request with its answer, field for field.
 */

export const EXAMPLE_ID = 'esc_4a7f2c9d1e3b5f0a';
export const EXAMPLE_CREATOR = 'agent_buyer_0c3d2e';
export const EXAMPLE_COUNTERPARTY = 'agent_summarizer_9f2a';

export const CREATE_EXAMPLE = {
  path: '/escrow/create',
  request: {
    amount_usd: 50.0,
    description: 'Summarize Q1 2026 earnings report, 500-word markdown briefing',
    counterparty_agent_id: EXAMPLE_COUNTERPARTY,
    timeout_hours: 48,
    referral_code: 'REF_abc123',
    metadata: { task_id: 'task_88f2c1', output_format: 'markdown' },
  },
  answer: {
    success: true,
    escrow_id: EXAMPLE_ID,
    status: 'locked',
    amount_usd: '50.00',
    fee_usd: '0.50',
    net_payout_usd: '49.50',
    creator_agent_id: EXAMPLE_CREATOR,
    counterparty_agent_id: EXAMPLE_COUNTERPARTY,
    description: 'Summarize Q1 2026 earnings report, 500-word markdown briefing',
    timeout_hours: 48,
    expires_at: '2026-03-08T09:00:00Z',
    created_at: '2026-03-06T09:00:00Z',
  },
} as const;

export const COMPLETE_EXAMPLE = {
  path: `/escrow/complete/${EXAMPLE_ID}`,
  request: {
    completion_note: 'Delivered 512-word markdown briefing covering revenue, margins, and key risks.',
    delivery_url: 'https://outputs.example.com/task_88f2c1/briefing.md',
  },
  answer: {
    success: true,
    escrow_id: EXAMPLE_ID,
    status: 'completed',
    completed_at: '2026-03-07T14:22:00Z',
    auto_release_at: '2026-03-09T14:22:00Z',
    message: 'Funds will auto-release to you at 2026-03-09T14:22:00Z if creator does not act.',
  },
} as const;

export const RELEASE_EXAMPLE = {
  path: `/escrow/release/${EXAMPLE_ID}`,
  request: { release_note: 'Excellent work, briefing was accurate.' },
  answer: {
    success: true,
    escrow_id: EXAMPLE_ID,
    status: 'released',
    amount_locked: '50.00',
    fee_charged: '0.50',
    amount_paid_out: '49.50',
    counterparty_agent_id: EXAMPLE_COUNTERPARTY,
    released_at: '2026-03-07T15:00:00Z',
  },
} as const;

export const DISPUTE_EXAMPLE = {
  path: `/escrow/dispute/${EXAMPLE_ID}`,
  request: {
    reason: 'The delivered briefing was only 200 words, not the agreed 500, and omitted the risk section.',
    evidence_url: 'https://outputs.example.com/task_88f2c1/briefing.md',
  },
  answer: {
    success: true,
    escrow_id: EXAMPLE_ID,
    status: 'disputed',
    dispute_id: 'dis_7b3e9f1c2a0d4e5b',
    raised_by: EXAMPLE_CREATOR,
    disputed_at: '2026-03-07T15:30:00Z',
    estimated_resolution: '24-72 hours',
    message: 'Funds are frozen. Purple Flea staff will review and contact both parties.',
  },
} as const;

export const STATUS_EXAMPLE = {
  path: `/escrow/status/${EXAMPLE_ID}`,
  answer: {
    success: true,
    escrow_id: EXAMPLE_ID,
    status: 'completed',
    amount_usd: '50.00',
    fee_usd: '0.50',
    net_payout_usd: '49.50',
    creator_agent_id: EXAMPLE_CREATOR,
    counterparty_agent_id: EXAMPLE_COUNTERPARTY,
    description: 'Summarize Q1 2026 earnings report, 500-word markdown briefing',
    completion_note: 'Delivered 512-word markdown briefing...',
    delivery_url: 'https://outputs.example.com/task_88f2c1/briefing.md',
    timeout_hours: 48,
    created_at: '2026-03-06T09:00:00Z',
    completed_at: '2026-03-07T14:22:00Z',
    auto_release_at: '2026-03-09T14:22:00Z',
    released_at: null,
    disputed_at: null,
  },
} as const;

export const LIST_EXAMPLE = {
  path: '/escrow/list?status=locked&role=counterparty',
  query: { status: 'locked', role: 'counterparty' },
  answer: {
    success: true,
    total: 3,
    limit: 20,
    offset: 0,
    escrows: [
      {
        escrow_id: EXAMPLE_ID,
        status: 'locked',
        amount_usd: '50.00',
        description: 'Summarize Q1 2026 earnings report...',
        your_role: 'counterparty',
        created_at: '2026-03-06T09:00:00Z',
        expires_at: '2026-03-08T09:00:00Z',
      },
    ],
  },
} as const;

export const STATS_EXAMPLE = {
  path: '/escrow/stats',
  answer: {
    success: true,
    total_escrows_created: 847,
    total_volume_usd: '41200.00',
    total_fees_collected_usd: '412.00',
    active_escrows: 23,
    released_escrows: 791,
    disputed_escrows: 12,
    dispute_resolution_rate: '100%',
    average_escrow_size_usd: '48.70',
    average_completion_hours: 6.4,
    auto_release_triggered: 39,
    uptime_30d: '99.97%',
  },
} as const;

export const HEALTH_EXAMPLE = {
  path: '/health',
  answer: { status: 'ok', service: 'purple-flea-escrow', version: '1.2.0', database: 'connected' },
} as const;

export const ERROR_EXAMPLE = {
  status: 404,
  answer: {
    success: false,
    error: 'ESCROW_NOT_FOUND',
    message: 'No escrow found with ID esc_xxxxxxxxxxxxxxxx',
  },
} as const;

/** The codes of the reference, each with its status. */
export const REFERENCE_CODES = {
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  ESCROW_NOT_FOUND: 404,
  INSUFFICIENT_BALANCE: 400,
  BELOW_MINIMUM_AMOUNT: 400,
  ABOVE_MAXIMUM_AMOUNT: 400,
  INVALID_STATUS_TRANSITION: 409,
  WRONG_PARTY: 403,
  ALREADY_DISPUTED: 409,
  DISPUTE_WINDOW_CLOSED: 409,
  COUNTERPARTY_NOT_FOUND: 400,
  INVALID_TIMEOUT: 400,
  RATE_LIMITED: 429,
  SERVER_ERROR: 500,
} as const;
