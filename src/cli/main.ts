#!/usr/bin/env node
// The program `fourworlds`: the process around a run. A reader that goes away early is no error; an interrupt is exit
// code 130.

import { Exit } from './exit-code.ts';
import { run } from './run.ts';

const quiet = (error: NodeJS.ErrnoException): void => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? Exit.Yes);
  throw error;
};
process.stdout.on('error', quiet);
process.stderr.on('error', quiet);
process.on('SIGINT', () => process.exit(Exit.Interrupted));

process.exitCode = await run(process.argv.slice(2), {
  environment: process.env,
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
  stdin: process.stdin,
  isTerminal: process.stdout.isTTY === true,
  width: process.stdout.columns ?? 80,
  ...(process.stdout.isTTY === true ? { terminal: process.stdout } : {}),
});
