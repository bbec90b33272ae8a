// The monitor's table library over bare memory: two PEs and an SMMU that hold GPT information, strict about stale entries.
// The tables are read back from memory with a decoder of the tests' own.

import type { Features } from '../../src/arch/features.ts';
import { baseFeatures } from '../../src/arch/features.ts';
import { toPa } from '../../src/arch/address.ts';
import type { TlbiPaOp, TlbiRange } from '../../src/arch/tlbi.ts';
import { Trace } from '../../src/arch/trace.ts';
import { Pas, type World } from '../../src/arch/world.ts';
import { Smmu } from '../../src/board/smmu.ts';
import { Pe } from '../../src/cpu/pe.ts';
import { Gpc } from '../../src/memory/gpc.ts';
import { PhysicalMemory } from '../../src/memory/physical-memory.ts';
import { GptLibrary, type GptLayout } from '../../src/monitor/gpt.ts';
import { Scr } from '../../src/arch/registers.ts';

export const MiB = 2 ** 20;
export const GiB = 2 ** 30;
/** Root memory for the tables, above all that is moved. */
const TABLES = 512 * GiB;

export type Region = { base: number; size: number; gpi: number; how?: 'block' | 'granule' };

export type GptBench = {
  readonly gpt: GptLibrary;
  readonly memory: PhysicalMemory;
  readonly pes: readonly [Pe, Pe];
  readonly smmu: Smmu;
  readonly trace: Trace;
  /** Uses of stale entries, by anyone. */
  readonly stale: string[];
  /** The words of the level 1 tables, in the order of the addresses that they map. */
  words(): BigUint64Array;
};

export const allFeatures: Features = {
  gpc2: true,
  gpc3: true,
  gdi: true,
  sel2: true,
  granule16k: true,
  granule64k: true,
};

export function layoutOf(regions: readonly Region[], changes: Partial<GptLayout> = {}): GptLayout {
  return {
    ppsBits: 40,
    l0Bits: 30,
    granuleBits: 12,
    l0Base: toPa(TABLES),
    l0Size: MiB,
    l1Base: toPa(TABLES + 64 * MiB),
    l1Size: 256 * MiB,
    contiguousBitsMax: 29,
    regions: regions.map(({ base, size, gpi, how = 'granule' }, i) => ({
      name: `region ${i}`,
      base: toPa(base),
      size,
      gpi: gpi as never,
      how,
    })),
    ...changes,
  };
}

export function gptBench(layout: GptLayout, features: Features = baseFeatures): GptBench {
  const paBits = 48;
  const ram = { kind: 'ram', fill: 0 } as const;
  const memory = new PhysicalMemory({
    paBits,
    regions: [{ name: 'all', firstFrame: 0, frameCount: 2 ** 28, ...ram }],
    framesMax: 200_000,
    content: 'plain',
    seed: 1,
  });
  const trace = new Trace();
  const stale: string[] = [];
  const system = {
    invalidate(op: TlbiPaOp, range: TlbiRange | undefined): void {
      for (const { gpc } of [...pes, smmu]) gpc.invalidate(op, range);
    },
  };
  const pe = (i: number): Pe => new Pe(i, memory, new Gpc(memory, features, paBits), trace, system);
  const pes = [pe(0), pe(1)] as const;
  const smmu = new Smmu(memory, features, trace);
  const gpt = new GptLibrary(layout, features, paBits);
  gpt.build(pes[0]);
  for (const one of pes) {
    gpt.enable(one);
    one.set('scr_el3', Scr.NS);
  }
  smmu.configure(BigInt(layout.l0Base / 4096), gpt.gpccr);
  for (const [name, gpc] of [
    ['PE 0', pes[0].gpc],
    ['PE 1', pes[1].gpc],
    ['SMMU', smmu.gpc],
  ] as const)
    gpc.watchStale(({ frame, held, now }) => stale.push(`${name} ${frame.toString(16)} ${held} ${now}`));
  return { gpt, memory, pes, smmu, trace, stale, words: () => wordsOf(memory, layout) };
}

