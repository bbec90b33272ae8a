// One architectural action on one PE, with translation off: VA is PA, in the PAS that the action names or the world's own.
// The result is an outcome, or undefined when an exception took the PE to another EL.

import type { AccessSize, Action, FaultView, Interrupt, Outcome } from '../arch/action.ts';
import { frameArg, toPa } from '../arch/address.ts';
import { Hcr, Pstate, Scr, type SysReg, slotOf, sysRegRow } from '../arch/registers.ts';
import { Ec, Fsc, Iss, ecOf, hpfar, trapIss, wfxIss } from '../arch/syndrome.ts';
import type { TlbiPaOp } from '../arch/tlbi.ts';
import { type El, type Pas, World, canReach } from '../arch/world.ts';
import { assert } from '../base/assert.ts';
import { reportGptFault } from './gpt-report.ts';
import { hasWakeUp, isGicRegister, isGicTrapped, readGic, takeDue, writeGic } from './interrupts.ts';
import { Access, type MemoryPort } from '../memory/port.ts';
import type { Pe } from './pe.ts';
import { type RoutingInput, routeCall, routeExternalAbort, routeFault, routeUndefined } from '../arch/routing.ts';

const none: readonly bigint[] = [];
/** Where software named the PAS of an access, a page of the last level is what would have chosen it. */
const PAGE_LEVEL = 3;
const done = (value = 0n, x = none): Outcome => ({ kind: 'done', value, x });

/** Carries out one action. PC moves on by one instruction unless an exception was taken. */
export function act(pe: Pe, action: Action): Outcome | undefined {
  if (mayBeInterrupted(pe)) {
    const from = pe.el;
    const what = takeDue(pe);
    if (what !== undefined) return pe.el === from ? interrupted(pe, what) : undefined;
  }
  if ((pe.pstate & Pstate.IL) !== 0n)
    return fault(pe, { target: routeFault(routing(pe)), ec: Ec.IllegalState, iss: 0 });
  switch (action.op) {
    case 'load':
      return load(pe, action);
    case 'store':
      return store(pe, action);
    case 'fetch':
      return fetch(pe, action);
    case 'smc':
    case 'hvc':
    case 'svc':
      return call(pe, action.op, action.imm ?? 0, action.x ?? none);
    case 'eret':
      return eret(pe);
    case 'wfi':
    case 'wfe':
      return wfx(pe, action.op);
    case 'mrs':
      return mrs(pe, action.reg, action.rt);
    case 'msr':
      return msr(pe, action.reg, action.value, action.rt);
    case 'tlbi':
      return tlbi(pe, action.what, action.xt ?? 0n);
    case 'cipapa':
      return cipapa(pe, action.xt);
  }
}

/** An SMC by firmware at EL2: registers are set already. Leaves the PE where the call is handled. */
export function smc(pe: Pe): void {
  if (pe.trace.on || pe.el !== 2 || (pe.get('scr_el3') & Scr.SMD) !== 0n) call(pe, 'smc', 0, none);
  else pe.takeSmc();
}

const ISR = slotOf('isr_el1');
const ICH_HCR = slotOf('ich_hcr_el2');
const [CNTP_CTL, CNTV_CTL] = [slotOf('cntp_ctl_el0'), slotOf('cntv_ctl_el0')];

/** Below EL2, and something could be pending. */
function mayBeInterrupted(pe: Pe): boolean {
  if (pe.el >= 2 || !pe.el2Enabled) return false;
  const { words } = pe;
  const timers = (words[2 * CNTP_CTL] as number) | (words[2 * CNTV_CTL] as number);
  return ((words[2 * ISR] as number) | (timers & 1) | ((words[2 * ICH_HCR] as number) & 1)) >>> 0 !== 0;
}

/** What software is told of an interrupt that its own EL took: it is in its handler now, and ERET leads back. */
function interrupted(pe: Pe, interrupt: Interrupt): Outcome {
  const { esr, far } = faultView(pe, 1);
  const exception = { interrupt, from: pe.el, esr, far, elr: pe.get('elr_el1'), x: [...pe.x.subarray(0, 31)] };
  return { kind: 'exception', exception };
}

