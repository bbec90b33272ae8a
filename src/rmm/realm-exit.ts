// An exception that a Realm took to EL2: a call to answer, an abort to route, an instruction to emulate, or an exit to the Host.
// RMM 1.0 sections 6.12 and 7.6.

import { type SysReg, sysRegOf } from '../arch/registers.ts';
import { Ec, ecOf, hpfarIpa, isExternalAbort, issOf, trappedEncoding } from '../arch/syndrome.ts';
import { assert } from '../base/assert.ts';
import type { RmmPe } from './ports.ts';
import { realmCommands } from './realm-commands.ts';
import type { Rec } from './rec.ts';
import {
  EsrMask,
  bufferAbort,
  classifyAbort,
  exit,
  injectAddressSize,
  injectSea,
  injectUnknown,
  resume,
  save,
} from './rec-run.ts';
import type { Rmm } from './rmm.ts';
import { type AnyRealmCommand, type RealmAnswer, RealmCall, runRealm } from './rsi-command.ts';
import { Rtt } from './rtt.ts';

const SMCCC_VERSION = 0x8000_0000;
const SMCCC_1_2 = 0x1_0002;
const SVE_HINT = 0x1_0000;
/** Vector offsets from a lower EL: synchronous, IRQ, FIQ, SError. */
const Vector = { sync: 0x400, irq: 0x480, fiq: 0x500, serror: 0x580 } as const;

const commands: ReadonlyMap<number, AnyRealmCommand> = new Map(
  realmCommands.flatMap((command) => command.fids.map((fid) => [fid, command] as const)),
);

/** Handles what brought a running REC to EL2. */
export function handleRealm(rmm: Rmm, pe: RmmPe, vector: number): void {
  const running = rmm.running.get(pe.index);
  assert(running !== undefined, 'only a running REC takes exceptions to EL2');
  const { rec } = running;
  save(pe, rec);
  switch (vector) {
    case Vector.irq:
      return exit(rmm, pe, { reason: 'IRQ' });
    case Vector.fiq:
      return exit(rmm, pe, { reason: 'FIQ' });
    case Vector.serror:
      return exit(rmm, pe, { reason: 'SERROR', esr: pe.get('esr_el2') & 0xfd00_1e3fn });
    default:
      return synchronous(rmm, pe, rec);
  }
}

function synchronous(rmm: Rmm, pe: RmmPe, rec: Rec): void {
  const esr = pe.get('esr_el2');
  switch (ecOf(esr)) {
    case Ec.Smc64:
      return call(rmm, pe, rec);
    case Ec.Hvc64:
      // HVC reaches nobody. ELR_EL2 is behind it; the exception is reported at it.
      rec.pc = BigInt.asUintN(64, rec.pc - 4n);
      injectUnknown(rec);
      return resume(rmm, pe, rec);
    case Ec.Wfx:
      rec.pc = BigInt.asUintN(64, rec.pc + 4n);
      return exit(rmm, pe, { reason: 'SYNC', esr: esr & EsrMask.wfx, gprs: [timeoutOf(rec, esr)] });
    case Ec.DataAbortLower:
    case Ec.InstructionAbortLower:
      return abort(rmm, pe, rec, esr);
    case Ec.SystemRegister:
      return systemRegister(rmm, pe, rec, esr);
    default:
      injectUnknown(rec);
      return resume(rmm, pe, rec);
  }
}

/** WFIT and WFET name the register with their timeout, RN [9:5]. */
function timeoutOf(rec: Rec, esr: bigint): bigint {
  const rn = Number((esr >> 5n) & 0x1fn);
  return (esr & 0b10n) !== 0n && rn < 31 ? rec.x(rn) : 0n;
}

