// The two dictionaries of texts for people. Everything a person reads comes from here; identifiers, JSON keys, error codes and
// architecture terms are never translated. One file a subject, in each language.

import { cli as enCli } from './en/cli.ts';
import { demo as enDemo } from './en/demo.ts';
import { demoRealm as enDemoRealm } from './en/demo-realm.ts';
import { errors as enErrors } from './en/errors.ts';
import { explain as enExplain } from './en/explain.ts';
import { facts as enFacts } from './en/facts.ts';
import { gpt as enGpt } from './en/gpt.ts';
import { realm as enRealm } from './en/realm.ts';
import { shell as enShell } from './en/shell.ts';
import { topics as enTopics } from './en/topics.ts';
import { cli as esCli } from './es/cli.ts';
import { demo as esDemo } from './es/demo.ts';
import { demoRealm as esDemoRealm } from './es/demo-realm.ts';
import { errors as esErrors } from './es/errors.ts';
import { explain as esExplain } from './es/explain.ts';
import { facts as esFacts } from './es/facts.ts';
import { gpt as esGpt } from './es/gpt.ts';
import { realm as esRealm } from './es/realm.ts';
import { shell as esShell } from './es/shell.ts';
import { topics as esTopics } from './es/topics.ts';

export const languages = ['en', 'es'] as const;
export type Language = (typeof languages)[number];

const en = {
  ...enCli,
  ...enDemo,
  ...enDemoRealm,
  ...enErrors,
  ...enExplain,
  ...enFacts,
  ...enGpt,
  ...enRealm,
  ...enShell,
  ...enTopics,
} as const;
const es = {
  ...esCli,
  ...esDemo,
  ...esDemoRealm,
  ...esErrors,
  ...esExplain,
  ...esFacts,
  ...esGpt,
  ...esRealm,
  ...esShell,
  ...esTopics,
} as const satisfies Record<keyof typeof en, string>;

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

/** A phrase that an error carries, in a language: phrases of the library are known in English, all else is data. */
export function sayFact(language: Language, phrase: string): string {
  if (language === 'en') return phrase;
  for (const [key, template] of Object.entries(enFacts)) {
    const found = matchOf(template).exec(phrase);
    if (found !== null) return say(language, key as keyof typeof enFacts, found.groups ?? {});
  }
  return phrase;
}

const matchOf = (template: string): RegExp =>
  new RegExp(`^${template.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{(\w+)\}/g, '(?<$1>\\S.*?)')}$`);
