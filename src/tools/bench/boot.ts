// The first boot in a process, when nothing has been compiled yet: that is what a person waits for.
import { fileURLToPath } from 'node:url';
import type { Figures } from './measure.ts';
import { emptyProcess, runNode, yardstick } from './support/empty-process.ts';

export const measures = 'boot of the 64 GiB machine in a fresh process: time and resident memory';

const CHILD = fileURLToPath(new URL('./support/boot-once.js', import.meta.url));
const MiB = 2 ** 20;

type Boot = { readonly milliseconds: number; readonly grown: number; readonly kept: number };

export function run({ rounds }: { readonly rounds: number }): Promise<Figures> {
  const empty: number[] = [];
  const boots: Boot[] = [];
  for (let i = 0; i < rounds * 2 + 1; i++) {
    empty.push(emptyProcess());
    boots.push(JSON.parse(runNode(['--expose-gc', CHILD]).stdout) as Boot);
  }
  const { figure, slowness } = yardstick(empty);
  return Promise.resolve({
    title: `first boot of 64 GiB, each in a process of its own; limits in ms times ${slowness.toFixed(2)}, as the yardstick was`,
    figures: [
      figure,
      { name: 'boot', unit: 'ms', values: boots.map(({ milliseconds }) => milliseconds), atMost: 50 * slowness },
      { name: 'memory, as it is', unit: 'MiB', values: boots.map(({ grown }) => grown / MiB), atMost: 32 },
      { name: 'memory, after a collection', unit: 'MiB', values: boots.map(({ kept }) => kept / MiB), atMost: 32 },
    ],
  });
}
