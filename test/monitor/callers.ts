// Making calls as the software of any world: a driver only has the one that runs.

import type { Machine } from '../../src/machine/machine.ts';
import type { MachineDescription } from '../../src/machine/description.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import type { RmmPe } from '../../src/rmm/ports.ts';
import { RmmImage } from '../../src/rmm/rmm.ts';
import { Scr } from '../../src/arch/registers.ts';
import { World, worldName } from '../../src/arch/world.ts';
import { act } from '../../src/cpu/act.ts';
import type { Pe } from '../../src/cpu/pe.ts';

export type Caller = {
  readonly world: typeof World.NonSecure | typeof World.Secure | typeof World.Realm;
  readonly el: 1 | 2;
};

export const callers: readonly Caller[] = [
  { world: World.NonSecure, el: 2 },
  { world: World.NonSecure, el: 1 },
  { world: World.Secure, el: 1 },
  { world: World.Realm, el: 2 },
  { world: World.Realm, el: 1 },
];
export const callerName = ({ world, el }: Caller): string => `${worldName(world)} EL${el}`;

const scrOf = { [World.Secure]: 0n, [World.NonSecure]: Scr.NS | Scr.HCE, [World.Realm]: Scr.NS | Scr.NSE | Scr.HCE };

/** Puts a PE into the state of a caller, at an address where none of the machine's software lives. */
export function become(pe: Pe, { world, el }: Caller): void {
  pe.set('scr_el3', scrOf[world] | Scr.RW | Scr.RES1);
  pe.set('hcr_el2', 0n);
  pe.pstate = (0b1111n << 6n) | BigInt(4 * el + 1);
  pe.pc = 0x9876_5430n;
}

/** One SMC, handled by the monitor and by nobody else: X0 of the answer. */
export function smcToMonitor(machine: Machine, pe: Pe, imm = 0): bigint {
  act(pe, { op: 'smc', imm });
  machine.monitor.activate(pe);
  return pe.x[0] as bigint;
}

/** One SMC of the RMM that comes back: X0 to X4 of the answer. */
export function smcAsRmm(machine: Machine, { index }: RmmPe, x: readonly bigint[]): bigint[] {
  const pe = machine.pes[index] as Pe;
  pe.pc = BigInt(machine.description.rmm.base + RmmImage.call);
  act(pe, { op: 'smc', x });
  machine.monitor.activate(pe);
  return [...pe.x.subarray(0, 5)];
}

/** Does something as the RMM, at R-EL2 on PE 0, with its real way to EL3 and to memory. */
export function asRmm<T>(machine: Machine, body: (pe: RmmPe) => T): T {
  const { rmm } = machine;
  const activate = rmm.activate.bind(rmm);
  let result: { value: T } | undefined;
  rmm.activate = (pe) => {
    rmm.activate = activate;
    const x = [...pe.x.subarray(0, 8)];
    result = { value: body(pe) };
    for (const [n, value] of x.entries()) pe.x[n] = value;
    activate(pe);
  };
  machine.host().smc('RMI_VERSION', 0x1_0000);
  if (result === undefined) throw new Error('the RMM was not entered');
  return result.value;
}

/** The base machine with DRAM, a bank and granules up to the very end of the protected range. */
export const topMachine: MachineDescription = {
  ...baseMachine,
  ram: [...baseMachine.ram, { name: 'top', base: 2 ** 40 - 2 ** 30, size: 2 ** 30, fill: 0 }],
  gpt: {
    ...baseMachine.gpt,
    regions: [
      ...baseMachine.gpt.regions.filter(({ name }) => name !== 'PCI memory 2'),
      { name: 'top', base: 2 ** 40 - 2 ** 30, size: 2 ** 30, gpi: 'NON_SECURE', how: 'granule' },
    ],
  },
  banks: [...baseMachine.banks, { base: 2 ** 40 - 2 ** 30, size: 2 ** 30 }],
};
