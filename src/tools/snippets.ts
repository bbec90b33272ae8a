// Runs the examples of README.md and docs/: fenced blocks marked ```ts run, ```js run or ```sh run. A ```text block
// right behind one is its expected output, in which a line with only an ellipsis stands for any lines.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { exec, execNode, NO_COLOURS, StepFailure } from './steps.ts';
import { inRepo, repoFiles, ROOT } from './repo.ts';

export interface Snippet {
  readonly file: string;
  /** Of its first line of code. */
  readonly line: number;
  readonly language: 'ts' | 'js' | 'sh';
  readonly code: string;
  readonly expected: string | undefined;
}

/** Everything a document marks to be run. */
export function snippetsOf(file: string, text: string): Snippet[] {
  const fences = [...text.matchAll(/^```([^\n`]*)\n([\s\S]*?)^```[ \t]*$/gm)];
  return fences.flatMap((fence, i) => {
    const [all, info = '', code = ''] = fence;
    const language = /^(ts|js|sh) run$/.exec(info.trim())?.[1] as Snippet['language'] | undefined;
    if (language === undefined) return [];
    const next = fences[i + 1];
    const isOutput = next?.[1]?.trim() === 'text' && text.slice(fence.index + all.length, next.index).trim() === '';
    return [
      {
        file,
        line: text.slice(0, fence.index).split('\n').length + 1,
        language,
        code,
        expected: isOutput ? next[2] : undefined,
      },
    ];
  });
}

/** All snippets of the repository's documents, by document. */
export function documentSnippets(): ReadonlyMap<string, readonly Snippet[]> {
  const documents = repoFiles().filter((file) => file === 'README.md' || /^docs\/.*\.md$/.test(file));
  const entries = documents.map((file) => [file, snippetsOf(file, readFileSync(inRepo(file), 'utf8'))] as const);
  return new Map(entries.filter(([, snippets]) => snippets.length > 0));
}

/** A folder for the snippets of one document, in order: what one writes, the next one finds. */
export class SnippetFolder {
  // In the repository, so that the package finds itself by its name; ignored by git like every dist.*.
  readonly #code = mkdtempSync(inRepo('dist.snippets-'));
  readonly #cwd = join(this.#code, 'cwd');

  constructor() {
    mkdirSync(this.#cwd);
    for (const name of ['fixtures', 'specs', 'docs', 'README.md', 'package.json']) {
      if (existsSync(inRepo(name))) symlinkSync(inRepo(name), join(this.#cwd, name));
    }
  }

  /** Runs it and rejects with a `StepFailure` when it fails or prints something else. */
  async run(snippet: Snippet): Promise<void> {
    const output = snippet.language === 'sh' ? await this.#shell(snippet) : await this.#script(snippet);
    if (snippet.expected === undefined || outputMatches(output, snippet.expected)) return;
    throw new StepFailure(
      `${snippet.file}:${snippet.line} prints\n${output.trimEnd()}\ninstead of\n${snippet.expected.trimEnd()}`,
    );
  }

  remove(): void {
    rmSync(this.#code, { recursive: true, force: true });
  }

  async #script({ language, line, code }: Snippet): Promise<string> {
    const source = join(this.#code, `line-${line}.${language === 'ts' ? 'ts' : 'mjs'}`);
    writeFileSync(source, code);
    if (language === 'js') return execNode([source], { cwd: this.#cwd, env: PLAIN });
    const options = [
      '--ignoreConfig',
      '--strict',
      '--target',
      'es2023',
      '--module',
      'nodenext',
      '--types',
      'node',
      '--skipLibCheck',
      '--pretty',
      'false',
      '--rootDir',
      this.#code,
      '--outDir',
      join(this.#code, 'out'),
    ];
    await execNode([inRepo('node_modules/typescript/bin/tsc'), ...options, source]);
    return execNode([join(this.#code, 'out', `line-${line}.js`)], { cwd: this.#cwd, env: PLAIN });
  }

  #shell({ code }: Snippet): Promise<string> {
    const main = inRepo('dist/cli/main.js');
    const preamble = [
      'set -euo pipefail',
      `fourworlds() { '${process.execPath}' '${main}' "$@"; }`,
      'npx() { if [ "$1" = fourworlds ]; then shift; fourworlds "$@"; else command npx "$@"; fi; }',
      `npm() { command npm --silent --prefix '${ROOT}' "$@"; }`,
    ];
    const lines = code.split('\n').map((line) => line.replace(/^\$ /, ''));
    return exec('bash', ['-c', [...preamble, ...lines].join('\n')], { cwd: this.#cwd, env: PLAIN });
  }
}

/** Nothing of the person's own settings may show in the output. */
const PLAIN = { ...NO_COLOURS, LC_ALL: 'C.UTF-8', LANG: 'C.UTF-8', LANGUAGE: 'en' };

/** Equal line by line, apart from space at line ends; a line `…` in `expected` matches any lines. */
export function outputMatches(output: string, expected: string): boolean {
  const pattern = expected
    .trimEnd()
    .split('\n')
    .map((line) =>
      line.trim() === '…' ? '(?:.*\n)*' : `${line.trimEnd().replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}[ \t]*\n`,
    );
  return new RegExp(`^${pattern.join('')}$`).test(`${output.trimEnd()}\n`);
}
