// One architectural action on one PE, with translation off: VA is PA, in the PAS that the action names or the world's own.
// The result is an outcome, or undefined when an exception took the PE to another EL.

import type { AccessSize, Action, FaultView, Outcome } from '../arch/action.ts';
import { frameArg } from '../arch/address.ts';
import { Hcr, Pstate, Scr, type SysReg, readOnly, sysRegRow } from '../arch/registers.ts';
import { Ec, Fsc, Iss, ecOf, hpfar, wfiIss } from '../arch/syndrome.ts';
import { type TlbiPaOp, decodeTlbiRange } from '../arch/tlbi.ts';
import { gpccrField } from '../arch/gpt.ts';
import { type El, type Pas, World, canReach } from '../arch/world.ts';
import { reportGptFault } from './gpt-report.ts';
import { Access } from '../memory/port.ts';
import type { Pe } from './pe.ts';
import { type RoutingInput, routeCall, routeExternalAbort, routeFault, routeUndefined } from './routing.ts';

/** What the action needs of the system around the PE: the other requesters in its Outer Shareable domain. */
export type Shareable = { invalidate(op: TlbiPaOp, xt: bigint, from: Pe): void };

const none: readonly bigint[] = [];
/** Where software named the PAS of an access, a page of the last level is what would have chosen it. */
const PAGE_LEVEL = 3;
const done = (value = 0n, x = none): Outcome => ({ kind: 'done', value, x });

/** Carries out one action. PC moves on by one instruction unless an exception was taken. */
export function act(pe: Pe, action: Action, system: Shareable): Outcome | undefined {
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
      return wfi(pe);
    case 'mrs':
      return mrs(pe, action.reg);
    case 'msr':
      return msr(pe, action.reg, action.value);
    case 'tlbi':
      return tlbi(pe, action.what, action.xt ?? 0n, system);
    case 'cipapa':
      return cipapa(pe, action.xt);
  }
}

/** An SMC by firmware at EL2: registers are set already. Leaves the PE where the call is handled. */
export function smc(pe: Pe): void {
  call(pe, 'smc', 0, none);
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
  const value = loadedValue(pe, action.pas ?? pasOf(pe), action.size, action.signed === true);
  if (pe.trace.on) trace(pe, 'load', action, action.size, value);
  if (action.reg !== undefined) pe.x[action.reg] = BigInt.asUintN(64, value);
  return next(pe, done(value));
}

function fetch(pe: Pe, action: Extract<Action, { op: 'fetch' }>): Outcome | undefined {
  const failed = access(pe, action, 'fetch', 4);
  if (failed !== null) return failed === 'left' ? undefined : failed;
  const value = BigInt(pe.port(action.pas ?? pasOf(pe)).words[0] as number);
  if (pe.trace.on) trace(pe, 'fetch', action, 4, value);
  return next(pe, done(value));
}

function store(pe: Pe, action: Extract<Action, { op: 'store' }>): Outcome | undefined {
  const port = pe.port(action.pas ?? pasOf(pe));
  port.doublewords[0] = BigInt.asUintN(64, action.value);
  port.doublewords[1] = BigInt.asUintN(64, action.value >> 64n);
  const failed = access(pe, action, 'store', action.size);
  if (failed !== null) return failed === 'left' ? undefined : failed;
  if (pe.trace.on) trace(pe, 'store', action, action.size, action.value);
  return next(pe, done());
}

function loadedValue(pe: Pe, pas: Pas, size: AccessSize, signed: boolean): bigint {
  const port = pe.port(pas);
  if (size === 16) return ((port.doublewords[1] as bigint) << 64n) | (port.doublewords[0] as bigint);
  const value = BigInt.asUintN(size * 8, port.doublewords[0] as bigint);
  return signed ? BigInt.asIntN(size * 8, value) : value;
}

type MemoryAction = { readonly at: bigint; readonly pas?: Pas };

/**
 * PC alignment, address, permission, protection and bus, in that order. Null: the access was made. 'left': an exception went to another EL.
 */
