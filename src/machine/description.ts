// A machine as plain data, and the check that turns it into parts. Everything wrong with it is refused here, with the reason.

import { GRANULE_SIZE, PA_BITS_MAX, PA_NUMBER_BITS, toPa } from '../arch/address.ts';
import type { Features } from '../arch/features.ts';
import { parseGpi } from '../arch/gpi.ts';
import { hex } from '../base/hex.ts';
import { InputError } from '../base/input-error.ts';
import { POOL_FRAMES_MAX } from '../memory/frame-pool.ts';
import type { GptLayout } from '../monitor/gpt.ts';
import type { ContentModel } from '../memory/physical-memory.ts';
import type { Region } from '../memory/regions.ts';
import type { FeatureChoice } from '../rmm/features.ts';
import { type Shape, shapes } from './shape.ts';

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
  /** `features`: what the RMM offers Realms otherwise than by default. */
  readonly rmm: { readonly base: number; readonly sharedBuffer: number; readonly features?: FeatureChoice | undefined };
  readonly banks: readonly BankDescription[];
  readonly normal: { readonly entry: number };
  readonly secure: { readonly entry: number } | undefined;
};

/** Sizes that ID_AA64MMFR0_EL1.PARange can announce. */
const paRanges: readonly number[] = [32, 36, 40, 42, 44, 48, 52, PA_BITS_MAX];
const PES_MAX = 16;
/** What the boot manifest has room for. */
const BANKS_MAX = 252;

const refuse = (code: string, where: string, expected: string, found: number | string): InputError =>
  new InputError({ code, where, expected, found: typeof found === 'number' ? hex(found) : found });

const { integer, oneOf, flag, text, is, optional, list, object } = shapes('MACHINE_DATA');
const count = integer<number>(0, Number.MAX_SAFE_INTEGER);
const name = is<string>((value) => typeof value === 'string' && value !== '', 'a name');

/** Widths of the fields of RmiFeatureRegister0. */
const rmmFeatures = object<FeatureChoice>({
  s2sz: optional(integer(32, 52)),
  lpa2: optional(flag),
  sveVl: optional(integer(0, 15)),
  numBps: optional(integer(1, 63)),
  numWps: optional(integer(1, 63)),
  pmuNumCtrs: optional(integer(1, 31)),
});

const description = object<MachineDescription>({
  name,
  paBits: count,
  pes: count,
  features: object<Features>({ gpc2: flag, gpc3: flag, gdi: flag, sel2: flag, granule16k: flag, granule64k: flag }),
  content: oneOf<ContentModel>('plain', 'encrypted'),
  framesMax: count,
  seed: integer(0, 2 ** 32 - 1),
  isStrict: flag,
  isGpfToEl3: flag,
  ram: list(
    object<RamDescription>({
      name,
      base: count,
      size: count,
      fill: count,
      keptByReset: optional(flag) as Shape<boolean>,
    }),
  ),
  devices: list(object<DeviceDescription>({ name, base: count, size: count })),
  gpt: object<MachineDescription['gpt']>({
    ppsBits: count,
    l0Bits: oneOf<30 | 34 | 36 | 39>(30, 34, 36, 39),
    granuleBits: oneOf<12 | 14 | 16>(12, 14, 16),
    l0Base: count,
    l0Size: count,
    l1Base: count,
    l1Size: count,
    contiguousBitsMax: oneOf<0 | 21 | 25 | 29>(0, 21, 25, 29),
    regions: list(
      object<GptRegionDescription>({
        name,
        base: count,
        size: count,
        gpi: text,
        how: oneOf<'block' | 'granule'>('block', 'granule'),
      }),
    ),
  }),
  rmm: object<MachineDescription['rmm']>({ base: count, sharedBuffer: count, features: optional(rmmFeatures) }),
  banks: list(object<BankDescription>({ base: count, size: count })),
  normal: object<MachineDescription['normal']>({ entry: count }),
  secure: optional(object<{ readonly entry: number }>({ entry: count })),
});

/** A copy of a description that has everything a machine needs, in ranges that mean something; or a refusal. */
export function checkDescription(value: unknown): MachineDescription {
  const checked = description(value, '');
  const { paBits, pes, framesMax, features } = checked;
  if (!paRanges.includes(paBits)) throw refuse('MACHINE_PA_BITS', 'paBits', paRanges.join(', '), String(paBits));
  if (paBits > PA_NUMBER_BITS && !features.gpc3)
    throw refuse('MACHINE_PA_BITS', 'paBits', `at most ${PA_NUMBER_BITS} without gpc3`, String(paBits));
  if (pes < 1 || pes > PES_MAX) throw refuse('MACHINE_PES', 'pes', `1 to ${PES_MAX}`, String(pes));
  if (framesMax < 64 || framesMax > POOL_FRAMES_MAX)
    throw refuse('MACHINE_FRAMES_MAX', 'framesMax', `64 to ${POOL_FRAMES_MAX}`, String(framesMax));
  if ((features.gpc3 || features.gdi) && !features.gpc2)
    throw refuse('MACHINE_FEATURES', 'features', 'gpc2 with gpc3 and gdi', 'gpc2 absent');
  if (checked.secure !== undefined && !features.sel2)
    throw refuse('MACHINE_FEATURES', 'features', 'sel2 with a Secure world', 'sel2 absent');
  return structuredClone(checked);
}

