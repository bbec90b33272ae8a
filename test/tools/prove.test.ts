import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { alteredVectors } from '../../src/tools/prove/support/altered-vectors.ts';
import { inRepo } from '../../src/tools/repo.ts';

let lines: string[] = [];
beforeEach(() => {
  lines = [];
  vi.spyOn(console, 'log').mockImplementation((text: string) => void lines.push(text));
});
afterEach(() => vi.restoreAllMocks());

type Vector = { exp: Record<string, unknown> };

test.each([
  [{ id: 1, k: 'gpc', tag: 'a', exp: { f: 'none', gpi: 9, span: 30, fetch: ['0x0'] } }, ['f']],
  [{ id: 2, k: 'gpc', tag: 'a', exp: { f: 'gpf', l: 1, sc: 13, gpi: 9 } }, ['f', 'l', 'sc']],
  [
    { id: 3, k: 'report', tag: 'b', exp: { cls: 'GPC', far: true, iss: 7, mfar: '0x8000000000001000' } },
    ['cls', 'far', 'iss', 'mfar'],
  ],
  [{ id: 4, k: 'tlbi', tag: 'c', exp: { must: ['0x0', '0xfff'], levels: 'all' } }, ['must', 'levels']],
  [{ id: 5, k: 'tlbi', tag: 'c', exp: { must: null, why: 'pgs' } }, ['must', 'why']],
])('every comparable expectation of %j is altered once, alone', (vector, keys) => {
  const copies = alteredVectors(JSON.stringify(vector)).map((line) => JSON.parse(line) as Vector);
  const before = vector.exp as Record<string, unknown>;
  const changed = copies.map(({ exp }) =>
    Object.keys(before).filter((key) => JSON.stringify(exp[key]) !== JSON.stringify(before[key])),
  );
  expect(changed).toEqual(keys.map((key) => [key]));
  expect(copies.map((copy) => ({ ...copy, exp: before }))).toEqual(keys.map(() => vector));
});

test('a busy machine of four PEs has one trace a seed, in processes of their own', async () => {
  const { run } = (await import(inRepo('dist/tools/prove/determinism.js'))) as { run(args: string[]): boolean };
  expect(run(['2000'])).toBe(true);
  expect(lines.join('\n')).toMatch(/^ {2}first, seed 1: [\d,]{5,} events, \d+ bytes, 4 PEs on, steps$/m);
});