function access(pe: Pe, action: MemoryAction, what: 'load' | 'store' | 'fetch', size: number): Outcome | 'left' | null {
  const { at } = action;
  const pas = action.pas ?? pasOf(pe);
  const { world } = pe;
  // A state has no way to form a request to a PAS beyond its reach: for software there is no such instruction.
  if (!canReach(world, pas)) return undefinedHere(pe) ?? 'left';
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
  const result = what === 'store' ? port.storeAt(frame, offset, size) : port.loadAt(frame, offset, size);
  if (result === Access.Ok) return null;
  if (result === Access.Gpt) return gptFault(pe, what, pe.gpc.fault.frame === frame ? at : nextPage, pas) ?? 'left';
  if (pe.trace.on) pe.trace.emit({ kind: 'bus-abort', by: actor(pe), what, pas, at });
  return abort(pe, what, at, Fsc.externalAbort, routeExternalAbort(routing(pe))) ?? 'left';
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
function gptFault(pe: Pe, what: 'load' | 'store' | 'fetch', at: bigint, pas: Pas): Outcome | undefined {
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
    walk: undefined,
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

function wfi(pe: Pe): Outcome | undefined {
  const isTrapped = pe.el < 2 && pe.el2Enabled && (pe.get('hcr_el2') & Hcr.TWI) !== 0n;
  if (isTrapped) return fault(pe, { target: 2, ec: Ec.Wfx, iss: wfiIss });
  pe.isWaiting = true;
  return next(pe, done());
}

function mrs(pe: Pe, reg: SysReg): Outcome | undefined {
  if (!isThere(pe, reg)) return undefinedHere(pe);
  // EL1 finds the identity that EL2 has given it.
  const isVirtual = reg === 'mpidr_el1' && pe.el === 1 && pe.el2Enabled;
  return next(pe, done(pe.get(isVirtual ? 'vmpidr_el2' : reg)));
}

/** Whether a register exists at this EL of this machine. */
const isThere = (pe: Pe, reg: SysReg): boolean =>
  pe.el >= sysRegRow(reg).el && (reg !== 'gpcbw_el3' || pe.gpc.features.gpc3);

function msr(pe: Pe, reg: SysReg, value: bigint): Outcome | undefined {
  if (!isThere(pe, reg) || readOnly.has(reg)) return undefinedHere(pe);
  writeSysReg(pe, reg, BigInt.asUintN(64, value));
  return next(pe, done());
}

/** Writes a system register with what the write brings about. */
export function writeSysReg(pe: Pe, reg: SysReg, value: bigint): void {
  switch (reg) {
    case 'gpccr_el3': {
      // L0GPTSZ is read-only: it says what the machine implements.
      const fixed = 0xfn << 20n;
      pe.set(reg, (value & ~fixed) | (pe.get(reg) & fixed));
      pe.gpc.setRegisters({ gpccr: pe.get(reg) });
      return;
    }
    case 'gptbr_el3':
      pe.set(reg, value);
      pe.gpc.setRegisters({ gptbr: value });
      return;
    case 'gpcbw_el3':
      pe.set(reg, value);
      pe.gpc.setRegisters({ gpcbw: value });
      return;
    case 'vbar_el1':
    case 'vbar_el2':
    case 'vbar_el3':
      // [10:0] are RES0: the offset in the table.
      pe.set(reg, value - (value % 0x800n));
      return;
    default:
      pe.set(reg, value);
  }
}

function tlbi(pe: Pe, op: TlbiPaOp, xt: bigint, system: Shareable): Outcome | undefined {
  if (pe.el !== 3) return undefinedHere(pe);
  invalidate(pe, op, xt, system);
  return next(pe, done());
}

/** TLBI by PA from EL3: on this PE, or on every requester of the Outer Shareable domain. */
export function invalidate(pe: Pe, op: TlbiPaOp, xt: bigint, system: Shareable): void {
  if (pe.trace.on) {
    const range =
      op === 'rpaos' || op === 'rpalos'
        ? decodeTlbiRange(op, xt, gpccrField(pe.get('gpccr_el3'), 'PGS'), pe.memory.paBits)
        : undefined;
    const frames = range?.required === true ? range.lastFrame - range.firstFrame + 1 : 0;
    pe.trace.emit({
      kind: 'tlbi',
      pe: pe.index,
      op,
      frame: range?.required === true ? range.firstFrame : 0,
      bits: frames === 0 ? 0 : 12 + Math.log2(frames),
    });
  }
  if (op === 'paall') pe.gpc.invalidate(op);
  else system.invalidate(op, xt, pe);
}

function cipapa(pe: Pe, xt: bigint): Outcome | undefined {
  if (pe.el !== 3) return undefinedHere(pe);
  const pas = (Number((xt >> 63n) & 1n) | (Number((xt >> 62n) & 1n) << 1)) as Pas;
  cleanGranule(pe, frameArg(xt & 0xff_ffff_ffff_ffffn, pe.memory.paBits), pas);
  return next(pe, done());
}

/**
 * DC CIPAPA for a granule. Simplified: cleaning one line cleans the granule it lies in; caches of PEs are coherent.
 */
export function cleanGranule(pe: Pe, frame: number, pas: Pas): void {
  const wasDirty = frame >= 0 && pe.memory.cleanToPopa(frame, pas);
  if (pe.trace.on && frame >= 0) pe.trace.emit({ kind: 'popa', frame, pas, wasDirty });
}
