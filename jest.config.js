import { availableParallelism } from 'node:os';

/** Each may hold a local AWS, with a gigabyte or so of functions. */
const MOST_WORKERS = 6;

/** One configuration for every kind of test; `npm run test:unit` and the like pick folders. */
export default {
  testEnvironment: '<rootDir>/test/support/plain-environment.js',
  testSequencer: '<rootDir>/test/support/slow-first.js',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  // Much of an end-to-end test is waiting: even one core has something to do for two.
  maxWorkers: Math.max(2, Math.min(availableParallelism(), MOST_WORKERS)),
  // The end-to-end suite and the bundling checks share two cores with everything else.
  testTimeout: 600_000,
  globalSetup: '<rootDir>/test/support/assemblies-folder.js',
  globalTeardown: '<rootDir>/test/support/remove-assemblies.js',
  reporters: ['default', '<rootDir>/test/support/count-reporter.js'],
};
