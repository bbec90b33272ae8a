// Interrupts of one PE: its lines, the timers of EL1, and the virtual CPU interface behind the ICC_* registers of EL1.
// Facts: DDI 0487 D1.3, D12 and IHI 0069 (GICv3, section 6.3).
// Simplified: five bits of priority, no physical interrupt controller: a line that was acknowledged drops. SErrors say nothing.

import type { Interrupt } from '../arch/action.ts';
import { Hcr, Pstate, type SysReg, listRegisters } from '../arch/registers.ts';
import { Ec } from '../arch/syndrome.ts';
import type { Pe } from './pe.ts';

/** ISR_EL1: what is pending on the PE's lines. */
export const isrBit: Readonly<Record<Interrupt, bigint>> = { irq: 1n << 7n, fiq: 1n << 6n, serror: 1n << 8n };

/** INTIDs: of a line without a controller, of the timers of EL1, and of nothing. */
const LINE = 32n;
const PPI = { cntv: 27n, cntp: 30n } as const;
const SPURIOUS = 1023n;

const ENABLE = 1n;
const IMASK = 2n;
const ISTATUS = 4n;

type Timer = 'cntp' | 'cntv';

/** CNTx_CTL_EL0 with ISTATUS. */
export function timerControl(pe: Pe, timer: Timer): bigint {
  const control = pe.get(`${timer}_ctl_el0`) & (ENABLE | IMASK);
  const isMet = (control & ENABLE) !== 0n && pe.now >= pe.get(`${timer}_cval_el0`);
  return control | (isMet ? ISTATUS : 0n);
}

/** CNTHCTL_EL2: the output of a timer of EL1 is masked. */
const timerMask: Readonly<Record<Timer, bigint>> = { cntv: 1n << 18n, cntp: 1n << 19n };

/** Whether CNTx_CTL_EL0 says that the timer drives its output. */
const isAsserted = (control: bigint): boolean => (control & 0b111n) === (ENABLE | ISTATUS);

function drivenTimer(pe: Pe): Timer | undefined {
  for (const timer of ['cntv', 'cntp'] as const) {
    if ((pe.get(`${timer}_ctl_el0`) & ENABLE) === 0n) continue;
    if ((pe.get('cnthctl_el2') & timerMask[timer]) === 0n && isAsserted(timerControl(pe, timer))) return timer;
  }
  return undefined;
}

/** When a timer of EL1 will interrupt a PE below EL2 for EL2; Infinity: never. */
export function alarmOf(pe: Pe): number {
  if (pe.el >= 2 || !pe.el2Enabled || (pe.get('hcr_el2') & (Hcr.IMO | Hcr.TGE)) === 0n) return Infinity;
  const times = (['cntv', 'cntp'] as const).map((timer) => {
    const isArmed = (pe.get(`${timer}_ctl_el0`) & (ENABLE | IMASK)) === ENABLE;
    const isMasked = (pe.get('cnthctl_el2') & timerMask[timer]) !== 0n;
    const time = Number(pe.get(`${timer}_cval_el0`));
    return isArmed && !isMasked && Number.isSafeInteger(time) ? time : Infinity;
  });
  return Math.min(...times);
}

const order = [
  ['serror', Hcr.AMO, Pstate.A],
  ['irq', Hcr.IMO, Pstate.I],
  ['fiq', Hcr.FMO, Pstate.F],
] as const;

/** Takes the interrupt that is due before the next action at EL1 or EL0, and says which. */
export function takeDue(pe: Pe): Interrupt | undefined {
  const { pstate } = pe;
  const hcr = pe.get('hcr_el2');
  const lines = pe.get('isr_el1');
  for (const [what, routed, mask] of order) {
    const isPending = (lines & isrBit[what]) !== 0n || (what === 'irq' && drivenTimer(pe) !== undefined);
    if (!isPending) continue;
    const target = (hcr & (routed | Hcr.TGE)) === 0n ? 1 : 2;
    if (target === 1 && (pstate & mask) !== 0n) continue;
    if (what === 'serror') {
      pe.lower(what);
      pe.take({ target, ec: Ec.SError, iss: 0, elr: pe.pc, serrorVector: true });
    } else {
      pe.takeInterrupt(what, target);
    }
    return what;
  }
  if ((pe.get('ich_hcr_el2') & En) === 0n || (hcr & Hcr.TGE) !== 0n) return undefined;
  for (const [what, group, routed, mask] of virtual) {
    if ((hcr & routed) === 0n || (pstate & mask) !== 0n || signalled(pe, group) === undefined) continue;
    pe.takeInterrupt(what, 1);
    return what;
  }
  return undefined;
}