/** Level 1 words of every level 0 entry that is a table, concatenated by address. */
function wordsOf(memory: PhysicalMemory, layout: GptLayout): BigUint64Array {
  const { l0Base, ppsBits: t, l0Bits: s, granuleBits: p } = layout;
  const read = (at: number): bigint => {
    memory.fetch64(Math.floor(at / 4096), at % 4096);
    return (BigInt(memory.hi >>> 0) << 32n) | BigInt(memory.lo >>> 0);
  };
  const tables: number[] = [];
  for (let index = 0; index < 2 ** Math.max(t - s, 0); index++) {
    const word = read(l0Base + 8 * index);
    if ((word & 0xfn) === 3n) tables.push(Number(word & ~0xfffn));
  }
  const each = 2 ** (s - p - 4);
  const words = new BigUint64Array(tables.length * each);
  const bytes = new Uint8Array(words.buffer);
  for (const [i, table] of tables.entries()) {
    const end = Math.max(each * 8, 4096);
    for (let at = 0; at < end; at += 4096) {
      const page = bytes.subarray(i * each * 8 + at, i * each * 8 + at + Math.min(4096, each * 8));
      memory.readBytes((table + at) / 4096, 0, page, Pas.Root);
    }
  }
  return words;
}

/** What a level 1 word says for granule `index` of its sixteen, or why the word is no entry. */
export function gpiOfWord(word: bigint, index: number, validGpis: ReadonlySet<number>): number | 'invalid' {
  if ((word & 0xfn) === 1n) {
    const gpi = Number((word >> 4n) & 0xfn);
    return word >> 10n === 0n && ((word >> 8n) & 3n) !== 0n && validGpis.has(gpi) ? gpi : 'invalid';
  }
  for (let i = 0n; i < 64n; i += 4n) if (!validGpis.has(Number((word >> i) & 0xfn))) return 'invalid';
  return Number((word >> BigInt(4 * index)) & 0xfn);
}

/**
 * The words of a table in which everything uniform is as large as it may be: what building and every transition have to leave.
 * `gpis` has one element a granule, from the first address of the table.
 */
export function fusedWords(gpis: Uint8Array, granuleBits: number, largest: number): BigUint64Array {
  const words = new BigUint64Array(gpis.length / 16);
  const halves = new Uint32Array(words.buffer);
  const uniform = new Int8Array(words.length);
  for (let n = 0; n < words.length; n++) {
    let same = gpis[16 * n] as number;
    for (let i = 0; i < 16; i++) {
      const gpi = gpis[16 * n + i] as number;
      halves[2 * n + (i >> 3)]! |= gpi << (4 * (i & 7));
      if (gpi !== same) same = -1;
    }
    uniform[n] = same;
  }
  for (const [code, bits] of [21, 25, 29].entries()) {
    if (bits > largest) break;
    const count = 2 ** (bits - granuleBits - 4);
    for (let first = 0; first < words.length; first += count) {
      const gpi = uniform[first] as number;
      // What no region covers stays All and is never joined.
      if (gpi < 0 || gpi === 0b1111 || !uniform.subarray(first, first + count).every((other) => other === gpi))
        continue;
      words.fill(BigInt(0b0001 | (gpi << 4) | ((code + 1) << 8)), first, first + count);
    }
  }
  return words;
}

/** Where two tables differ: `number: word, not word`, at most five lines. */
export function differences(found: BigUint64Array, expected: BigUint64Array): string[] {
  if (found.length !== expected.length) return [`${found.length} words, not ${expected.length}`];
  const lines: string[] = [];
  for (let i = 0; i < found.length && lines.length < 5; i++)
    if (found[i] !== expected[i])
      lines.push(`${i}: ${(found[i] as bigint).toString(16)}, not ${(expected[i] as bigint).toString(16)}`);
  return lines;
}

/** A load of one byte by a PE's Non-secure or Realm side, or a device. */
export const mayRead = (bench: GptBench, who: 0 | 1 | 'SMMU', at: number, pas: Pas): boolean =>
  who === 'SMMU'
    ? bench.smmu.read('device', pas, BigInt(at), 1).kind === 'done'
    : bench.pes[who].port(pas, pas as World).load(toPa(at), 1) === 0;
