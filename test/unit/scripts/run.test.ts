import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LOCK = JSON.stringify({ packages: { '': {}, 'node_modules/one': { version: '1.0.0' } } });

/** An npm that installs the only package, and this Node as the pinned one. */
const INSTALLS = `
mkdir -p node_modules/one node_modules/.bin
echo '{}' > node_modules/one/package.json
ln -s '${process.execPath}' node_modules/.bin/node
cp package-lock.json node_modules/.package-lock.json
echo 'added 1 package'`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-'));
  mkdirSync(join(folder, 'scripts'));
  mkdirSync(join(folder, 'bin'));
  for (const name of ['alone.cjs', 'run.cjs', 'run-child.cjs', 'set-up.cjs'])
    cpSync(`scripts/${name}`, join(folder, 'scripts', name));
  write('package.json', JSON.stringify({ engines: { node: '>=20' } }));
  write('package-lock.json', LOCK);
  write('say.js', 'console.log(process.execPath, ...process.argv.slice(2)); process.exitCode = 7;');
  npmDoes(INSTALLS);
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, content: string): void {
  writeFileSync(join(folder, path), content);
}

/** Puts an npm into the PATH that counts its calls. */
function npmDoes(script: string): void {
  writeFileSync(join(folder, 'bin/npm'), `#!/bin/sh\necho "$@" >> calls\n${script}\n`, { mode: 0o755 });
}

function npmCalls(): string[] {
  const calls = join(folder, 'calls');
  return existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [];
}

function run(...args: string[]) {
  const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` };
  return execa(process.execPath, ['scripts/run.cjs', ...args], { cwd: folder, env, reject: false });
}

describe('what every npm script runs on', () => {
  test('is what they are run by', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
    const plain = Object.values(scripts).filter((script) => /\bnode (?!scripts\/run\.cjs)/.test(script));

    expect(plain).toEqual([]);
  });

  test('installs the packages first, then runs the pinned Node with all arguments', async () => {
    const { stdout, stderr, exitCode } = await run('say.js', '--once', 'two words');

    expect(stdout).toBe(`${process.execPath} --once two words`);
    expect(exitCode).toBe(7);
    expect(stderr).toMatch(/^Installing .*: node_modules is missing\. .*\nadded 1 package$/);
    expect(npmCalls()).toEqual(['ci --include=dev --include=optional']);
  });

  test('installs once', async () => {
    await run();

    expect(await run('say.js')).toMatchObject({ stderr: '', exitCode: 7 });
    expect(npmCalls()).toHaveLength(1);
  });

  test('installs once for two commands at the same time', async () => {
    npmDoes(`sleep 1\n${INSTALLS}`);

    const both = await Promise.all([run('say.js'), run('say.js')]);

    expect(both.map(({ exitCode }) => exitCode)).toEqual([7, 7]);
    expect(both.map(({ stderr }) => stderr).join('\n')).toContain(
      'Another command installs the packages of this project',
    );
    expect(npmCalls()).toHaveLength(1);
  });

  test('does not wait for a command that died', async () => {
    const { stdout: pid } = await execa(process.execPath, ['--print', 'process.pid']);
    mkdirSync(join(folder, '.local'));
    write('.local/set-up.lock', pid);

    expect(await run('say.js')).toMatchObject({ exitCode: 7 });
  });

  test('installs again what an interrupted npm left half done', async () => {
    await run();
    npmDoes('rm node_modules/one/package.json; kill -INT $$');
    write('package-lock.json', LOCK.replace('1.0.0', '1.0.1'));

    expect(await run('say.js')).toMatchObject({ stdout: '', exitCode: 130 });
    write('package-lock.json', LOCK);
    npmDoes(INSTALLS.replace('ln -s', 'ln -sf'));
    expect(await run('say.js')).toMatchObject({ exitCode: 7 });
  });

  // npm exits with what the system calls a fault of the network: 145 is a refused connection.
  test.each([1, 145])('says what to do where npm fails with %i, and runs nothing', async (code) => {
    npmDoes(`exit ${code}`);

    const { stdout, stderr, exitCode } = await run('say.js');

    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 });
    expect(stderr).toMatch(
      /npm ci failed, so node_modules is missing\. .*check the network.* run this command again\.$/,
    );
    expect(npmCalls()).toHaveLength(1);
  });

  test('says what to do where there is no npm', async () => {
    rmSync(join(folder, 'bin/npm'));
    const env = { PATH: join(folder, 'bin') };
    const { stderr, exitCode } = await execa(process.execPath, ['scripts/run.cjs', 'say.js'], {
      cwd: folder,
      env,
      reject: false,
    });

    expect(stderr).toContain('npm does not start');
    expect(exitCode).toBe(1);
  });

  test('does not go on for ever where npm does not install what it should', async () => {
    npmDoes('exit 0');

    expect(await run('say.js')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('npm ci came to its end, but node_modules is missing.'),
    });
    expect(npmCalls()).toHaveLength(1);
  });

  test('says in one sentence that Node is too old', async () => {
    write('package.json', JSON.stringify({ engines: { node: '>=99' } }));

    expect(await run('say.js')).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: `This project needs Node 99 or later, and this is Node ${process.versions.node}: see https://nodejs.org.`,
    });
    expect(npmCalls()).toEqual([]);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('hands on %s, and waits for the end', async (signal) => {
    write(
      'wait.js',
      `const waiting = setInterval(() => {}, 1000);
       process.on('${signal}', () => { clearInterval(waiting); console.log('ended well'); process.exitCode = 3; });
       console.log('ready');`,
    );
    await run();
    const running = run('wait.js');
    running.stdout.once('data', () => running.kill(signal));

    expect(await running).toMatchObject({ stdout: 'ready\nended well', exitCode: 3 });
  });

  test('exits as a shell does where a signal ends the command', async () => {
    write('die.js', `process.kill(process.pid, 'SIGKILL');`);

    expect(await run('die.js')).toMatchObject({ exitCode: 137 });
  });
});
