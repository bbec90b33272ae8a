// How bad input looks to people: what failed, on which input, its code; expected and found; one thing to try.

import type { Fact, InputError } from '../base/input-error.ts';
import { type Word, dictionaries, sayFact } from '../words/words.ts';
import type { Context } from './context.ts';
import { UsageError } from './errors.ts';
import { printable, wrap } from './text.ts';
import { ownVersion } from './version.ts';

/** The lines of an error. */
export function errorLines(context: Pick<Context, 'say' | 'language'>, error: InputError): readonly string[] {
  const { say, language } = context;
  const labels = [say('error.expected'), say('error.found'), say('error.hint')];
  const labelWidth = Math.max(...labels.map((label) => label.length));
  const row = (label: string, text: string): readonly string[] =>
    wrap(text, Math.max(100 - labelWidth - 4, 30)).map(
      (line, i) => `  ${(i === 0 ? label : '').padEnd(labelWidth)}  ${line}`,
    );
  const fact = (value: Fact): string =>
    typeof value === 'string' ? printable(sayFact(language, value)) : String(value);
  const place = printable(error.where.trim());
  const where = place.startsWith('fourworlds') ? place : `fourworlds: ${place}`;
  const lines = [`${where}: ${say(sentenceOf(error.code))} (${error.code})`];
  if (error.expected !== undefined) lines.push(...row(labels[0] ?? '', fact(error.expected)));
  if (error.found !== undefined) lines.push(...row(labels[1] ?? '', fact(error.found)));
  const suggestion = error instanceof UsageError ? error.suggestion : undefined;
  lines.push(
    ...row(
      labels[2] ?? '',
      suggestion === undefined ? say(hintOf(error.code)) : say('error.didYouMean', { word: suggestion }),
    ),
  );
  return lines;
}

const isWord = (key: string): key is Word => Object.hasOwn(dictionaries.en, key);
const sentenceOf = (code: string): Word => {
  const key = `error.${code}`;
  return isWord(key) ? key : 'error.unlisted';
};
const hintOf = (code: string): Word => {
  const key = `hint.${code}`;
  return isWord(key) ? key : 'hint.unlisted';
};

/** The lines for a bug of ours: an apology, and what a report needs. */
export function bugLines({ say }: Pick<Context, 'say'>, error: unknown, argv: readonly string[]): readonly string[] {
  const stack = error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error);
  return [
    say('error.bug'),
    say('error.bugReport'),
    '',
    `  fourworlds ${ownVersion()}, Node ${process.versions.node}, ${process.platform} ${process.arch}`,
    `  fourworlds ${argv.join(' ')}`,
    ...stack.split('\n').map((line) => `  ${line}`),
  ];
}
