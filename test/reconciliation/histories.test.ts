import { describe, expect, test } from '@jest/globals';
import { PROFILES } from '../../src/purple-flea/service.ts';
import { openBooks } from './books.ts';
import { createHistorian } from './history.ts';

const HISTORIES = Number(process.env['HISTORIES'] ?? 150);

describe.each(PROFILES)('books that are kept by rights, in the %s dialect', (profile) => {
  test(`have no drift, whenever they are compared: ${HISTORIES} histories`, async () => {
    const totals: Record<string, number> = {};
    const add = (name: string, count = 1) => void (totals[name] = (totals[name] ?? 0) + count);
    for (let seed = 1; seed <= HISTORIES; seed += 1) {
      const books = openBooks(profile);
      const historian = createHistorian(books, seed, { trades: seed % 8 === 0 });
      const steps = 10 + Math.floor(historian.random() * 50);
      for (let step = 0; step < steps; step += 1) {
        await historian.step();
        if (step !== steps - 1 && historian.random() > 0.08) continue;
        const { summary, recorder } = await books.reconcile();
        const drifts = recorder.published.filter(([type]) => type === 'ledger.drifted');
        expect({ seed, step, drifts }).toEqual({ seed, step, drifts: [] });
        add('runs');
        add(summary.isComplete ? 'complete runs' : 'incomplete runs');
        if (!summary.notCompared.some((reason) => reason.startsWith('the'))) add('balance compared');
        add('intents', summary.intents);
      }
      for (const [name, count] of Object.entries(historian.done)) add(name, count);
    }
    process.stdout.write(`${profile}: ${HISTORIES} histories, ${JSON.stringify(totals)}\n`);
    expect(totals['complete runs']).toBeGreaterThan(HISTORIES);
    expect(totals['balance compared']).toBeGreaterThan(HISTORIES / 2);
  });

  test(`have none either while effects take place during the comparison: ${HISTORIES} histories`, async () => {
    let runs = 0;
    let acts = 0;
    for (let seed = 1001; seed <= 1000 + HISTORIES; seed += 1) {
      const books = openBooks(profile);
      const historian = createHistorian(books, seed, { trades: false });
      for (let round = 0; round < 3; round += 1) {
        for (let step = 0; step < 12; step += 1) await historian.step();
        const meanwhile = async () => {
          if (historian.random() > 0.15) return;
          acts += 1;
          await historian.act();
        };
        const { recorder } = await books.reconcile({ meanwhile });
        runs += 1;
        const drifts = recorder.published.filter(([type]) => type === 'ledger.drifted');
        expect({ seed, round, drifts }).toEqual({ seed, round, drifts: [] });
      }
    }
    process.stdout.write(`${profile}: ${runs} runs with ${acts} things that happened during them\n`);
    expect(acts).toBeGreaterThan(runs);
  });
});
