// A REC: a virtual CPU of a Realm. Its saved context and what it waits for. The contents of a REC granule are invisible to
// everyone else, so they are an object keyed by the granule.

import { Pstate, el1Slots, slotOf } from '../arch/registers.ts';
import type { Realm } from './realm.ts';
import { Ripas } from './rtt.ts';
import type { RecParams } from './structures.ts';

/** Registers that a REC has of its own, beside PC and PSTATE: X0 to X30, SP_EL0, those of EL1, and what it set in its GIC. */
export const recSlots: readonly number[] = [
  ...Array.from({ length: 31 }, (_, n) => n),
  slotOf('sp_el0'),
  ...el1Slots,
  ...(['ich_vmcr_el2', 'ich_ap0r0_el2', 'ich_ap1r0_el2'] as const).map(slotOf),
];
const place = new Map(recSlots.map((slot, i) => [slot, i]));

/** SCTLR_EL1 at reset: RES1 bits, nTWI and nTWE; MMU and caches off. */
const SCTLR_RESET = 0x30d5_0980n;
/** PSTATE at the first entry: EL1h, D, A, I and F masked. */
const PSTATE_RESET = Pstate.DAIF | 0b0101n;
const GPRS = 31;

export type RecConfig = {
  readonly pa: number;
  readonly realm: Realm;
  readonly index: number;
  readonly aux: readonly number[];
};

/** A RIPAS change that the Realm asked for: progress, end, and what it wants. */
export type RipasRequest = {
  readonly addr: number;
  readonly top: number;
  readonly value: Ripas;
  readonly changeDestroyed: boolean;
};

const noRequest: RipasRequest = { addr: 0, top: 0, value: Ripas.EMPTY, changeDestroyed: false };

/** What the last exit was, as far as the next entry may build on it. */
export type LastExit = {
  /** Data abort at an Unprotected IPA: a Synchronous External Abort may be injected. */
  readonly unprotectedAbort: boolean;
  /** Emulatable Data Abort: the syndrome that says which register waits for a value. */
  readonly emulatable: boolean;
  readonly esr: bigint;
  readonly far: bigint;
  /** RIPAS_CHANGE: the answer is due. */
  readonly ripasChange: boolean;
};

export const noExit: LastExit = {
  unprotectedAbort: false,
  emulatable: false,
  esr: 0n,
  far: 0n,
  ripasChange: false,
};

/** Attestation token generation of one REC. */
export type AttestState =
  { readonly challenge: Uint8Array; readonly token: Uint8Array; readonly sent: number } | undefined;

export const LIST_REGISTERS = 16;

const noLrs: readonly bigint[] = Array.from({ length: LIST_REGISTERS }, () => 0n);

/** List Registers as a list. Mostly they are all free, and then it is always the same one. */
export const listed = (lrs: BigUint64Array): readonly bigint[] =>
  lrs.every((lr) => lr === 0n) ? noLrs : Array.from(lrs);

type RecState = {
  isRunnable: boolean;
  /** PE that runs it. */
  runningOn: number | undefined;
  pc: bigint;
  pstate: bigint;
  psciPending: 'CPU_ON' | 'AFFINITY_INFO' | undefined;
  /** IPA of the RsiHostCall that waits for its answer. */
  hostCall: number | undefined;
  ripas: RipasRequest;
  lastExit: LastExit;
  attest: AttestState;
  /** ICH_LR<n>_EL2, and the bits of ICH_HCR_EL2 that the Host gave. */
  lrs: readonly bigint[];
  gicHcr: bigint;
};

export class Rec implements RecState {
  readonly config: RecConfig;
  readonly regs = new BigUint64Array(recSlots.length);
  /** The same as halves. */
  readonly words = new Uint32Array(this.regs.buffer);
  isRunnable: boolean;
  runningOn: number | undefined;
  pc: bigint;
  pstate: bigint = PSTATE_RESET;
  psciPending: 'CPU_ON' | 'AFFINITY_INFO' | undefined;
  hostCall: number | undefined;
  ripas: RipasRequest = noRequest;
  lastExit: LastExit = noExit;
  attest: AttestState;
  lrs: readonly bigint[] = noLrs;
  gicHcr = 0n;

