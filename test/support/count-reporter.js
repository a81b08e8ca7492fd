/** Prints `N passed, N failed` as the very last line of a run, for scripts that read it. */
export default class CountReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests === 0 ? '' : `, ${results.numPendingTests} skipped`;
    process.once('exit', () => process.stderr.write(`${results.numPassedTests} passed, ${failed} failed${skipped}\n`));
  }
}
