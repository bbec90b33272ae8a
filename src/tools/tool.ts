// What all tools share: --help, a friendly word for wrong usage, and folders whose files are their registries.
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { filesBelow, inRepo } from './repo.ts';
import { StepFailure } from './steps.ts';

/** Prints `usage` for --help; else runs the tool and exits with its code (2 for what the user got wrong). */
export async function runTool(usage: string, run: (args: string[]) => Promise<number>): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    console.log(usage.trim());
    return;
  }
  try {
    process.exitCode = await run(args);
  } catch (error) {
    if (!(error instanceof StepFailure) && !isUsageError(error)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}

/** The names in a registry folder: each file of src/tools/FOLDER is one entry, except the `helpers`. */
export function registryNames(folder: string, helpers: readonly string[] = []): string[] {
  if (!existsSync(inRepo('dist/tools', folder))) return [];
  return filesBelow(`dist/tools/${folder}`)
    .filter((file) => file.endsWith('.js'))
    .map((file) => file.slice(`dist/tools/${folder}/`.length, -'.js'.length))
    .filter((name) => !name.includes('/') && !helpers.includes(name));
}

/** The module behind a name; the caller says what it exports. */
export async function registryEntry<Entry>(folder: string, name: string, known: readonly string[]): Promise<Entry> {
  if (!known.includes(name)) {
    throw new StepFailure(`no ${folder} '${name}'. There are: ${known.join(', ') || 'none yet'}`);
  }
  return (await import(pathToFileURL(inRepo(`dist/tools/${folder}/${name}.js`)).href)) as Entry;
}

function isUsageError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
}
