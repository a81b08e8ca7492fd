'use strict';
const { spawn } = require('node:child_process');
const { constants } = require('node:os');

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a program to its end, and hands every signal on to it.
 *
 * @returns its exit code, as a shell has it, and the signal that ended it or was handed on, if any.
 */
function runChild(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, options);
    let signalled;
    const handOn = (signal) => {
      signalled = signal;
      child.kill(signal);
    };
    for (const signal of SIGNALS) process.on(signal, handOn);
    child.on('error', reject);
    child.on('close', (code, endedBy) => {
      for (const signal of SIGNALS) process.off(signal, handOn);
      resolve({ code: code ?? 128 + constants.signals[endedBy], signal: endedBy ?? signalled });
    });
  });
}

module.exports = { runChild };
