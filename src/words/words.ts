// The two dictionaries of texts for people. Everything a person reads comes from here; identifiers, JSON keys, error codes and
// architecture terms are never translated. One file a subject, in each language.

import { cli as enCli } from './en/cli.ts';
import { demo as enDemo } from './en/demo.ts';
import { errors as enErrors } from './en/errors.ts';
import { cli as esCli } from './es/cli.ts';
import { demo as esDemo } from './es/demo.ts';
import { errors as esErrors } from './es/errors.ts';

export const languages = ['en', 'es'] as const;
export type Language = (typeof languages)[number];

const en = { ...enCli, ...enDemo, ...enErrors } as const;
const es = { ...esCli, ...esDemo, ...esErrors } as const satisfies Record<keyof typeof en, string>;

/** Key of a text. */
export type Word = keyof typeof en;

export const dictionaries: Readonly<Record<Language, Readonly<Record<Word, string>>>> = { en, es };

/** A text with its `{name}` places filled in. */
export function say(
  language: Language,
  word: Word,
  facts: Readonly<Record<string, string | number | bigint>> = {},
): string {
  return dictionaries[language][word].replace(/\{(\w+)\}/g, (place, name: string) =>
    Object.hasOwn(facts, name) ? String(facts[name]) : place,
  );
}
