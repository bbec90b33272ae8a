// The command line itself: help, errors, exit codes, languages, colours. Commands are run in this process.
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { CliCommand } from '../../src/cli/command.ts';
import { makeOutput } from '../../src/cli/output.ts';
import { makeProgram, topics } from '../../src/cli/program.ts';
import { run } from '../../src/cli/run.ts';
import { languageOf } from '../../src/cli/settings.ts';
import { type Language, languages, say } from '../../src/words/words.ts';
import { isSource, texts } from '../tidy/sources.ts';
import { cli } from './run-cli.ts';

function tree(language: Language): readonly CliCommand[] {
  const out = makeOutput({
    write: () => {},
    writeError: () => {},
    width: 80,
    hasColour: false,
    isQuiet: false,
  });
  const context = {
    out,
    language,
    isVerbose: false,
    say: (word: Parameters<typeof say>[1], facts?: Parameters<typeof say>[2]) => say(language, word, facts),
    stdin: Readable.from([]),
    terminal: undefined,
  };
  return makeProgram(context, () => {}).tree;
}

const paths = tree('en').map(({ path }) => path);

describe('help', () => {
  test.each(paths)('`%s --help` shows two examples first, then options, then exit codes', async (path) => {
    const { code, out, err } = await cli(`${path} --help`);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out.match(/^ {2}(\S.*\| )?fourworlds .*$/gm) ?? []).toHaveLength(2);
    const places = ['Usage:', 'Examples:', 'Options:', 'Exit codes:'].map((title) => out.indexOf(title));
    expect(places.every((place) => place >= 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    for (const exit of [0, 1, 2, 3, 4, 70, 130]) expect(out).toMatch(new RegExp(`^  ${exit} +\\S`, 'm'));
  });

  test.each(paths)('`%s --help --lang es` is Spanish throughout and fits 80 columns', async (path) => {
    const english = await cli(`${path} --help`);
    const spanish = await cli(`${path} --help --lang es`);
    const words = (text: string): Set<string> =>
      new Set(text.split('\n').flatMap((line) => (/^ {2,}\S+ .*[a-z]{3} [a-z]/.test(line) ? [line.trim()] : [])));
    const both = [...words(english.out)].filter((line) => words(spanish.out).has(line) && !line.includes('fourworlds'));
    expect(both).toEqual([]);
    expect(spanish.out).not.toMatch(/Usage|Options|Examples|Arguments|Commands|default:/);
    const wide = `${english.out}\n${spanish.out}`.split('\n').filter((line) => line.length > 80);
    expect(wide.filter((line) => !line.includes('fourworlds '))).toEqual([]);
  });

  test('no command at all is wrong usage, and says how to go on', async () => {
    for (const line of ['', 'gpt']) {
      const { code, out, err } = await cli(line);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toContain('Usage: fourworlds');
    }
  });

  test.each(topics)('`help %s` explains the concept in 80 columns, in both languages', async (topic) => {
    const texts = await Promise.all(languages.map((language) => cli(`help ${topic} --lang ${language}`)));
    expect(texts.map(({ code }) => code)).toEqual([0, 0]);
    expect(texts[0]?.out).not.toBe(texts[1]?.out);
    const wide = texts.flatMap(({ out }) => out.split('\n').filter((line) => line.length > 80));
    expect(wide.filter((line) => !line.includes('printf'))).toEqual([]);
  });

  test('help takes the words of a command too, and suggests the nearest', async () => {
    expect((await cli('help gpt walk')).out).toBe((await cli('gpt walk --help')).out);
    const { code, err } = await cli('help wrlds');
    expect(code).toBe(2);
    expect(err).toContain('did you mean worlds?');
  });

  test('--version names the tool, Node and the specifications', async () => {
    const { code, out } = await cli('--version');
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(' ')[0])).toEqual([
      'fourworlds',
      'Node',
      'RMM',
      'RMM-EL3',
      'FF-A',
      'PSCI',
      'SMCCC',
      '',
    ]);
    expect(out).toContain('RMM 1.0-rel0 (DEN0137)');
  });
});

