// A processing element: registers, Security state, exceptions, and the ports through which its software reaches memory.
// Registers lie in a page of the frame pool, so that a faster engine can run over the same bytes.

import {
  PSTATE_SLOT,
  PC_SLOT,
  Pstate,
  SLOT_COUNT,
  Scr,
  Hcr,
  type SysReg,
  readOnly,
  slotOf,
} from '../arch/registers.ts';
import { esr } from '../arch/syndrome.ts';
import type { Trace } from '../arch/trace.ts';
import { type El, type Pas, World, pases, worlds } from '../arch/world.ts';
import { assert } from '../base/assert.ts';
import type { Gpc, GpcData } from '../memory/gpc.ts';
import type { PhysicalMemory } from '../memory/physical-memory.ts';
import { MemoryPort } from '../memory/port.ts';

/** SPSR_ELx.M for ELx with its own stack pointer; EL0 has only SP_EL0. */
const modeOf = (el: El): bigint => (el === 0 ? 0n : BigInt(el) * 4n + 1n);

/** Offset of the synchronous vector: 0 from the same EL on SP_EL0, 0x200 on its own SP, 0x400 from a lower EL in AArch64. */
export function vectorOffset(pstate: bigint, target: 1 | 2 | 3): bigint {
  const mode = pstate & Pstate.MODE;
  return mode >> 2n < BigInt(target) ? 0x400n : mode % 2n === 1n ? 0x200n : 0n;
}

/** An exception about to be taken. */
export type Exception = {
  readonly target: 1 | 2 | 3;
  readonly ec: number;
  readonly iss: number;
  /** Preferred return address. */
  readonly elr: bigint;
  readonly far?: bigint;
  readonly mfar?: bigint;
  readonly hpfar?: bigint;
  /** Vector offset of an SError instead of a synchronous exception. */
  readonly serrorVector?: boolean;
  /** SVC, HVC or SMC: the trace has named it already. */
  readonly isCall?: boolean;
};

const SCR_SLOT = slotOf('scr_el3');

export class Pe {
  readonly index: number;
  readonly memory: PhysicalMemory;
  readonly gpc: Gpc;
  readonly trace: Trace;
  power: 'on' | 'off' | 'pending' = 'off';
  /** Set by WFI: nothing happens until an event. */
  isWaiting = false;
  /** X0 to X30, PC, PSTATE, system registers. The view is renewed when the pool grows. */
  x: BigUint64Array;
  /** The same registers as halves: EL and Security state are asked for at every step, and BigInt shifts take ten times as long. */
  #halves: Uint32Array;

  readonly #ports: readonly MemoryPort[];
  readonly #slot: number;

