import { execa } from 'execa';
import { readFileSync } from 'node:fs';

const FOLDER = 'test/statemachines/fixtures/in-flight';

/** Writes what this release leaves in flight, once: a folder of the version in `package.json`. */
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
// The stories are played on Jest's clock.
const { exitCode } = await execa('npm', ['run', '--silent', 'jest', '--', 'test/statemachines/in-flight.test.ts'], {
  env: { RECORD_IN_FLIGHT: version },
  stdio: 'inherit',
  reject: false,
});
if (exitCode === 0)
  await execa('prettier', ['--log-level=warn', '--write', FOLDER], { stdio: 'inherit', preferLocal: true });
process.exitCode = exitCode ?? 1;
