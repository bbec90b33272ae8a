// Per PE one register context for each world below EL3. The monitor saves the one and restores the other on a world switch.
// EL1 registers are switched only to and from Secure: between Non-secure and Realm that is the RMM's work.

import { Scr, Pstate, el1Slots, slotOf, worldSlots, type SysReg } from '../arch/registers.ts';
import { World } from '../arch/world.ts';
import type { Pe } from '../cpu/pe.ts';

/** Worlds that have a context. */
export type LowerWorld = typeof World.NonSecure | typeof World.Secure | typeof World.Realm;

const slots: readonly number[] = [...worldSlots, ...el1Slots];
const place = new Map(slots.map((slot, i) => [slot, i]));

/** SCR_EL3 of each world: state, RES1, AArch64 below, HVC enabled where there is an EL2. */
const scrOf: Readonly<Record<LowerWorld, bigint>> = {
  [World.NonSecure]: Scr.NS | Scr.RES1 | Scr.HCE | Scr.RW,
  [World.Realm]: Scr.NS | Scr.NSE | Scr.RES1 | Scr.HCE | Scr.RW,
  [World.Secure]: Scr.RES1 | Scr.RW,
};

/** SPSR_EL3 to enter an EL with its own stack pointer and everything masked. */
export const spsrFor = (el: 1 | 2): bigint => Pstate.DAIF | (BigInt(el) * 4n + 1n);

export class WorldContexts {
  readonly #scrExtra: bigint;
  /** Indexed [pe][world]. */
  readonly #saved: BigUint64Array[][];

  /** `scrExtra`: bits that every world's SCR_EL3 has beside its own. */
  constructor(pes: number, scrExtra: bigint) {
    this.#scrExtra = scrExtra;
    this.#saved = Array.from({ length: pes }, () => Array.from({ length: 4 }, () => new BigUint64Array(slots.length)));
  }

  /** A fresh context: entered at an address of an EL, all other registers zero. */
  init(pe: Pe, world: LowerWorld, el: 1 | 2, entry: bigint): void {
    const context = this.#of(pe, world);
    context.fill(0n);
    this.#put(context, 'scr_el3', scrOf[world] | this.#scrExtra);
    this.#put(context, 'spsr_el3', spsrFor(el));
    this.#put(context, 'elr_el3', entry);
  }

  /** Changes one register of a saved context. */
  set(pe: Pe, world: LowerWorld, reg: SysReg, value: bigint): void {
    this.#put(this.#of(pe, world), reg, value);
  }

  /** One general-purpose register of a saved context. */
  x(pe: Pe, world: LowerWorld, n: number): bigint {
    return this.#of(pe, world)[n] as bigint;
  }

  save(pe: Pe, world: LowerWorld): void {
    const context = this.#of(pe, world);
    for (let i = 0; i < slots.length; i++) context[i] = pe.x[slots[i] as number] as bigint;
  }

  /** Restores a world's registers, SCR_EL3 included: from the next ERET on the lower ELs are in that world. */
  restore(pe: Pe, world: LowerWorld, withEl1: boolean): void {
    const context = this.#of(pe, world);
    const count = withEl1 ? slots.length : worldSlots.length;
    for (let i = 0; i < count; i++) pe.x[slots[i] as number] = context[i] as bigint;
  }

  data(): readonly (readonly BigUint64Array[])[] {
    return this.#saved.map((worlds) => worlds.map((context) => context.slice()));
  }

  setData(data: readonly (readonly BigUint64Array[])[]): void {
    for (const [pe, worlds] of this.#saved.entries())
      for (const [world, context] of worlds.entries()) context.set(data[pe]?.[world] as BigUint64Array);
  }

  #of(pe: Pe, world: LowerWorld): BigUint64Array {
    return this.#saved[pe.index]?.[world] as BigUint64Array;
  }

  #put(context: BigUint64Array, reg: SysReg, value: bigint): void {
    context[place.get(slotOf(reg)) as number] = value;
  }
}
