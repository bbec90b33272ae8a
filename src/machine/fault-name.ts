// What a fault is called: for aborts by their fault status, for everything else by its exception class.

import { Ec, Fsc, ecName, ecOf } from '../arch/syndrome.ts';

const aborts: ReadonlySet<number> = new Set([
  Ec.Gpc,
  Ec.InstructionAbortLower,
  Ec.InstructionAbortSame,
  Ec.DataAbortLower,
  Ec.DataAbortSame,
]);

const levels = [0, 1, 2, 3];
/** Fault status codes by name; several codes are one fault at different levels. */
const fscNames = new Map<number, string>([
  ...levels.map((level) => [Fsc.addressSize(level), 'ADDRESS_SIZE'] as const),
  ...levels.map((level) => [Fsc.permission(level), 'PERMISSION'] as const),
  ...[-1, ...levels].map((level) => [Fsc.gpfOnWalk(level), 'GPF_ON_WALK'] as const),
  [Fsc.gpf, 'GPF'],
  [Fsc.externalAbort, 'EXTERNAL_ABORT'],
]);

/** `GPF`, `EXTERNAL_ABORT`, `ADDRESS_SIZE`, ... or the name of the exception class. */
export function faultName(esr: bigint): string {
  const ec = ecOf(esr);
  const fsc = Number(esr & 0x3fn);
  return aborts.has(ec) ? (fscNames.get(fsc) ?? `FSC_0x${fsc.toString(16).padStart(2, '0')}`) : ecName(ec);
}
