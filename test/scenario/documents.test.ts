// Documents that name things of the repository name things that exist.
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inRepo, repoFiles } from '../../src/tools/repo.ts';

const files = repoFiles();
const read = (file: string): string => readFileSync(inRepo(file), 'utf8');
const documents = files.filter((file) => /^(README(\.\w+)?|docs\/.*)\.md$/.test(file));

const countOf = (names: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

test('every simplification in the sources has a row in the caveats, and every row a simplification', () => {
  const sources = files.filter((file) => /^src\/.*\.ts$/.test(file));
  const marked = sources.flatMap((file) => [...read(file).matchAll(/\bSimplified: /g)].map(() => file));
  const listed = [...read('docs/caveats.md').matchAll(/^\| `(src\/[^`]+)` \|/gm)].map(([, file = '']) => file);
  expect(countOf(listed)).toEqual(countOf(marked));
  expect(marked.length).toBeGreaterThan(5);
});

test('every folder of the sources has a row in the architecture', () => {
  const folders = new Set(files.flatMap((file) => /^(src\/[^/]+)\//.exec(file)?.[1] ?? []));
  const rows = [...read('docs/architecture.md').matchAll(/^\| (`src\/.*?) \|/gm)].map(([, cell = '']) => cell);
  const named = rows.flatMap((cell) => [...cell.matchAll(/`(src\/[a-z]+)`/g)].map(([, folder]) => folder));
  expect(named.sort()).toEqual([...folders].sort());
});

describe.each(documents)('%s', (document) => {
  test('links to files that exist', () => {
    const links = [...read(document).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
    const local = links.filter((target) => !/^[a-z]+:/.test(target));
    const broken = local.filter((target) => !existsSync(inRepo(posix.join(posix.dirname(document), target))));
    expect(broken).toEqual([]);
  });

  test('names sources and tests that exist', () => {
    const named = [...read(document).matchAll(/`((?:src|test|fixtures|specs)\/[\w./-]*)`/g)].map(
      ([, path = '']) => path,
    );
    expect(named.filter((path) => !existsSync(inRepo(path)))).toEqual([]);
  });
});

test('the glossary is in order', () => {
  const terms = [...read('docs/glossary.md').matchAll(/^\| ([^|]+?) \|/gm)].map(([, term = '']) => term).slice(2);
  expect(terms).toEqual([...terms].sort((a, b) => a.toLowerCase().localeCompare(b.toLowerCase(), 'en')));
});
