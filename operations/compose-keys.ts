import Table from 'cli-table3';
import type { KeyCheck } from '../src/aws/check-keys.ts';

/** Every key that the stage names, and whether it works; a line before says which do not. */
export function composeKeys(checks: readonly KeyCheck[]): string[] {
  const failing = [...new Set(checks.filter(({ ok }) => !ok).map(({ role }) => role))];
  const table = new Table({
    head: ['key of', 'agent', 'secret', '', 'detail'],
    style: { head: [], border: [], compact: true },
    colWidths: [null, null, null, null, 70],
    wordWrap: true,
  });
  table.push(
    ...checks.map(({ role, agentId = '', secretName, ok, detail }) => [
      role,
      agentId,
      secretName,
      ok ? 'ok' : 'FAILS',
      detail,
    ]),
  );
  return [failing.length === 0 ? 'keys: ready' : `keys: not ready (${failing.join(', ')})`, table.toString()];
}
