// The first boot in a process, when nothing has been compiled yet: that is what a person waits for.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Figures } from './measure.ts';

export const measures = 'boot of the 64 GiB machine in a fresh process: time and resident memory';

const CHILD = fileURLToPath(new URL('./support/boot-once.js', import.meta.url));
const MiB = 2 ** 20;

type Boot = { readonly milliseconds: number; readonly grown: number; readonly kept: number };

export function run({ rounds }: { readonly rounds: number }): Promise<Figures> {
  const boots = Array.from({ length: rounds * 2 + 1 }, () => {
    return JSON.parse(execFileSync(process.execPath, ['--expose-gc', CHILD], { encoding: 'utf8' })) as Boot;
  });
  return Promise.resolve({
    title: 'first boot of 64 GiB, each in a process of its own',
    figures: [
      { name: 'time', unit: 'ms', values: boots.map(({ milliseconds }) => milliseconds), atMost: 50 },
      { name: 'memory, as it is', unit: 'MiB', values: boots.map(({ grown }) => grown / MiB), atMost: 32 },
      { name: 'memory, after a collection', unit: 'MiB', values: boots.map(({ kept }) => kept / MiB), atMost: 32 },
    ],
  });
}
