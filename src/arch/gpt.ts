// Granule protection tables: control registers, geometry and descriptor layouts. DDI 0487 D9 and D24 (GPCCR_EL3 and friends).
// Registers arrive as bigint and are decoded once; everything a walk needs is then plain numbers.

import { pow2 } from '../base/pow2.ts';
import type { Features } from './features.ts';
import { Gpi } from './gpi.ts';

/** GPCCR_EL3.PPS codes: bits of the protected physical address space. Codes from 0b0111 up exist with GPC3 only. */
const protectedBits: readonly (number | undefined)[] = [32, 36, 40, 42, 44, 48, 52, 56, 46, 47];
const basePpsCodes = 7;
/** GPCCR_EL3.PGS codes: log2 of the granule. 0b01 is 64 KiB and 0b10 is 16 KiB. */
const granuleBits: readonly (12 | 16 | 14 | undefined)[] = [12, 16, 14, undefined];
/** GPCCR_EL3.L0GPTSZ codes: log2 of what one level 0 entry covers. */
const level0Bits: Readonly<Record<number, 30 | 34 | 36 | 39>> = { 0b0000: 30, 0b0100: 34, 0b0110: 36, 0b1001: 39 };

/** Field positions of GPCCR_EL3: [lowest bit, width]. */
export const gpccrFields = {
  PPS: [0, 3],
  PPS3: [3, 1],
  RLPAD: [5, 1],
  NSPAD: [6, 1],
  SPAD: [7, 1],
  IRGN: [8, 2],
  ORGN: [10, 2],
  SH: [12, 2],
  PGS: [14, 2],
  GPC: [16, 1],
  GPCP: [17, 1],
  TBGPCD: [18, 1],
  NSO: [19, 1],
  L0GPTSZ: [20, 4],
  APPSAA: [24, 1],
  SA: [25, 1],
  NSP: [26, 1],
  NA6: [27, 1],
  NA7: [28, 1],
  GPCBW: [29, 1],
} as const satisfies Record<string, readonly [number, number]>;
export type GpccrField = keyof typeof gpccrFields;

/** One field of a GPCCR_EL3 value. */
export function gpccrField(gpccr: bigint, name: GpccrField): number {
  const [at, width] = gpccrFields[name];
  return Number((gpccr >> BigInt(at)) & ((1n << BigInt(width)) - 1n));
}

/** A GPCCR_EL3 value from its fields; fields left out are zero. */
export function gpccrValue(fields: Partial<Record<GpccrField, number>>): bigint {
  let value = 0n;
  for (const [name, field] of Object.entries(fields)) {
    const [at, width] = gpccrFields[name as GpccrField];
    value |= (BigInt(field) & ((1n << BigInt(width)) - 1n)) << BigInt(at);
  }
  return value;
}

/** PPS code (PPS3 included) that protects `bits` bits of address. */
export const ppsCode = (bits: number): number => protectedBits.indexOf(bits);
/** PGS code of a granule of 2^bits bytes. */
export const pgsCode = (bits: number): number => granuleBits.indexOf(bits as 12);
/** L0GPTSZ code for level 0 entries that cover 2^bits bytes. */
export const l0gptszCode = (bits: number): number => bits - 30;
/** log2 of the granule that a PGS code selects; undefined for the reserved code. */
export const pgsBits = (code: number): 12 | 14 | 16 | undefined => granuleBits[code];

/** Which rule makes GPCCR_EL3 (or an enabled GPCBW_EL3) invalid, if any. */
export type GpccrProblem =
  | 'pps-reserved'
  | 'pps-above-pa'
  | 'pgs-reserved'
  | 'pgs-unsupported'
  | 'sh-reserved'
  | 'sh-not-outer'
  | 'gpcbw'
  | 'l0gptsz';

/** A bypass window of FEAT_RME_GPC3. */
export type BypassWindow = {
  /** PA[55:30] of the base. */
  readonly base: number;
  /** Lowest and highest address bit that is compared with the base. */
  readonly lowBit: number;
  readonly highBit: number;
};

/** What GPCCR_EL3, GPTBR_EL3 and GPCBW_EL3 say, decoded. */
export type GptConfig = {
  readonly enabled: boolean;
  readonly problem: GpccrProblem | undefined;
  /** t: bits of the protected physical address space. */
  readonly t: number;
  /** s: log2 of what a level 0 entry covers. */
  readonly s: number;
  /** p: log2 of the granule. */
  readonly p: 12 | 14 | 16;
  /** Frame number of the level 0 table, alignment bits forced to zero. */
  readonly tableFrame: number;
  /** The base before alignment has a bit at or above t. */
  readonly tableAbovePps: boolean;
  /** One bit a valid GPI code. */
  readonly validGpis: number;
  /** One bit a PAS that SPAD, NSPAD or RLPAD closes. */
  readonly closedPases: number;
  /** APPSAA: nothing above PPS faults. */
  readonly openAbovePps: boolean;
  /** FEAT_RME_GDI: level 1 entries are validated in pairs. */
  readonly pairs: boolean;
  /** Table entries may hold address bits [55:52]. */
  readonly wideTables: boolean;
  readonly window: BypassWindow | undefined;
};

