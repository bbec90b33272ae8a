// Snapshot and restore: how often a machine can be put back after its software has touched a few pages.
import { Machine } from '../../machine/machine.ts';
import { baseMachine } from '../../machine/machines/base.ts';
import type { Figures } from './measure.ts';

export const measures = 'restores of a booted machine after touching 10 pages';

const PAGES = 10;
const RESTORES = 5000;
const BASE = 0x9000_0000;

export function run({ rounds }: { readonly rounds: number }): Promise<Figures> {
  const machine = Machine.boot(baseMachine);
  const host = machine.host();
  // Half of the pages exist before the snapshot and half come into being after it.
  for (let page = 0; page < PAGES; page += 2) host.write(BASE + page * 4096, 1);
  const snapshot = machine.snapshot();

  const touch = (round: number): void => {
    for (let page = 0; page < PAGES; page++) host.write(BASE + page * 4096 + (round % 512) * 8, round);
  };
  const loop = (): { whole: number; restoring: number } => {
    let restoring = 0;
    const started = performance.now();
    for (let i = 0; i < RESTORES; i++) {
      touch(i);
      const touched = performance.now();
      machine.restore(snapshot);
      restoring += performance.now() - touched;
    }
    const whole = performance.now() - started;
    if (host.read(BASE).value !== 1n || machine.memory.isTouched((BASE + 4096) / 4096))
      throw new Error('memory is as it was');
    return { whole: (RESTORES * 1000) / whole, restoring: (RESTORES * 1000) / restoring };
  };
  loop();
  const measured = Array.from({ length: rounds }, loop);
  return Promise.resolve({
    title: `touch ${PAGES} pages by stores of the host, then restore`,
    figures: [
      { name: 'touch and restore', unit: '/s', values: measured.map(({ whole }) => whole) },
      { name: 'restore alone', unit: '/s', values: measured.map(({ restoring }) => restoring), atLeast: 20_000 },
    ],
  });
}
