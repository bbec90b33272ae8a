// RmiRecEnter: what the Host gives at an entry. Read once; only the copy counts. RMM 1.0 sections 4.4 and 7.3.

import { LIST_REGISTERS } from './rec.ts';

const GPRS = 31;

export type EnterRecord = {
  readonly emulMmio: boolean;
  readonly injectSea: boolean;
  readonly trapWfi: boolean;
  readonly trapWfe: boolean;
  /** RIPAS response: reject. */
  readonly isRejected: boolean;
  readonly gprs: BigUint64Array;
  readonly gicHcr: bigint;
  readonly lrs: BigUint64Array;
};

/** `page` is the copy, in a buffer of its own. */
export function enterRecord(page: Uint8Array): EnterRecord {
  const words = new BigUint64Array(page.buffer, page.byteOffset, page.byteLength / 8);
  const flags = page[0] as number;
  const has = (bit: number): boolean => ((flags >> bit) & 1) === 1;
  return {
    emulMmio: has(0),
    injectSea: has(1),
    trapWfi: has(2),
    trapWfe: has(3),
    isRejected: has(4),
    gprs: words.subarray(0x200 / 8, 0x200 / 8 + GPRS),
    gicHcr: words[0x300 / 8] as bigint,
    lrs: words.subarray(0x308 / 8, 0x308 / 8 + LIST_REGISTERS),
  };
}

/** Bits of ICH_HCR_EL2 that a Host may set. */
export const GIC_HCR_MASK = 0x40fen;

/** Whether the Host's GIC values may be taken over: `lrCount` List Registers exist, with five bits of priority. */
export function isGicValid(enter: Pick<EnterRecord, 'gicHcr' | 'lrs'>, lrCount: number): boolean {
  if ((enter.gicHcr & ~GIC_HCR_MASK) !== 0n) return false;
  const seen = new Set<bigint>();
  for (const lr of enter.lrs.subarray(0, lrCount)) {
    if (lr === 0n) continue;
    const hw = (lr >> 61n) & 1n;
    if (hw !== 0n) return false;
    if (lr >> 62n === 0n) continue;
    const intid = lr & 0xffff_ffffn;
    // Of pINTID [44:32] only bit 41, the EOI maintenance interrupt, may be set.
    if (((lr >> 32n) & 0x1fffn & ~(1n << 9n)) !== 0n) return false;
    if (((lr >> 48n) & 0b111n) !== 0n) return false;
    if (!(intid <= 1019n || (intid >= 8192n && intid < 65_536n))) return false;
    if (seen.has(intid)) return false;
    seen.add(intid);
  }
  return true;
}
