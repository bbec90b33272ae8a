// What a person waits for before the command does anything: a process, the modules, the text.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { inRepo } from '../repo.ts';
import type { Figures } from './measure.ts';

export const measures = 'time from `fourworlds --help` to its end, beside an empty Node process';

export function run({ rounds }: { readonly rounds: number }): Promise<Figures> {
  const command = inRepo('dist/cli/main.js');
  if (!existsSync(command)) throw new Error('there is no command yet');
  const empty: number[] = [];
  const help: number[] = [];
  for (let i = 0; i < rounds * 4 + 1; i++) {
    empty.push(milliseconds(['-e', '']));
    help.push(milliseconds([command, '--help']));
  }
  return Promise.resolve({
    title: 'start of the command',
    figures: [
      { name: 'node, empty', unit: 'ms', values: empty },
      { name: 'fourworlds --help', unit: 'ms', values: help, atMost: 200 },
    ],
  });
}

function milliseconds(args: readonly string[]): number {
  const started = performance.now();
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const elapsed = performance.now() - started;
  if (status !== 0 || (args.includes('--help') && !stdout.includes('fourworlds')))
    throw new Error('the command answers');
  return elapsed;
}
