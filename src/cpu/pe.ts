// A processing element: registers, Security state, exceptions, and the ports through which its software reaches memory.
// Registers lie in a page of the frame pool, so that a faster engine can run over the same bytes.

import { gpccrField } from '../arch/gpt.ts';
import {
  PC_SLOT,
  PSTATE_SLOT,
  Pstate,
  SLOT_COUNT,
  type SysReg,
  WORLD_AND_EL1_SLOTS,
  WORLD_SLOTS,
  readOnly,
  slotOf,
} from '../arch/registers.ts';
import { Ec, esr } from '../arch/syndrome.ts';
import { type TlbiPaOp, type TlbiRange, decodeTlbiRange } from '../arch/tlbi.ts';
import type { Trace } from '../arch/trace.ts';
import { type El, type Pas, World, pases, worlds } from '../arch/world.ts';
import type { Interrupt } from '../arch/action.ts';
import { interruptOffset, vectorOffset } from '../arch/routing.ts';
import { assert } from '../base/assert.ts';
import { pow2 } from '../base/pow2.ts';
import type { Gpc, GpcData } from '../memory/gpc.ts';
import type { PhysicalMemory } from '../memory/physical-memory.ts';
import { MemoryPort } from '../memory/port.ts';
import { isrBit, maintenanceOf, timerControl } from './interrupts.ts';
import { Stage2 } from './mmu.ts';

/** SPSR_ELx.M for ELx with its own stack pointer; EL0 has only SP_EL0. */
const modeOf = (el: El): bigint => (el === 0 ? 0n : BigInt(el) * 4n + 1n);

/** Low halves of what routing and returns look at; the bits that matter all lie there, but for SCR_EL3.NSE. */
const PSTATE_LO = 2 * PSTATE_SLOT;
const SCR_LO = 2 * slotOf('scr_el3');
const SCR_HI = SCR_LO + 1;
const HCR_LO = 2 * slotOf('hcr_el2');
const spsrLo: readonly number[] = [
  0,
  ...(['spsr_el1', 'spsr_el2', 'spsr_el3'] as const).map((name) => 2 * slotOf(name)),
];
const elrLo: readonly number[] = [0, ...(['elr_el1', 'elr_el2', 'elr_el3'] as const).map((name) => 2 * slotOf(name))];
const PC_LO = 2 * PC_SLOT;
const ESR_EL3_LO = 2 * slotOf('esr_el3');
const VBAR_EL3_LO = 2 * slotOf('vbar_el3');
const FLAGS_LO = 0xf000_0000;
const DAIF_LO = 0b1111 << 6;
const IL_LO = 1 << 20;
const EL3H = 0b1101;
const SCR_EEL2_LO = 1 << 18;
const HCR_TGE_LO = 1 << 27;
/** Where the page of a PE holds the registers of the worlds that do not run: three behind the live ones. */
const CONTEXT_BYTES = 768;
const LIVE_BYTES = 4096 - 3 * CONTEXT_BYTES;

