// A REC on a PE: what an entry completes and loads, and what an exit saves and tells. RMM 1.0 section 7.
// Entry leaves the PE in the Realm's context and returns; an exception to EL2 starts the second activation.

import { type Pa, toPa } from '../arch/address.ts';
import { Hcr, Pstate, slotOf } from '../arch/registers.ts';
import { Ec, Fsc, ecOf } from '../arch/syndrome.ts';
import { assert } from '../base/assert.ts';
import type { Call } from './call.ts';
import type { EnterRecord } from './enter-record.ts';
import { GIC_HCR_MASK } from './enter-record.ts';
import { type ExitRecord, type ExitState, REC_EXIT_SIZE, exitBytes, hpfarOf } from './exit-record.ts';
import type { RmmPe } from './ports.ts';
import { type Rec, listed, mpidrOf, noExit, recSlots } from './rec.ts';
import type { Rmm } from './rmm.ts';
import { haveChanged, maskAsserted, saveControls } from './timers.ts';
import { Hipas, LEVEL_MAX, Ripas, Rtt, Walk, entrySize } from './rtt.ts';

/** HCR_EL2 while a Realm runs: stage 2 on, interrupts and SMC to EL2, AArch64 below. */
const HCR_REALM =
  Hcr.VM |
  Hcr.SWIO |
  Hcr.PTW |
  Hcr.FMO |
  Hcr.IMO |
  Hcr.AMO |
  Hcr.TID3 |
  Hcr.TSC |
  Hcr.RW |
  Hcr.TEA |
  Hcr.APK |
  Hcr.API |
  Hcr.FWB;
/** ESR_EL2 bits that the Host may see. */
export const EsrMask = {
  dataAbort: 0xfc00_1e3fn,
  emulatable: 0xfdc0_9e7fn,
  instructionAbort: 0xfc00_1a3fn,
  wfx: 0xfc00_0003n,
} as const;
const ISV = 1n << 24n;
const WNR = 1n << 6n;
/** ISV, SAS, SSE, SRT, SF, AR: only aborts of stage 2 describe the transfer. */
const TRANSFER = 0x1ff_c000n;
/** EL1 of a Realm was in AArch64 with its own stack pointer. */
const EL1H = 0b0101n;

/** The PE of a running REC: where its run page is, and the Host's own registers of EL1 and EL0. */
export type Running = {
  readonly rec: Rec;
  readonly run: Pa;
  readonly host: BigUint64Array;
  readonly trapWfi: boolean;
  readonly trapWfe: boolean;
};

/** Registers of EL0 and EL1 that belong to whoever runs there: EL3 does not switch them between Host and Realm. */
const sharedSlots = recSlots.slice(31);
/** They, and X4, which a call without a fourth output gives back as it came. */
const X4 = 4;
const hostSlots = [...sharedSlots, X4];

/** Registers of a PE to or from a dense array, as halves: 64-bit values would each be an object on the way. */
function copySlots(pe: Uint32Array, slots: readonly number[], kept: Uint32Array, what: 'save' | 'load'): void {
  for (let i = 0; i < slots.length; i++) {
    const at = 2 * (slots[i] as number);
    if (what === 'save') {
      kept[2 * i] = pe[at] as number;
      kept[2 * i + 1] = pe[at + 1] as number;
    } else {
      pe[at] = kept[2 * i] as number;
      pe[at + 1] = kept[2 * i + 1] as number;
    }
  }
}

/** An SEA that the Host asks for is only taken after a data abort at an Unprotected IPA. */
export const takesInjectedSea = (rec: Rec, enter: EnterRecord): boolean =>
  enter.injectSea && rec.lastExit.unprotectedAbort;

