// The yardstick for what starts a process: an empty one. On a busy machine it takes longer, and so may what is compared with it.
import { spawnSync } from 'node:child_process';
import { type Figure, median } from '../measure.ts';

/** What an empty Node process takes on a quiet machine: limits in milliseconds are meant for that. */
const QUIET_MS = 50;

/** Milliseconds from the start of a Node process to its end, and what it printed. */
export function runNode(args: readonly string[]): { readonly milliseconds: number; readonly stdout: string } {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const milliseconds = performance.now() - started;
  if (status !== 0) throw new Error(`node ${args.join(' ')}: exit code ${status}\n${stderr}`);
  return { milliseconds, stdout };
}

export const emptyProcess = (): number => runNode(['-e', '']).milliseconds;

/** The yardstick's row, and by how much it was slower than on a quiet machine. */
export function yardstick(values: readonly number[]): { readonly figure: Figure; readonly slowness: number } {
  return {
    figure: { name: 'yardstick: an empty process', unit: 'ms', values },
    slowness: Math.max(1, median(values) / QUIET_MS),
  };
}
