// Compiles the C yardstick on the spot and runs it over the machine's own tables. Nothing of it stays behind.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toPa } from '../../../arch/address.ts';
import { decodeGptConfig } from '../../../arch/gpt.ts';
import { Pas, World } from '../../../arch/world.ts';
import type { Machine } from '../../../machine/machine.ts';

/** Beside this folder, in src/ and in dist/ alike. */
const SOURCE = fileURLToPath(new URL('../gpt-walk.c', import.meta.url));

export interface CRun {
  /** Accesses of one pass that the walk lets through. */
  readonly allowed: number;
  readonly ratePerSecond: number;
}

export interface CWalk {
  run(tables: string, list: string, pas: Pas, passes: number): CRun;
  /** Writes a byte copy of a machine's tables for the walk, and returns the file. */
  tables(name: string, machine: Machine): string;
  /** Writes a list of addresses, and returns the file. */
  list(name: string, addresses: Float64Array): string;
  remove(): void;
}

/** The compiled walk, or undefined when there is no C compiler. */
export function compileCWalk(): CWalk | undefined {
  const compiler = ['cc', 'gcc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0);
  if (compiler === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'fourworlds-bench-'));
  const program = join(folder, 'gpt-walk');
  execFileSync(compiler, ['-O2', '-o', program, SOURCE], { stdio: 'inherit' });
  return {
    run(tables, list, pas, passes) {
      const printed = execFileSync(program, [tables, list, String(pas), String(passes)], { encoding: 'utf8' });
      const [allowed = 0, count = 0, nanoseconds = 0] = printed.trim().split(' ').map(Number);
      return { allowed, ratePerSecond: (count * passes * 1e9) / nanoseconds };
    },
    tables(name, machine) {
      const file = join(folder, `${name}.tables`);
      writeFileSync(file, tablesOf(machine));
      return file;
    },
    list(name, addresses) {
      const file = join(folder, `${name}.list`);
      writeFileSync(file, BigUint64Array.from(addresses, BigInt));
      return file;
    },
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The header that gpt-walk.c describes, then levels 0 and 1 as they lie in Root memory. */
function tablesOf(machine: Machine): Uint8Array {
  const [pe] = machine.pes;
  if (pe === undefined) throw new Error('a machine has a PE');
  const { l0Base, l0Size, l1Base, l1Size } = machine.description.gpt;
  const { t, s, p, validGpis } = decodeGptConfig(pe.gpc.registers, machine.description.features, machine.memory.paBits);
  const root = pe.port(Pas.Root, World.Root);
  const parts = [
    new Uint8Array(BigUint64Array.from([t, s, p, validGpis, l0Base, l0Size, l1Base, l1Size], BigInt).buffer),
    root.readBytes(toPa(l0Base), l0Size),
    root.readBytes(toPa(l1Base), l1Size),
  ];
  return Buffer.concat(parts.map((part) => part ?? new Uint8Array()));
}