/** The PAS that a world's software reaches when nothing chooses another. */
const pasOf = (pe: Pe): Pas => pe.world as Pas;

function next(pe: Pe, outcome: Outcome): Outcome {
  pe.pc = BigInt.asUintN(64, pe.pc + 4n);
  return outcome;
}

function load(pe: Pe, action: Extract<Action, { op: 'load' }>): Outcome | undefined {
  const failed = access(pe, action, 'load', action.size);
  if (failed !== null) return failed === 'left' ? undefined : failed;
  const value = loadedValue(pe, action.size, action.signed === true);
  if (pe.trace.on) trace(pe, 'load', action, action.size, value);
  if (action.reg !== undefined && action.reg < 31) {
    pe.x[action.reg] = BigInt.asUintN(action.isW === true ? 32 : 64, value);
  }
  return next(pe, done(value));
}

function fetch(pe: Pe, action: Extract<Action, { op: 'fetch' }>): Outcome | undefined {
  const failed = access(pe, action, 'fetch', 4);
  if (failed !== null) return failed === 'left' ? undefined : failed;
  const value = BigInt.asUintN(32, pe.loaded[0] as bigint);
  if (pe.trace.on) trace(pe, 'fetch', action, 4, value);
  return next(pe, done(value));
}

function store(pe: Pe, action: Extract<Action, { op: 'store' }>): Outcome | undefined {
  if (action.reg !== undefined && action.reg < 31) pe.x[action.reg] = BigInt.asUintN(64, action.value);
  pe.loaded[0] = BigInt.asUintN(64, action.value);
  pe.loaded[1] = BigInt.asUintN(64, action.value >> 64n);
  const failed = access(pe, action, 'store', action.size);
  if (failed !== null) return failed === 'left' ? undefined : failed;
  if (pe.trace.on) trace(pe, 'store', action, action.size, action.value);
  return next(pe, done());
}

function loadedValue(pe: Pe, size: AccessSize, signed: boolean): bigint {
  const { loaded } = pe;
  if (size === 16) return ((loaded[1] as bigint) << 64n) | (loaded[0] as bigint);
  const value = BigInt.asUintN(size * 8, loaded[0] as bigint);
  return signed ? BigInt.asIntN(size * 8, value) : value;
}

type MemoryAction = {
  readonly at: bigint;
  readonly pas?: Pas;
  readonly reg?: number;
  readonly signed?: boolean;
  readonly isW?: boolean;
};

/**
 * PC alignment, address, permission, protection and bus, in that order. Null: the access was made. 'left': an exception went to another EL.
 */
function access(pe: Pe, action: MemoryAction, what: 'load' | 'store' | 'fetch', size: number): Outcome | 'left' | null {
  const { at } = action;
  const pas = action.pas ?? pasOf(pe);
  const { world } = pe;
  // A state has no way to form a request to a PAS beyond its reach: for software there is no such instruction.
  if (!canReach(world, pas)) return undefinedHere(pe) ?? 'left';
  if (isStage2On(pe)) return stage2Access(pe, action, what, size);
  const isFetch = what === 'fetch';
  if (isFetch && at % 4n !== 0n)
    return fault(pe, { target: routeFault(routing(pe)), ec: Ec.PcAlignment, iss: 0, far: at }) ?? 'left';
  const frame = frameArg(BigInt.asUintN(64, at), pe.memory.paBits);
  const last = frameArg(BigInt.asUintN(64, at) + BigInt(size - 1), pe.memory.paBits);
  // FAR names the byte that faulted: of an access that crosses a page that is its own address or the next page.
  const nextPage = BigInt.asUintN(64, (at | 0xfffn) + 1n);
  if (frame < 0 || last < 0) return abort(pe, what, frame < 0 ? at : nextPage, Fsc.addressSize(0)) ?? 'left';
  // EL3 fetches from Root only, Realm EL2 and below from Realm only: Permission faults of the translation, not GPFs.
  if (isFetch && (world === World.Root || world === World.Realm) && pas !== (world as Pas))
    return abort(pe, what, at, Fsc.permission(PAGE_LEVEL), permissionTarget(pe)) ?? 'left';
  const port = pe.port(pas, world);
  const offset = Number(at & 0xfffn);
  const result = what === 'store' ? storeThrough(pe, port, frame, offset, size) : port.loadAt(frame, offset, size);
  if (result !== Access.Ok) {
    const failedAt = result === Access.Gpt && pe.gpc.fault.frame !== frame ? nextPage : at;
    return accessFailed(pe, what, failedAt, pas, result);
  }
  if (what !== 'store') pe.loaded.set(port.doublewords);
  return null;
}

