import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judge, type Goal } from './goals.ts';
import { DELAYS, measure, type Measured, type Plan } from './measure.ts';
import { asMarkdown, figuresOf, requestsOf } from './report.ts';
import { delayedMs, inSequence, requests } from './results.ts';
import { startServices, type Services } from './services-client.ts';
import { PLAIN, prepare, PYTHON, type Bench, type Job, type Variant } from './variants.ts';

/** One round, as small as can be. */
const SMALL: Plan = { starts: 1, warmUp: 1, delayed: 1, undelayed: 1, many: 4 };

let folder: string;
let services: Services;
let bench: Bench;
const results = new Map<Variant, readonly Measured[]>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bench-'));
  services = await startServices();
  bench = withoutPython(await prepare(folder, services.awsUrl, services.twinUrl));
  for (const variant of bench.jobs.flatMap(({ variants }) => variants)) {
    results.set(variant, [await measure(services, bench, variant, SMALL)]);
  }
});
afterAll(() => {
  services.close();
  rmSync(folder, { recursive: true, force: true });
});

/** It takes the longest, and says the least of this project. */
function withoutPython(all: Bench): Bench {
  const less = (job: Job): Job => ({ ...job, variants: job.variants.filter(({ name }) => name !== PYTHON) });
  return { ...all, jobs: [less(all.jobs[0]), less(all.jobs[1])] };
}

function measuredOf(job: 0 | 1, name: string): Measured {
  const variant = bench.jobs[job].variants.find((one) => one.name === name);
  const [measured] = (variant && results.get(variant)) ?? [];
  if (measured === undefined) throw new Error(`${name} was not measured`);
  return measured;
}

describe('a round of the benchmark', () => {
  test('counts the requests of a plain trade, and waits for its delayed answers', () => {
    const plain = measuredOf(0, PLAIN);

    expect(requests('AWS')(plain)).toBe(1);
    expect(requests('Purple Flea')(plain)).toBe(1);
    expect(inSequence('Purple Flea')(plain)).toBe(1);
    // A timer may fire a millisecond early.
    expect(delayedMs(plain)).toBeGreaterThanOrEqual(DELAYS.AWS + DELAYS['Purple Flea'] - 2);
  });

  test.each([
    { job: 0, name: 'place-trade' },
    { job: 1, name: 'start-bonus' },
  ] as const)('has $name wait for what it asks for in sequence', ({ job, name }) => {
    const measured = measuredOf(job, name);
    const waited = inSequence('Purple Flea')(measured) * (DELAYS['Purple Flea'] - 1);

    expect(requests()(measured)).toBeGreaterThanOrEqual(3);
    expect(delayedMs(measured)).toBeGreaterThanOrEqual(waited);
  });

  test('counts nine requests of a trade at most, and two in sequence at Purple Flea', () => {
    const trade = measuredOf(0, 'place-trade');

    expect(requests()(trade)).toBeLessThanOrEqual(9);
    expect(requests('Purple Flea')(trade)).toBe(3);
    expect(inSequence('Purple Flea')(trade)).toBe(2);
  });

  test('is told in tables, with every variant and with what was requested', () => {
    const [trade] = bench.jobs;
    const [head, ...rows] = figuresOf(trade, results).rows;

    expect(head).toEqual(['', ...trade.variants.map(({ name }) => name)]);
    expect(rows.map(([, ours]) => ours)).not.toContain('-');
    expect(asMarkdown(requestsOf(trade, results))).toMatch(/^\| Purple Flea: POST \/trading\/order \| 1 \| 1 \|/m);
  });

  test('judges what it measured, and nothing that needs a baseline', () => {
    const goals = judge(bench, results, undefined);
    const unmeasured = goals.filter(({ found }: Goal) => found === undefined).map(({ what }) => what);

    expect(goals).toHaveLength(8);
    expect(unmeasured).toHaveLength(3);
    for (const what of unmeasured) expect(what).toContain('÷ a baseline');
  });
});