function abort(rmm: Rmm, pe: RmmPe, rec: Rec, esr: bigint): void {
  const far = pe.get('far_el2');
  // Recoverable (SET is 0): the Realm takes it, and the Host learns that it happened.
  if (isExternalAbort(esr)) {
    injectSea(rec, esr, far);
    const mask = ecOf(esr) === Ec.InstructionAbortLower ? EsrMask.instructionAbort : EsrMask.dataAbort;
    return exit(rmm, pe, { reason: 'SYNC', esr: esr & mask });
  }
  const ipa = hpfarIpa(pe.get('hpfar_el2')) * 4096 + Number(far & 0xfffn);
  const what = classifyAbort(rec, new Rtt(pe.realm), { esr, far, ipa });
  switch (what.kind) {
    case 'sea':
      injectSea(rec, esr, far);
      return resume(rmm, pe, rec);
    case 'address-size':
      injectAddressSize(rec, esr, far);
      return resume(rmm, pe, rec);
    case 'exit':
      rec.lastExit = { ...rec.lastExit, unprotectedAbort: what.isUnprotected, emulatable: what.isEmulatable, esr, far };
      return exit(rmm, pe, what.record);
  }
}

/** Fields of ID registers that a Realm is not told of: AMU, MPAM and SVE. */
const hidden: Readonly<Partial<Record<SysReg, bigint>>> = { id_aa64pfr0_el1: 0xff0f_0000_0000n, id_aa64mmfr0_el1: 0n };

/** What the Host has to do for the Realm: deactivate an interrupt, send one to another REC. */
const forHost: ReadonlySet<SysReg | undefined> = new Set<SysReg>(['icc_dir_el1', 'icc_sgi0r_el1', 'icc_sgi1r_el1']);

/** ID registers are answered from what the Realm may know; all others read as zero and ignore writes. */
function systemRegister(rmm: Rmm, pe: RmmPe, rec: Rec, esr: bigint): void {
  const reg = sysRegOf(trappedEncoding(issOf(esr)));
  const rt = Number((esr >> 5n) & 0x1fn);
  const isRead = (esr & 1n) === 1n;
  rec.pc = BigInt.asUintN(64, rec.pc + 4n);
  if (forHost.has(reg) && !isRead) {
    return exit(rmm, pe, { reason: 'SYNC', esr, gprs: [rt < 31 ? rec.x(rt) : 0n] });
  }
  const mask = reg === undefined ? undefined : hidden[reg];
  if (isRead && rt < 31) rec.setX(rt, mask === undefined ? 0n : pe.get(reg as SysReg) & ~mask);
  resume(rmm, pe, rec);
}

/** SMC of a Realm: RSI and PSCI are answered, all else is not supported. Never an exit by itself. */
function call(rmm: Rmm, pe: RmmPe, rec: Rec): void {
  const fid = (Number(rec.x(0) & 0xffff_ffffn) & ~SVE_HINT) >>> 0;
  const command = commands.get(fid);
  if (command === undefined) {
    return answer(rmm, pe, rec, { kind: 'return', x: fid === SMCCC_VERSION ? [SMCCC_1_2, 0, 0, 0] : [-1] });
  }
  const { answer: result, failed } = runRealm(command, new RealmCall(rmm, pe, rec));
  if (pe.trace.on) {
    pe.trace.emit({ kind: 'rsi', pe: pe.index, name: command.name, ...(failed === undefined ? {} : { failed }) });
  }
  answer(rmm, pe, rec, result);
}

function answer(rmm: Rmm, pe: RmmPe, rec: Rec, result: RealmAnswer): void {
  if (result.kind === 'abort') {
    // The program counter stays on the SMC: it is executed again at the next entry.
    return exit(rmm, pe, bufferAbort(result.ipa, result.level));
  }
  rec.pc = BigInt.asUintN(64, rec.pc + 4n);
  for (const [n, value] of (result.x ?? []).entries()) rec.setX(n, BigInt(value));
  if (result.kind === 'return') return resume(rmm, pe, rec);
  rec.lastExit = { ...rec.lastExit, ripasChange: result.exit.reason === 'RIPAS_CHANGE' };
  exit(rmm, pe, result.exit);
}