/** Enters a REC: completes what it waits for, loads it, and leaves the PE to it. */
export function enter(call: Call, rec: Rec, run: Pa, record: EnterRecord): void {
  const { rmm, pe } = call;
  rec.lrs = listed(record.lrs);
  rec.gicHcr = record.gicHcr & GIC_HCR_MASK;
  if (takesInjectedSea(rec, record)) injectSea(rec, rec.lastExit.esr, rec.lastExit.far);
  else if (record.emulMmio) emulateMmio(rec, record.gprs[0] as bigint);
  if (rec.lastExit.ripasChange) completeRipasChange(rec, record.isRejected);
  const host = new BigUint64Array(hostSlots.length);
  copySlots(pe.words, hostSlots, new Uint32Array(host.buffer), 'save');
  rec.runningOn = pe.index;
  rmm.running.set(pe.index, { rec, run, host, trapWfi: record.trapWfi, trapWfe: record.trapWfe });
  call.hasEntered = true;
  if (rec.hostCall !== undefined && !completeHostCall(rmm, pe, rec, record.gprs)) return;
  rec.lastExit = noExit;
  load(rmm, pe, rec, record);
}

/** Registers of the REC onto the PE, stage 2 of its Realm, and ERET. */
function load(rmm: Rmm, pe: RmmPe, rec: Rec, { trapWfi, trapWfe }: Pick<EnterRecord, 'trapWfi' | 'trapWfe'>): void {
  copySlots(pe.words, recSlots, rec.words, 'load');
  const { vmid, rttBase, ipaBits, startLevel, lpa2 } = rec.realm.config;
  pe.set('elr_el2', rec.pc);
  pe.set('spsr_el2', rec.pstate);
  pe.set('vmpidr_el2', mpidrOf(rec.config.index));
  pe.set('hcr_el2', HCR_REALM | (trapWfi ? Hcr.TWI : 0n) | (trapWfe ? Hcr.TWE : 0n));
  pe.set('vttbr_el2', vttbrOf(vmid, rttBase));
  pe.set('vtcr_el2', vtcrOf(ipaBits, startLevel, lpa2));
  rmm.gic.load(pe, rec);
  maskAsserted(pe, (reg) => rec.reg(slotOf(reg)));
  go(rmm, pe, rec);
}

/** Leaves the PE to the Realm, unless the output of a timer has changed since the last exit: the Host has to know first. */
function go(rmm: Rmm, pe: RmmPe, rec: Rec): void {
  if (!haveChanged(pe)) return pe.eret();
  saveControls(pe, (reg, value) => rec.setReg(slotOf(reg), value));
  exit(rmm, pe, { reason: 'IRQ' });
}

/** VTTBR_EL2: VMID [63:48], BADDR [47:1]; bits [51:48] of the base stand at [5:2]. */
export const vttbrOf = (vmid: number, base: number): bigint =>
  (BigInt(vmid) << 48n) | (BigInt(base) & 0xffff_ffff_f000n) | ((BigInt(base) >> 48n) << 2n);

/** VTCR_EL2: T0SZ [5:0], SL0 [7:6], TG0 4 KiB, PS 48 or 52 bits, DS (bit 32) with LPA2; SL2 (bit 33) for level -1. */
function vtcrOf(ipaBits: number, startLevel: number, lpa2: boolean): bigint {
  // SL0 for 4 KiB granules: 0 starts at level 2, 1 at level 1, 2 at level 0.
  const sl0 = startLevel === -1 ? 0n : BigInt(2 - startLevel);
  const ps = lpa2 ? 6n : 5n;
  return (
    BigInt(64 - ipaBits) |
    (sl0 << 6n) |
    (ps << 16n) |
    (1n << 31n) |
    (lpa2 ? 1n << 32n : 0n) |
    (startLevel === -1 ? 1n << 33n : 0n)
  );
}

/** An emulated access: a read gets its value, sized and signed as the instruction said; the instruction is done. */
function emulateMmio(rec: Rec, value: bigint): void {
  const { esr } = rec.lastExit;
  rec.pc = BigInt.asUintN(64, rec.pc + 4n);
  if ((esr & WNR) !== 0n) return;
  const srt = Number((esr >> 16n) & 0x1fn);
  if (srt === 31) return;
  const bits = 8 << Number((esr >> 22n) & 0b11n);
  const isSigned = ((esr >> 21n) & 1n) === 1n;
  const is64 = ((esr >> 15n) & 1n) === 1n;
  const sized = isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  rec.setX(srt, BigInt.asUintN(is64 ? 64 : 32, sized));
}