const virtual = [
  ['irq', 1, Hcr.IMO, Pstate.I],
  ['fiq', 0, Hcr.FMO, Pstate.F],
] as const;

/** Whether WFI has nothing to wait for: an interrupt is pending, masked or not. */
export function hasWakeUp(pe: Pe): boolean {
  if (pe.get('isr_el1') !== 0n || drivenTimer(pe) !== undefined) return true;
  if (pe.el >= 2 || (pe.get('ich_hcr_el2') & En) === 0n) return false;
  const hcr = pe.get('hcr_el2');
  return virtual.some(([, group, routed]) => (hcr & routed) !== 0n && signalled(pe, group) !== undefined);
}

// The virtual CPU interface. ICH_VMCR_EL2 holds the fields of the ICC registers that EL1 sees.

type Group = 0 | 1;
const En = 1n;
const Vmcr = { ENG0: 1n, ENG1: 2n, CBPR: 1n << 4n, EOIM: 1n << 9n } as const;
const EOI_COUNT = { at: 27n, mask: 0b1_1111n << 27n } as const;
const State = { pending: 1n, active: 2n } as const;
const stateOf = (lr: bigint): bigint => lr >> 62n;
const groupOf = (lr: bigint): Group => (((lr >> 60n) & 1n) === 1n ? 1 : 0);
const priorityOf = (lr: bigint): number => Number((lr >> 48n) & 0xffn);
const intidOf = (lr: bigint): bigint => lr & 0xffff_ffffn;
const EOI_WANTED = 1n << 41n;
/** Of eight bits of priority, five exist. */
const PRIORITY_SHIFT = 3;
const MINIMUM_BPR: Readonly<Record<Group, bigint>> = { 0: 2n, 1: 3n };
const IDLE = 0xff;

const lrsOf = (pe: Pe): readonly bigint[] => listRegisters.map((name) => pe.get(name));

/** The List Register of the most urgent pending interrupt whose group is enabled. */
function highest(pe: Pe): { readonly name: SysReg; readonly lr: bigint } | undefined {
  const vmcr = pe.get('ich_vmcr_el2');
  let best: { readonly name: SysReg; readonly lr: bigint } | undefined;
  for (const name of listRegisters) {
    const lr = pe.get(name);
    if (stateOf(lr) !== State.pending) continue;
    if ((vmcr & (groupOf(lr) === 1 ? Vmcr.ENG1 : Vmcr.ENG0)) === 0n) continue;
    if (best === undefined || priorityOf(lr) < priorityOf(best.lr)) best = { name, lr };
  }
  return best;
}

/** The interrupt that a group signals: it has to be below the mask, and of a group priority below what is active. */
function signalled(pe: Pe, group: Group): { readonly name: SysReg; readonly lr: bigint } | undefined {
  const found = highest(pe);
  if (found === undefined || groupOf(found.lr) !== group) return undefined;
  const priority = priorityOf(found.lr);
  if (priority >= Number(pe.get('ich_vmcr_el2') >> 24n)) return undefined;
  return groupPriority(pe, group, priority) < running(pe) ? found : undefined;
}

const bprOf = (pe: Pe, group: Group): bigint => {
  const vmcr = pe.get('ich_vmcr_el2');
  const bpr0 = maximum((vmcr >> 21n) & 0b111n, MINIMUM_BPR[0]);
  if (group === 0) return bpr0;
  if ((vmcr & Vmcr.CBPR) !== 0n) return bpr0 === 7n ? 7n : bpr0 + 1n;
  return maximum((vmcr >> 18n) & 0b111n, MINIMUM_BPR[1]);
};
const maximum = (a: bigint, b: bigint): bigint => (a > b ? a : b);

function groupPriority(pe: Pe, group: Group, priority: number): number {
  const bits = Number(bprOf(pe, group)) + (group === 0 ? 1 : 0);
  return (priority >> bits) << bits;
}

/** Running priority: the most urgent one that is active. */
function running(pe: Pe): number {
  const active = pe.get('ich_ap0r0_el2') | pe.get('ich_ap1r0_el2');
  for (let bit = 0; bit < 32; bit++) if (((active >> BigInt(bit)) & 1n) === 1n) return bit << PRIORITY_SHIFT;
  return IDLE;
}

const activeOf = (group: Group): SysReg => (group === 1 ? 'ich_ap1r0_el2' : 'ich_ap0r0_el2');

