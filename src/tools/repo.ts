// Where the repository is and which files belong to it. Works from src/tools and from dist/tools alike.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** An absolute path from one that is relative to the repository. */
export function inRepo(...parts: readonly string[]): string {
  return join(ROOT, ...parts);
}

/** Paths, relative and with slashes, of all files that are committed or could be. */
export function repoFiles(): string[] {
  const files = existsSync(inRepo('.git')) ? gitFiles() : filesBelow('').filter((file) => !isIgnored(file));
  return files.filter((file) => existsSync(inRepo(file))).sort();
}

/** All files below a folder of the repository, as paths relative to the repository. */
export function filesBelow(folder: string): string[] {
  return readdirSync(inRepo(folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (!entry.isDirectory()) return [path];
      return isIgnored(`${path}/`) ? [] : filesBelow(path);
    })
    .sort();
}

function gitFiles(): string[] {
  const args = ['-c', `safe.directory=${ROOT}`, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26 });
  return [...new Set(listed.split('\0').filter((file) => file !== ''))];
}

/** The same as .gitignore, for a copy without git. */
function isIgnored(path: string): boolean {
  return /(^|\/)node_modules\/|^dist(\.[^/]*)?\/|^coverage\/|^\.git\/|\.(tsbuildinfo|tgz)$/.test(path);
}
