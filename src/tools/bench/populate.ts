// A realm of the size that people run, page by page, as a Host does it: every call through the SMC path.
import { fileURLToPath } from 'node:url';
import type { Figures } from './measure.ts';
import { emptyProcess, runNode, yardstick } from './support/empty-process.ts';

export const measures = 'a 1 GiB realm filled with pages of unknown content: time and resident memory';

const CHILD = fileURLToPath(new URL('./support/populate-once.js', import.meta.url));
const MiB = 2 ** 20;

type Populated = {
  readonly milliseconds: number;
  readonly calls: number;
  readonly pages: number;
  readonly grown: number;
};

export function run({ rounds }: { readonly rounds: number }): Promise<Figures> {
  const empty: number[] = [];
  const all: Populated[] = [];
  for (let i = 0; i < Math.max(1, Math.ceil(rounds / 2)); i++) {
    empty.push(emptyProcess());
    all.push(JSON.parse(runNode(['--expose-gc', CHILD]).stdout) as Populated);
  }
  const { figure, slowness } = yardstick(empty);
  return Promise.resolve({
    title: `1 GiB in pages, each run in a process of its own; limit in seconds times ${slowness.toFixed(2)}, as the yardstick was`,
    figures: [
      figure,
      { name: 'pages', unit: '', values: all.map(({ pages }) => pages), atLeast: 262_144 },
      { name: 'calls', unit: '', values: all.map(({ calls }) => calls) },
      { name: 'time', unit: 's', values: all.map(({ milliseconds }) => milliseconds / 1000), atMost: 5 * slowness },
      { name: 'memory, machine included', unit: 'MiB', values: all.map(({ grown }) => grown / MiB), atMost: 300 },
    ],
  });
}