describe('wrong usage is exit code 2, one clear error on stderr, and nothing on stdout', () => {
  test.each([
    ['gtp', 'USAGE_UNKNOWN_COMMAND', 'did you mean gpt?'],
    ['gpt wlak', 'USAGE_UNKNOWN_COMMAND', 'did you mean walk?'],
    ['gpt show --jsn', 'USAGE_UNKNOWN_OPTION', 'did you mean --json?'],
    ['gpt show --zzzzzz', 'USAGE_UNKNOWN_OPTION', '--help'],
    ['gpt walk --pas NS', 'USAGE_MISSING_ARGUMENT', 'PA'],
    ['gpt walk 0x1000', 'USAGE_MISSING_OPTION', '--pas'],
    ['gpt walk 0x1000 --pas', 'USAGE_OPTION_NEEDS_VALUE', '--pas'],
    ['gpt walk 0x1000 --pas XX', 'USAGE_BAD_VALUE', 'S, NS, RT, RL'],
    ['gpt walk 0x1000 0x2000 --pas NS', 'USAGE_TOO_MANY_ARGUMENTS', 'found'],
    ['gpt check --json --jsonl x', 'USAGE_CONFLICT', '--jsonl'],
    ['gpt show --width 7', 'USAGE_BAD_NUMBER', '40 .. 400'],
    ['--lang fr demo', 'USAGE_BAD_VALUE', 'en, es'],
    ['completion tcsh', 'USAGE_BAD_VALUE', 'bash, zsh, fish'],
    ['shell --seed -1', 'USAGE_BAD_NUMBER', '0 .. 4294967295'],
  ])('`%s` is %s', async (line, code, part) => {
    const run = await cli(line);
    expect({ code: run.code, out: run.out }).toEqual({ code: 2, out: '' });
    expect(run.err.split('\n')[0]).toMatch(new RegExp(`^fourworlds.*\\(${code}\\)$`));
    expect(run.err).toContain(part);
    const spanish = await cli(line, { environment: { LANG: 'es_ES.UTF-8' } });
    expect(spanish.err).toMatch(/consejo/);
  });
});

describe('the language', () => {
  test('comes from --lang, else LC_ALL, LC_MESSAGES, LANG', async () => {
    expect(languageOf({ LANG: 'es_ES.UTF-8' })).toBe('es');
    expect(languageOf({ LC_ALL: 'en_GB', LANG: 'es_ES.UTF-8' })).toBe('en');
    expect(languageOf({ LC_ALL: '', LC_MESSAGES: 'es', LANG: 'en' })).toBe('es');
    expect(languageOf({ LANG: 'C' })).toBe('en');
    expect(languageOf({ LANG: 'est_EE' })).toBe('en');
    expect(languageOf({})).toBe('en');
    expect((await cli('gtp', { environment: { LANG: 'es_MX.UTF-8' } })).err).toContain('¿querías decir gpt?');
    expect((await cli('gtp --lang=en', { environment: { LANG: 'es_MX.UTF-8' } })).err).toContain('did you mean gpt?');
  });
});

describe('colours', () => {
  const hasColour = async (line: string, environment: Readonly<Record<string, string>>, isTerminal: boolean) =>
    (await cli(line, { environment, isTerminal })).out.includes('\x1b[');

  test.each([
    ['gpt show', {}, true, true],
    ['gpt show', {}, false, false],
    ['gpt show --no-color', {}, true, false],
    ['gpt show', { NO_COLOR: '1' }, true, false],
    ['gpt show', { NO_COLOR: '' }, true, true],
    ['gpt show', { TERM: 'dumb' }, true, false],
    ['gpt show', { FORCE_COLOR: '1' }, false, true],
    ['gpt show', { FORCE_COLOR: '0' }, true, false],
    ['gpt show --json', { FORCE_COLOR: '1' }, true, false],
    ['--help', { FORCE_COLOR: '1' }, true, true],
    ['--help', {}, false, false],
  ] as const)('`%s` with %o, a terminal %s: %s', async (line, environment, isTerminal, expected) => {
    expect(await hasColour(line, environment, isTerminal)).toBe(expected);
  });
});

test('a bug of ours is exit code 70, with what a report needs and no blame', async () => {
  let err = '';
  const surroundings = {
    environment: {},
    write: () => {
      throw new TypeError('planted');
    },
    writeError: (text: string) => {
      err += text;
    },
    stdin: Readable.from([]),
    isTerminal: false,
    width: 80,
  };
  expect(await run(['gpt', 'show'], surroundings)).toBe(70);
  expect(err).toContain('this is a bug in fourworlds, not in what you did');
  expect(err).toContain('fourworlds gpt show');
  expect(err).toMatch(/TypeError: planted\n +at /);
});

test('help loads neither the machine nor YAML: each command brings its own modules when it runs', () => {
  const sources = texts(isSource);
  const loaded = new Set<string>();
  const packages = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    const text = sources.get(file) ?? '';
    for (const [, target = ''] of text.matchAll(/^(?:(?:import|export) (?!type\b)[^;]*?from |import )'([^']+)';/gm)) {
      if (target.startsWith('.')) load(posix.join(posix.dirname(file), target));
      else packages.add(target);
    }
  };
  load('src/cli/main.ts');
  expect([...packages].sort()).toEqual(['commander', 'node:fs']);
  expect([...loaded].filter((file) => !/^src\/(cli\/[a-z-]+|words\/.*|base\/.*|arch\/world)\.ts$/.test(file))).toEqual(
    [],
  );
});
