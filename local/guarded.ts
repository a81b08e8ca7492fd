import { spawn } from 'node:child_process';

/**
 * Runs a program for as long as this process's standard input stays open. Whoever starts it holds the other end, so the
 * program is stopped when its starter is done, interrupted, or killed: `node guarded.ts PROGRAM [ARGUMENT...]`.
 */
const STOP_DEADLINE_MS = 5_000;

const [program = '', ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });

process.stdin.resume();
process.stdin.once('close', () => {
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS).unref();
});
// An interrupt at the terminal is for the starter; it closes our input when it is ready.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

child.once('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
child.once('exit', (code) => process.exit(code ?? 1));
