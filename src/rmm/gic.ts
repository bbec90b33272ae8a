// The virtual CPU interface of a REC: List Registers and ICH_HCR_EL2 that the Host gives at an entry and reads at an exit.
// RMM 1.0 section 7.3. What the Realm sets itself, ICH_VMCR_EL2 and the active priorities, is saved with its registers.

import { slotOf } from '../arch/registers.ts';
import { GIC_HCR_MASK } from './enter-record.ts';
import type { ExitState } from './exit-record.ts';
import type { RmmPe } from './ports.ts';
import { LIST_REGISTERS, type Rec, listed } from './rec.ts';

const EN = 1n;
/** EOIcount is reported beside the bits that the Host may set. */
const EOI_COUNT = 0xf800_0000n;
/** They lie side by side. */
const FIRST_LR = slotOf('ich_lr0_el2');

export class VirtualGic {
  /** Takes a REC's List Registers onto a PE, and turns the interface on. */
  load(pe: RmmPe, rec: Rec): void {
    for (let n = 0; n < LIST_REGISTERS; n++) pe.x[FIRST_LR + n] = rec.lrs[n] as bigint;
    pe.set('ich_hcr_el2', rec.gicHcr | EN);
  }

  /** Reads them back, leaves nothing behind, and turns the interface off. */
  save(pe: RmmPe, rec: Rec): ExitState {
    const gicMisr = pe.read('ich_misr_el2');
    const gicHcr = pe.get('ich_hcr_el2') & (GIC_HCR_MASK | EOI_COUNT);
    const lrs = pe.x.subarray(FIRST_LR, FIRST_LR + LIST_REGISTERS);
    rec.lrs = listed(lrs);
    rec.gicHcr = gicHcr;
    lrs.fill(0n);
    pe.set('ich_hcr_el2', 0n);
    return { ...this.stateOf(rec), gicMisr };
  }

  /** What an exit reports for a REC that has not been on the PE. */
  stateOf(rec: Rec): ExitState {
    return {
      gicHcr: rec.gicHcr,
      lrs: rec.lrs,
      gicMisr: 0n,
      gicVmcr: rec.reg(slotOf('ich_vmcr_el2')),
      cntpCtl: rec.reg(slotOf('cntp_ctl_el0')),
      cntpCval: rec.reg(slotOf('cntp_cval_el0')),
      cntvCtl: rec.reg(slotOf('cntv_ctl_el0')),
      cntvCval: rec.reg(slotOf('cntv_cval_el0')),
    };
  }
}
