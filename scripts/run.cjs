'use strict';
// Every Node can read this file: one that is too old for the project says so.
const { readFileSync } = require('fs');
const { delimiter, dirname, join } = require('path');

const ROOT = dirname(__dirname);

/** Sets the project up, then runs the pinned Node with the arguments of this script; without any, that is all. */
function main() {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const oldest = /\d+/.exec(engines.node)[0];
  if (Number.parseInt(process.versions.node, 10) < Number(oldest)) {
    say(
      `This project needs Node ${oldest} or later, and this is Node ${process.versions.node}: see https://nodejs.org.`,
    );
    process.exit(2);
  }
  run(process.argv.slice(2)).then(process.exit, (error) => {
    say(String(error));
    process.exit(1);
  });
}

async function run(args) {
  const { PINNED_NODE, setUp } = require('./set-up.cjs');
  const { runChild } = require('./run-child.cjs');
  const code = await setUp(ROOT, say);
  if (code !== 0 || args.length === 0) return code;
  const PATH = join(ROOT, 'node_modules', '.bin') + delimiter + process.env.PATH;
  const ended = await runChild(join(ROOT, PINNED_NODE), args, {
    stdio: 'inherit',
    env: Object.assign({}, process.env, { PATH }),
  });
  return ended.code;
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

main();
