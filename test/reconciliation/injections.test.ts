import { expect, test } from '@jest/globals';
import { PROFILES, type Profile } from '../../src/purple-flea/service.ts';
import { DRIFT_KINDS, type DriftKind } from '../../src/reconciliation/drift.ts';
import { openBooks } from './books.ts';
import { createHistorian, HOUR } from './history.ts';
import { inject, type Expected } from './injections.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 4);
const WORLDS = 5;
const PER_WORLD = 5;

const KINDS: Readonly<Record<Profile, readonly DriftKind[]>> = {
  reference: DRIFT_KINDS,
  // Nobody shows what is locked.
  published: DRIFT_KINDS.filter((kind) => kind !== 'locked-differs'),
};

const byName = (drifts: readonly Expected[]): string[] =>
  drifts.map(({ kind, escrowId }) => `${kind} ${escrowId ?? 'balance'}`).toSorted();

/** Books with a history and a baseline, changed in some ways: what was changed, and what was found. */
async function play(profile: Profile, seed: number, kinds: readonly DriftKind[], turn: number) {
  const books = openBooks(profile);
  const historian = createHistorian(books, seed, { trades: false, inflows: false, foreign: false, maxPause: HOUR });
  for (let step = 0; step < 100; step += 1) await historian.step();
  for (let time = 0; time < 30; time += 1) await historian.make('create');
  for (let time = 0; time < 8; time += 1) await historian.make('complete');
  for (const what of ['dispute', 'release', 'dispute', 'release', 'dispute', 'release']) await historian.make(what);
  await books.pass(HOUR);
  const { recorder: earlier } = await books.reconcile();
  for (let step = 0; step < 20; step += 1) await historian.step();
  for (let time = 0; time < 5; time += 1) await historian.make('create');
  // What is in doubt, or new, explains either outcome.
  for (let time = 0; time < 10; time += 1) {
    await books.pass(HOUR / 10);
    await books.sweep();
  }
  const used = new Set<string>();
  const injected: Expected[] = [];
  for (const kind of kinds) injected.push(await inject(books, kind, turn, used));
  await books.pass(HOUR);
  const { summary, recorder } = await books.reconcile();
  const { recorder: again } = await books.reconcile();
  const driftsOf = ({ published }: typeof recorder) =>
    published.flatMap(([type, detail]) => (type === 'ledger.drifted' ? [detail as Expected] : []));
  return { injected, found: driftsOf(recorder), earlier: driftsOf(earlier), again: driftsOf(again), summary, recorder };
}

test(`all of ${ROUNDS * 50} injected drifts are found, each by its kind and escrow, and none is invented`, async () => {
  const perKind: Record<string, number> = {};
  let found = 0;
  let missed = 0;
  let invented = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const profile of PROFILES) {
      for (let world = 0; world < WORLDS; world += 1) {
        const all = KINDS[profile];
        const kinds = Array.from({ length: PER_WORLD }, (_, index) => {
          return all[(world * PER_WORLD + index + round) % all.length] ?? 'escrow-missing';
        });
        const seed = 7_000 + round * 100 + world * 2 + PROFILES.indexOf(profile);
        const run = await play(profile, seed, kinds, round + Math.floor((world * PER_WORLD) / all.length));
        const wanted = byName(run.injected);
        const got = byName(run.found);
        found += wanted.filter((name) => got.includes(name)).length;
        missed += wanted.filter((name) => !got.includes(name)).length;
        invented += got.filter((name) => !wanted.includes(name)).length;
        for (const kind of kinds) perKind[kind] = (perKind[kind] ?? 0) + 1;

        expect({ profile, seed, earlier: byName(run.earlier), got }).toEqual({
          profile,
          seed,
          earlier: [],
          got: wanted,
        });
        expect(run.summary).toMatchObject({ isComplete: true, drifts: PER_WORLD });
        expect(run.recorder.counted).toMatchObject({ LedgerDrifts: PER_WORLD, LedgerReconciled: 1 });
        // What left the balance is told once: the next comparison begins after it.
        const lasting = wanted.filter((name) => !name.startsWith('unexplained-outflow'));
        expect(byName(run.again)).toEqual(lasting);
      }
    }
  }
  process.stdout.write(
    `injected ${ROUNDS * 50}: found ${found}, missed ${missed}, invented ${invented}; ${JSON.stringify(perKind)}\n`,
  );
});
