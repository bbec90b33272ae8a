// Second opinions on how a fault of the granule protection check is reported, and on what a TLBI by PA has to reach. Written
// from DDI 0487 D9, D24 and C5.5 alone, in the terms of the vector format.
import type { Space } from '../memory/gpt-reference.ts';

export type ReportCase = {
  readonly f: 'gpf' | 'walk' | 'size' | 'eabt';
  readonly l: number;
  readonly el: number;
  readonly on_walk: boolean;
  readonly tt_level?: number;
  readonly stage2: boolean;
  readonly s1ptw: boolean;
  readonly ipa?: string;
  readonly acc: 'r' | 'w' | 'x' | 'dc' | 'at';
  readonly scr_gpf: number;
  readonly scr_ease: number;
  readonly hcr_tge: number;
  readonly hcr_gpf: number;
  readonly el2_enabled: boolean;
  readonly pas: Space;
  readonly pa: string;
};

const hex = (value: bigint): string => `0x${value.toString(16)}`;

export function reportOf(input: ReportCase): Readonly<Record<string, unknown>> {
  const { f, l, el, acc } = input;
  const maintenance = acc === 'dc' || acc === 'at';
  const wnr = acc === 'w' || maintenance ? 1 : 0;
  const cm = maintenance ? 1 : 0;
  // 0x23 is level -1, 0x24 to 0x27 are levels 0 to 3, 0x28 is no table fetch at all.
  const fsc = input.on_walk ? 0x24 + (input.tt_level as number) : 0x28;
  const s1ptw = input.stage2 && input.s1ptw ? 1 : 0;
  const ipa = input.stage2 ? { hpfar_ipa: hex(BigInt(input.ipa as string) >> 12n) } : {};

  if (f !== 'gpf' || (input.scr_gpf === 1 && el !== 3)) {
    const gpcsc = { size: 0, walk: 4, gpf: 12, eabt: 20 }[f] + l;
    const iss =
      (input.stage2 ? 2 ** 21 : 0) +
      (acc === 'x' ? 2 ** 20 : 0) +
      gpcsc * 2 ** 14 +
      cm * 256 +
      s1ptw * 128 +
      wnr * 64 +
      fsc;
    const [ns, nse] = { S: [0n, 0n], NS: [1n, 0n], RT: [0n, 1n], RL: [1n, 1n] }[input.pas] as [bigint, bigint];
    const mfar = (ns << 63n) | (nse << 62n) | (BigInt(input.pa) & 0xff_ffff_ffff_f000n);
    return {
      cls: 'GPC',
      target: 3,
      ec: 0x1e,
      iss,
      mfar: hex(mfar),
      far: true,
      serror_vector: f === 'eabt' && input.scr_ease === 1,
      ...ipa,
    };
  }

  let target = 1;
  if (el === 3 || el === 2) target = el;
  else if (input.stage2) target = 2;
  else if (input.el2_enabled && (input.hcr_tge === 1 || input.hcr_gpf === 1)) target = 2;
  const same = target === el ? 1 : 0;
  return acc === 'x'
    ? { cls: 'IABT', target, ec: 0x20 + same, fsc, s1ptw, far: true, ...ipa }
    : { cls: 'DABT', target, ec: 0x24 + same, fsc, s1ptw, far: true, wnr, cm, ...ipa };
}

/** PA size 52. */
export function tlbiRangeOf(op: 'rpaos' | 'rpalos', pgs: number, xt: bigint): Readonly<Record<string, unknown>> {
  const granule = [4096n, 65_536n, 16_384n][pgs];
  if (granule === undefined) return { must: null, why: 'pgs' };
  const KB = 1024n;
  const [MB, GB] = [KB * KB, KB * KB * KB];
  const sizes = [4n * KB, 16n * KB, 64n * KB, 2n * MB, 32n * MB, 512n * MB, GB, 16n * GB, 64n * GB, 512n * GB];
  const named = sizes[Number((xt >> 44n) % 16n)];
  if (named === undefined) return { must: null, why: 'size' };
  const size = named < granule ? granule : named;
  const address = (xt % (1n << 40n)) * 4096n;
  const base = address - (address % granule);
  if (base % size !== 0n) return { must: null, why: 'align' };
  return { must: [hex(base), hex(base + size - 1n)], levels: op === 'rpaos' ? 'all' : 'last' };
}