/** The answer to RSI_IPA_STATE_SET: how far the Host came, and whether it refused. */
function completeRipasChange(rec: Rec, isRejected: boolean): void {
  const { addr, top, value } = rec.ripas;
  rec.setX(0, 0n);
  rec.setX(1, BigInt(addr));
  rec.setX(2, value === Ripas.RAM && addr !== top && isRejected ? 1n : 0n);
  rec.setX(3, 0n);
  rec.dropRipasRequest();
}

/** The answer to RSI_HOST_CALL goes into the Realm's memory. False: that faults, and the REC has exited again. */
function completeHostCall(rmm: Rmm, pe: RmmPe, rec: Rec, gprs: BigUint64Array): boolean {
  const ipa = rec.hostCall as number;
  const { level, entry } = new Rtt(pe.realm).walk(rec.realm, ipa, LEVEL_MAX, new Walk());
  if (entry.hipas === Hipas.ASSIGNED && entry.ripas === Ripas.RAM) {
    const bytes = new Uint8Array(31 * 8);
    const view = new DataView(bytes.buffer);
    for (const [i, value] of gprs.entries()) view.setBigUint64(8 * i, value, true);
    const refused = pe.realm.writeBytes(toPa(entry.addr + (ipa % entrySize(level)) + 8), bytes);
    assert(refused === 0, 'a Realm page is Realm memory');
    rec.setX(0, 0n);
  } else if (entry.ripas !== Ripas.EMPTY) {
    // The call stays pending.
    exit(rmm, pe, bufferAbort(ipa, level), true);
    return false;
  } else {
    rec.setX(0, 1n);
  }
  for (const n of [1, 2, 3]) rec.setX(n, 0n);
  rec.hostCall = undefined;
  return true;
}

/** Exit record of an access by the RMM to a buffer of the Realm that is not there. */
export function bufferAbort(ipa: number, level: number): ExitRecord {
  return {
    reason: 'SYNC',
    esr: (BigInt(Ec.DataAbortLower) << 26n) | BigInt(Fsc.translation(level)),
    hpfar: hpfarOf(ipa),
  };
}

/** Synchronous External Abort: the Realm takes it at the faulting instruction. */
export const injectSea = (rec: Rec, esr: bigint, far: bigint): void =>
  injectAbort(rec, esr, far, 1n << 9n, Fsc.externalAbort);

/** Address Size Fault of stage 1 at level 0, as with stage 1 off: the IPA is beyond the Realm's space (appendix A row 15). */
export const injectAddressSize = (rec: Rec, esr: bigint, far: bigint): void =>
  injectAbort(rec, esr & ~TRANSFER, far, 0n, Fsc.addressSize(0));

function injectAbort(rec: Rec, esr: bigint, far: bigint, ea: bigint, fsc: number): void {
  const fromEl1 = ((rec.pstate >> 2n) & 0b11n) === 1n;
  const ec = BigInt(ecOf(esr)) + (fromEl1 ? 1n : 0n);
  // As EL2 got it, but for FnV and S1PTW, which are clear.
  const iss = (esr & 0x3ff_ffffn & ~(0x3fn | (1n << 10n) | (1n << 7n))) | ea | BigInt(fsc);
  injectSync(rec, (ec << 26n) | iss, far);
}

/** Unknown exception: the instruction does not exist for this Realm. */
export const injectUnknown = (rec: Rec): void => injectSync(rec, 1n << 25n, undefined);

function injectSync(rec: Rec, esr: bigint, far: bigint | undefined): void {
  rec.setReg(slotOf('esr_el1'), esr);
  if (far !== undefined) rec.setReg(slotOf('far_el1'), far);
  rec.setReg(slotOf('elr_el1'), rec.pc);
  rec.setReg(slotOf('spsr_el1'), rec.pstate);
  const el = (rec.pstate >> 2n) & 0b11n;
  const offset = el === 0n ? 0x400n : (rec.pstate & 1n) === 1n ? 0x200n : 0n;
  rec.pc = BigInt.asUintN(64, rec.reg(slotOf('vbar_el1')) + offset);
  rec.pstate = (rec.pstate & Pstate.FLAGS) | Pstate.DAIF | EL1H;
}

