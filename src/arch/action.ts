// What scripted software can do, one architectural action at a time, and what comes back. A script is a generator that yields
// actions; it is a pure function of its arguments and of the outcomes it is given.

import type { SysReg } from './registers.ts';
import type { TlbiPaOp } from './tlbi.ts';
import type { El, Pas, World } from './world.ts';

export type AccessSize = 1 | 2 | 4 | 8 | 16;

/** Kinds of asynchronous exceptions. */
export type Interrupt = 'irq' | 'fiq' | 'serror';

/** One architectural action. Addresses are register values: any 64 bits. */
export type Action =
  /** `pas` is what the translation chose; left out, it is the PAS of the current world. */
  | {
      readonly op: 'load';
      readonly at: bigint;
      readonly size: AccessSize;
      readonly signed?: boolean;
      /** The register that gets the value; 31 is XZR. */
      readonly reg?: number;
      /** It is Wn, not Xn: for signed loads, where both exist. */
      readonly isW?: boolean;
      readonly pas?: Pas;
    }
  | {
      readonly op: 'store';
      readonly at: bigint;
      readonly size: AccessSize;
      readonly value: bigint;
      readonly reg?: number;
      readonly pas?: Pas;
    }
  /** An instruction fetch at an address, as a branch there would make. */
  | { readonly op: 'fetch'; readonly at: bigint; readonly pas?: Pas }
  /** `x` goes into X0 and up before the call. */
  | { readonly op: 'smc' | 'hvc' | 'svc'; readonly imm?: number; readonly x?: readonly bigint[] }
  | { readonly op: 'eret' }
  | { readonly op: 'wfi' | 'wfe' }
  /** `rt`: the general-purpose register, which shows when the access traps; X0 when left out. */
  | { readonly op: 'mrs'; readonly reg: SysReg; readonly rt?: number }
  | { readonly op: 'msr'; readonly reg: SysReg; readonly value: bigint; readonly rt?: number }
  | { readonly op: 'tlbi'; readonly what: TlbiPaOp; readonly xt?: bigint }
  /** DC CIPAPA: NS bit 63, NSE bit 62, PA [55:12] of Xt. */
  | { readonly op: 'cipapa'; readonly xt: bigint };

/** What the syndrome registers say of a fault. */
export type FaultView = {
  /** EL that took it. */
  readonly el: El;
  readonly esr: bigint;
  readonly far: bigint;
  readonly ec: number;
  /** Fault status code of an abort, ESR_ELx[5:0]. */
  readonly fsc: number;
};

/** An exception that reached the software of an EL from below, or an interrupt that it took. */
export type ExceptionView = {
  /** An asynchronous exception. After it the software is in its handler; ERET ends that, and the action was not carried out. */
  readonly interrupt?: Interrupt | undefined;
  readonly from: El;
  readonly esr: bigint;
  readonly far: bigint;
  readonly elr: bigint;
  readonly x: readonly bigint[];
};

/** What an action came to. */
export type Outcome =
  /** `value` is what a load or MRS gave; `x` is X0 to X17 after a call. */
  | { readonly kind: 'done'; readonly value: bigint; readonly x: readonly bigint[] }
  /** The action was not carried out; the exception was taken at this software's own EL. */
  | { readonly kind: 'fault'; readonly fault: FaultView }
  | { readonly kind: 'exception'; readonly exception: ExceptionView }
  /** Nobody's answer: the PE went to an EL where no software lives, or off. Only a driver, never a script, is told so. */
  | { readonly kind: 'moved'; readonly to: { readonly world: World; readonly el: El } | 'off' };

/** What a script is told when it starts. */
export type Entry = { readonly pe: number; readonly world: World; readonly el: El; readonly x: readonly bigint[] };

/** Arguments of a script: plain data, so that a snapshot can hold them. */
export type ScriptArgs =
  null | boolean | number | string | readonly ScriptArgs[] | { readonly [key: string]: ScriptArgs };

export type Script = Generator<Action, void, Outcome>;
export type ScriptFactory = (args: ScriptArgs, entry: Entry) => Script;