  constructor(index: number, memory: PhysicalMemory, gpc: Gpc, trace: Trace) {
    this.index = index;
    this.memory = memory;
    this.gpc = gpc;
    this.trace = trace;
    this.#slot = memory.reserve();
    this.x = new BigUint64Array(SLOT_COUNT);
    this.#halves = new Uint32Array(this.x.buffer);
    memory.pool.watch(() => {
      this.x = memory.pool.u64.subarray(this.#slot * 512, this.#slot * 512 + SLOT_COUNT);
      this.#halves = memory.pool.u32.subarray(this.#slot * 1024, this.#slot * 1024 + 2 * SLOT_COUNT);
    });
    this.#ports = pases.flatMap((pas) => worlds.map((world) => new MemoryPort(memory, gpc, pas, world)));
    this.reset();
  }

  /** Warm or cold reset: EL3, interrupts masked, granule protection checks off; what identifies the PE stays. */
  reset(): void {
    const kept = [...readOnly].map((name) => [name, this.get(name)] as const);
    this.x.fill(0n);
    for (const [name, value] of kept) this.set(name, value);
    this.pstate = Pstate.DAIF | modeOf(3);
    // MPIDR_EL1: bit 31 RES1, MT = 1; four PEs a cluster, Aff1 in the cluster, Aff2 the cluster.
    this.set('mpidr_el1', 0x8100_0000n | (BigInt(this.index >> 2) << 16n) | (BigInt(this.index & 3) << 8n));
    this.gpc.reset();
    this.isWaiting = false;
  }

  get(name: SysReg): bigint {
    return this.x[slotOf(name)] as bigint;
  }

  set(name: SysReg, value: bigint): void {
    this.x[slotOf(name)] = value;
  }

  get pc(): bigint {
    return this.x[PC_SLOT] as bigint;
  }

  set pc(value: bigint) {
    this.x[PC_SLOT] = value;
  }

  get pstate(): bigint {
    return this.x[PSTATE_SLOT] as bigint;
  }

  set pstate(value: bigint) {
    this.x[PSTATE_SLOT] = value;
  }

  get el(): El {
    return (((this.#halves[2 * PSTATE_SLOT] as number) >>> 2) & 0b11) as El;
  }

  /** Security state: Root at EL3, else what SCR_EL3.{NSE,NS} selects. */
  get world(): World {
    return this.el === 3 ? World.Root : this.lowerWorld;
  }

  /** The state of EL2 and below. */
  get lowerWorld(): World {
    // {NSE,NS}: bits 62 and 0 of SCR_EL3.
    const ns = (this.#halves[2 * SCR_SLOT] as number) & 1;
    const nse = ((this.#halves[2 * SCR_SLOT + 1] as number) >>> 30) & 1;
    return ((nse << 1) | ns) as World;
  }

  /** Whether EL2 exists in the state of the lower ELs: always but in Secure state without SCR_EL3.EEL2. */
  get el2Enabled(): boolean {
    return this.lowerWorld !== World.Secure || (this.get('scr_el3') & Scr.EEL2) !== 0n;
  }

  /** Bits of MPIDR_EL1 that name the PE: Aff3 [39:32], Aff2..0 [23:0]. */
  get affinity(): bigint {
    return this.get('mpidr_el1') & 0xff_00ff_ffffn;
  }

  /** The port of this PE's software in its current state to one PAS. */
  port(pas: Pas, state: World = this.world): MemoryPort {
    return this.#ports[pas * 4 + state] as MemoryPort;
  }

  /** Takes an exception: saves the state, writes the syndrome, goes to the vector. */
  take(exception: Exception): void {
    const { target, ec, iss, elr } = exception;
    const from = this.el;
    assert(target >= from, 'an exception is never taken to a lower EL');
    const syndrome = esr(ec, iss);
    if (this.trace.on && exception.isCall !== true) {
      const by = { pe: this.index, world: this.world, el: from };
      this.trace.emit({ kind: 'exception', by, to: target, esr: syndrome, elr, far: exception.far ?? 0n });
    }
    this.set(`spsr_el${target}`, this.pstate);
    this.set(`elr_el${target}`, elr);
    this.set(`esr_el${target}`, syndrome);
    if (exception.far !== undefined) this.set(`far_el${target}`, exception.far);
    if (exception.mfar !== undefined) this.set('mfar_el3', exception.mfar);
    if (exception.hpfar !== undefined) this.set('hpfar_el2', exception.hpfar);
    const offset = vectorOffset(this.pstate, target) + (exception.serrorVector ? 0x180n : 0n);
    this.pstate = (this.pstate & Pstate.FLAGS) | Pstate.DAIF | modeOf(target);
    this.pc = BigInt.asUintN(64, this.get(`vbar_el${target}`) + offset);
  }

  /** ERET. An illegal return stays at the EL and sets PSTATE.IL; returns whether it was legal. */
  eret(): boolean {
    const from = this.el;
    assert(from !== 0, 'ERET is UNDEFINED at EL0');
    const spsr = this.get(`spsr_el${from as 1 | 2 | 3}`);
    this.pc = this.get(`elr_el${from as 1 | 2 | 3}`);
    const mode = spsr & 0x1fn;
    const to = Number((mode >> 2n) & 0b11n) as El;
    const isIllegal =
      (mode & 0b1_0000n) !== 0n || // AArch32
      (mode & 0b10n) !== 0n ||
      mode === 1n ||
      to > from ||
      (to === 2 && !this.el2Enabled) ||
      (to === 1 && this.el2Enabled && (this.get('hcr_el2') & Hcr.TGE) !== 0n) ||
      // {NSE,NS} = 10 is no state that EL2 and below can be in.
      (from === 3 && to < 3 && this.lowerWorld === World.Root);
    if (isIllegal) {
      this.pstate = (spsr & (Pstate.FLAGS | Pstate.DAIF)) | Pstate.IL | (this.pstate & Pstate.MODE);
      return false;
    }
    this.pstate = spsr & (Pstate.FLAGS | Pstate.DAIF | Pstate.IL | 0x1fn);
    return true;
  }

  /** Everything a snapshot needs. */
  data(): PeData {
    return {
      x: this.x.slice(),
      power: this.power,
      isWaiting: this.isWaiting,
      gpc: this.gpc.data(),
      tlbVersion: this.gpc.tlb.version,
    };
  }

  setData(data: PeData): void {
    this.x.set(data.x);
    this.power = data.power;
    this.isWaiting = data.isWaiting;
    if (data.tlbVersion !== undefined && data.tlbVersion === this.gpc.tlb.version) {
      this.gpc.setRegistersAndConfig(data.gpc);
    } else {
      this.gpc.setData(data.gpc);
      if (data.tlbVersion !== undefined) this.gpc.tlb.rewind(data.tlbVersion);
    }
  }
}

/** A PE as plain data. `tlbVersion` only has a meaning in the process that made it. */
export type PeData = {
  readonly x: BigUint64Array;
  readonly power: 'on' | 'off' | 'pending';
  readonly isWaiting: boolean;
  readonly gpc: GpcData;
  readonly tlbVersion: number | undefined;
};
