import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Prints the processor time at the end of a process, whatever it runs. */
const WATCH = `data:text/javascript,process.on('exit',()=>{const{user,system}=process.cpuUsage();console.log('cpu',user+system)})`;
const FLAGS = ['--single-threaded', '--max-semi-space-size=32', '--import', WATCH];

const [other, schedules = '5000', rounds = '5'] = process.argv.slice(2);
if (other === undefined) {
  process.stderr.write('usage: node test/simulation/speed.ts <other checkout> [schedules] [rounds]\n');
  process.exitCode = 2;
} else {
  await compare(other, Number(rounds));
}

/** Plays the same number of schedules here and there in turn: what else the machine does meets both alike. */
async function compare(there: string, times: number): Promise<void> {
  const rates: { here: number[]; there: number[] } = { here: [], there: [] };
  for (let round = 0; round < times; round += 1) {
    rates.there.push(await rateIn(there));
    rates.here.push(await rateIn('.'));
  }
  const [here, before] = [median(rates.here), median(rates.there)];
  process.stdout.write(`here ${Math.round(here)}, there ${Math.round(before)} schedules a second of processor time\n`);
  process.stdout.write(`ratio ${(here / before).toFixed(2)}\n`);
}

async function rateIn(directory: string): Promise<number> {
  const args = [...FLAGS, 'test/simulation/main.ts', '--schedules', schedules];
  const { stdout } = await run(process.execPath, args, { cwd: directory });
  const micros = Number(/^cpu (\d+)$/m.exec(stdout)?.[1]);
  return Number(schedules) / (micros / 1e6);
}

function median(values: readonly number[]): number {
  return values.toSorted((one, next) => one - next)[Math.floor(values.length / 2)] ?? Number.NaN;
}