/** Decodes the control registers. Fields of absent extensions have no effect, whatever is written. */
export function decodeGptConfig(
  registers: { readonly gpccr: bigint; readonly gptbr: bigint; readonly gpcbw: bigint },
  features: Features,
  paBits: number,
): GptConfig {
  const { gpccr, gptbr, gpcbw } = registers;
  const field = (name: GpccrField): number => gpccrField(gpccr, name);
  const withGpc2 = (name: GpccrField): boolean => features.gpc2 && field(name) === 1;
  const withGdi = (name: GpccrField): boolean => features.gdi && field(name) === 1;

  const pps = field('PPS') + (features.gpc3 ? 8 * field('PPS3') : 0);
  const t = features.gpc3 || pps < basePpsCodes ? protectedBits[pps] : undefined;
  const s = level0Bits[field('L0GPTSZ')];
  const p = granuleBits[field('PGS')];
  const window = features.gpc3 && field('GPCBW') === 1 ? decodeWindow(gpcbw) : undefined;

  let problem: GpccrProblem | undefined;
  if (t === undefined) problem = 'pps-reserved';
  else if (t > paBits) problem = 'pps-above-pa';
  else if (p === undefined) problem = 'pgs-reserved';
  else if ((p === 14 && !features.granule16k) || (p === 16 && !features.granule64k)) problem = 'pgs-unsupported';
  else if (field('SH') === 0b01) problem = 'sh-reserved';
  else if (field('IRGN') === 0 && field('ORGN') === 0 && field('SH') !== 0b10) problem = 'sh-not-outer';
  else if (window === 'invalid') problem = 'gpcbw';
  else if (s === undefined) problem = 'l0gptsz';

  const tBits = t ?? 32;
  const sBits = s ?? 30;
  let validGpis = (1 << Gpi.NoAccess) | (1 << Gpi.NonSecure) | (1 << Gpi.Root) | (1 << Gpi.Realm) | (1 << Gpi.All);
  if (features.sel2) validGpis |= 1 << Gpi.Secure;
  if (withGpc2('NSO')) validGpis |= 1 << Gpi.NonSecureOnly;
  if (withGdi('SA')) validGpis |= 1 << Gpi.SystemAgent;
  if (withGdi('NSP')) validGpis |= 1 << Gpi.NonSecureProtected;
  if (withGdi('NA6')) validGpis |= 1 << Gpi.Na6;
  if (withGdi('NA7')) validGpis |= 1 << Gpi.Na7;

  return {
    enabled: field('GPC') === 1,
    problem,
    t: tBits,
    s: sBits,
    p: p ?? 12,
    ...decodeTableBase(gptbr, features, tBits, sBits),
    validGpis,
    closedPases: (withGpc2('SPAD') ? 0b0001 : 0) | (withGpc2('NSPAD') ? 0b0010 : 0) | (withGpc2('RLPAD') ? 0b1000 : 0),
    openAbovePps: withGpc2('APPSAA'),
    pairs: features.gdi,
    wideTables: features.gpc3 && tBits === 56,
    window: window === 'invalid' ? undefined : window,
  };
}

/** GPTBR_EL3 for a level 0 table of a geometry: BADDR [39:0], with GPC3 [43:0]. */
export function decodeTableBase(
  gptbr: bigint,
  features: Features,
  t: number,
  s: number,
): Pick<GptConfig, 'tableFrame' | 'tableAbovePps'> {
  const baseFrame = Number(BigInt.asUintN(features.gpc3 ? 44 : 40, gptbr));
  return {
    tableFrame: baseFrame - (baseFrame % (level0Align(t, s) / 4096)),
    tableAbovePps: baseFrame >= 2 ** (t - 12),
  };
}

const windowStrides = new Set([0, 2, 4, 6, 7, 8, 9, 10, 16]);
const windowSizes = new Set([0, 1, 2, 4, 6]);

/** GPCBW_EL3: BWADDR [25:0], BWSTRIDE [36:32], BWSIZE [39:37]. */
function decodeWindow(gpcbw: bigint): BypassWindow | 'invalid' {
  const base = Number(gpcbw & 0x3ff_ffffn);
  const stride = Number((gpcbw >> 32n) & 0x1fn);
  const size = Number((gpcbw >> 37n) & 0x7n);
  if (!windowStrides.has(stride) || !windowSizes.has(size)) return 'invalid';
  if (base % 2 ** size !== 0) return 'invalid';
  // The base is in units of 2^30, the stride is 2^(40+code); code 16 means no repetition.
  if (base >= 2 ** (10 + stride)) return 'invalid';
  return { base, lowBit: 30 + size, highBit: 39 + stride };
}

/** Whether a frame lies in a bypass window. */
export function isInWindow(window: BypassWindow, frame: number): boolean {
  const bits = (value: number): number =>
    Math.floor(value / 2 ** (window.lowBit - 30)) % 2 ** (window.highBit - window.lowBit + 1);
  return bits(Math.floor(frame / 2 ** 18)) === bits(window.base);
}

