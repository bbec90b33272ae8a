// Where calls, undefined instructions and external aborts go. DDI 0487 D1: exception routing, SCR_EL3 and HCR_EL2.

import { Hcr, Pstate, Scr } from './registers.ts';
import { Ec } from './syndrome.ts';
import type { Interrupt } from './action.ts';
import type { El } from './world.ts';

/** What decides the route of a call. */
export type RoutingInput = {
  readonly el: El;
  /** The lower ELs are in Secure state. */
  readonly isSecure: boolean;
  readonly el2Enabled: boolean;
  readonly scr: bigint;
  readonly hcr: bigint;
};

/** Where a call goes. `trapped`: it was not executed, and the handler returns to the instruction itself. */
export type Route = { readonly target: 1 | 2 | 3; readonly ec: Ec; readonly trapped: boolean };

const has = (value: bigint, bit: bigint): boolean => (value & bit) !== 0n;
const toEl1OrEl2 = ({ el2Enabled, hcr }: RoutingInput): 1 | 2 => (el2Enabled && has(hcr, Hcr.TGE) ? 2 : 1);

/** Faults of stage 1 and of alignment: to the current EL, from EL0 to EL1 or with TGE to EL2. */
export const routeFault = (input: RoutingInput): 1 | 2 | 3 => (input.el === 0 ? toEl1OrEl2(input) : input.el);

/** A synchronous external abort: to EL3 with SCR_EL3.EA, from EL1 and EL0 to EL2 with TEA or TGE, else to its own EL. */
export function routeExternalAbort(input: RoutingInput): 1 | 2 | 3 {
  const { el, el2Enabled, scr, hcr } = input;
  if (has(scr, Scr.EA)) return 3;
  return el < 2 && el2Enabled && has(hcr, Hcr.TEA) ? 2 : routeFault(input);
}

/** An instruction that does not exist here. */
export function routeUndefined(input: RoutingInput): Route {
  return { target: routeFault(input), ec: Ec.Unknown, trapped: true };
}

export function routeCall(op: 'svc' | 'hvc' | 'smc', input: RoutingInput): Route {
  const { el, isSecure, el2Enabled, scr, hcr } = input;
  switch (op) {
    case 'svc':
      return { target: el === 0 ? toEl1OrEl2(input) : el, ec: Ec.Svc64, trapped: false };
    case 'hvc':
      if (el === 0 || (el === 1 && isSecure && !el2Enabled) || !has(scr, Scr.HCE)) return routeUndefined(input);
      return { target: el === 3 ? 3 : 2, ec: Ec.Hvc64, trapped: false };
    case 'smc':
      if (el === 0) return routeUndefined(input);
      // The trap to EL2 comes before the check whether SMC is disabled.
      if (el === 1 && el2Enabled && has(hcr, Hcr.TSC)) return { target: 2, ec: Ec.Smc64, trapped: true };
      if (has(scr, Scr.SMD)) return routeUndefined(input);
      return { target: 3, ec: Ec.Smc64, trapped: false };
  }
}

/** Offsets of the asynchronous vectors from the synchronous one. */
export const interruptOffset: Readonly<Record<Interrupt, bigint>> = { irq: 0x80n, fiq: 0x100n, serror: 0x180n };

/** The asynchronous vector at a distance from the synchronous one. */
export function interruptAt(distance: bigint): Interrupt | undefined {
  for (const what of ['irq', 'fiq', 'serror'] as const) if (interruptOffset[what] === distance) return what;
  return undefined;
}

/** Offset of the synchronous vector: 0 from the same EL on SP_EL0, 0x200 on its own SP, 0x400 from a lower EL in AArch64. */
export function vectorOffset(pstate: bigint, target: 1 | 2 | 3): bigint {
  const mode = pstate & Pstate.MODE;
  return mode >> 2n < BigInt(target) ? 0x400n : mode % 2n === 1n ? 0x200n : 0n;
}
