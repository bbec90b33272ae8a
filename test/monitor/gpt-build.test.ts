// Building the tables: what is refused, with its code, and what the words in memory are.

import { describe, expect, it } from 'vitest';
import { toPa } from '../../src/arch/address.ts';
import { baseFeatures } from '../../src/arch/features.ts';
import { Gpi, parseGpi } from '../../src/arch/gpi.ts';
import { level1Size } from '../../src/arch/gpt.ts';
import { Pas, World } from '../../src/arch/world.ts';
import { InputError } from '../../src/base/input-error.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { largeMachine } from '../../src/machine/machines/large.ts';
import { maxMachine } from '../../src/machine/machines/max.ts';
import type { GptLayout } from '../../src/monitor/gpt.ts';
import { GptLibrary } from '../../src/monitor/gpt.ts';
import type { MachineDescription } from '../../src/machine/description.ts';
import { GiB, MiB, type Region, allFeatures, differences, fusedWords, gptBench, layoutOf } from './gpt-bench.ts';

/** The code and place of a refusal. */
function refusal(layout: GptLayout, features = baseFeatures, paBits = 48): string {
  try {
    new GptLibrary(layout, features, paBits);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return `${error.code} at ${error.where}`;
  }
}

const ns = (base: number, size: number, how: Region['how'] = 'granule'): Region => ({
  base,
  size,
  gpi: Gpi.NonSecure,
  how,
});

