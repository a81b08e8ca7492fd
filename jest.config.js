/** One configuration for every kind of test; `npm run test:unit` and the like pick folders. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  // Most of an end-to-end test is waiting: two at a time, on however many cores.
  maxWorkers: 2,
  // The end-to-end suite and the bundling checks share two cores with everything else.
  testTimeout: 600_000,
  globalSetup: '<rootDir>/test/support/assemblies-folder.js',
  globalTeardown: '<rootDir>/test/support/remove-assemblies.js',
  reporters: ['default', '<rootDir>/test/support/count-reporter.js'],
};
