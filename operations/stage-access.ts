import { STAGES, type Stage } from '../lib/stages.ts';
import { UsageError } from '../src/command-line.ts';
import { localAccess, readSession } from '../src/local-session.ts';

/** The stage that `--stage` names. Throws a UsageError where there is none of this name. */
export function readStage(name: string): Stage {
  const stage = STAGES.find((known) => known === name);
  if (stage === undefined) throw new UsageError(`--stage ${name}: allowed are ${STAGES.join(', ')}`);
  return stage;
}

/** Settings of an SDK client for a stage: the local AWS that `npm start` runs, or your own region and credentials. */
export function accessTo(stage: Stage): Partial<ReturnType<typeof localAccess>> {
  return stage === 'local' ? localAccess(readSession().endpoint) : {};
}
