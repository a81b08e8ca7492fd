/** What `bonus` was in version 0.1: one metric and one list of tiers for everybody. */
interface FormerBonus {
  readonly metric?: unknown;
  readonly tiers?: unknown;
  readonly payees?: unknown;
  readonly timeoutHours?: unknown;
  readonly gate?: unknown;
  readonly guard?: unknown;
  readonly endpoints?: unknown;
}

/**
 * The new form of a `bonus` of version 0.1, as text to paste, with its own values; undefined where it is not of that form.
 * Its direction and plausible range are guesses: version 0.1 had none.
 */
export function rewriteFormerBonus(config: unknown): string | undefined {
  const bonus = fieldOf(config, 'bonus');
  if (!isObject(bonus) || 'rules' in bonus || !['metric', 'tiers', 'payees'].some((key) => key in bonus)) {
    return undefined;
  }
  const rules = rulesOf(bonus);
  // Without a rule they would deliver nothing, and are refused.
  const endpoints = rules.length === 0 ? [] : (bonus.endpoints ?? []);
  const text = JSON.stringify({ rules, endpoints }, null, 2);
  return `"bonus": ${text}`.replaceAll('\n', '\n  ');
}

function rulesOf({ metric, tiers, payees, timeoutHours, gate, guard }: FormerBonus): readonly object[] {
  const rewritten = listOf(tiers).map((tier) => ({
    beyond: fieldOf(tier, 'above'),
    amountUsd: fieldOf(tier, 'amountUsd'),
  }));
  const prefixes = listOf(payees).map((payee) => String(fieldOf(payee, 'jobNamePrefix')));
  return listOf(payees).flatMap((payee, index) => {
    const prefix = prefixes[index] ?? '';
    if (prefixes.indexOf(prefix) !== index) return [];
    return {
      name: nameOf(prefix, index),
      jobs: prefix === '' ? { pattern: '*' } : { prefix },
      metric,
      direction: 'higher',
      plausible: guessRange(rewritten.map(({ beyond }) => Number(beyond))),
      tiers: rewritten,
      payee: fieldOf(payee, 'agentId'),
      timeoutHours,
      gate,
      guard,
    };
  });
}

function nameOf(prefix: string, index: number): string {
  const name = prefix.toLowerCase().replace(/-+$/, '');
  return /^[a-z][a-z0-9-]{0,25}$/.test(name) ? name : `rule-${index + 1}`;
}

/** A share, per cent, or ten times as much as is asked for. */
function guessRange(thresholds: readonly number[]): { min: number; max: number } {
  const [lowest, highest] = [Math.min(0, ...thresholds), Math.max(0, ...thresholds)];
  if (lowest === 0 && highest < 1) return { min: 0, max: 1 };
  if (lowest === 0 && highest < 100) return { min: 0, max: 100 };
  return { min: 10 * lowest, max: Math.max(10 * highest, 1) };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function fieldOf(value: unknown, field: string): unknown {
  return isObject(value) ? value[field] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
