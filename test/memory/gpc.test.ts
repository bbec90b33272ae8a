// The granule protection check beside a second opinion that was written from the manual alone (gpt-reference.ts).
import { describe, expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { agree, seeds } from './builders.ts';
import { Bench, answerOf, explanationOf, wordsOf } from './gpt-bench.ts';
import { randomCase } from './gpt-cases.ts';
import { type Verdict, granuleProtectionCheck, spaces } from './gpt-reference.ts';

const bench = new Bench();
const text = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'bigint' ? `0x${item.toString(16)}` : item instanceof Map || item instanceof Set ? [...item] : item,
  );

/** Every way out of the procedure. */
const WAYS = [
  'none gpc-off',
  'none above-pps',
  'none window',
  'none 0',
  'none 1',
  'gpf 0 12 ',
  'gpf 0 12 0',
  'gpf 1 13 1',
  'walk 0 4 ',
  'walk 1 5 ',
  'size 0 0 ',
  'eabt 0 20 ',
  'eabt 1 21 ',
];
/** The rarest way takes some hundred worlds: after the first 1,200 a seed goes on until it has seen them all. */
const WORLDS = { least: 1200, most: 12_000 };

describe('random worlds', () => {
  test.each(seeds(3))(
    'every space and state gets the answer of the second opinion, walked and held: seed %i',
    (seed) => {
      const random = new Prng(seed);
      const reached = new Map<string, number>();
      for (let n = 0; n < WORLDS.least || (reached.size < WAYS.length && n < WORLDS.most); n++) {
        const { world, pa } = randomCase(random);
        const gpc = bench.gpcFor(world);
        for (const pas of spaces) {
          for (const state of spaces) {
            const wanted = granuleProtectionCheck(world, pa, pas, state);
            const where = (): string => text({ n, pas, state, pa, world });
            const got = answerOf(gpc, pa, pas, state);
            if (got !== wordsOf(wanted)) agree(where(), got, wordsOf(wanted));
            // Once more, from what is held now.
            const again = answerOf(gpc, pa, pas, state);
            if (again !== got) agree(where(), again, got);
            const explained = explanationOf(gpc, pa, pas, state);
            if (text(explained) !== text(sorted(wanted))) agree(where(), text(explained), text(sorted(wanted)));
            const kind = `${wordsOf(wanted)} ${wanted.why ?? wanted.gl ?? ''}`;
            reached.set(kind, (reached.get(kind) ?? 0) + 1);
          }
        }
      }
      expect([...reached.keys()].sort()).toEqual([...WAYS].sort());
    },
  );
});

/** The same members in the order in which the machine's explanation has them. */
function sorted({ f, l, gpi, gl, span, why, fetch }: Verdict): Verdict {
  return {
    f,
    ...(l === undefined ? {} : { l }),
    ...(gpi === undefined || gl === undefined || span === undefined ? {} : { gpi, gl, span }),
    ...(why === undefined ? {} : { why }),
    fetch,
  };
}
