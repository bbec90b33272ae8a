// The texts that the house rules look at, read once a test file.
import { readFileSync } from 'node:fs';
import { inRepo, repoFiles } from '../../src/tools/repo.ts';

/** Text of the repository's files by path; binary files are left out. */
export function texts(isWanted: (path: string) => boolean): ReadonlyMap<string, string> {
  const files = repoFiles()
    .filter(isWanted)
    .map((path) => [path, readFileSync(inRepo(path), 'utf8')] as const);
  return new Map(files.filter(([, text]) => !text.includes('\0')));
}

export const isSource = (path: string): boolean => path.startsWith('src/') && path.endsWith('.ts');

/** `path:line: the line` for every line that matches. */
export function linesThat(match: RegExp, files: ReadonlyMap<string, string>): string[] {
  return [...files].flatMap(([path, text]) =>
    text.split('\n').flatMap((line, i) => (match.test(line) ? [`${path}:${i + 1}: ${line.trim().slice(0, 100)}`] : [])),
  );
}
