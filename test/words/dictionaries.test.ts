// The two dictionaries: the same keys, the same places in a text, and no text that was left in the other language.
import { describe, expect, test } from 'vitest';
import { dictionaries, say, sayFact, type Word } from '../../src/words/words.ts';
import { texts } from '../tidy/sources.ts';

const { en, es } = dictionaries;
const keys = Object.keys(en) as Word[];
const places = (text: string): readonly string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as string).sort();

/** Texts that are the same in both languages, with the reason. */
const SAME: Readonly<Record<string, string>> = {
  'gpt.gpi.SECURE': 'an architecture term',
  'gpt.gpi.NON_SECURE': 'an architecture term',
  'gpt.gpi.ROOT': 'an architecture term',
  'gpt.gpi.REALM': 'an architecture term',
  'gpt.world.RT': 'an architecture term',
  'shell.show.recs': 'an architecture term',
};

test('both have the same keys', () => {
  expect(Object.keys(es).sort()).toEqual(Object.keys(en).sort());
  expect(keys.length).toBeGreaterThan(200);
});

test('no key is in two files of a language', () => {
  for (const language of ['en', 'es']) {
    const files = texts((path) => path.startsWith(`src/words/${language}/`));
    const all = [...files.values()].flatMap((text) =>
      [...text.matchAll(/^ {2}'([\w.-]+)':/gm)].map(([, key]) => key as string),
    );
    expect(all.filter((key, i) => all.indexOf(key) !== i)).toEqual([]);
    expect(all).toHaveLength(keys.length);
  }
});

test('a text has the same places in both languages', () => {
  const odd = keys.filter((key) => places(en[key]).join() !== places(es[key]).join());
  expect(odd).toEqual([]);
});

test('no text is the same in both, but for listed terms', () => {
  const same = keys.filter((key) => en[key] === es[key] && /\p{L}{2,}/u.test(en[key].replace(/\{\w+\}/g, '')));
  expect(same.filter((key) => !Object.hasOwn(SAME, key))).toEqual([]);
  expect(
    Object.keys(SAME).filter((key) => !same.includes(key as Word)),
    'listed without need',
  ).toEqual([]);
});

test('no text is empty, or ends in a space', () => {
  expect(keys.filter((key) => [en[key], es[key]].some((text) => text.trim() === '' || / $/m.test(text)))).toEqual([]);
});

test('every key is used', () => {
  const code = [...texts((path) => /^src\/(cli|course|service|web)\/.*\.ts$/.test(path)).values()].join('\n');
  /** Keys that are put together: their beginning, and where. */
  const made = [
    'error.',
    'hint.',
    'fact.',
    'topic.',
    'shell.help.',
    'gpt.gpi.',
    'gpt.world.',
    'gpt.walk.fault.',
    'demo.',
  ];
  expect(keys.filter((key) => !code.includes(`'${key}'`) && !made.some((start) => key.startsWith(start)))).toEqual([]);
});

describe('Spanish', () => {
  test('is written with its own signs', () => {
    const english = /\b(the|and|with|which|this|that|does|cannot|value|world)\b/;
    const listed = /`|\bworld (ns|s|rl|rt)\b|usa world|nombre de world|elige world/;
    const odd = keys.filter(
      (key) => english.test(es[key].replace(/\{\w+\}/g, '')) && !listed.test(es[key]) && !key.startsWith('topic.'),
    );
    expect(odd.map((key) => `${key}: ${es[key]}`)).toEqual([]);
    const open = keys.filter((key) => /[^¿]*\?/.test(es[key]) && !es[key].includes('¿'));
    expect(open).toEqual([]);
  });
});

test('places are filled in, and what is not given stays visible', () => {
  expect(say('en', 'error.didYouMean', { word: 'gpt' })).toBe('did you mean gpt?');
  expect(say('es', 'error.didYouMean', { word: '{word}' })).toBe('¿querías decir {word}?');
  expect(say('en', 'error.didYouMean')).toBe('did you mean {word}?');
  expect(say('en', 'error.didYouMean', { word: '$& $1' })).toBe('did you mean $& $1?');
});

test('phrases of the library are said in the language, data stays as it is', () => {
  expect(sayFact('en', 'a multiple of 0x1000')).toBe('a multiple of 0x1000');
  expect(sayFact('es', 'a multiple of 0x1000')).toBe('un múltiplo de 0x1000');
  expect(sayFact('es', '1 to 16')).toBe('de 1 a 16');
  expect(sayFact('es', 'NON_SECURE, ROOT')).toBe('NON_SECURE, ROOT');
});
