// The golden traces, and that a trace is a function of the seed. A changed file reads as a changed story; when the change is
// meant, `npm test -- test/scenario -u` writes the files anew.
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { inRepo } from '../../src/tools/repo.ts';
import { stories } from './stories.ts';

describe.each(Object.entries(stories))('the story %s', (name, story) => {
  test('is told as it always was', async () => {
    await expect(story(1)).toMatchFileSnapshot(inRepo(`fixtures/traces/${name}.txt`));
  });

  test('is the same whenever it is told', () => {
    for (const seed of [1, 2, 3]) expect(story(seed)).toBe(story(seed));
  });
});

const twoPes = stories['two-pes'] as (seed: number) => string;

test('seeds decide in which order PEs run', () => {
  const tellings = new Set(Array.from({ length: 10 }, (_, seed) => twoPes(seed)));
  expect(tellings.size).toBe(10);
});

test('a story is the same in another process', () => {
  const program = `
    import { Machine, baseMachine, traceLine } from ${JSON.stringify(`file://${inRepo('dist/index.js')}`)};
    const options = { trace: (event) => process.stdout.write(traceLine(event) + '\\n') };
    let skip = true;
    const trace = (event) => skip || options.trace(event);
    const machine = Machine.boot({ ...baseMachine, pes: 2, seed: 7 }, { trace });
    skip = false;
    const host = { world: 1, el: 2 };
    machine.install({ ...host, script: 'start-and-delegate', args: { pes: 2, count: 1 } });
    machine.install({ ...host, entry: 0x8900_0000n, script: 'delegate-loop', args: { count: 1 } });
    machine.run();`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program]);
  expect(output.toString()).toBe(twoPes(7));
});

test('a long run with many PEs is the same twice', () => {
  // Chance comes from the machine's seed alone; another generator in the same process changes nothing.
  const tell = (): string => twoPes(new Prng(99).u32());
  expect(tell()).toBe(tell());
});
