import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/** What a command compiled is kept here, for its next run; git ignores it. */
const COMPILE_CACHE = fileURLToPath(new URL('../.local/compile-cache', import.meta.url));

/** A command was used wrongly; the message names the option and the fix. Its usage is printed below it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Exit codes of every command: 0 done, 1 failed or a check does not hold, 2 wrong use. */
const FAILED = 1;
const WRONG_USE = 2;

/**
 * Runs a command as all commands are run: `--help` prints the usage, and what goes wrong is one line that says what to do
 * next. What `main` imports is compiled once, and read from a cache later.
 *
 * @param main reads `process.argv` and returns the exit code.
 */
export async function runCommand(usage: string, main: () => Promise<number>): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  enableCompileCache(COMPILE_CACHE);
  try {
    process.exitCode = await main();
  } catch (error) {
    const isWrongUse = error instanceof UsageError || codeOf(error).startsWith('ERR_PARSE_ARGS');
    process.stderr.write(`${describeFailure(error)}\n`);
    if (isWrongUse) process.stderr.write(`\n${usage}\n`);
    process.exitCode = isWrongUse ? WRONG_USE : FAILED;
  }
}

/** What went wrong and, where AWS could not be asked at all, what to do about it. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message === 'Region is missing') {
    return 'No AWS region is configured: set AWS_REGION, or a region in your profile (aws configure set region ...).';
  }
  if (error.name === 'CredentialsProviderError') {
    return `No AWS credentials were found: set AWS_PROFILE, or sign in (aws sso login). ${error.message}`;
  }
  if (error.name === 'ResourceNotFoundException') {
    return `${error.message} Is this stage deployed in this account and region, by this version? npx cdk deploy --all -c stage=...`;
  }
  return error.message;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
