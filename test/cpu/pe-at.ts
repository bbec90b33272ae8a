// A PE of a booted machine, put into the state that a test is about. `act` moves it; no firmware runs in between.

import type { Action, Outcome } from '../../src/arch/action.ts';
import { Pstate, Scr } from '../../src/arch/registers.ts';
import { type El, World } from '../../src/arch/world.ts';
import { act } from '../../src/cpu/act.ts';
import type { Pe } from '../../src/cpu/pe.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import type { MachineDescription } from '../../src/machine/description.ts';

export const PC = 0x8800_1000n;
export const vbar = { 1: 0x10_0000n, 2: 0x20_0000n, 3: 0x30_0000n } as const;

export type Lower = typeof World.NonSecure | typeof World.Secure | typeof World.Realm;

/** SCR_EL3 that selects a world. */
const scrOf = (world: Lower): bigint =>
  ({ [World.Secure]: 0n, [World.NonSecure]: Scr.NS, [World.Realm]: Scr.NS | Scr.NSE })[world];

export type State = {
  /** World of EL2 and below. */
  readonly world?: Lower;
  readonly el: El;
  readonly scr?: bigint;
  readonly hcr?: bigint;
  /** SPSel = 0. */
  readonly onSpEl0?: boolean;
};

export type Bench = {
  readonly machine: Machine;
  readonly pe: Pe;
  /** Puts the PE into a state; everything an exception writes is zero. */
  put(state: State): Pe;
  act(action: Action): Outcome | undefined;
};

export function bench(description: MachineDescription = baseMachine): Bench {
  const machine = Machine.boot(description);
  const [pe] = machine.pes as readonly [Pe];
  return {
    machine,
    pe,
    put({ world = World.NonSecure, el, scr = 0n, hcr = 0n, onSpEl0 = false }) {
      pe.set('scr_el3', scrOf(world) | scr);
      pe.set('hcr_el2', hcr);
      for (const at of [1, 2, 3] as const) {
        pe.set(`vbar_el${at}`, vbar[at]);
        pe.set(`esr_el${at}`, 0n);
        pe.set(`far_el${at}`, 0n);
        pe.set(`elr_el${at}`, 0n);
        pe.set(`spsr_el${at}`, 0n);
      }
      pe.set('mfar_el3', 0n);
      pe.set('hpfar_el2', 0n);
      pe.pstate = pstateOf(el, onSpEl0);
      pe.pc = PC;
      return pe;
    },
    act: (action) => act(pe, action),
  };
}

/** PSTATE at an EL, with flags NzCv so that saving and keeping them shows. */
export const pstateOf = (el: El, onSpEl0 = false): bigint =>
  Pstate.N | Pstate.C | BigInt(el * 4) | (el === 0 || onSpEl0 ? 0n : 1n);

/** What the exception registers of an EL say. */
export const taken = (pe: Pe, el: 1 | 2 | 3): { esr: bigint; elr: bigint; far: bigint; spsr: bigint } => ({
  esr: pe.get(`esr_el${el}`),
  elr: pe.get(`elr_el${el}`),
  far: pe.get(`far_el${el}`),
  spsr: pe.get(`spsr_el${el}`),
});
