// ID registers, generated from what the machine implements. DDI 0487 D24.

import type { Features } from '../arch/features.ts';
import type { Pe } from './pe.ts';

/** ID_AA64MMFR0_EL1.PARange codes. */
const paRange: readonly number[] = [32, 36, 40, 42, 44, 48, 52, 56];

/** Sets the ID registers of a PE. */
export function idRegisters(pe: Pe, features: Features, paBits: number): void {
  const rme = features.gpc3 ? 3n : features.gpc2 ? 2n : 1n;
  const sel2 = 0n;
  // EL0 to EL3 in AArch64 only, no FP or SIMD, GIC system registers, RME.
  pe.set('id_aa64pfr0_el1', 0x1111n | (0xffn << 16n) | (1n << 24n) | (sel2 << 36n) | (rme << 52n));
  const tGran16 = features.granule16k ? 1n : 0n;
  const tGran64 = features.granule64k ? 0n : 0xfn;
  const range = BigInt(
    Math.max(
      paRange.findLastIndex((bits) => bits <= paBits),
      0,
    ),
  );
  pe.set('id_aa64mmfr0_el1', range | (2n << 4n) | (tGran16 << 20n) | (tGran64 << 24n));
}
