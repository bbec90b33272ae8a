// What holds for every command: language, colours, how much is said. Read before the command line is parsed, because
// help and errors of the parser need it already. Flags win over the environment.

import { type Language, languages } from '../words/words.ts';
import { UsageError } from './errors.ts';
import { suggest } from './suggest.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Settings = {
  readonly language: Language;
  readonly hasColour: boolean;
  readonly isQuiet: boolean;
  readonly isVerbose: boolean;
};

export function readSettings(argv: readonly string[], environment: Environment, isTerminal: boolean): Settings {
  const end = argv.indexOf('--');
  const flags = end < 0 ? argv : argv.slice(0, end);
  return {
    language: languageFlag(flags) ?? languageOf(environment),
    hasColour: wantsColour(flags, environment, isTerminal),
    isQuiet: flags.includes('--quiet') || flags.includes('-q'),
    isVerbose: flags.includes('--verbose') || flags.includes('-v'),
  };
}

/** The language of a locale such as `es_ES.UTF-8`; English for all that we do not speak. */
export function languageOf({ LC_ALL, LC_MESSAGES, LANG }: Environment): Language {
  const locale = [LC_ALL, LC_MESSAGES, LANG].find((value) => value !== undefined && value !== '') ?? '';
  const wanted = (locale.split(/[_.@-]/)[0] ?? '').toLowerCase();
  return languages.find((language) => language === wanted) ?? 'en';
}

/** The value of `--lang` as a language. */
export function parseLanguage(value: string): Language {
  const language = languages.find((known) => known === value);
  if (language !== undefined) return language;
  throw new UsageError({
    code: 'USAGE_BAD_VALUE',
    where: '--lang',
    expected: languages.join(', '),
    found: value,
    suggestion: suggest(value, languages),
  });
}

/** A wrong value is left for the parser to complain of. */
function languageFlag(flags: readonly string[]): Language | undefined {
  let value: string | undefined;
  for (const [i, flag] of flags.entries()) {
    if (flag === '--lang') value = flags[i + 1];
    else if (flag.startsWith('--lang=')) value = flag.slice('--lang='.length);
  }
  return languages.find((known) => known === value);
}

function wantsColour(flags: readonly string[], environment: Environment, isTerminal: boolean): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = environment;
  if (flags.includes('--no-color') || (NO_COLOR !== undefined && NO_COLOR !== '')) return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return isTerminal && TERM !== 'dumb';
}
