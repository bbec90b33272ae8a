// Per PE one register context for each world below EL3. The monitor saves the one and restores the other on a world switch.
// EL1 registers are switched only to and from Secure: between Non-secure and Realm that is the RMM's work.

import { Pstate, Scr, slotOf } from '../arch/registers.ts';
import { World } from '../arch/world.ts';
import type { MonitorPe } from './ports.ts';

/** Worlds that have a context. */
export type LowerWorld = typeof World.NonSecure | typeof World.Secure | typeof World.Realm;

/** The three in the order of saved data. */
export const lowerWorlds = [World.Secure, World.NonSecure, World.Realm] as const satisfies readonly LowerWorld[];

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

  /** `scrExtra`: bits that every world's SCR_EL3 has beside its own. */
  constructor(scrExtra: bigint) {
    this.#scrExtra = scrExtra;
  }

  /** A fresh context: entered at an address of an EL, all other registers zero. */
  init(pe: MonitorPe, world: LowerWorld, el: 1 | 2, entry: bigint): void {
    const context = pe.context(world);
    context.fill(0n);
    context[slotOf('scr_el3')] = scrOf[world] | this.#scrExtra;
    context[slotOf('spsr_el3')] = spsrFor(el);
    context[slotOf('elr_el3')] = entry;
  }

  /** All contexts of a PE, by world. */
  data(pe: MonitorPe): readonly BigUint64Array[] {
    return lowerWorlds.map((world) => pe.context(world).slice());
  }

  setData(pe: MonitorPe, data: readonly BigUint64Array[]): void {
    for (const [i, world] of lowerWorlds.entries()) pe.context(world).set(data[i] as BigUint64Array);
  }
}