describe('a layout', () => {
  it('is refused with a code and the place for each rule of the builder', () => {
    const good = [ns(0, GiB)];
    const cases: readonly (readonly [string, GptLayout])[] = [
      ['accepted', layoutOf(good)],
      ['GPT_PPS at gpt.ppsBits', layoutOf(good, { ppsBits: 41 })],
      ['GPT_REGISTERS at gpt', layoutOf(good, { ppsBits: 52 })],
      ['GPT_REGISTERS at gpt', layoutOf(good, { granuleBits: 14 })],
      ['GPT_REGISTERS at gpt', layoutOf(good, { granuleBits: 16 })],
      ['GPT_REGISTERS at gpt', layoutOf(good, { granuleBits: 13 as 12 })],
      ['GPT_REGISTERS at gpt', layoutOf(good, { l0Bits: 31 as 30 })],
      ['GPT_L0_ALIGN at gpt.l0Base', layoutOf(good, { l0Base: toPa(0) })],
      ['GPT_L0_ALIGN at gpt.l0Base', layoutOf(good, { l0Base: toPa(0x1000) })],
      ['GPT_L0_SIZE at gpt.l0Size', layoutOf(good, { l0Size: 8191 })],
      ['accepted', layoutOf(good, { l0Size: 8192 })],
      ['GPT_L1_ALIGN at gpt.l1Base', layoutOf(good, { l1Base: toPa(0x1000) })],
      ['GPT_L1_SIZE at gpt.l1Size', layoutOf(good, { l1Size: 128 * 1024 - 1 })],
      ['accepted', layoutOf(good, { l1Size: 128 * 1024 })],
      ['GPT_TABLES_OVERLAP at gpt.l1Base', layoutOf(good, { l1Base: toPa(512 * GiB) })],
      ['GPT_TABLES_OVERLAP at gpt.l1Base', layoutOf(good, { l0Base: toPa(512 * GiB + 64 * MiB + 8192) })],
      ['GPT_REGION_EMPTY at gpt.regions region 0', layoutOf([ns(0, 0)])],
      ['GPT_REGION_EMPTY at gpt.regions region 0', layoutOf([ns(0, -4096)])],
      ['GPT_REGION_ALIGN at gpt.regions region 0', layoutOf([ns(-4096, 8192)])],
      ['GPT_REGION_ALIGN at gpt.regions region 0', layoutOf([ns(0x800, 4096)])],
      ['GPT_REGION_ALIGN at gpt.regions region 0', layoutOf([ns(0, 4095)])],
      ['GPT_REGION_ALIGN at gpt.regions region 0', layoutOf([ns(Number.NaN, 4096)])],
      ['GPT_REGION_ALIGN at gpt.regions region 0', layoutOf([ns(0, Number.NaN)])],
      ['GPT_REGION_ALIGN at gpt.regions region 0', layoutOf([ns(GiB / 2, GiB, 'block')])],
      ['GPT_REGION_ALIGN at gpt.regions region 0', layoutOf([ns(0, GiB / 2, 'block')])],
      ['accepted', layoutOf([ns(0, GiB, 'block')])],
      ['GPT_REGION_ABOVE_PPS at gpt.regions region 0', layoutOf([ns(2 ** 40 - 4096, 8192)])],
      ['accepted', layoutOf([ns(2 ** 40 - 4096, 4096)])],
      ['GPT_REGION_ABOVE_PPS at gpt.regions region 0', layoutOf([ns(Number.MAX_SAFE_INTEGER, 4096)])],
      ['GPT_REGION_ABOVE_PPS at gpt.regions region 0', layoutOf([ns(0, Infinity)])],
      ['GPT_REGION_OVERLAP at gpt.regions region 1', layoutOf([ns(0, 8192), ns(4096, 8192)])],
      ['GPT_REGION_OVERLAP at gpt.regions region 0', layoutOf([ns(4096, 4096), ns(0, GiB)])],
      ['accepted', layoutOf([ns(4096, 4096), ns(0, 4096)])],
      ['GPT_REGION_OVERLAP at gpt.regions region 1', layoutOf([ns(0, GiB, 'block'), ns(GiB / 2, 4096)])],
      ['GPT_REGION_OVERLAP at gpt.regions region 0', layoutOf([ns(GiB / 2, 4096), ns(0, GiB, 'block')])],
      ['accepted', layoutOf([ns(0, GiB, 'block'), ns(GiB, 4096)])],
      ['GPT_REGION_GPI at gpt.regions region 0', layoutOf([{ base: 0, size: 4096, gpi: Gpi.NonSecureOnly }])],
      ['GPT_REGION_GPI at gpt.regions region 0', layoutOf([{ base: 0, size: 4096, gpi: Gpi.SystemAgent }])],
      ['GPT_REGION_GPI at gpt.regions region 0', layoutOf([{ base: 0, size: 4096, gpi: 0b0001 }])],
    ];
    expect(cases.map(([, layout]) => refusal(layout))).toEqual(cases.map(([code]) => code));
  });

  it('may name the GPIs of extensions where these are there', () => {
    for (const gpi of [Gpi.NonSecureOnly, Gpi.SystemAgent, Gpi.NonSecureProtected])
      expect(refusal(layoutOf([{ base: 0, size: 4096, gpi }]), allFeatures)).toBe('accepted');
    expect(refusal(layoutOf([{ base: 0, size: 4096, gpi: Gpi.Secure }]), { ...baseFeatures, sel2: false })).toBe(
      'GPT_REGION_GPI at gpt.regions region 0',
    );
  });

  it('may have any geometry that the registers have', () => {
    const found: string[] = [];
    for (const ppsBits of [32, 36, 40, 42, 44, 46, 47, 48])
      for (const l0Bits of [30, 34, 36, 39] as const)
        for (const granuleBits of [12, 14, 16] as const) {
          const size = level1Size(l0Bits, granuleBits);
          const layout = layoutOf([ns(0, 2 ** 31)], {
            ppsBits,
            l0Bits,
            granuleBits,
            l0Base: toPa(8 * MiB),
            l0Size: 2 * MiB,
            l1Base: toPa(512 * MiB),
            l1Size: 2 * size,
          });
          const why = refusal(layout, allFeatures);
          if (why !== 'accepted') found.push(`${ppsBits} ${l0Bits} ${granuleBits}: ${why}`);
        }
    expect(found).toEqual([]);
  });
});

