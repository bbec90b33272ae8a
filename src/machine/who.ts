// Who is on a PE: firmware, a virtual machine or somebody's software, and the name under which a script runs there.

import { Hcr } from '../arch/registers.ts';
import { World, worldName } from '../arch/world.ts';
import type { Pe } from '../cpu/pe.ts';

/** Asked again after each step, so not a comparison that the compiler remembers. */
export const isOff = (pe: Pe): boolean => pe.power === 'off';

/** EL3, or the RMM at R-EL2: what settles by itself. */
export const isFirmware = (pe: Pe): boolean => pe.el === 3 || (pe.el === 2 && pe.world === World.Realm);

/** EL1 or EL0 of a virtual machine, a Realm's or a plain one's. */
export const isGuest = (pe: Pe): boolean => pe.el < 2 && pe.el2Enabled && (pe.get('hcr_el2') & Hcr.VM) !== 0n;

/** Who runs: an EL of a world on a PE, or a vCPU wherever it is. */
export function keyOf(pe: Pe): string {
  if (!isGuest(pe)) return `${pe.index} ${worldName(pe.world)} ${pe.el}`;
  return `vm ${pe.get('vttbr_el2').toString(16)} ${pe.get('vmpidr_el2').toString(16)} ${pe.el}`;
}
