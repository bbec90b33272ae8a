// The library: a machine, the words it is described with, and what its software can do.

export { World, Pas, worldName } from './arch/world.ts';
export type { El } from './arch/world.ts';
export { Gpi, gpiName } from './arch/gpi.ts';
export { Fid, smcName } from './arch/smccc.ts';
export type { FidName } from './arch/smccc.ts';
export type { SysReg } from './arch/registers.ts';
export type { Features } from './arch/features.ts';
export { traceLine } from './arch/trace.ts';
export type { Actor, TraceEvent } from './arch/trace.ts';
export type {
  AccessSize,
  Action,
  Entry,
  ExceptionView,
  FaultView,
  Outcome,
  Script,
  ScriptArgs,
  ScriptFactory,
} from './arch/action.ts';
export { InputError } from './base/input-error.ts';
export type { Complaint } from './base/input-error.ts';
export { Machine } from './machine/machine.ts';
export type { MachineOptions, RunEnd } from './machine/machine.ts';
export { Driver } from './machine/driver.ts';
export type { AccessOptions, AccessResult, NamedFault } from './machine/driver.ts';
export type { ScriptLibrary } from './machine/scripts.ts';
export type { Finding, Snapshot, SnapshotData } from './machine/snapshot.ts';
export type {
  BankDescription,
  DeviceDescription,
  GptRegionDescription,
  MachineDescription,
  RamDescription,
} from './machine/description.ts';
export { baseMachine } from './machine/machines/base.ts';
export { largeMachine } from './machine/machines/large.ts';
export { maxMachine } from './machine/machines/max.ts';