/** EL1 and EL0 of a virtual machine: HCR_EL2.VM. */
const isStage2On = (pe: Pe): boolean => pe.el < 2 && pe.el2Enabled && (pe.get('hcr_el2') & Hcr.VM) !== 0n;

type MemoryWhat = 'load' | 'store' | 'fetch';

/** Stage 1 is off: VA is IPA. Both pages of an access are translated and checked before a byte moves. */
function stage2Access(pe: Pe, action: MemoryAction, what: MemoryWhat, size: number): Outcome | 'left' | null {
  const at = BigInt.asUintN(64, action.at);
  // Beyond the PA range stage 1, though off, reports an address size fault.
  if (frameArg(at + BigInt(size - 1), Math.min(pe.memory.paBits, 52)) < 0)
    return abort(pe, what, at, Fsc.addressSize(0)) ?? 'left';
  const ipa = Number(at);
  const offset = ipa % 4096;
  const head = Math.min(4096 - offset, size);
  const { stage2 } = pe;
  if (what === 'fetch' && ipa % 4 !== 0)
    return fault(pe, { target: routeFault(routing(pe)), ec: Ec.PcAlignment, iss: 0, far: at }) ?? 'left';
  if (!stage2.translate(pe, ipa, what)) return stage2Fault(pe, action, what, size, ipa) ?? 'left';
  const { frame, pas } = stage2;
  if (head === size) {
    const port = pe.port(pas, pe.world);
    const result = what === 'store' ? storeThrough(pe, port, frame, offset, size) : port.loadAt(frame, offset, size);
    if (result === Access.Ok) {
      pe.loaded.set(port.doublewords);
      return null;
    }
    return accessFailed(pe, what, at, pas, result);
  }
  const second = ipa + head;
  if (!stage2.translate(pe, second, what)) return stage2Fault(pe, action, what, size, second) ?? 'left';
  const [frame2, pas2] = [stage2.frame, stage2.pas];
  const [low, high] = [pe.port(pas, pe.world), pe.port(pas2, pe.world)];
  const bytes = new Uint8Array(pe.loaded.buffer);
  if (!low.check(frame)) return gptFault(pe, what, at, pas) ?? 'left';
  if (!high.check(frame2)) return gptFault(pe, what, BigInt(second), pas2) ?? 'left';
  if (what === 'store') {
    const value = bytes.slice();
    low.bytes.set(value.subarray(0, head));
    const first = low.storeAt(frame, offset, head);
    if (first !== Access.Ok) return accessFailed(pe, what, at, pas, first);
    high.bytes.set(value.subarray(head, size));
    const last = high.storeAt(frame2, 0, size - head);
    return last === Access.Ok ? null : accessFailed(pe, what, at, pas2, last);
  }
  const first = low.loadAt(frame, offset, head);
  if (first !== Access.Ok) return accessFailed(pe, what, at, pas, first);
  const start = low.bytes.slice(0, head);
  const last = high.loadAt(frame2, 0, size - head);
  if (last !== Access.Ok) return accessFailed(pe, what, at, pas2, last);
  bytes.set(high.bytes.subarray(0, size - head), head);
  bytes.set(start, 0);
  return null;
}

/** The rest of the page from an address on, as an instruction fetch of a virtual machine sees it. */
export function codeAt(pe: Pe, at: bigint): Uint8Array | undefined {
  const ipa = Number(at);
  if (!pe.stage2.translate(pe, ipa, 'fetch')) return undefined;
  const { frame, pas } = pe.stage2;
  return pe.port(pas, pe.world).readBytes(toPa(frame * 4096 + (ipa % 4096)), 4096 - (ipa % 4096));
}

