import { sumUsd, type MicroUsd } from '../../src/money.ts';
import { NO_MONEY } from '../world/ledger.ts';
import { meanInCents, toCents } from './cents.ts';
import type { Escrow } from './escrow-book.ts';

const HOUR_MS = 3_600_000;

/** The statistics of the escrow reference. Counts are numbers, amounts are texts of two decimals. */
export function referenceStats(all: Iterable<Escrow>): Record<string, unknown> {
  const escrows = [...all];
  const having = (...statuses: Escrow['status'][]) => escrows.filter(({ status }) => statuses.includes(status));
  const volume = volumeOf(escrows);
  const paid = having('released', 'auto_released');
  const disputed = escrows.filter(({ disputedAt }) => disputedAt !== null);
  const open = having('disputed').length;
  return {
    total_escrows_created: escrows.length,
    total_volume_usd: toCents(volume),
    total_fees_collected_usd: toCents(feesOf(paid)),
    active_escrows: having('locked', 'completed').length,
    released_escrows: paid.length,
    disputed_escrows: disputed.length,
    dispute_resolution_rate: `${disputed.length === 0 ? 100 : Math.round((100 * (disputed.length - open)) / disputed.length)}%`,
    average_escrow_size_usd: meanInCents(volume, escrows.length),
    average_completion_hours: meanCompletionHours(escrows),
    auto_release_triggered: having('auto_released').length,
    uptime_30d: '99.97%',
  };
}

/** What the published server counts: refunds are in no total but the volume. */
export function publishedStats(all: Iterable<Escrow>): Record<string, unknown> {
  const escrows = [...all];
  const released = escrows.filter(({ status }) => status === 'released');
  return {
    total_created: escrows.length,
    total_released: released.length,
    total_disputed: escrows.filter(({ disputedAt }) => disputedAt !== null).length,
    total_volume_usd: JSON.rawJSON(toCents(volumeOf(escrows))),
    total_commission_usd: JSON.rawJSON(toCents(feesOf(released))),
    commission_rate: '1%',
    referral_commission_rate: '15% of fees',
  };
}

function volumeOf(escrows: readonly Escrow[]): MicroUsd {
  return escrows.reduce((total, { amount }) => sumUsd(total, amount), NO_MONEY);
}

function feesOf(escrows: readonly Escrow[]): MicroUsd {
  return escrows.reduce((total, { fee }) => sumUsd(total, fee), NO_MONEY);
}

/** To a tenth of an hour. */
function meanCompletionHours(escrows: readonly Escrow[]): number {
  const hours = escrows.flatMap(({ createdAt, completedAt }) =>
    completedAt === null ? [] : [(completedAt - createdAt) / HOUR_MS],
  );
  if (hours.length === 0) return 0;
  return Math.round((10 * hours.reduce((sum, value) => sum + value, 0)) / hours.length) / 10;
}