/** Saves what the Realm left on the PE. */
export function save(pe: RmmPe, rec: Rec): void {
  copySlots(pe.words, recSlots, rec.words, 'save');
  saveControls(pe, (reg, value) => rec.setReg(slotOf(reg), value));
  rec.pc = pe.get('elr_el2');
  rec.pstate = pe.get('spsr_el2');
}

/** Puts a REC back on its PE without telling the Host: a call was answered, an exception injected. */
export function resume(rmm: Rmm, pe: RmmPe, rec: Rec): void {
  copySlots(pe.words, recSlots, rec.words, 'load');
  pe.set('elr_el2', rec.pc);
  pe.set('spsr_el2', rec.pstate);
  go(rmm, pe, rec);
}

/** Ends a run: tells the Host in the run page, gives it its registers back, and leaves. The REC is saved already. */
export function exit(rmm: Rmm, pe: RmmPe, record: ExitRecord, isBeforeRun = false): void {
  const running = rmm.running.get(pe.index);
  assert(running !== undefined, 'a REC runs on this PE');
  const { rec, run, host } = running;
  rec.runningOn = undefined;
  rmm.running.delete(pe.index);
  copySlots(pe.words, sharedSlots, new Uint32Array(host.buffer, host.byteOffset), 'load');
  const state: ExitState = isBeforeRun ? rmm.gic.stateOf(rec) : rmm.gic.save(pe, rec);
  const refused = pe.nonSecure.writeBytes(toPa(run + REC_EXIT_SIZE), exitBytes(record, state));
  // The Host's page may have gone elsewhere meanwhile; the Realm did run.
  // X5 is the Host's X4; what the Realm had there must not be.
  pe.x[X4 + 1] = host[sharedSlots.length] as bigint;
  rmm.complete(pe, refused === 0 ? 0 : 1);
}

/** What a data or instruction abort of the Realm means: an exit to the Host or an exception for the Realm itself. */
export function classifyAbort(
  rec: Rec,
  rtt: Rtt,
  fault: { readonly esr: bigint; readonly far: bigint; readonly ipa: number },
):
  | { readonly kind: 'sea' }
  | { readonly kind: 'address-size' }
  | {
      readonly kind: 'exit';
      readonly record: ExitRecord;
      readonly isEmulatable: boolean;
      readonly isUnprotected: boolean;
    } {
  const { esr, far, ipa } = fault;
  const { realm } = rec;
  const isFetch = ecOf(esr) === Ec.InstructionAbortLower;
  if (ipa >= realm.ipaEnd) return { kind: 'address-size' };
  const { entry } = rtt.walk(realm, ipa, LEVEL_MAX, new Walk());
  const hpfar = hpfarOf(ipa);
  if (ipa < realm.protectedEnd) {
    if (entry.ripas === Ripas.EMPTY && entry.hipas !== Hipas.TABLE) return { kind: 'sea' };
    const record: ExitRecord = {
      reason: 'SYNC',
      esr: esr & (isFetch ? EsrMask.instructionAbort : EsrMask.dataAbort),
      hpfar,
    };
    return { kind: 'exit', record, isEmulatable: false, isUnprotected: false };
  }
  if (isFetch) return { kind: 'sea' };
  if ((esr & ISV) === 0n) {
    // Appendix A row 12: nothing of an access that cannot be emulated, IL neither.
    const record: ExitRecord = { reason: 'SYNC', esr: esr & EsrMask.dataAbort & ~(1n << 25n), hpfar };
    return { kind: 'exit', record, isEmulatable: false, isUnprotected: true };
  }
  const isWrite = (esr & WNR) !== 0n;
  const srt = Number((esr >> 16n) & 0x1fn);
  const value = !isWrite || srt === 31 ? 0n : BigInt.asUintN(8 << Number((esr >> 22n) & 0b11n), rec.x(srt));
  const record: ExitRecord = { reason: 'SYNC', esr: esr & EsrMask.emulatable, hpfar, far: far & 0xfffn, gprs: [value] };
  return { kind: 'exit', record, isEmulatable: true, isUnprotected: true };
}
