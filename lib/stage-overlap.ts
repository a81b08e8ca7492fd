import type { Config } from './config.ts';
import { addressesOf, isLoopback } from './loopback.ts';
import { webhookSecretName } from './names.ts';

/** Which jobs a rule is for: one of a tag, the start of the name, or a pattern in which `*` stands for any characters. */
export interface JobSelector {
  readonly tag?: { readonly key: string; readonly value: string } | undefined;
  readonly prefix?: string | undefined;
  readonly pattern?: string | undefined;
}

/** What of a stage may meet another stage. */
export interface StageClaims {
  /** Its file, as messages name it. */
  readonly file: string;
  /** Where it is deployed; undefined where its file does not say. */
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  /** Every address of Purple Flea that it calls. */
  readonly baseUrls: readonly string[];
  readonly secretNames: readonly string[];
  readonly rules: readonly { readonly name: string; readonly jobs: JobSelector }[];
  /** Objects of S3 that become orders. */
  readonly inferences: readonly { readonly name: string; readonly bucket: string; readonly prefix: string }[];
}

/** What a stage's configuration claims. */
export function claimsOf(
  file: string,
  { deployTo, purpleFlea, secretName, webhooks, bonus, trading }: Config,
): StageClaims {
  return {
    file,
    ...deployTo,
    baseUrls: addressesOf(purpleFlea),
    secretNames: [
      secretName,
      ...(webhooks.enabled ? [webhookSecretName(secretName)] : []),
      ...Object.values(purpleFlea.keys ?? {}).map((source) => source.secretName),
    ],
    rules: bonus.rules,
    inferences: trading.inferences,
  };
}

/**
 * What two stages of one account and region would both do: pay the same job, trade the same answer, make the same secret.
 * They hear the same default bus. Stages whose services are all on the loopback address move no real money and meet nobody.
 *
 * @returns one line for each pair, with both files, both rules and the fix.
 */
export function findOverlaps(stages: readonly StageClaims[]): string[] {
  const real = stages.filter(({ baseUrls }) => !baseUrls.every(isLoopback));
  return real.flatMap((one, index) =>
    real
      .slice(index + 1)
      .filter((other) => mayMeet(one, other))
      .flatMap((other) => overlapsOf(one, other)),
  );
}

/** A stage that does not say where it is deployed may be deployed anywhere. */
function mayMeet(one: StageClaims, other: StageClaims): boolean {
  return maybeSame(one.account, other.account) && maybeSame(one.region, other.region);
}

function maybeSame(one: string | undefined, other: string | undefined): boolean {
  return one === undefined || other === undefined || one === other;
}

const FIX =
  'Tell them apart, by a tag with another value in each for example, or give both files a "deployTo" with another account or region';

function overlapsOf(one: StageClaims, other: StageClaims): string[] {
  const both = `${one.file} and ${other.file}`;
  const rules = pairs(one.rules, other.rules).filter(([left, right]) => overlap(left.jobs, right.jobs));
  const inferences = pairs(one.inferences, other.inferences).filter(
    ([left, right]) => left.bucket === right.bucket && startEachOther(left.prefix, right.prefix),
  );
  const secrets = one.secretNames.filter((name) => other.secretNames.includes(name));
  return [
    ...rules.map(
      ([left, right]) =>
        `${both}: bonus.rules "${left.name}" and "${right.name}" would both pay for one job (${show(left.jobs)}; ${show(right.jobs)}). ${FIX}`,
    ),
    ...inferences.map(
      ([left, right]) =>
        `${both}: trading.inferences "${left.name}" and "${right.name}" would both trade on one object of ${left.bucket} (${left.prefix}; ${right.prefix}). ${FIX}`,
    ),
    ...secrets.map((name) => `${both}: both make the secret "${name}". Give each stage a secretName of its own`),
  ];
}

function pairs<One, Other>(ones: readonly One[], others: readonly Other[]): (readonly [One, Other])[] {
  return ones.flatMap((one) => others.map((other) => [one, other] as const));
}

function show({ tag, prefix, pattern }: JobSelector): string {
  if (tag !== undefined) return `tag ${tag.key}=${tag.value}`;
  return prefix === undefined ? `pattern "${pattern ?? ''}"` : `prefix "${prefix}"`;
}

/** Whether one job may be selected by both. A tag says nothing of the name, and one tag nothing of another. */
function overlap(one: JobSelector, other: JobSelector): boolean {
  if (one.tag !== undefined && other.tag !== undefined) {
    return one.tag.key !== other.tag.key || one.tag.value === other.tag.value;
  }
  if (one.tag !== undefined || other.tag !== undefined) return true;
  return intersect(patternOf(one), patternOf(other));
}

function patternOf({ prefix, pattern = '' }: JobSelector): string {
  return prefix === undefined ? pattern : `${prefix}*`;
}

function startEachOther(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

/** Whether some text fits both patterns. */
function intersect(one: string, other: string): boolean {
  const seen = new Map<string, boolean>();
  const meet = (at: number, otherAt: number): boolean => {
    const name = `${at} ${otherAt}`;
    const known = seen.get(name);
    if (known !== undefined) return known;
    const result = step(at, otherAt);
    seen.set(name, result);
    return result;
  };
  const step = (at: number, otherAt: number): boolean => {
    const isEnd = at === one.length;
    const isOtherEnd = otherAt === other.length;
    if (isEnd && isOtherEnd) return true;
    if (one[at] === '*') return meet(at + 1, otherAt) || (!isOtherEnd && meet(at, otherAt + 1));
    if (other[otherAt] === '*') return meet(at, otherAt + 1) || (!isEnd && meet(at + 1, otherAt));
    return !isEnd && !isOtherEnd && one[at] === other[otherAt] && meet(at + 1, otherAt + 1);
  };
  return meet(0, 0);
}
