// Every code that is thrown has a sentence and a hint in both languages, and every phrase that the library puts into an
// error is known.
import { describe, expect, test } from 'vitest';
import { withoutComments } from '../../src/tools/import-rules.ts';
import { dictionaries, sayFact } from '../../src/words/words.ts';
import { isSource, texts } from '../tidy/sources.ts';
import { literalsOf } from './literals.ts';

const sources = texts((path) => isSource(path) && !/^src\/(words|tools)\//.test(path));

/** Codes as the sources write them: `code: 'X'`, and the first argument of a function that makes an error. */
function codesOf(files: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const codes = new Map<string, string>();
  for (const [file, text] of files)
    for (const [, a, b] of withoutComments(text).matchAll(
      /\bcode:\s*'([A-Z][A-Z0-9_]+)'|\b(?:refuse|bad|InputError|UsageError|FileError|shapes)\(\s*'([A-Z][A-Z0-9_]+)'/g,
    ))
      codes.set((a ?? b) as string, file);
  return codes;
}

const codes = codesOf(sources);

describe.each(['en', 'es'] as const)('in %s', (language) => {
  const known = dictionaries[language] as Readonly<Record<string, string>>;

  test('every code has a sentence', () => {
    expect([...codes].filter(([code]) => !Object.hasOwn(known, `error.${code}`))).toEqual([]);
  });

  test('every code has a hint', () => {
    expect([...codes].filter(([code]) => !Object.hasOwn(known, `hint.${code}`))).toEqual([]);
  });
});

test('no code is in the dictionaries without being thrown', () => {
  const listed = Object.keys(dictionaries.en).flatMap(
    (key) => /^(?:error|hint)\.([A-Z][A-Z0-9_]+)$/.exec(key)?.[1] ?? [],
  );
  expect(listed.filter((code) => !codes.has(code))).toEqual([]);
});

test('codes are found where they are thrown', () => {
  expect(codes.size).toBeGreaterThan(60);
  expect(codes.get('GPT_L0_ALIGN')).toBe('src/monitor/gpt.ts');
  expect([...codesOf(new Map([['x.ts', "throw new InputError({ where, code: 'PLANTED' });"]])).keys()]).toEqual([
    'PLANTED',
  ]);
  expect([...codesOf(new Map([['x.ts', "throw refuse(\n  'PLANTED', 'a', 'b', 1);"]])).keys()]).toEqual(['PLANTED']);
});

/** Calls whose arguments are facts of an error; `bad` and `refuse` are the library's own makers of errors. */
function phrasesOf(text: string): readonly string[] {
  const code = withoutComments(text);
  const calls = [
    ...code.matchAll(/\b(?:bad|refuse)\(([^;]*?)\)(?:;|,?\n)|\b(?:expected|found):\s*([^;]*?)(?:,\n|\n|\}\))/g),
  ];
  return calls
    .flatMap(([, inCall, inField]) => literalsOf(inCall ?? inField ?? ''))
    .map(({ text: phrase }) => phrase.replaceAll('…', '7'))
    .filter((phrase) => /[a-z]{2,} [a-z0-9]+/i.test(phrase));
}

test('phrases in errors of the library have a translation', () => {
  const library = [...sources].filter(([file]) => /^src\/(memory|cpu|board|monitor|rmm|machine)\//.test(file));
  const phrases = library.flatMap(([file, text]) => phrasesOf(text).map((phrase) => ({ file, phrase })));
  expect(phrases.length).toBeGreaterThan(15);
  const isData = (phrase: string): boolean =>
    /^([A-Z0-9_, 7()]+|[\w.]+ 7)$/.test(phrase) || !/[a-z]{3,}/.test(phrase.replaceAll(/\bwith\b/g, ''));
  expect(phrases.filter(({ phrase }) => !isData(phrase) && sayFact('es', phrase) === phrase)).toEqual([]);
});
