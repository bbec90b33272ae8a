// Examples in documents are promises: those marked `run` are run, and their printed output is compared.
import { afterAll, describe, expect, test } from 'vitest';
import { documentSnippets, outputMatches, SnippetFolder, snippetsOf } from '../../src/tools/snippets.ts';

for (const [file, snippets] of documentSnippets()) {
  describe(`examples in ${file}`, () => {
    const folder = new SnippetFolder();
    afterAll(() => folder.remove());
    test.each(snippets.map((snippet) => [snippet.line, snippet] as const))(
      'the snippet at line %i works',
      async (_, snippet) => expect(folder.run(snippet)).resolves.toBeUndefined(),
      60_000,
    );
  });
}

const fence = '```';
const document = (info: string, code: string, output?: string): string =>
  `Text.\n\n${fence}${info}\n${code}\n${fence}\n${output === undefined ? '' : `\n${fence}text\n${output}\n${fence}\n`}`;

describe('the runner itself', () => {
  const folder = new SnippetFolder();
  afterAll(() => folder.remove());
  const run = async (text: string): Promise<string> => {
    const [snippet] = snippetsOf('planted.md', text);
    if (snippet === undefined) throw new Error('no snippet found');
    await folder.run(snippet);
    return 'ran';
  };

  test('finds what is marked, its line and its output, and nothing else', () => {
    expect(snippetsOf('a.md', document('sh run', 'echo 1', '1'))).toEqual([
      { file: 'a.md', line: 4, language: 'sh', code: 'echo 1\n', expected: '1\n' },
    ]);
    expect(snippetsOf('a.md', document('sh', 'false') + document('text', 'x'))).toEqual([]);
    expect(
      snippetsOf('a.md', `${document('sh run', 'true')}\nMore.\n${document('text', 'x')}`)[0]?.expected,
    ).toBeUndefined();
  });

  test('accepts what works', async () => {
    await expect(run(document('sh run', '$ echo hello\n# A comment.\necho world', 'hello\nworld'))).resolves.toBe(
      'ran',
    );
    await expect(
      run(document('js run', "import * as us from 'fourworlds';\nconsole.log(typeof us);", 'object')),
    ).resolves.toBe('ran');
    const typed = "import * as us from 'fourworlds';\nconst kind: string = typeof us;\nconsole.log(kind);";
    await expect(run(document('ts run', typed, 'object'))).resolves.toBe('ran');
  });

  test('refuses a failing command, a failing program, a type error and another output', async () => {
    await expect(run(document('sh run', 'false\ntrue'))).rejects.toThrow('exit code 1');
    await expect(run(document('js run', 'process.exit(3);'))).rejects.toThrow('exit code 3');
    await expect(run(document('ts run', "const n: number = 'x';\nconsole.log(n);"))).rejects.toThrow('TS2322');
    await expect(run(document('sh run', 'echo 1', '2'))).rejects.toThrow('planted.md:4 prints');
  });

  test('an ellipsis on its own line stands for any lines', () => {
    expect(outputMatches('a\nb\nc\nd\n', 'a\n…\nd')).toBe(true);
    expect(outputMatches('a\nd\n', 'a\n…\nd')).toBe(true);
    expect(outputMatches('a\nb\nc\n', 'a\n…\nd')).toBe(false);
    expect(outputMatches('a (b) …\n', 'a (b) …')).toBe(true);
  });
});
