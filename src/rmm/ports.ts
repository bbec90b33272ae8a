// What the RMM needs from below. Declared here, by the one who asks; monitor, PE and memory happen to fit, none is imported.

import type { Pa } from '../arch/address.ts';
import type { SysReg } from '../arch/registers.ts';
import type { Trace } from '../arch/trace.ts';

/** Memory in one PAS, checked on every access. Undefined, or not zero: refused. */
export type RealmMemory = {
  /** The halves of the last load and of the next store. */
  readonly words: Uint32Array;
  load(pa: Pa, size: number): number;
  store(pa: Pa, size: number): number;
  readBytes(pa: Pa, length: number): Uint8Array | undefined;
  readInto(pa: Pa, into: Uint8Array): number;
  writeBytes(pa: Pa, bytes: Uint8Array): number;
  fill(pa: Pa, length: number, value: number): number;
  fill64(pa: Pa, count: number, lo: number, hi: number): number;
};

/** EL3, reached by real SMCs. */
export type El3 = {
  /**
   * The GPI of a granule. Simplified: interface 0.3 has no such call; it tells beforehand what GTSI_DELEGATE would find, so that
   * a check need not change anything.
   */
  gpi(pa: Pa): number | undefined;
  /** One SMC with an address in X1; the answer is X0, as a small number or -1 and below. */
  call(fid: number, pa: Pa): number;
};

/** The PE that an activation runs on. */
export type RmmPe = {
  readonly index: number;
  /** Where the RMM was entered, from its entry point: 0 for a boot, behind its last SMC for a call, a vector for an exception. */
  readonly offset: number;
  /** All registers by slot, live; and the general-purpose ones as halves. */
  readonly x: BigUint64Array;
  readonly words: Uint32Array;
  readonly realm: RealmMemory;
  readonly nonSecure: RealmMemory;
  readonly el3: El3;
  get(reg: SysReg): bigint;
  /** As an MRS finds it, where that is not what is stored: timers, ICH_MISR_EL2. */
  read(reg: SysReg): bigint;
  set(reg: SysReg, value: bigint): void;
  /** ERET to a Realm: what runs next on this PE is the Realm's. */
  eret(): void;
  /** TLBI IPAS2E1OS over a range of a VMID, and what was combined from it. */
  invalidateStage2(vmid: number, ipa: number, size: number): void;
  /** An SMC that does not come back: control leaves the RMM. Registers are set already. */
  leave(): void;
  readonly trace: Trace;
};

/** What makes the token of a Realm. */
export type TokenMaker = {
  /** Payload and signature over a challenge, as bytes to hand out. */
  token(
    realm: {
      readonly measurements: readonly Uint8Array[];
      readonly rpv: Uint8Array;
      readonly hashAlgo: 'SHA_256' | 'SHA_512';
    },
    challenge: Uint8Array,
  ): Uint8Array;
};