function storeThrough(pe: Pe, port: MemoryPort, frame: number, offset: number, size: number): Access {
  port.doublewords.set(pe.loaded);
  return port.storeAt(frame, offset, size);
}

function accessFailed(pe: Pe, what: MemoryWhat, at: bigint, pas: Pas, result: Access): Outcome | 'left' {
  if (result === Access.Gpt) return gptFault(pe, what, at, pas) ?? 'left';
  if (pe.trace.on) pe.trace.emit({ kind: 'bus-abort', by: actor(pe), what, pas, at });
  return abort(pe, what, at, Fsc.externalAbort, routeExternalAbort(routing(pe))) ?? 'left';
}

/** A fault of stage 2, to EL2, with what a hypervisor needs to emulate the access. */
function stage2Fault(pe: Pe, action: MemoryAction, what: MemoryWhat, size: number, ipa: number): Outcome | undefined {
  const { fault: kind, level, descriptorFrame, descriptorPas } = pe.stage2;
  const ipaFrame = Math.floor(ipa / 4096);
  if (kind === 'gpt')
    return gptFault(pe, what, BigInt(ipa), descriptorPas, { level, stage2: true, s1ptw: false, ipaFrame });
  const fsc = stage2Fsc[kind](level);
  if (kind === 'external-abort' && pe.trace.on) {
    pe.trace.emit({ kind: 'bus-abort', by: actor(pe), what, pas: descriptorPas, at: BigInt(descriptorFrame) << 12n });
  }
  const lower = what === 'fetch' ? Ec.InstructionAbortLower : Ec.DataAbortLower;
  const iss =
    (what === 'store' ? Iss.WnR : 0) | fsc | (kind === 'external-abort' ? 0 : transferSyndrome(action, what, size));
  // An external abort on the walk goes to EL2, or with SCR_EL3.EA to EL3.
  const target = kind === 'external-abort' && (pe.get('scr_el3') & Scr.EA) !== 0n ? 3 : 2;
  return fault(pe, { target, ec: lower, iss, far: BigInt(ipa), hpfar: hpfar(ipaFrame) });
}

const stage2Fsc = {
  translation: Fsc.translation,
  'access-flag': Fsc.accessFlag,
  permission: Fsc.permission,
  'address-size': Fsc.addressSize,
  'external-abort': Fsc.externalAbortOnWalk,
} as const;

/** ISV, SAS, SSE, SRT, SF: valid for a load or store of one register. */
function transferSyndrome(action: MemoryAction, what: MemoryWhat, size: number): number {
  if (what === 'fetch' || action.reg === undefined || size > 8) return 0;
  const sas = Math.log2(size);
  const sse = what === 'load' && action.signed === true ? 1 << 21 : 0;
  const sf = action.isW !== true && (size === 8 || action.signed === true) ? 1 << 15 : 0;
  return (1 << 24) | (sas << 22) | sse | (action.reg << 16) | sf;
}
/** Where a fetch from a PAS that cannot be executed goes: in the Realm's EL1&0 regime it is stage 2 that chose the PAS. */
const permissionTarget = (pe: Pe): 1 | 2 | 3 => (pe.el < 2 ? 2 : routeFault(routing(pe)));

const actor = (pe: Pe): { pe: number; world: World; el: El } => ({ pe: pe.index, world: pe.world, el: pe.el });

function trace(pe: Pe, what: 'load' | 'store' | 'fetch', action: MemoryAction, size: number, value: bigint): void {
  const pas = action.pas ?? pasOf(pe);
  pe.trace.emit({
    kind: 'access',
    by: actor(pe),
    what,
    pas,
    at: action.at,
    size,
    value: BigInt.asUintN(size * 8, value),
  });
}

