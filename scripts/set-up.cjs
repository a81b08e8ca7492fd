'use strict';
const { existsSync, readFileSync, rmSync } = require('node:fs');
const { delimiter, join } = require('node:path');
const { alone } = require('./alone.cjs');
const { runChild } = require('./run-child.cjs');

/** Two installations at once would spoil each other. */
const LOCK = '.local/set-up.lock';

const SAY_EVERY_MS = 15_000;

/** What npm says of itself that it has installed; it is written at the end of an installation. */
const INSTALLED = 'node_modules/.package-lock.json';
const PROGRAMS = join('node_modules', '.bin');
const PINNED_NODE = join(PROGRAMS, 'node');

/**
 * Why the packages of a project have to be installed; undefined where all that its lock file names is there. Contents are
 * compared and not times: a checkout makes files new that say the same.
 */
function whySetUp(root) {
  if (!existsSync(join(root, 'node_modules'))) return 'node_modules is missing';
  const installed = readPackages(join(root, INSTALLED));
  if (installed === undefined) return 'an installation did not come to its end';
  const locked = readPackages(join(root, 'package-lock.json')) ?? {};
  const paths = Object.keys({ ...locked, ...installed }).filter((path) => path !== '');
  const other = paths.find((path) => !isAsLocked(locked[path], installed[path]));
  if (other !== undefined) return `${other} is not as package-lock.json has it`;
  const missing = Object.keys(installed).find((path) => !existsSync(join(root, path, 'package.json')));
  if (missing !== undefined) return `${missing} is missing`;
  return existsSync(join(root, PINNED_NODE)) ? undefined : `${PINNED_NODE} is missing`;
}

/** Packages by their path; undefined where there is no such file, or half of one. */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** An optional package may be for another system, and is not installed then. */
function isAsLocked(locked, installed) {
  if (locked === undefined) return false;
  if (installed === undefined) return locked.optional === true;
  return locked.version === installed.version && locked.integrity === installed.integrity;
}

/**
 * Installs with `npm ci` what is not there. npm's output goes to stderr: stdout is that of the command that needs it.
 *
 * @returns the exit code, 0 where all is there.
 */
async function setUp(root, say) {
  if (whySetUp(root) === undefined) return 0;
  const lock = join(root, LOCK);
  const onWait = () =>
    say(`Another command installs the packages of this project: waiting for it. (If none does, delete ${lock}.)`);
  return alone(lock, onWait, () => install(root, say));
}

async function install(root, say) {
  const why = whySetUp(root);
  if (why === undefined) return 0;
  say(`Installing the packages of this project (npm ci): ${why}. It takes a minute or two, once.`);
  // However npm is interrupted, the next command is to notice.
  rmSync(join(root, INSTALLED), { force: true });
  const { code, signal } = await npmCi(root, say);
  if (signal !== undefined) return code;
  const left = whySetUp(root);
  if (left === undefined) return 0;
  say(
    code === 0
      ? `npm ci came to its end, but ${left}. Does your npm leave out install scripts or optional packages (npm config get ignore-scripts, npm config get omit)?`
      : `npm ci failed, so ${left}. It needs the registry of npm: check the network and the proxy (npm config get registry, npm config get proxy), then run this command again.`,
  );
  return 1;
}

async function npmCi(root, say) {
  const began = Date.now();
  // On a terminal npm shows how far it is.
  const tick = () => process.stderr.isTTY || say(`npm ci: ${Math.round((Date.now() - began) / 1000)} s`);
  const ticking = setInterval(tick, SAY_EVERY_MS);
  try {
    const env = { ...process.env, PATH: withoutPrograms(process.env.PATH) };
    return await runChild('npm', ['ci', '--include=dev', '--include=optional'], {
      cwd: root,
      env,
      stdio: ['ignore', 2, 2],
    });
  } catch (error) {
    say(`npm does not start: ${error.message}`);
    return { code: 1 };
  } finally {
    clearInterval(ticking);
  }
}

/** The programs of packages are about to be replaced: npm is not to run on a Node among them. */
function withoutPrograms(path) {
  const folders = path.split(delimiter);
  return folders.filter((folder) => !folder.endsWith(PROGRAMS)).join(delimiter);
}

module.exports = { PINNED_NODE, setUp, whySetUp };
