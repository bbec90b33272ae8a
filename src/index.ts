// The library: a machine, the words it is described with, and what its software can do.

export { World, Pas, worldName } from './arch/world.ts';
export { Gpi, gpiName } from './arch/gpi.ts';
export { Fid } from './arch/smccc.ts';
export { traceLine } from './arch/trace.ts';
export type { TraceEvent } from './arch/trace.ts';
export type { Action, Entry, FaultView, Outcome, Script, ScriptArgs, ScriptFactory } from './arch/action.ts';
export { InputError } from './base/input-error.ts';
export { Machine } from './machine/machine.ts';
export { Driver } from './machine/driver.ts';
export type { MachineDescription } from './machine/description.ts';
export { baseMachine } from './machine/machines/base.ts';
export { largeMachine } from './machine/machines/large.ts';
export { maxMachine } from './machine/machines/max.ts';