/** Bytes of the level 0 table. One entry when t <= s. */
export const level0Size = (t: number, s: number): number => 8 * 2 ** Math.max(t - s, 0);
/** Alignment of the level 0 table in bytes. */
export const level0Align = (t: number, s: number): number => 2 ** Math.max(t - s + 3, 12);
/** Bytes, and alignment, of a level 1 table. */
export const level1Size = (s: number, p: number): number => pow2(s - p - 1);

/** Index in the level 0 table of a frame below 2^t. */
export const level0Index = (frame: number, t: number, s: number): number =>
  t <= s ? 0 : Math.floor(frame / pow2(s - 12));
/** Index in a level 1 table. One entry speaks for sixteen granules. */
export const level1Index = (frame: number, s: number, p: number): number =>
  Math.floor((frame % pow2(s - 12)) / pow2(p + 4 - 12));
/** Which of the sixteen GPIs of a Granules entry. */
export const gpiIndex = (frame: number, p: number): number => Math.floor(frame / pow2(p - 12)) % 16;

/** Log2 of the sizes a Contiguous entry can announce, by its Contig field; 0b00 is reserved. */
export const contigBits: readonly (21 | 25 | 29 | undefined)[] = [undefined, 21, 25, 29];

/** A decoded entry. */
export type Level0Entry =
  | { readonly kind: 'block'; readonly gpi: number }
  | { readonly kind: 'table'; readonly tableFrame: number }
  | { readonly kind: 'invalid' };
export type Level1Entry =
  | { readonly kind: 'contiguous'; readonly gpi: number; readonly spanBits: number }
  | { readonly kind: 'granules' }
  | { readonly kind: 'invalid' };

const invalid = { kind: 'invalid' } as const;
const isValid = (config: GptConfig, gpi: number): boolean => ((config.validGpis >>> gpi) & 1) === 1;

/** Decodes a level 0 entry: 0b0001 Block, 0b0011 Table. A set RES0 bit or a reserved code makes it invalid. */
export function decodeLevel0(config: GptConfig, lo: number, hi: number): Level0Entry {
  switch (lo & 0xf) {
    case 0b0001: {
      const gpi = (lo >>> 4) & 0xf;
      return lo >>> 8 === 0 && hi === 0 && isValid(config, gpi) ? { kind: 'block', gpi } : invalid;
    }
    case 0b0011: {
      // [11:4] are RES0; [63:52] too (from 56 up where a table may lie above 52 bits), and the alignment bits of the table.
      const hiRes0 = config.wideTables ? 0xff00_0000 : 0xfff0_0000;
      if ((lo & 0xff0) !== 0 || (hi & hiRes0) !== 0) return invalid;
      const tableFrame = (hi >>> 0) * 2 ** 20 + (lo >>> 12);
      return tableFrame % (level1Size(config.s, config.p) / 4096) === 0 ? { kind: 'table', tableFrame } : invalid;
    }
    default:
      return invalid;
  }
}

/** Decodes a level 1 entry: 0b0001 Contiguous, or sixteen GPIs, all of which have to be valid. */
export function decodeLevel1(config: GptConfig, lo: number, hi: number): Level1Entry {
  if ((lo & 0xf) === 0b0001) {
    const gpi = (lo >>> 4) & 0xf;
    const spanBits = contigBits[(lo >>> 8) & 0b11];
    return lo >>> 10 === 0 && hi === 0 && spanBits !== undefined && isValid(config, gpi)
      ? { kind: 'contiguous', gpi, spanBits }
      : invalid;
  }
  for (let shift = 0; shift < 32; shift += 4) {
    if (!isValid(config, (lo >>> shift) & 0xf) || !isValid(config, (hi >>> shift) & 0xf)) return invalid;
  }
  return { kind: 'granules' };
}

/** GPI number `index` of a Granules entry. */
export const granuleGpi = (lo: number, hi: number, index: number): number =>
  (index < 8 ? lo >>> (4 * index) : hi >>> (4 * (index - 8))) & 0xf;

/** Descriptor words, low half; the high half of a Block and of a Contiguous entry is zero. */
export const blockWord = (gpi: number): number => 0b0001 | (gpi << 4);
export const contiguousWord = (gpi: number, spanBits: number): number =>
  0b0001 | (gpi << 4) | (contigBits.indexOf(spanBits as 21) << 8);
/** Half of a Granules entry whose sixteen GPIs are equal. */
export const granulesWord = (gpi: number): number => Math.imul(gpi, 0x1111_1111) >>> 0;

/** Why a check failed: a protection fault, an invalid table, an address size fault, an external abort on a fetch. */
export type GptFaultKind = 'gpf' | 'walk' | 'size' | 'eabt';

/** GPCSC of ESR_EL3[19:14]: kind and level of the GPT fault. */
export const gpcsc = (kind: GptFaultKind, level: 0 | 1): number =>
  ({ size: 0x00, walk: 0x04, gpf: 0x0c, eabt: 0x14 })[kind] + level;