function acknowledge(pe: Pe, group: Group): bigint {
  if ((pe.get('ich_hcr_el2') & En) === 0n) return SPURIOUS;
  const found = signalled(pe, group);
  if (found === undefined) return SPURIOUS;
  const { name, lr } = found;
  pe.set(name, (lr & ~(0b11n << 62n)) | (State.active << 62n));
  const bit = BigInt(groupPriority(pe, group, priorityOf(lr)) >> PRIORITY_SHIFT);
  const active = activeOf(group);
  pe.set(active, pe.get(active) | (1n << bit));
  return intidOf(lr);
}

/** Priority drop, and with EOImode 0 deactivation. */
function endOfInterrupt(pe: Pe, group: Group, intid: bigint): void {
  if (intid >= 1020n && intid <= SPURIOUS) return;
  const ap = { own: pe.get(activeOf(group)), other: pe.get(activeOf(group === 1 ? 0 : 1)) };
  if (ap.own === 0n && ap.other === 0n) return;
  const lowest = (value: bigint): bigint => (value === 0n ? 1n << 64n : value & -value);
  const dropped = lowest(ap.own) <= lowest(ap.other) ? activeOf(group) : activeOf(group === 1 ? 0 : 1);
  pe.set(dropped, pe.get(dropped) & (pe.get(dropped) - 1n));
  if ((pe.get('ich_vmcr_el2') & Vmcr.EOIM) === 0n) deactivate(pe, intid);
}

/** Pending and active becomes pending, active becomes inactive; an interrupt that no List Register has is counted. */
function deactivate(pe: Pe, intid: bigint): void {
  for (const name of listRegisters) {
    const lr = pe.get(name);
    if ((stateOf(lr) & State.active) === 0n || intidOf(lr) !== intid) continue;
    pe.set(name, lr & ~(State.active << 62n));
    return;
  }
  if (intid >= 8192n) return;
  const hcr = pe.get('ich_hcr_el2');
  const count = ((hcr >> EOI_COUNT.at) + 1n) & 0b1_1111n;
  pe.set('ich_hcr_el2', (hcr & ~EOI_COUNT.mask) | (count << EOI_COUNT.at));
}

/** ICH_MISR_EL2. */
export function maintenanceOf(pe: Pe): bigint {
  const hcr = pe.get('ich_hcr_el2');
  const vmcr = pe.get('ich_vmcr_el2');
  const lrs = lrsOf(pe);
  const has = (bit: bigint): boolean => ((hcr >> bit) & 1n) === 1n;
  const isEnabled = (bit: bigint): boolean => (vmcr & bit) !== 0n;
  const reasons = [
    lrs.some((lr) => stateOf(lr) === 0n && (lr & EOI_WANTED) !== 0n),
    has(1n) && lrs.filter((lr) => stateOf(lr) !== 0n).length <= 1,
    has(2n) && (hcr & EOI_COUNT.mask) !== 0n,
    has(3n) && lrs.every((lr) => stateOf(lr) !== State.pending),
    has(4n) && isEnabled(Vmcr.ENG0),
    has(5n) && !isEnabled(Vmcr.ENG0),
    has(6n) && isEnabled(Vmcr.ENG1),
    has(7n) && !isEnabled(Vmcr.ENG1),
  ];
  return reasons.reduce((value, holds, bit) => value | (holds ? 1n << BigInt(bit) : 0n), 0n);
}

/** Which of the interfaces a register belongs to: that decides which bit makes it virtual, and which traps it. */
type Kind = 'group0' | 'group1' | 'common' | 'sgi';
const kinds: Readonly<Partial<Record<SysReg, Kind>>> = {
  icc_iar0_el1: 'group0',
  icc_eoir0_el1: 'group0',
  icc_hppir0_el1: 'group0',
  icc_bpr0_el1: 'group0',
  icc_igrpen0_el1: 'group0',
  icc_iar1_el1: 'group1',
  icc_eoir1_el1: 'group1',
  icc_hppir1_el1: 'group1',
  icc_bpr1_el1: 'group1',
  icc_igrpen1_el1: 'group1',
  icc_pmr_el1: 'common',
  icc_rpr_el1: 'common',
  icc_ctlr_el1: 'common',
  icc_dir_el1: 'common',
  icc_sgi0r_el1: 'sgi',
  icc_sgi1r_el1: 'sgi',
  icc_asgi1r_el1: 'sgi',
};

export const isGicRegister = (reg: SysReg): boolean => kinds[reg] !== undefined;

const routedBy: Readonly<Record<Kind, bigint>> = {
  group0: Hcr.FMO,
  group1: Hcr.IMO,
  common: Hcr.FMO | Hcr.IMO,
  sgi: Hcr.FMO | Hcr.IMO,
};
const IchTrap = { common: 1n << 10n, group0: 1n << 11n, group1: 1n << 12n, dir: 1n << 14n } as const;

