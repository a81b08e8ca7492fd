/**
 * Makes HTTP requests one after the other and does nothing with the answers: the floor under any function that makes the
 * same ones. Speaks like `run-function.cjs`; an event is the list of its requests.
 */
const { Agent, request } = require('node:http');
const { writeSync } = require('node:fs');
const { createInterface } = require('node:readline');

const agent = new Agent({ keepAlive: true });
const say = (answer) => writeSync(3, `${JSON.stringify(answer)}\n`);

function exchange({ url, method, headers, body }) {
  return new Promise((resolve, reject) => {
    const call = request(url, { method, agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } });
    call.on('response', (response) => {
      response.on('end', resolve);
      response.on('error', reject);
      response.resume();
    });
    call.on('error', reject);
    call.end(body);
  });
}

async function makeAll(events) {
  const times = [];
  for (const calls of events) {
    const startedAt = performance.now();
    for (const call of calls) await exchange(call);
    times.push(performance.now() - startedAt);
  }
  return { times, totalMs: 0, rssBytes: process.memoryUsage.rss() };
}

say({ readyAt: performance.timeOrigin + performance.now() });
createInterface({ input: process.stdin }).on('line', (line) => {
  makeAll(JSON.parse(line).events).then(say, (error) => {
    say({ error: String(error.stack) });
  });
});
