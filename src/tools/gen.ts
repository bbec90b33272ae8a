// `npm run gen`: writes the files that are generated from others. Each file of src/tools/gen/ is one generator.
import { mkdirSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { filesBelow, inRepo } from './repo.ts';
import { registryEntry, registryNames, runTool } from './tool.ts';

const USAGE = `
usage: npm run gen [-- --check] [NAME...]

Writes the generated files of all generators, or of those that are named.
  --check   write nothing; exit 1 when a file differs from what would be written
  --list    print the generators
`;

/** What a module in src/tools/gen/ exports. */
export interface Generator {
  /** Text by path relative to the repository. */
  files(): ReadonlyMap<string, string> | Promise<ReadonlyMap<string, string>>;
  /** Folders that hold nothing but this generator's files, so that a file it no longer writes is noticed. */
  readonly owns?: readonly string[];
}

await runTool(USAGE, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { check: { type: 'boolean', default: false }, list: { type: 'boolean', default: false } },
  });
  const known = registryNames('gen');
  if (values.list) {
    for (const name of known) console.log(name);
    return 0;
  }

  const stale: string[] = [];
  for (const name of positionals.length === 0 ? known : positionals) {
    stale.push(...(await generate(await registryEntry<Generator>('gen', name, known), !values.check)));
  }
  for (const line of stale) console.log(line);
  if (!values.check || stale.length === 0) return 0;
  console.log("Run 'npm run gen' and commit what it writes.");
  return 1;
});

async function generate({ files, owns = [] }: Generator, isWriting: boolean): Promise<string[]> {
  const wanted = await files();
  const changes: string[] = [];
  for (const [path, text] of wanted) {
    if (existsSync(inRepo(path)) && readFileSync(inRepo(path), 'utf8') === text) continue;
    changes.push(isWriting ? `wrote ${path}` : `stale: ${path}`);
    if (!isWriting) continue;
    mkdirSync(dirname(inRepo(path)), { recursive: true });
    writeFileSync(inRepo(path), text);
  }
  for (const path of owns.filter((folder) => existsSync(inRepo(folder))).flatMap(filesBelow)) {
    if (wanted.has(path)) continue;
    changes.push(isWriting ? `removed ${path}` : `no longer generated: ${path}`);
    if (isWriting) rmSync(inRepo(path));
  }
  return changes;
}
