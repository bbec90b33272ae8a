// PSCI 1.1 for hosts: which PEs are on, and turning them on and off. DEN0022.

import { frameBase, frameArg } from '../arch/address.ts';
import { Gpi } from '../arch/gpi.ts';
import { Fid, signed, version } from '../arch/smccc.ts';
import type { GptLibrary } from './gpt.ts';
import type { MonitorPe, MonitorPorts } from './ports.ts';

/** Results, as signed numbers. */
const Psci = {
  Success: 0,
  NotSupported: -1,
  InvalidParameters: -2,
  Denied: -3,
  AlreadyOn: -4,
  OnPending: -5,
  InvalidAddress: -9,
} as const;

/** What PSCI_FEATURES says of each function: 0, there, with no further flags. */
const functions: ReadonlySet<number> = new Set([
  Fid.PSCI_VERSION,
  Fid.PSCI_CPU_OFF,
  Fid.PSCI_CPU_ON,
  Fid.PSCI_CPU_ON64,
  Fid.PSCI_AFFINITY_INFO,
  Fid.PSCI_AFFINITY_INFO64,
  Fid.PSCI_MIGRATE_INFO_TYPE,
  Fid.PSCI_SYSTEM_OFF,
  Fid.PSCI_SYSTEM_RESET,
  Fid.PSCI_FEATURES,
  Fid.SMCCC_VERSION,
]);

/** Starts a PE that is off: `start` does what warm boot has to do. */
export type StartPe = (pe: MonitorPe, entry: bigint, context: bigint) => void;

/** Answers one call, or 'off' when the PE does not return from it. */
export function psci(
  fid: number,
  x: readonly bigint[],
  pe: MonitorPe,
  ports: MonitorPorts,
  gpt: GptLibrary,
  start: StartPe,
): bigint | 'off' {
  const [, x1 = 0n, x2 = 0n, x3 = 0n] = x;
  switch (fid) {
    case Fid.PSCI_VERSION:
      return version(1, 1);
    case Fid.PSCI_FEATURES:
      return signed(functions.has(Number(BigInt.asUintN(32, x1))) ? Psci.Success : Psci.NotSupported);
    case Fid.PSCI_MIGRATE_INFO_TYPE:
      return 2n;
    case Fid.PSCI_CPU_ON:
    case Fid.PSCI_CPU_ON64: {
      const target = ports.pes.find((other) => other.affinity === x1);
      if (target === undefined) return signed(Psci.InvalidParameters);
      if (!isEntry(pe, gpt, x2)) return signed(Psci.InvalidAddress);
      if (target.power === 'on') return signed(Psci.AlreadyOn);
      if (target.power === 'pending') return signed(Psci.OnPending);
      start(target, x2, x3);
      return signed(Psci.Success);
    }
    case Fid.PSCI_CPU_OFF:
      pe.power = 'off';
      return 'off';
    case Fid.PSCI_AFFINITY_INFO:
    case Fid.PSCI_AFFINITY_INFO64: {
      const target = ports.pes.find((other) => other.affinity === x1);
      if (target === undefined || x2 !== 0n) return signed(Psci.InvalidParameters);
      return { on: 0n, off: 1n, pending: 2n }[target.power];
    }
    case Fid.PSCI_SYSTEM_OFF:
      ports.power.systemOff();
      return 'off';
    case Fid.PSCI_SYSTEM_RESET:
      ports.power.systemReset();
      return 'off';
    default:
      return signed(Psci.NotSupported);
  }
}

/** An entry point is RAM that Non-secure software can fetch from. */
function isEntry(pe: MonitorPe, gpt: GptLibrary, entry: bigint): boolean {
  const frame = frameArg(entry, pe.memory.paBits);
  if (frame < 0 || entry % 4n !== 0n || pe.memory.map.find(frame)?.kind !== 'ram') return false;
  const gpi = gpt.gpi(pe, frameBase(frame));
  return gpi === Gpi.NonSecure || gpi === Gpi.NonSecureOnly || gpi === Gpi.All;
}
