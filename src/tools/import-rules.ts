// Who may import whom. The table is the architecture; the test in test/tidy/imports.test.ts keeps it true.
// Rows only name rows above them, so there are no cycles between folders. `base` is open to all.
import { posix } from 'node:path';

const SIMULATOR = [
  'spec',
  'arch',
  'crypto',
  'cose',
  'memory',
  'cpu',
  'board',
  'attest',
  'monitor',
  'rmm',
  'host',
  'guest',
  'asm',
] as const;
const LIBRARY = [
  ...SIMULATOR,
  'machine',
  'scenario',
  'endorse',
  'verifier',
  'fuzz/oracle',
  'fuzz',
  'fuzz/bugs',
  'course',
] as const;

/** Folder (or file) of src/ to what its files may import besides themselves and `base`. */
export const IMPORT_RULES: Readonly<Record<string, readonly string[]>> = {
  base: [],
  words: [],
  spec: [],
  arch: [],
  crypto: [],
  cose: ['crypto'],
  memory: ['arch'],
  cpu: ['memory', 'arch'],
  board: ['memory', 'arch'],
  attest: ['cose', 'crypto', 'spec', 'arch'],
  monitor: ['memory', 'attest', 'arch'],
  rmm: ['memory', 'attest', 'crypto', 'spec', 'arch'],
  host: ['spec', 'arch'],
  guest: ['spec', 'arch'],
  asm: ['arch'],
  machine: SIMULATOR,
  scenario: [...SIMULATOR, 'machine'],
  endorse: ['cose', 'crypto', 'spec'],
  verifier: ['endorse', 'cose', 'crypto', 'spec'],
  'fuzz/oracle': ['crypto', 'spec', 'arch', 'machine/view.ts'],
  fuzz: ['machine', 'host', 'guest', 'fuzz/oracle', 'attest', 'verifier', 'spec', 'arch'],
  'fuzz/bugs': [...SIMULATOR, 'machine', 'endorse', 'verifier', 'fuzz/oracle', 'fuzz'],
  course: ['machine', 'host', 'guest', 'asm', 'verifier', 'fuzz', 'words'],
  'index.ts': ['machine', 'arch', 'memory', 'host', 'guest', 'verifier'],
  node: LIBRARY,
  service: [...LIBRARY, 'words'],
  cli: [...LIBRARY, 'words', 'node', 'service'],
  web: [...LIBRARY, 'words'],
  tools: [...LIBRARY, 'words', 'index.ts', 'node', 'service', 'cli', 'web'],
};

/** Each package is wrapped in one place; what is not listed may not be imported at all. */
const PACKAGE_RULES: Readonly<Record<string, readonly string[]>> = {
  'node:': ['node', 'service', 'cli', 'tools'],
  '@noble/': ['crypto'],
  'cbor-x': ['cose'],
  commander: ['cli'],
  yaml: ['course', 'cli', 'tools'],
};

export interface ImportScan {
  /** One line for each forbidden import: where it stands and why it is forbidden. */
  readonly findings: readonly string[];
  readonly fileCount: number;
  readonly importCount: number;
}

/** Checks the text of source files by path, such as 'src/rmm/rtt.ts'. */
export function scanImports(sources: ReadonlyMap<string, string>): ImportScan {
  const findings: string[] = [];
  let importCount = 0;
  for (const [file, text] of sources) {
    const from = ruleOf(file);
    if (from === undefined) {
      findings.push(`${file}:1: its folder has no row in src/tools/import-rules.ts`);
      continue;
    }
    for (const { line, target } of importsOf(text)) {
      importCount += 1;
      const reason = forbidden(file, from, target);
      if (reason !== undefined) findings.push(`${file}:${line}: ${reason}`);
    }
  }
  return { findings, fileCount: sources.size, importCount };
}

/** The row that a file of src/ belongs to: fuzz/oracle before fuzz. */
function ruleOf(file: string): string | undefined {
  const path = file.slice('src/'.length);
  const [first = '', second = ''] = path.split('/');
  return [`${first}/${second}`, first].find((name) => Object.hasOwn(IMPORT_RULES, name));
}

function forbidden(file: string, from: string, target: string | undefined): string | undefined {
  if (target === undefined)
    return from === 'tools' ? undefined : 'an import whose target is computed cannot be checked';
  if (!target.startsWith('.')) return forbiddenPackage(from, target);

  const path = posix.join(posix.dirname(file), target);
  const to = path.startsWith('src/') ? ruleOf(path) : undefined;
  if (to === undefined) return `${target} leads to no folder that has a row in src/tools/import-rules.ts`;
  const allowed = [from, 'base', ...(IMPORT_RULES[from] ?? [])];
  if (allowed.includes(to) || allowed.includes(path.slice('src/'.length))) return undefined;
  return `${from} may not import ${to} (${target})`;
}

function forbiddenPackage(from: string, target: string): string | undefined {
  const key = Object.keys(PACKAGE_RULES).find((name) => target.startsWith(name));
  if (key === undefined) return `${target} is no package that sources may import`;
  const folders = PACKAGE_RULES[key] ?? [];
  return folders.includes(from) ? undefined : `${target} may be imported by ${folders.join(', ')} only`;
}

interface ImportLine {
  readonly line: number;
  /** Undefined when the target is computed. */
  readonly target: string | undefined;
}

/** All forms: import and export … from, bare import, import(), and types written as import('…').X. */
function importsOf(text: string): ImportLine[] {
  // A target holds no spaces; a string that does is text, perhaps a program.
  const code = withoutComments(text, (literal) => /\s/.test(literal));
  const forms = [
    /\b(?:import|export)\b[^;'"`]*?\bfrom\s*(['"])(?<target>.+?)\1/g,
    /\bimport\s*(['"])(?<target>.+?)\1/g,
    /\bimport\s*\(\s*(['"`])(?<target>[^'"`$]+)\1/g,
    /\bimport\s*\(\s*(?!['"]|`[^$`]*`)/g,
  ];
  return forms.flatMap((form) =>
    [...code.matchAll(form)].map(({ index, groups }) => ({
      line: code.slice(0, index).split('\n').length,
      target: groups?.['target'],
    })),
  );
}

/** Blanks comments, and strings too when asked, keeping the line breaks. Good enough without a parser. */
export function withoutComments(text: string, isBlankedString = (_: string): boolean => false): string {
  const token = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return text.replace(token, (match) =>
    /^\/[/*]/.test(match) || isBlankedString(match) ? match.replace(/[^\n]/g, ' ') : match,
  );
}