/** Regions of physical memory. Overlap and addresses beyond the PA range are refused where the map is made. */
export function regionsOf({ ram, devices }: MachineDescription): readonly Region[] {
  return [
    ...ram.map(({ name, base, size, fill }, i) => region('ram', name, base, size, fill, `ram[${i}] ${name}`)),
    ...devices.map(({ name, base, size }, i) => region('device', name, base, size, 0, `devices[${i}] ${name}`)),
  ];
}

function region(kind: 'ram' | 'device', name: string, base: number, size: number, fill: number, where: string): Region {
  for (const [key, value] of Object.entries({ base, size })) {
    if (value % GRANULE_SIZE !== 0) throw refuse('REGION_ALIGN', `${where} ${key}`, 'a multiple of 0x1000', value);
  }
  if (fill > 0xff) throw refuse('REGION_FILL', where, '0 to 0xff', fill);
  return { name, kind, firstFrame: base / GRANULE_SIZE, frameCount: size / GRANULE_SIZE, fill };
}

/** The GPT layout with its names turned into codes. Tables have to lie in RAM that a Root region covers. */
export function gptLayoutOf({ gpt, ram }: MachineDescription): GptLayout {
  const names = new Set<string>();
  const regions = gpt.regions.map(({ name, base, size, gpi, how }) => {
    const code = parseGpi(gpi);
    const where = `gpt.regions ${name}`;
    if (code === undefined)
      throw refuse('GPT_REGION_GPI', where, 'NON_SECURE, SECURE, REALM, ROOT, ALL, NO_ACCESS', gpi);
    if (names.has(name)) throw refuse('GPT_REGION_NAME_TWICE', where, 'a name of its own', name);
    names.add(name);
    return { name, base: toPa(base), size, gpi: code, how };
  });
  for (const [where, base, size] of [
    ['gpt.l0Base', gpt.l0Base, gpt.l0Size],
    ['gpt.l1Base', gpt.l1Base, gpt.l1Size],
  ] as const) {
    const isRoot = gpt.regions.some((r) => r.gpi === 'ROOT' && isInside(r, base, size));
    if (!isRoot || !isCovered(ram, base, size))
      throw refuse('GPT_TABLE_NOT_ROOT', where, 'RAM inside one ROOT region', `${hex(base)} + ${hex(size)}`);
  }
  return { ...gpt, l0Base: toPa(gpt.l0Base), l1Base: toPa(gpt.l1Base), regions };
}

/** Whether RAM, banks and entry points lie where the worlds that use them can reach them. */
export function checkPlaces({ ram, gpt, rmm, banks, normal, secure }: MachineDescription): void {
  for (const [i, { name, base, size }] of ram.entries()) {
    if (base + size > 2 ** gpt.ppsBits)
      throw refuse('RAM_ABOVE_PPS', `ram[${i}] ${name}`, `an end of at most 2^${gpt.ppsBits}`, base + size);
  }
  if (banks.length < 1 || banks.length > BANKS_MAX)
    throw refuse('BANK_COUNT', 'banks', `1 to ${BANKS_MAX}`, String(banks.length));
  let end = 1;
  for (const [i, { base, size }] of banks.entries()) {
    const where = `banks[${i}]`;
    if (base % GRANULE_SIZE !== 0 || size % GRANULE_SIZE !== 0)
      throw refuse('BANK_ALIGN', where, 'multiples of 0x1000', `${hex(base)} + ${hex(size)}`);
    if (size === 0) throw refuse('BANK_EMPTY', where, 'a size above zero', size);
    if (base < end) throw refuse('BANK_ORDER', where, 'ascending, apart, above zero', base);
    const open = gpt.regions.filter(({ gpi }) => gpi === 'NON_SECURE');
    if (!isCovered(ram, base, size) || !isCovered(open, base, size))
      throw refuse('BANK_PLACE', where, 'NON_SECURE RAM', `${hex(base)} + ${hex(size)}`);
    end = base + size;
  }
  const place = (where: string, at: number, align: number, size: number, gpis: readonly string[]): void => {
    const gpi = gpt.regions.find((r) => isInside(r, at, size))?.gpi ?? 'ALL';
    if (at === 0 || at % align !== 0 || !isCovered(ram, at, size) || !gpis.includes(gpi))
      throw refuse('PLACE', where, `${gpis.join(' or ')} RAM at a multiple of ${hex(align)}`, `${hex(at)}, ${gpi}`);
  };
  place('rmm.base', rmm.base, GRANULE_SIZE, GRANULE_SIZE, ['REALM']);
  place('rmm.sharedBuffer', rmm.sharedBuffer, GRANULE_SIZE, GRANULE_SIZE, ['REALM']);
  if (rmm.base === rmm.sharedBuffer) throw refuse('PLACE', 'rmm.sharedBuffer', 'apart from rmm.base', rmm.base);
  place('normal.entry', normal.entry, 4, 4, ['NON_SECURE', 'NSO', 'ALL']);
  if (secure !== undefined) place('secure.entry', secure.entry, 4, 4, ['SECURE', 'ALL']);
}

type Span = { readonly base: number; readonly size: number };

const isInside = (span: Span, base: number, size: number): boolean =>
  base >= span.base && base + size <= span.base + span.size;

/** Whether spans that do not overlap cover a range together. */
function isCovered(spans: readonly Span[], base: number, size: number): boolean {
  let at = base;
  for (const span of [...spans].sort((a, b) => a.base - b.base))
    if (span.base <= at && at < span.base + span.size) at = span.base + span.size;
  return at >= base + size;
}
