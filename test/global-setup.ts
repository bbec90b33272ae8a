// Tests start workers and child processes from dist/, so it has to be as new as the sources.
import { execFileSync } from 'node:child_process';

export default function setup(): void {
  execFileSync(process.execPath, ['src/tools/bootstrap.mjs', 'ready'], { stdio: 'inherit' });
}
