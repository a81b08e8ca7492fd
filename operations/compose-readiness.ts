import Table from 'cli-table3';
import type { ReadinessCheck, ReadinessReport } from '../src/trading/readiness.ts';

/** The report as a person reads it: a line of what follows, and every check; those of live trading apart where it is not on. */
export function composeReadiness({ mode, checks, toGoLive }: ReadinessReport): string[] {
  const own = [`${mode}: ${verdictOf(checks)}`, tableOf(checks)];
  return mode === 'live' ? own : [...own, `to go live: ${verdictOf(toGoLive)}`, tableOf(toGoLive)];
}

/** Whether every check passes of the mode that is set, or of live trading. */
export function isReady({ checks, toGoLive }: ReadinessReport, live: boolean): boolean {
  return (live ? toGoLive : checks).every(({ ok }) => ok);
}

function verdictOf(checks: readonly ReadinessCheck[]): string {
  const failing = checks.filter(({ ok }) => !ok).map(({ check }) => check);
  return failing.length === 0 ? 'ready' : `not ready (${failing.join(', ')})`;
}

function tableOf(checks: readonly ReadinessCheck[]): string {
  const table = new Table({
    head: ['check', '', 'detail'],
    style: { head: [], border: [], compact: true },
    colWidths: [null, null, 90],
    wordWrap: true,
  });
  table.push(...checks.map(({ check, ok, detail }) => [check, ok ? 'ok' : 'FAILS', detail]));
  return table.toString();
}
