import { fileURLToPath } from 'node:url';

/** The project's folder, with a slash at the end. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Everything that running locally writes; git ignores it. */
export const STATE = `${ROOT}.local/`;

/** What this process's own pipeline writes; two may run side by side. The next start removes what a dead one left. */
export const RUN = `${STATE}run-${process.pid}/`;

/** Programs of the project's packages, the pinned Node among them. */
export const BIN = `${ROOT}node_modules/.bin`;
