// Scenarios and manifests that somebody broke: each is refused as bad input with its line, or it runs; nothing else happens.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { inRepo } from '../../src/tools/repo.ts';
import { cli } from './run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'fourworlds-broken-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'broken.yaml');
writeFileSync(join(folder, 'greeting.txt'), 'Hello.');

const JUNK = [
  '0',
  '-1',
  '0xffffffffffffffff',
  '0x10000000000000000',
  '1.5',
  'null',
  '[]',
  '{}',
  'RAM',
  '~',
  '"x"',
  'true',
];
const MORE = [
  '0x8000000000',
  '0x7fffffffff000',
  'a',
  '*a',
  '&a b',
  '2 MiB',
  '0x1001',
  '[1, 2]',
  '{ page: p }',
  'hello',
];
const junk = [...JUNK, ...MORE];

function broken(text: string, prng: Prng): string {
  const lines = text.split('\n');
  for (let change = prng.below(3); change >= 0; change--) {
    const at = prng.below(lines.length);
    const line = lines[at] as string;
    const words = [...line.matchAll(/[\w.-]+/g)];
    switch (prng.below(4)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(at, 0, line);
        break;
      default: {
        const word = words[prng.below(Math.max(1, words.length))];
        if (word === undefined) break;
        const other = junk[prng.below(junk.length)] as string;
        lines[at] = line.slice(0, word.index) + other + line.slice(word.index + word[0].length);
      }
    }
  }
  return lines.join('\n');
}

test.each([
  ['run', 'fixtures/scenarios', 150],
  ['measure', 'fixtures/manifests', 300],
] as const)('realm %s', async (command, place, rounds) => {
  const prng = new Prng(7);
  const texts = readdirSync(inRepo(place))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => readFileSync(inRepo(`${place}/${name}`), 'utf8'));
  const codes = new Map<number, number>();
  const odd: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const text = broken(texts[prng.below(texts.length)] as string, prng);
    writeFileSync(file, text);
    const { code, out, err } = await cli(['realm', command, file]);
    codes.set(code, (codes.get(code) ?? 0) + 1);
    const isRefused = code === 3 && out === '' && /broken\.yaml:\d+.*\([A-Z_]+\)$/.test(err.split('\n')[0] ?? '');
    if (code !== 0 && code !== 1 && !isRefused) odd.push(`${code} ${err}${text}`);
  }
  expect(odd).toEqual([]);
  expect(codes.get(3)).toBeGreaterThan(rounds / 4);
  expect((codes.get(0) ?? 0) + (codes.get(1) ?? 0)).toBeGreaterThan(rounds / 20);
});
