// The EL1 timers of a REC: saved with it, and watched for changes of their outputs, which the Host turns into virtual interrupts.
// RMM 1.0 section 7.9. A timer that was asserted at the last exit has its output masked while the REC runs: only changes count.

import type { SysReg } from '../arch/registers.ts';
import type { RmmPe } from './ports.ts';

/** CNTx_CTL_EL0, and the bit of CNTHCTL_EL2 that masks the output. */
const timers = [
  { control: 'cntv_ctl_el0', mask: 1n << 18n },
  { control: 'cntp_ctl_el0', mask: 1n << 19n },
] as const satisfies readonly { readonly control: SysReg; readonly mask: bigint }[];

/** CNTHCTL_EL2: the Realm uses counter and physical timer without traps. */
const NO_TRAPS = 0b11n;

/** ENABLE and ISTATUS, but not IMASK. */
const isAsserted = (control: bigint): boolean => (control & 0b111n) === 0b101n;

/** Masks for the outputs that were asserted when `controlOf` was saved. */
export function maskAsserted(pe: RmmPe, controlOf: (reg: SysReg) => bigint): void {
  let value = NO_TRAPS;
  for (const { control, mask } of timers) if (isAsserted(controlOf(control))) value |= mask;
  pe.set('cnthctl_el2', value);
}

/** Whether an output is no more what it was at the last exit. */
export function haveChanged(pe: RmmPe): boolean {
  const masks = pe.get('cnthctl_el2');
  return timers.some(({ control, mask }) => isAsserted(pe.read(control)) !== ((masks & mask) !== 0n));
}

/** The control registers with ISTATUS, as they are now. */
export function saveControls(pe: RmmPe, keep: (reg: SysReg, value: bigint) => void): void {
  for (const { control } of timers) keep(control, pe.read(control));
}