/** A fault of the granule protection check, reported as DDI 0487 D9 says. */
function gptFault(
  pe: Pe,
  what: 'load' | 'store' | 'fetch',
  at: bigint,
  pas: Pas,
  walk?: { readonly level: number; readonly stage2: boolean; readonly s1ptw: boolean; readonly ipaFrame: number },
): Outcome | undefined {
  const { kind, level, frame, gpi } = pe.gpc.fault;
  if (pe.trace.on) pe.trace.emit({ kind: 'gpt-fault', by: actor(pe), what, pas, at, fault: kind, level, gpi });
  const scr = pe.get('scr_el3');
  const hcr = pe.get('hcr_el2');
  const report = reportGptFault({
    kind,
    level,
    el: pe.el,
    access: what === 'load' ? 'r' : what === 'store' ? 'w' : 'x',
    pas,
    frame,
    walk,
    scrGpf: (scr & Scr.GPF) !== 0n,
    scrEase: (scr & Scr.EASE) !== 0n,
    hcrTge: (hcr & Hcr.TGE) !== 0n,
    hcrGpf: (hcr & Hcr.GPF) !== 0n,
    el2Enabled: pe.el2Enabled,
  });
  return fault(pe, {
    target: report.target,
    ec: report.ec,
    iss: report.iss,
    far: at,
    serrorVector: report.serrorVector,
    ...(report.mfar === undefined ? {} : { mfar: report.mfar }),
    ...(report.hpfarIpaFrame === undefined ? {} : { hpfar: hpfar(report.hpfarIpaFrame) }),
  });
}

/** An abort that is not about granule protection. */
function abort(
  pe: Pe,
  what: 'load' | 'store' | 'fetch',
  at: bigint,
  fsc: number,
  target = routeFault(routing(pe)),
): Outcome | undefined {
  const lower = what === 'fetch' ? Ec.InstructionAbortLower : Ec.DataAbortLower;
  const ec = target === pe.el ? lower + 1 : lower;
  return fault(pe, { target, ec, iss: (what === 'store' ? Iss.WnR : 0) | fsc, far: at });
}

function undefinedHere(pe: Pe): Outcome | undefined {
  const { target, ec } = routeUndefined(routing(pe));
  return fault(pe, { target, ec, iss: 0 });
}

type FaultInput = {
  readonly target: 1 | 2 | 3;
  readonly ec: number;
  readonly iss: number;
  readonly far?: bigint;
  readonly mfar?: bigint;
  readonly hpfar?: bigint;
  readonly serrorVector?: boolean;
};

/**
 * Takes a fault. At the software's own EL the outcome tells it, and it goes on behind the instruction: a script is its own
 * handler. Simplified: the handler's return to the next instruction is implied.
 */
function fault(pe: Pe, input: FaultInput): Outcome | undefined {
  const { el, pc } = pe;
  pe.take({ ...input, elr: pc });
  if (input.target !== el) return undefined;
  const view = faultView(pe, el);
  pe.pstate = pe.get(`spsr_el${input.target}`) & ~Pstate.IL;
  pe.pc = pc;
  return next(pe, { kind: 'fault', fault: view });
}

/** What the syndrome registers of an EL say now. */
export function faultView(pe: Pe, el: El): FaultView {
  const at = el === 0 ? 1 : el;
  const esr = pe.get(`esr_el${at}`);
  return { el: at, esr, far: pe.get(`far_el${at}`), ec: ecOf(esr), fsc: Number(esr & 0x3fn) };
}

function routing(pe: Pe): RoutingInput {
  return {
    el: pe.el,
    isSecure: pe.lowerWorld === World.Secure,
    el2Enabled: pe.el2Enabled,
    scr: pe.get('scr_el3'),
    hcr: pe.get('hcr_el2'),
  };
}

function call(pe: Pe, op: 'svc' | 'hvc' | 'smc', imm: number, x: readonly bigint[]): Outcome | undefined {
  for (const [n, value] of x.entries()) pe.x[n] = BigInt.asUintN(64, value);
  const route = routeCall(op, routing(pe));
  if (route.ec === Ec.Unknown) return undefinedHere(pe);
  if (pe.trace.on) {
    pe.trace.emit({ kind: 'call', by: actor(pe), conduit: op.toUpperCase() as 'SMC', x: [...pe.x.subarray(0, 8)] });
  }
  const { el, pc } = pe;
  const elr = route.trapped ? pc : BigInt.asUintN(64, pc + 4n);
  pe.take({ target: route.target, ec: route.ec, iss: imm & 0xffff, elr, isCall: true });
  if (route.target !== el) return undefined;
  const view = faultView(pe, el);
  pe.pstate = pe.get(`spsr_el${route.target}`);
  pe.pc = elr;
  return { kind: 'fault', fault: view };
}