/** One GPI a granule for the gigabytes that have a table, All where no region is. */
function gpisOf(regions: readonly Region[], s: number, p: number): Uint8Array {
  const indices = new Set<number>();
  for (const { base, size, how } of regions)
    if (how !== 'block')
      for (let i = Math.floor(base / 2 ** s); i < Math.ceil((base + size) / 2 ** s); i++) indices.add(i);
  const sorted = [...indices].sort((a, b) => a - b);
  const each = 2 ** (s - p);
  const gpis = new Uint8Array(sorted.length * each).fill(Gpi.All);
  for (const { base, size, gpi, how } of regions) {
    if (how === 'block') continue;
    for (let at = base; at < base + size; at += 2 ** p)
      gpis[sorted.indexOf(Math.floor(at / 2 ** s)) * each + Math.floor((at % 2 ** s) / 2 ** p)] = gpi;
  }
  return gpis;
}

describe('the tables', () => {
  const odd: readonly Region[] = [
    { base: 0x3000, size: 0x5000, gpi: Gpi.Realm },
    { base: 0x8000, size: 0x1_8000, gpi: Gpi.Secure },
    { base: 0x1f_0000, size: 2 * MiB + 0x1_0000, gpi: Gpi.Root },
    // Begins and ends off every size of Contiguous entry, and crosses a level 0 entry.
    { base: 30 * MiB, size: 2 * GiB + 18 * MiB, gpi: Gpi.NonSecure },
    { base: 3 * GiB, size: GiB, gpi: Gpi.Realm, how: 'block' },
    { base: 5 * GiB - 4096, size: 4096, gpi: Gpi.NoAccess },
  ];

  for (const largest of [0, 21, 25, 29] as const)
    it(`have the largest entries that fit, up to 2^${largest}`, () => {
      const { words } = gptBench(layoutOf(odd, { contiguousBitsMax: largest }));
      expect(differences(words(), fusedWords(gpisOf(odd, 30, 12), 12, largest))).toEqual([]);
    });

  for (const granuleBits of [14, 16] as const)
    it(`of granules of 2^${granuleBits} bytes are the same in larger units`, () => {
      const unit = 2 ** granuleBits;
      const regions: readonly Region[] = [
        { base: 3 * unit, size: 14 * unit, gpi: Gpi.Realm },
        { base: 30 * MiB, size: 2 * GiB + 18 * MiB, gpi: Gpi.NonSecure },
      ];
      const { words } = gptBench(layoutOf(regions, { granuleBits }), allFeatures);
      const expected = fusedWords(gpisOf(regions, 30, granuleBits), granuleBits, 29);
      expect(differences(words(), expected)).toEqual([]);
    });

  it('that the check walks say of every granule what the regions say, on every machine', () => {
    const machines: readonly MachineDescription[] = [baseMachine, largeMachine, maxMachine];
    for (const description of machines) {
      const machine = Machine.boot(description);
      const [pe] = machine.pes as readonly [(typeof machine.pes)[number]];
      const wrong: string[] = [];
      const { ppsBits, regions } = description.gpt;
      // Both ends of every region, and what lies just outside.
      const probes = regions.flatMap(({ base, size }) => [
        base,
        base + size / 2,
        base + size - 1,
        base - 1,
        base + size,
      ]);
      for (const at of probes.filter((a) => a >= 0 && a < 2 ** ppsBits)) {
        const region = regions.find(({ base, size }) => at >= base && at < base + size);
        const expected = region === undefined ? Gpi.All : parseGpi(region.gpi);
        const { gpi } = pe.gpc.explain(Math.floor(at / 4096), Pas.Root, World.Root);
        const fromLibrary = machine.monitor.gpt.gpi(pe, toPa(Math.floor(at / 4096) * 4096));
        if (gpi !== expected || fromLibrary !== expected) wrong.push(`${description.name} ${at.toString(16)}: ${gpi}`);
      }
      expect(wrong).toEqual([]);
    }
  });
});
