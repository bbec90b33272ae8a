// A machine as plain data, and the check that turns it into parts. Everything wrong with it is refused here, with the reason.

import { GRANULE_SIZE, PA_BITS_MAX, PA_NUMBER_BITS, toPa } from '../arch/address.ts';
import type { Features } from '../arch/features.ts';
import { parseGpi } from '../arch/gpi.ts';
import { hex } from '../base/hex.ts';
import { InputError } from '../base/input-error.ts';
import type { GptLayout } from '../monitor/gpt.ts';
import type { ContentModel } from '../memory/physical-memory.ts';
import type { Region } from '../memory/regions.ts';

export type RamDescription = {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  readonly fill: number;
  readonly keptByReset?: boolean;
};
export type DeviceDescription = { readonly name: string; readonly base: number; readonly size: number };
export type GptRegionDescription = {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  readonly gpi: string;
  readonly how: 'block' | 'granule';
};
export type BankDescription = { readonly base: number; readonly size: number };

/** Everything there is to say about a machine. */
export type MachineDescription = {
  readonly name: string;
  readonly paBits: number;
  readonly pes: number;
  readonly features: Features;
  readonly content: ContentModel;
  /** How many page frames may be touched. */
  readonly framesMax: number;
  readonly seed: number;
  /** Report every use of stale GPT information as a finding. */
  readonly isStrict: boolean;
  /** SCR_EL3.GPF: protection faults of lower ELs go to EL3. */
  readonly isGpfToEl3: boolean;
  readonly ram: readonly RamDescription[];
  readonly devices: readonly DeviceDescription[];
  readonly gpt: Omit<GptLayout, 'l0Base' | 'l1Base' | 'regions'> & {
    readonly l0Base: number;
    readonly l1Base: number;
    readonly regions: readonly GptRegionDescription[];
  };
  readonly rmm: { readonly base: number; readonly sharedBuffer: number };
  readonly banks: readonly BankDescription[];
  readonly normal: { readonly entry: number };
  readonly secure: { readonly entry: number } | undefined;
};

const POOL_FRAMES_MAX = 1_048_575;
const PES_MAX = 16;

/** Regions of physical memory. Overlap and addresses beyond the PA range are refused where the map is made. */
export function regionsOf(description: MachineDescription): readonly Region[] {
  const { paBits, framesMax, pes } = description;
  if (!Number.isInteger(paBits) || paBits < 32 || paBits > PA_BITS_MAX)
    throw new InputError({ code: 'MACHINE_PA_BITS', where: 'paBits', expected: '32 to 56', found: paBits });
  if (paBits > PA_NUMBER_BITS && !description.features.gpc3)
    throw new InputError({
      code: 'MACHINE_PA_BITS',
      where: 'paBits',
      expected: 'at most 52 without gpc3',
      found: paBits,
    });
  if (!Number.isInteger(pes) || pes < 1 || pes > PES_MAX)
    throw new InputError({ code: 'MACHINE_PES', where: 'pes', expected: `1 to ${PES_MAX}`, found: pes });
  if (!Number.isInteger(framesMax) || framesMax < 64 || framesMax > POOL_FRAMES_MAX) {
    throw new InputError({
      code: 'MACHINE_FRAMES_MAX',
      where: 'framesMax',
      expected: `64 to ${POOL_FRAMES_MAX}`,
      found: framesMax,
    });
  }
  const { gpc2, gpc3, gdi } = description.features;
  if ((gpc3 || gdi) && !gpc2)
    throw new InputError({
      code: 'MACHINE_FEATURES',
      where: 'features',
      expected: 'gpc2 with gpc3 and gdi',
      found: 'gpc2 absent',
    });
  return [
    ...description.ram.map(({ name, base, size, fill }, i) =>
      region('ram', name, base, size, fill, `ram[${i}] ${name}`),
    ),
    ...description.devices.map(({ name, base, size }, i) =>
      region('device', name, base, size, 0, `devices[${i}] ${name}`),
    ),
  ];
}

function region(kind: 'ram' | 'device', name: string, base: number, size: number, fill: number, where: string): Region {
  for (const [key, value] of [
    ['base', base],
    ['size', size],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 0 || value % GRANULE_SIZE !== 0) {
      throw new InputError({
        code: 'REGION_ALIGN',
        where: `${where} ${key}`,
        expected: 'a multiple of 0x1000',
        found: Number.isSafeInteger(value) && value >= 0 ? hex(value) : String(value),
      });
    }
  }
  if (!Number.isInteger(fill) || fill < 0 || fill > 0xff)
    throw new InputError({ code: 'REGION_FILL', where, expected: '0 to 0xff', found: fill });
  return { name, kind, firstFrame: base / GRANULE_SIZE, frameCount: size / GRANULE_SIZE, fill };
}

/** The GPT layout with its names turned into codes. Tables have to lie in RAM that a Root region covers. */
export function gptLayoutOf(description: MachineDescription): GptLayout {
  const { gpt } = description;
  const regions = gpt.regions.map(({ name, base, size, gpi, how }) => {
    const code = parseGpi(gpi);
    if (code === undefined)
      throw new InputError({
        code: 'GPT_REGION_GPI',
        where: `gpt.regions ${name}`,
        expected: 'NON_SECURE, SECURE, REALM, ROOT, ALL, NO_ACCESS',
        found: gpi,
      });
    return { name, base: toPa(base), size, gpi: code, how };
  });
  for (const [where, base, size] of [
    ['gpt.l0Base', gpt.l0Base, gpt.l0Size],
    ['gpt.l1Base', gpt.l1Base, gpt.l1Size],
  ] as const) {
    const isRoot = gpt.regions.some((r) => r.gpi === 'ROOT' && base >= r.base && base + size <= r.base + r.size);
    const isRam = description.ram.some((r) => base >= r.base && base + size <= r.base + r.size);
    if (!isRoot || !isRam)
      throw new InputError({
        code: 'GPT_TABLE_NOT_ROOT',
        where,
        expected: 'RAM inside one ROOT region',
        found: `${hex(base)} + ${hex(size)}`,
      });
  }
  return { ...gpt, l0Base: toPa(gpt.l0Base), l1Base: toPa(gpt.l1Base), regions };
}
