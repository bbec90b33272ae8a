// What a person waits for before the command does anything: a process, the modules, the text.
import { existsSync } from 'node:fs';
import { inRepo } from '../repo.ts';
import type { Figures } from './measure.ts';
import { emptyProcess, runNode, yardstick } from './support/empty-process.ts';

export const measures = 'time from the start of `fourworlds --help` to its end, beside an empty Node process';

export function run({ rounds }: { readonly rounds: number }): Promise<Figures> {
  const command = inRepo('dist/cli/main.js');
  if (!existsSync(command)) throw new Error('there is no command yet');
  const empty: number[] = [];
  const help: number[] = [];
  for (let i = 0; i < rounds * 4 + 1; i++) {
    empty.push(emptyProcess());
    const { milliseconds, stdout } = runNode([command, '--help']);
    if (!stdout.includes('fourworlds')) throw new Error('help names the command');
    help.push(milliseconds);
  }
  const { figure, slowness } = yardstick(empty);
  return Promise.resolve({
    title: `start of the command; limits in ms times ${slowness.toFixed(2)}, as the yardstick was`,
    figures: [figure, { name: 'fourworlds --help', unit: 'ms', values: help, atMost: 200 * slowness }],
  });
}
