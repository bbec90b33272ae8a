// Small machines, and what tests of the machine ask again and again.
import { InputError } from '../../src/base/input-error.ts';
import type { MachineDescription } from '../../src/machine/description.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';

/** The base machine with fewer PEs. */
export const withPes = (pes: number): MachineDescription => ({ ...baseMachine, pes });

/** One PE and no Secure world. */
export const small: MachineDescription = { ...withPes(1), secure: undefined };

/** Runs something that has to be refused, and returns the refusal. Any other error is a failure of the test. */
export function complaintOf(act: () => unknown): InputError {
  try {
    act();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

/** All worlds in two level 1 tables: what boots, saves and compares quickly. */
export const tiny: MachineDescription = {
  ...withPes(3),
  name: 'tiny',
  paBits: 32,
  ram: [
    { name: 'trusted DRAM', base: 0x0600_0000, size: 0x10_0000, fill: 0 },
    { name: 'DRAM', base: 0x8000_0000, size: 0x3000_0000, fill: 0 },
  ],
  devices: [],
  gpt: {
    ...baseMachine.gpt,
    ppsBits: 32,
    l0Base: 0xa200_0000,
    l0Size: 4096,
    l1Base: 0xa202_0000,
    l1Size: 0x4_0000,
    regions: [
      { name: 'host', base: 0x8000_0000, size: 0x2000_0000, gpi: 'NON_SECURE', how: 'granule' },
      { name: 'secure', base: 0x0600_0000, size: 0x10_0000, gpi: 'SECURE', how: 'granule' },
      { name: 'RMM', base: 0xa100_0000, size: 0x100_0000, gpi: 'REALM', how: 'granule' },
      { name: 'EL3', base: 0xa200_0000, size: 0x100_0000, gpi: 'ROOT', how: 'granule' },
    ],
  },
  rmm: { base: 0xa100_0000, sharedBuffer: 0xa1ff_f000 },
  banks: [{ base: 0x8000_0000, size: 0x2000_0000 }],
  secure: { entry: 0x0600_0000 },
};
