// What the RMM needs from below. Declared here, by the one who asks; monitor and PE happen to fit, neither is imported.

import type { Pa } from '../arch/address.ts';
import type { Pas } from '../arch/world.ts';
import type { Trace } from '../arch/trace.ts';

/** Memory in one PAS, checked on every access. Undefined, or not zero: refused. */
export type RealmMemory = {
  readBytes(pa: Pa, length: number): Uint8Array | undefined;
  writeBytes(pa: Pa, bytes: Uint8Array): number;
  fill(pa: Pa, length: number, value: number): number;
};

/** EL3, reached by real SMCs. */
export type El3 = {
  /**
   * The GPI of a granule. Simplified: interface 0.3 has no such call; it tells beforehand what GTSI_DELEGATE would find, so that
   * a check need not change anything.
   */
  gpi(pa: Pa): number | undefined;
  /** One SMC with X0 and up; the answer is X0 to X4. */
  smc(x: readonly bigint[]): readonly bigint[];
};

/** The PE that an activation runs on. */
export type RmmPe = {
  readonly index: number;
  /** Where the RMM was entered: its entry point for a boot, behind its last SMC for a call. */
  readonly pc: bigint;
  /** General-purpose registers at the moment of entry, live. */
  readonly x: BigUint64Array;
  memory(pas: typeof Pas.Realm | typeof Pas.NonSecure): RealmMemory;
  readonly el3: El3;
  /** An SMC that does not come back: control leaves the RMM. */
  leave(x: readonly bigint[]): void;
  readonly trace: Trace;
};
