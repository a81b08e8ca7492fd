import { expect, test } from '@jest/globals';
import { parseUsd } from '../../../src/money.ts';
import { completeEscrow, lockEscrow, settleDueEscrows } from '../../../twin/escrow/escrow-book.ts';
import { readInitialData } from '../../../twin/initial-data.ts';
import { createWorld, type Announcement, type EscrowProfile, type World } from '../../../twin/world/world.ts';
import { stoppedClock } from './calling.ts';

const START = new Date('2026-03-06T09:00:00Z');
const HOUR_MS = 3_600_000;

function worldOf(escrowProfile: EscrowProfile): World {
  const agents = [
    { agentId: 'ag_rich', apiKey: 'key-rich', balanceUsd: '1000000.00' },
    { agentId: 'ag_poor', apiKey: 'key-poor', balanceUsd: '0.00' },
  ];
  return createWorld({ ...readInitialData(), agents }, { escrowProfile, realNow: stoppedClock });
}

function lock(world: World, timeoutHours: number) {
  const terms = { creatorId: 'ag_rich', counterpartyId: 'ag_poor', amount: parseUsd('50.00'), description: 'work' };
  return lockEscrow(world, { ...terms, timeoutHours, referralCode: null, metadata: null }, START);
}

test('ten thousand open escrows cost a request that settles none of them nothing', () => {
  const world = worldOf('reference');
  for (let count = 0; count < 10_000; count += 1) lock(world, 1 + (count % 720));

  const started = performance.now();
  for (let asked = 0; asked < 10_000; asked += 1) settleDueEscrows(world, START);
  const idle = performance.now() - started;
  settleDueEscrows(world, new Date(START.getTime() + 720 * HOUR_MS));

  expect(idle).toBeLessThan(500);
  expect(world.escrowTimers.size).toBe(0);
  expect(world.ledger.balance('agent:ag_rich')).toBe(parseUsd('1000000.00'));
});

test('every step is announced to both parties, with exact numbers', () => {
  const world = worldOf('reference');
  const heard: Announcement[] = [];
  world.onAnnouncement((announcement) => void heard.push(announcement));

  const escrow = lock(world, 1);
  completeEscrow(world, escrow, { note: null, url: null }, START);
  settleDueEscrows(world, new Date(START.getTime() + HOUR_MS));

  const common = { escrow_id: escrow.id, initiator: 'ag_rich', counterparty: 'ag_poor', amount_usdc: 50 };
  expect(heard.map(({ type, at, agentIds, data }) => ({ type, at, agentIds, data: shown(data) }))).toEqual([
    {
      type: 'escrow_funded',
      at: START,
      agentIds: ['ag_rich', 'ag_poor'],
      data: {
        ...common,
        fee_rate: 0.01,
        condition: 'work',
        referrer: null,
        expires_at: '2026-03-06T10:00:00Z',
        status: 'locked',
      },
    },
    {
      type: 'escrow_completed',
      at: START,
      agentIds: ['ag_rich', 'ag_poor'],
      data: {
        ...common,
        completed_at: '2026-03-06T09:00:00Z',
        auto_release_at: '2026-03-06T10:00:00Z',
        status: 'completed',
      },
    },
    {
      type: 'escrow_released',
      at: new Date('2026-03-06T10:00:00Z'),
      agentIds: ['ag_rich', 'ag_poor'],
      data: {
        ...common,
        fee_usdc: 0.5,
        referral_usdc: 0,
        net_usdc: 49.5,
        released_to: 'ag_poor',
        released_at: '2026-03-06T10:00:00Z',
        status: 'auto_released',
      },
    },
  ]);
});

test('a refund is announced in the words of the dialect', () => {
  const world = worldOf('published');
  const heard: Announcement[] = [];
  world.onAnnouncement((announcement) => void heard.push(announcement));

  lock(world, 1);
  settleDueEscrows(world, new Date(START.getTime() + HOUR_MS));

  expect(heard.map(({ type, data }) => [type, shown(data)])).toMatchObject([
    ['escrow_funded', { status: 'funded' }],
    ['escrow_refunded', { refund_usdc: 49.5, fee_usdc: 0.5, refunded_to: 'ag_rich', status: 'refunded' }],
  ]);
});

/** As a webhook would show it. */
function shown(data: Readonly<Record<string, unknown>>): unknown {
  return JSON.parse(JSON.stringify(data));
}