function eret(pe: Pe): Outcome | undefined {
  if (pe.el === 0) return undefinedHere(pe);
  const { el } = pe;
  pe.eret();
  return pe.el === el ? done() : undefined;
}

/** WFI waits, unless an interrupt is pending. Simplified: WFE only moves on, as if the event register were set. */
function wfx(pe: Pe, op: 'wfi' | 'wfe'): Outcome | undefined {
  if (op === 'wfi' && hasWakeUp(pe)) return next(pe, done());
  const trap = op === 'wfi' ? Hcr.TWI : Hcr.TWE;
  const isTrapped = pe.el < 2 && pe.el2Enabled && (pe.get('hcr_el2') & trap) !== 0n;
  if (isTrapped) return fault(pe, { target: 2, ec: Ec.Wfx, iss: wfxIss(op) });
  pe.isWaiting = op === 'wfi';
  return next(pe, done());
}

function mrs(pe: Pe, reg: SysReg, rt: number | undefined): Outcome | undefined {
  if (!isThere(pe, reg) || sysRegRow(reg).only === 'msr') return undefinedHere(pe);
  if (isTrapped(pe, reg)) return trapped(pe, reg, rt ?? 0, true);
  // EL1 finds the identity that EL2 has given it.
  const isVirtual = reg === 'mpidr_el1' && pe.el === 1 && pe.el2Enabled;
  const value = isGicRegister(reg) ? readGic(pe, reg) : pe.read(isVirtual ? 'vmpidr_el2' : reg);
  if (rt !== undefined && rt < 31) pe.x[rt] = value;
  return next(pe, done(value));
}

/** Whether an access at EL1 goes to EL2: ID registers with HCR_EL2.TID3, and what the GIC says. */
const isTrapped = (pe: Pe, reg: SysReg): boolean =>
  pe.el === 1 &&
  pe.el2Enabled &&
  (reg.startsWith('id_') ? (pe.get('hcr_el2') & Hcr.TID3) !== 0n : isGicTrapped(pe, reg));

function trapped(pe: Pe, reg: SysReg, rt: number, isRead: boolean): Outcome | undefined {
  const { encoding } = sysRegRow(reg);
  assert(encoding !== undefined, 'what traps has an encoding');
  return fault(pe, { target: 2, ec: Ec.SystemRegister, iss: trapIss(encoding, rt, isRead) });
}

/** Whether a register exists at this EL of this machine. */
const isThere = (pe: Pe, reg: SysReg): boolean =>
  pe.el >= sysRegRow(reg).el && (reg !== 'gpcbw_el3' || pe.gpc.features.gpc3);

function msr(pe: Pe, reg: SysReg, given: bigint, rt: number | undefined): Outcome | undefined {
  if (!isThere(pe, reg) || sysRegRow(reg).only === 'mrs') return undefinedHere(pe);
  const value = BigInt.asUintN(64, given);
  const isTrap = isTrapped(pe, reg);
  if (isTrap ? (rt ?? 0) < 31 : rt !== undefined && rt < 31) pe.x[rt ?? 0] = value;
  if (isTrap) return trapped(pe, reg, rt ?? 0, false);
  if (isGicRegister(reg)) writeGic(pe, reg, value);
  else pe.write(reg, value);
  return next(pe, done());
}

function tlbi(pe: Pe, op: TlbiPaOp, xt: bigint): Outcome | undefined {
  if (pe.el !== 3) return undefinedHere(pe);
  pe.tlbi(op, xt);
  return next(pe, done());
}

function cipapa(pe: Pe, xt: bigint): Outcome | undefined {
  if (pe.el !== 3) return undefinedHere(pe);
  const pas = (Number((xt >> 63n) & 1n) | (Number((xt >> 62n) & 1n) << 1)) as Pas;
  pe.clean(frameArg(xt & 0xff_ffff_ffff_ffffn, pe.memory.paBits), pas);
  return next(pe, done());
}