/** Whether an access at EL1 goes to EL2 instead. */
export function isGicTrapped(pe: Pe, reg: SysReg): boolean {
  const kind = kinds[reg];
  if (kind === undefined || pe.el !== 1 || !pe.el2Enabled) return false;
  if (kind === 'sgi') return (pe.get('hcr_el2') & routedBy.sgi) !== 0n;
  const traps = IchTrap[kind] | (reg === 'icc_dir_el1' ? IchTrap.dir : 0n);
  return (pe.get('ich_hcr_el2') & traps) !== 0n;
}

function isVirtual(pe: Pe, reg: SysReg): boolean {
  return pe.el === 1 && pe.el2Enabled && (pe.get('hcr_el2') & routedBy[kinds[reg] as Kind]) !== 0n;
}

/** MRS of a register of the CPU interface. */
export function readGic(pe: Pe, reg: SysReg): bigint {
  if (!isVirtual(pe, reg)) return readPhysical(pe, reg);
  const vmcr = pe.get('ich_vmcr_el2');
  switch (reg) {
    case 'icc_iar0_el1':
      return acknowledge(pe, 0);
    case 'icc_iar1_el1':
      return acknowledge(pe, 1);
    case 'icc_hppir0_el1':
    case 'icc_hppir1_el1': {
      const found = highest(pe);
      return found !== undefined && groupOf(found.lr) === Number(reg[9]) ? intidOf(found.lr) : SPURIOUS;
    }
    case 'icc_bpr0_el1':
      return bprOf(pe, 0);
    case 'icc_bpr1_el1':
      return bprOf(pe, 1);
    case 'icc_igrpen0_el1':
      return vmcr & 1n;
    case 'icc_igrpen1_el1':
      return (vmcr >> 1n) & 1n;
    case 'icc_pmr_el1':
      return vmcr >> 24n;
    case 'icc_rpr_el1':
      return BigInt(running(pe));
    default:
      // ICC_CTLR_EL1: CBPR, EOImode, five bits of priority, 16 of INTID.
      return ((vmcr >> 4n) & 1n) | (((vmcr >> 9n) & 1n) << 1n) | (4n << 8n);
  }
}

/** MSR to a register of the CPU interface. */
export function writeGic(pe: Pe, reg: SysReg, value: bigint): void {
  if (!isVirtual(pe, reg)) return;
  const put = (at: bigint, width: bigint, field: bigint): void => {
    const mask = ((1n << width) - 1n) << at;
    pe.set('ich_vmcr_el2', (pe.get('ich_vmcr_el2') & ~mask) | ((field << at) & mask));
  };
  switch (reg) {
    case 'icc_eoir0_el1':
      return endOfInterrupt(pe, 0, intidOf(value));
    case 'icc_eoir1_el1':
      return endOfInterrupt(pe, 1, intidOf(value));
    case 'icc_dir_el1':
      if ((pe.get('ich_vmcr_el2') & Vmcr.EOIM) !== 0n) deactivate(pe, intidOf(value));
      return;
    case 'icc_bpr0_el1':
      return put(21n, 3n, maximum(value & 0b111n, MINIMUM_BPR[0]));
    case 'icc_bpr1_el1':
      if ((pe.get('ich_vmcr_el2') & Vmcr.CBPR) === 0n) put(18n, 3n, maximum(value & 0b111n, MINIMUM_BPR[1]));
      return;
    case 'icc_igrpen0_el1':
      return put(0n, 1n, value);
    case 'icc_igrpen1_el1':
      return put(1n, 1n, value);
    case 'icc_pmr_el1':
      return put(24n, 8n, value & 0xf8n);
    case 'icc_ctlr_el1':
      put(4n, 1n, value);
      return put(9n, 1n, value >> 1n);
    default:
  }
}

/** Without a controller: a read of IAR takes what the lines say, and the line drops. */
function readPhysical(pe: Pe, reg: SysReg): bigint {
  switch (reg) {
    case 'icc_iar0_el1':
    case 'icc_iar1_el1': {
      const what = reg === 'icc_iar1_el1' ? 'irq' : 'fiq';
      if ((pe.get('isr_el1') & isrBit[what]) !== 0n) {
        pe.lower(what);
        return LINE;
      }
      const timer = what === 'irq' ? drivenTimer(pe) : undefined;
      return timer === undefined ? SPURIOUS : PPI[timer];
    }
    case 'icc_hppir0_el1':
    case 'icc_hppir1_el1':
      return SPURIOUS;
    case 'icc_rpr_el1':
      return BigInt(IDLE);
    default:
      return 0n;
  }
}
