import { describe, expect, test } from 'vitest';
import { withoutComments } from '../../src/tools/import-rules.ts';
import { isSource, linesThat, texts } from './sources.ts';

const MAX_LINES = 600;
const MAX_COLUMNS = 140;
/** Longer files, each with the reason why it is better in one piece. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'src/memory/physical-memory.ts':
    'reads, writes, dirty lines and checkpoints work on the same slot arrays; a second object between them costs the inner loop',
};

const sources = texts(isSource);
const code = new Map([...sources].map(([path, text]) => [path, withoutComments(text)]));
const handWritten = new Map([...sources].filter(([, text]) => !/^\/\/ Generated\b/.test(text)));
const runsAnywhere = new Map([...code].filter(([path]) => !/^src\/(cli|web|node|service|tools)\//.test(path)));
const everything = texts(() => true);
const ours = new Map([...everything].filter(([path]) => /^(src|test|docs|\.ci)\/|^[^/]+\.(md|ts)$/.test(path)));

/** Each rule with a line that breaks it, to see that the rule can. */
const RULES: readonly { rule: string; files: ReadonlyMap<string, string>; match: RegExp; planted: string }[] = [
  {
    rule: 'sources hold no notes to self',
    files: sources,
    match: /\b(TODO|FIXME|XXX|HACK)\b/,
    planted: '// TODO: later',
  },
  {
    rule: 'sources hold no `any`',
    files: code,
    match: /(:|<|\bas|\||,)\s*any\b\s*([,;)>=|[\]{]|$)/,
    planted: 'function f(x: any) {}',
  },
  {
    rule: 'sources hold no commented-out code',
    files: sources,
    match: /^\s*\/\/\s*(const|let|import|export|return|if \(|for \(|await|throw)\b.*[;{]\s*$/,
    planted: '  // const x = 1;',
  },
  {
    rule: 'randomness, time and the environment stay in cli, web, node, service and tools',
    files: runsAnywhere,
    match: /\bMath\.random\b|\bDate\s*[.(]|\bprocess\s*\.|\bperformance\.now\b/,
    planted: 'const seed = Date.now();',
  },
  {
    rule: 'the machine is synchronous',
    files: new Map([...code].filter(([path]) => /^src\/(base|arch|memory|cpu|board|monitor|rmm|machine)\//.test(path))),
    match: /\basync\b|\bawait\b|\bPromise\b/,
    planted: 'export async function step() {',
  },
  {
    rule: 'no file names a machine path',
    files: everything,
    match: new RegExp(`(^|[^\\w.])/(${['work', 'root'].join('|')})/`),
    planted: `cd /${'work'}/main`,
  },
  {
    rule: 'no file names a package registry',
    files: everything,
    match: new RegExp(`\\b${'regis'}try\\.[a-z]|"resolved"\\s*:`),
    planted: `https://${'regis'}try.example.org/x`,
  },
  {
    rule: 'lines end without spaces and hold no tabs',
    files: ours,
    match: /[ \t]$|\t/,
    planted: 'const x = 1; ',
  },
  {
    rule: `lines stay below ${MAX_COLUMNS} columns`,
    // Code is formatted; what may be longer is a sentence of a dictionary and a row of a command's failure table.
    files: new Map([...handWritten].filter(([path]) => !/^src\/(words|rmm\/(rmi|rsi|psci))\//.test(path))),
    match: new RegExp(`^.{${MAX_COLUMNS + 1},}$`),
    planted: `// ${'x'.repeat(MAX_COLUMNS)}`,
  },
];

describe.each(RULES)('$rule', ({ files, match, planted }) => {
  test('holds', () => {
    expect(linesThat(match, files)).toEqual([]);
  });

  test('is noticed when broken', () => {
    expect(linesThat(match, new Map([['src/planted.ts', `${planted}\n`]]))).toHaveLength(1);
  });
});

test('the rules look at files', () => {
  expect(sources.size).toBeGreaterThan(5);
  expect(runsAnywhere.size).toBeGreaterThan(0);
  expect(everything.size).toBeGreaterThan(sources.size);
});

test('file names are kebab-case', () => {
  const odd = [...everything.keys()]
    .filter((path) => /^(src|test)\//.test(path))
    .filter((path) => !/^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+([-.][a-z0-9]+)*$/.test(path));
  expect(odd).toEqual([]);
});

test(`files of more than ${MAX_LINES} lines are split or have a reason`, () => {
  const long = [...handWritten].filter(([, text]) => text.split('\n').length > MAX_LINES).map(([path]) => path);
  expect(long.filter((path) => !Object.hasOwn(LONG_FILES, path))).toEqual([]);
  expect(
    Object.keys(LONG_FILES).filter((path) => !long.includes(path)),
    'reasons without a long file',
  ).toEqual([]);
});
