// TLB maintenance by physical address. DDI 0487 C5.5: TLBI PAALL, PAALLOS, RPAOS, RPALOS.

import { pgsBits } from './gpt.ts';

/** TLBI instructions for GPT information. */
export type TlbiPaOp = 'paall' | 'paallos' | 'rpaos' | 'rpalos';

/** SIZE field to log2 of the range; 10 to 15 are reserved. */
const rangeBits: readonly number[] = [12, 14, 16, 21, 25, 29, 30, 34, 36, 39];

/** What a TLBI by PA range has to invalidate, in frames, or why nothing is required. */
export type TlbiRange =
  | {
      readonly required: true;
      readonly firstFrame: number;
      readonly lastFrame: number;
      readonly lastLevelOnly: boolean;
    }
  | { readonly required: false; readonly why: 'pgs' | 'size' | 'align' | 'pa' };

/** Decodes Xt of TLBI RPAOS and RPALOS: SIZE [47:44], BaseADDR [39:0] ([43:0] with 56-bit addresses). */
export function decodeTlbiRange(op: 'rpaos' | 'rpalos', xt: bigint, pgs: number, paBits: number): TlbiRange {
  const granule = pgsBits(pgs);
  if (granule === undefined) return { required: false, why: 'pgs' };
  const bits = rangeBits[Number((xt >> 44n) & 0xfn)];
  if (bits === undefined) return { required: false, why: 'size' };
  const frames = 2 ** (Math.max(bits, granule) - 12);
  // Address bits below the granule are ignored, not an error.
  const named = Number(xt & (paBits > 52 ? 0xfff_ffff_ffffn : 0xff_ffff_ffffn));
  const firstFrame = named - (named % 2 ** (granule - 12));
  if (firstFrame % frames !== 0) return { required: false, why: 'align' };
  if (firstFrame >= 2 ** (paBits - 12)) return { required: false, why: 'pa' };
  return { required: true, firstFrame, lastFrame: firstFrame + frames - 1, lastLevelOnly: op === 'rpalos' };
}

/** Xt for a range of 2^bits bytes at a frame. */
export const tlbiRangeOperand = (frame: number, bits: number): bigint =>
  (BigInt(rangeBits.indexOf(bits)) << 44n) | BigInt(frame);