  constructor(config: RecConfig, params: Pick<RecParams, 'pc' | 'gprs'>, isRunnable: boolean) {
    this.config = config;
    this.isRunnable = isRunnable;
    this.pc = params.pc;
    for (const [n, value] of params.gprs.entries()) this.regs[n] = value;
    this.regs[place.get(slotOf('sctlr_el1')) as number] = SCTLR_RESET;
  }

  get realm(): Realm {
    return this.config.realm;
  }

  get isRunning(): boolean {
    return this.runningOn !== undefined;
  }

  x(n: number): bigint {
    return this.regs[n] as bigint;
  }

  setX(n: number, value: bigint): void {
    this.regs[n] = BigInt.asUintN(64, value);
  }

  reg(slot: number): bigint {
    return this.regs[place.get(slot) as number] as bigint;
  }

  setReg(slot: number, value: bigint): void {
    this.regs[place.get(slot) as number] = value;
  }

  /** PSCI CPU_ON: runs from an entry point with X0 as its argument and all other registers of EL1 as after reset. */
  start(entry: bigint, context: bigint): void {
    for (let n = 0; n < GPRS; n++) this.regs[n] = 0n;
    this.setX(0, context);
    this.setReg(slotOf('sctlr_el1'), SCTLR_RESET);
    this.pc = entry;
    this.pstate = PSTATE_RESET;
    this.isRunnable = true;
  }

  /** No RIPAS change is asked for any more. */
  dropRipasRequest(): void {
    this.ripas = noRequest;
  }

  /** All that changes, apart from the registers. */
  state(): RecState {
    const { isRunnable, runningOn, pc, pstate, psciPending, hostCall, ripas, lastExit, attest, lrs, gicHcr } = this;
    return { isRunnable, runningOn, pc, pstate, psciPending, hostCall, ripas, lastExit, attest, lrs, gicHcr };
  }

  data(): RecData {
    const { pa, realm, index, aux } = this.config;
    return { pa, rd: realm.config.rd, index, aux, regs: this.regs.slice(), state: this.state() };
  }

  static from(data: RecData, realm: Realm): Rec {
    const { pa, index, aux, regs, state } = data;
    const rec = new Rec({ pa, realm, index, aux }, { pc: state.pc, gprs: new BigUint64Array(0) }, state.isRunnable);
    rec.regs.set(regs);
    Object.assign(rec, state);
    return rec;
  }
}

export type RecData = {
  readonly pa: number;
  readonly rd: number;
  readonly index: number;
  readonly aux: readonly number[];
  readonly regs: BigUint64Array;
  readonly state: RecState;
};

/** Index of RmiRecMpidr: Aff0 [3:0], Aff1 [15:8], Aff2 [23:16], Aff3 [31:24]; -1 with a reserved bit set. */
export function recIndexOf(mpidr: bigint): number {
  if ((mpidr & ~0xffff_ff0fn) !== 0n) return -1;
  const value = Number(mpidr);
  return (value % 16) + 16 * (Math.floor(value / 2 ** 8) % 2 ** 24);
}

/** Index of an MPIDR in the register form that PSCI uses: Aff3 at [39:32]; all other bits are ignored. */
export function recIndexOfRegister(mpidr: bigint): number {
  const aff = (at: bigint, mask: bigint): number => Number((mpidr >> at) & mask);
  return aff(0n, 0xfn) + 16 * aff(8n, 0xffn) + 4096 * aff(16n, 0xffn) + 1_048_576 * aff(32n, 0xffn);
}

/** MPIDR_EL1 as the Realm reads it: bit 31 set, Aff3 at [39:32]. */
export function mpidrOf(index: number): bigint {
  const i = BigInt(index);
  return (
    0x8000_0000n |
    (i & 0xfn) |
    (((i >> 4n) & 0xffn) << 8n) |
    (((i >> 12n) & 0xffn) << 16n) |
    (((i >> 20n) & 0xffn) << 32n)
  );
}
