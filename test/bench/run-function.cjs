/**
 * Runs one bundled function as Lambda does: loads it, then calls `handler(event, context)` for whatever comes in, one JSON
 * line a command. Answers go to file descriptor 3, because functions write their logs to standard output. Plain JavaScript,
 * so that a start is measured without stripping types.
 */
const { handler } = require(process.argv[2]);
const readyAt = performance.timeOrigin + performance.now();

const { readFileSync, writeSync } = require('node:fs');
const { createInterface } = require('node:readline');

const say = (answer) => writeSync(3, `${JSON.stringify(answer)}\n`);

const context = {
  functionName: 'bench',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:bench',
  memoryLimitInMB: '512',
  awsRequestId: 'b2c1d3e4-0000-4000-8000-000000000000',
  getRemainingTimeInMillis: () => 60_000,
};

/** On Linux `maxRSS` begins with the memory of the process that started this one. */
function peakMb() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1024;
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
}

async function invoke(event) {
  const startedAt = performance.now();
  const result = await handler(event, context);
  const failed = result?.batchItemFailures?.length ?? 0;
  if (failed > 0) throw new Error(`the function gave ${failed} messages back`);
  return performance.now() - startedAt;
}

async function invokeAll(events, inFlight) {
  const waiting = [...events];
  const times = [];
  const startedAt = performance.now();
  const worker = async () => {
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) times.push(await invoke(event));
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { times, totalMs: performance.now() - startedAt, peakMb: peakMb() };
}

say({ readyAt });
createInterface({ input: process.stdin }).on('line', (line) => {
  const { events, inFlight } = JSON.parse(line);
  invokeAll(events, inFlight).then(say, (error) => {
    say({ error: String(error.stack) });
  });
});
