// What the monitor needs from the machine around it. Declared here, by the one who asks; the machine plugs it in.

import type { SysReg } from '../arch/registers.ts';
import type { TlbiPaOp } from '../arch/tlbi.ts';
import type { Trace } from '../arch/trace.ts';
import type { El, Pas, World } from '../arch/world.ts';
import type { PhysicalMemory } from '../memory/physical-memory.ts';
import type { MemoryPort } from '../memory/port.ts';

/** A PE as EL3 software has it: registers, memory, maintenance instructions, and the registers of the worlds it keeps. */
export type MonitorPe = {
  readonly index: number;
  readonly el: El;
  /** The state of EL2 and below. */
  readonly lowerWorld: World;
  readonly el2Enabled: boolean;
  readonly affinity: bigint;
  power: 'on' | 'off' | 'pending';
  /** All registers by slot, live; and as halves. */
  readonly x: BigUint64Array;
  readonly words: Uint32Array;
  readonly memory: PhysicalMemory;
  readonly trace: Trace;
  get(reg: SysReg): bigint;
  set(reg: SysReg, value: bigint): void;
  write(reg: SysReg, value: bigint): void;
  port(pas: Pas, state: World): MemoryPort;
  tlbi(op: TlbiPaOp, xt?: bigint): void;
  tlbiLastLevel(frame: number, bits: number, granule: number): void;
  clean(frame: number, pas: Pas): void;
  saveWorld(world: World): void;
  restoreWorld(world: World, withEl1: boolean): void;
  context(world: World): BigUint64Array;
  reset(): void;
  eret(): boolean;
};

/** The power controller. */
export type Power = {
  /** A PE has been given an entry and will run when it is scheduled. */
  started(pe: MonitorPe): void;
  systemOff(): void;
  /** The whole machine resets once the monitor is done with this call. */
  systemReset(): void;
};

/** Keys and tokens of the platform. */
export type Attestation = {
  /** Private scalar of the realm attestation key. */
  realmKey(): Uint8Array;
  /** Platform token over a challenge, the hash of the realm attestation key. */
  platformToken(challenge: Uint8Array): Uint8Array;
};

export type MonitorPorts = {
  readonly pes: readonly MonitorPe[];
  readonly power: Power;
  readonly attestation: Attestation;
};