/** The system around a PE: the other requesters in its Outer Shareable domain. */
export type Shareable = {
  invalidate(op: TlbiPaOp, range: TlbiRange | undefined, granule: number): void;
  /** The system counter. Left out, it stands still. */
  readonly now?: () => number;
};

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
  /** The same registers as halves, low first. */
  words: Uint32Array;

  /** Stage 2 of EL1 and EL0. */
  readonly stage2 = new Stage2();
  /** Sixteen bytes of the access under way: what a load gave, what a store takes. */
  readonly loaded = new BigUint64Array(2);

  readonly #ports: readonly MemoryPort[];
  readonly #slot: number;
  readonly #system: Shareable;

  constructor(index: number, memory: PhysicalMemory, gpc: Gpc, trace: Trace, system: Shareable) {
    this.index = index;
    this.memory = memory;
    this.gpc = gpc;
    this.trace = trace;
    this.#system = system;
    const isFitting = SLOT_COUNT * 8 <= LIVE_BYTES && WORLD_AND_EL1_SLOTS * 8 <= CONTEXT_BYTES;
    assert(isFitting, 'the registers of a PE and of three worlds fit a page');
    this.#slot = memory.reserve();
    this.x = new BigUint64Array(SLOT_COUNT);
    this.words = new Uint32Array(SLOT_COUNT * 2);
    memory.pool.watch(() => {
      this.x = memory.pool.u64.subarray(this.#slot * 512, this.#slot * 512 + SLOT_COUNT);
      this.words = memory.pool.u32.subarray(this.#slot * 1024, this.#slot * 1024 + SLOT_COUNT * 2);
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

  /** PC relative to a lower address, as a number; meaningless beyond 2^52. */
  pcFrom(base: number): number {
    return (this.words[PC_LO + 1] as number) * 2 ** 32 + (this.words[PC_LO] as number) - base;
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
    return (((this.words[PSTATE_LO] as number) >>> 2) & 0b11) as El;
  }

  /** Security state: Root at EL3, else what SCR_EL3.{NSE,NS} selects. */
  get world(): World {
    return this.el === 3 ? World.Root : this.lowerWorld;
  }

  /** The state of EL2 and below. */
  get lowerWorld(): World {
    const { words } = this;
    return ((((words[SCR_HI] as number) >>> 29) & 2) | ((words[SCR_LO] as number) & 1)) as World;
  }

  /** Whether EL2 exists in the state of the lower ELs: always but in Secure state without SCR_EL3.EEL2. */
  get el2Enabled(): boolean {
    return this.lowerWorld !== World.Secure || ((this.words[SCR_LO] as number) & SCR_EEL2_LO) !== 0;
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

  /** SMC from EL2 to EL3, where neither a trap nor SCR_EL3.SMD stands in its way: `take` in its shortest form. */
  takeSmc(): void {
    const { words } = this;
    const pstate = words[PSTATE_LO] as number;
    words[spsrLo[3] as number] = pstate;
    words[(spsrLo[3] as number) + 1] = 0;
    const pc = words[PC_LO] as number;
    words[elrLo[3] as number] = pc + 4;
    words[(elrLo[3] as number) + 1] = (words[PC_LO + 1] as number) + (pc >= 0xffff_fffc ? 1 : 0);
    words[ESR_EL3_LO] = (Ec.Smc64 << 26) | (1 << 25);
    words[ESR_EL3_LO + 1] = 0;
    words[PSTATE_LO] = (pstate & FLAGS_LO) | DAIF_LO | EL3H;
    const vbar = words[VBAR_EL3_LO] as number;
    words[PC_LO] = vbar + 0x400;
    words[PC_LO + 1] = words[VBAR_EL3_LO + 1] as number;
  }

  /** ERET. An illegal return stays at the EL and sets PSTATE.IL; returns whether it was legal. */
  eret(): boolean {
    const { words } = this;
    const from = this.el;
    assert(from !== 0, 'ERET is UNDEFINED at EL0');
    const spsr = words[spsrLo[from] as number] as number;
    words[PC_LO] = words[elrLo[from] as number] as number;
    words[PC_LO + 1] = words[(elrLo[from] as number) + 1] as number;
    const mode = spsr & 0x1f;
    const to = (mode >> 2) & 0b11;
    const isIllegal =
      (mode & 0b1_0000) !== 0 || // AArch32
      (mode & 0b10) !== 0 ||
      mode === 1 ||
      to > from ||
      (to === 2 && !this.el2Enabled) ||
      (to === 1 && this.el2Enabled && ((words[HCR_LO] as number) & HCR_TGE_LO) !== 0) ||
      // {NSE,NS} = 10 is no state that EL2 and below can be in.
      (from === 3 && to < 3 && this.lowerWorld === World.Root);
    const kept = spsr & (FLAGS_LO | DAIF_LO | IL_LO);
    words[PSTATE_LO] = isIllegal ? kept | IL_LO | ((words[PSTATE_LO] as number) & 0xf) : kept | mode;
    words[PSTATE_LO + 1] = 0;
    return !isIllegal;
  }

  /** The system counter. Simplified: it counts actions, and CNTVOFF_EL2 is always 0. */
  get now(): bigint {
    return BigInt(this.#system.now?.() ?? 0);
  }

  /** Drives an interrupt of this PE, which wakes it. IRQ and FIQ stay until they are acknowledged or lowered. */
  raise(what: Interrupt): void {
    this.set('isr_el1', this.get('isr_el1') | isrBit[what]);
    this.isWaiting = false;
  }

  lower(what: Interrupt): void {
    this.set('isr_el1', this.get('isr_el1') & ~isrBit[what]);
  }

  /** Takes an interrupt: as `take`, but the syndrome registers stay, and the vector is another. */
  takeInterrupt(what: Interrupt, target: 1 | 2): void {
    if (this.trace.on) {
      const by = { pe: this.index, world: this.world, el: this.el };
      this.trace.emit({ kind: 'interrupt', by, to: target, what, elr: this.pc });
    }
    this.set(`spsr_el${target}`, this.pstate);
    this.set(`elr_el${target}`, this.pc);
    const offset = vectorOffset(this.pstate, target) + interruptOffset[what];
    this.pstate = (this.pstate & Pstate.FLAGS) | Pstate.DAIF | modeOf(target);
    this.pc = BigInt.asUintN(64, this.get(`vbar_el${target}`) + offset);
  }

  /** Reads a system register that shows what it has not stored; GIC registers of EL1 apart. */
  read(reg: SysReg): bigint {
    switch (reg) {
      case 'cntpct_el0':
      case 'cntvct_el0':
        return this.now;
      case 'cntp_ctl_el0':
        return timerControl(this, 'cntp');
      case 'cntv_ctl_el0':
        return timerControl(this, 'cntv');
      case 'ich_misr_el2':
        return maintenanceOf(this);
      default:
        return this.get(reg);
    }
  }

  /** Writes a system register with what the write brings about. */
  write(reg: SysReg, value: bigint): void {
    switch (reg) {
      case 'cntp_ctl_el0':
      case 'cntv_ctl_el0':
        // ISTATUS is not written.
        this.set(reg, value & 0b11n);
        return;
      case 'gpccr_el3': {
        // L0GPTSZ is read-only: it says what the machine implements.
        const fixed = 0xfn << 20n;
        this.set(reg, (value & ~fixed) | (this.get(reg) & fixed));
        this.gpc.setRegisters({ gpccr: this.get(reg) });
        return;
      }
      case 'gptbr_el3':
        this.set(reg, value);
        this.gpc.setRegisters({ gptbr: value });
        return;
      case 'gpcbw_el3':
        this.set(reg, value);
        this.gpc.setRegisters({ gpcbw: value });
        return;
      case 'vbar_el1':
      case 'vbar_el2':
      case 'vbar_el3':
        // [10:0] are RES0: the offset in the table.
        this.set(reg, value - (value % 0x800n));
        return;
      default:
        this.set(reg, value);
    }
  }

  /** TLBI by PA as an instruction at EL3. */
  tlbi(op: TlbiPaOp, xt = 0n): void {
    const granule = gpccrField(this.get('gpccr_el3'), 'PGS');
    const isRange = op === 'rpaos' || op === 'rpalos';
    this.#invalidate(op, isRange ? decodeTlbiRange(op, xt, granule, this.memory.paBits) : undefined, granule);
  }

  /** TLBI RPALOS over 2^bits bytes around a frame, with the operand that says so. */
  tlbiLastLevel(frame: number, bits: number, granule: number): void {
    const frames = pow2(bits - 12);
    const firstFrame = frame - (frame % frames);
    const range = { required: true, firstFrame, lastFrame: firstFrame + frames - 1, lastLevelOnly: true } as const;
    this.#invalidate('rpalos', range, granule);
  }

  /**
   * DC CIPAPA for the lines of a granule. Simplified: cleaning one line cleans the granule it lies in; caches of PEs are coherent.
   */
  clean(frame: number, pas: Pas): void {
    const wasDirty = frame >= 0 && this.memory.cleanToPopa(frame, pas);
    if (this.trace.on && frame >= 0) this.trace.emit({ kind: 'popa', frame, pas, wasDirty });
  }

  /** Keeps the registers of a world, those of EL1 and EL0 included. */
  saveWorld(world: World): void {
    const at = this.#slot * 4096;
    this.memory.pool.u8.copyWithin(at + contextAt(world), at, at + WORLD_AND_EL1_SLOTS * 8);
  }

  /** Brings them back: from the next ERET on the lower ELs are in that world. */
  restoreWorld(world: World, withEl1: boolean): void {
    const at = this.#slot * 4096;
    const from = at + contextAt(world);
    this.memory.pool.u8.copyWithin(at, from, from + (withEl1 ? WORLD_AND_EL1_SLOTS : WORLD_SLOTS) * 8);
  }

  /** The kept registers of a world, by slot. The view is good until the pool grows. */
  context(world: World): BigUint64Array {
    const first = (this.#slot * 4096 + contextAt(world)) / 8;
    return this.memory.pool.u64.subarray(first, first + WORLD_AND_EL1_SLOTS);
  }

  #invalidate(op: TlbiPaOp, range: TlbiRange | undefined, granule: number): void {
    if (this.trace.on) {
      const frame = range?.required === true ? range.firstFrame : 0;
      const bits = range?.required === true ? 12 + Math.log2(range.lastFrame - range.firstFrame + 1) : 0;
      this.trace.emit({ kind: 'tlbi', pe: this.index, op, frame, bits });
    }
    if (op === 'paall') this.gpc.invalidate(op);
    else this.#system.invalidate(op, range, granule);
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

/** Secure, Non-secure and Realm behind the live registers; Root has no context. */
const contextAt = (world: World): number => LIVE_BYTES + CONTEXT_BYTES * ((world === World.Secure ? 2 : world) - 1);

/** A PE as plain data. `tlbVersion` only has a meaning in the process that made it. */
export type PeData = {
  readonly x: BigUint64Array;
  readonly power: 'on' | 'off' | 'pending';
  readonly isWaiting: boolean;
  readonly gpc: GpcData;
  readonly tlbVersion: number | undefined;
};
