// Acting as software of a world that is not on the PE now: the PE is put into that world for one action, and everything
// that belongs to the software that was there is put back. TLBs, memory and the tables keep what the action did to
// them.

import type { Action, Outcome } from '../../arch/action.ts';
import { Pstate, Scr, isSysReg, slotOf } from '../../arch/registers.ts';
import { type El, World } from '../../arch/world.ts';
import { InputError } from '../../base/input-error.ts';
import { act, faultView } from '../../cpu/act.ts';
import type { Pe } from '../../cpu/pe.ts';
import type { LowerWorld } from '../../monitor/context.ts';
import type { Machine } from '../../machine/machine.ts';

/** Who acts. */
export type Who = { readonly world: World; readonly el: El };

const stateBits: Readonly<Record<Exclude<World, typeof World.Root>, bigint>> = {
  [World.Secure]: 0n,
  [World.NonSecure]: Scr.NS,
  [World.Realm]: Scr.NS | Scr.NSE,
};

/** Performs one action as `who`. An action that leads the PE away for good is taken back and refused. */
export function performAs(machine: Machine, pe: Pe, who: Who, action: Action): Outcome {
  if (pe.world === who.world && pe.el === who.el) return machine.perform(pe, action);
  const isCall = action.op === 'smc' || action.op === 'hvc' || action.op === 'svc';
  const moment = isCall ? machine.snapshot() : undefined;
  const before = pe.x.slice();
  // A call makes the monitor save who called; what that world had saved there is put back as well.
  const saved = isCall && who.world !== World.Root ? pe.context(who.world).slice() : undefined;
  enter(pe, who);
  const outcome = act(pe, action) ?? afterException(machine, pe, who, isCall);
  if (outcome === undefined) {
    if (moment !== undefined) machine.restore(moment);
    throw new InputError({ code: 'SHELL_CALL_LEFT', where: 'smc' });
  }
  if (saved !== undefined) pe.context(who.world as LowerWorld).set(saved);
  putBack(pe, before, action);
  return outcome;
}

/** State and EL; the EL2 controls are those of nobody. */
function enter(pe: Pe, { world, el }: Who): void {
  pe.pstate = Pstate.DAIF | (el === 0 ? 0n : BigInt(el) * 4n + 1n);
  // EL3 is Root whatever SCR_EL3 says, and sees it as it is.
  if (world === World.Root) return;
  const scr = pe.get('scr_el3') & ~(Scr.NS | Scr.NSE | Scr.EEL2);
  pe.set('scr_el3', scr | stateBits[world]);
  pe.set('hcr_el2', 0n);
}

/** What firmware made of an exception to EL3, or undefined when the PE did not come back. */
function afterException(machine: Machine, pe: Pe, who: Who, isCall: boolean): Outcome | undefined {
  if (!isCall) {
    // A fault that went to another EL: its syndrome is the answer, and nobody goes on from there.
    return { kind: 'fault', fault: faultView(pe, pe.el) };
  }
  if (pe.el === 3) {
    // Returning to R-EL2 would look like a call to the RMM, so the monitor alone is run for that caller.
    if (who.world === World.Realm) machine.monitor.activate(pe);
    else machine.settle(pe);
  }
  if (machine.end !== undefined || machine.monitor.panic !== undefined) return undefined;
  if (pe.world !== who.world || pe.el !== who.el) return undefined;
  return { kind: 'done', value: 0n, x: [...pe.x.subarray(0, 18)] };
}

/** The registers of the software that was there; a register that the action wrote on purpose stays written. */
function putBack(pe: Pe, before: BigUint64Array, action: Action): void {
  const written = action.op === 'msr' && isSysReg(action.reg) ? slotOf(action.reg) : undefined;
  const value = written === undefined ? 0n : (pe.x[written] as bigint);
  pe.x.set(before);
  if (written !== undefined) pe.x[written] = value;
}
