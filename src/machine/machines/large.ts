import type { MachineDescription } from '../description.ts';
import { baseMachine } from './base.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;
const l1Size = 66 * 128 * 1024;

/** 64 GiB of DRAM, 2 GiB low and 62 GiB high, all of it mapped by granules. */
export const largeMachine: MachineDescription = {
  ...baseMachine,
  name: 'large',
  ram: [
    ...baseMachine.ram.filter(({ name }) => name !== 'upper DRAM'),
    { name: 'upper DRAM', base: 0x8_8000_0000, size: 62 * GiB, fill: 0 },
  ],
  gpt: {
    ...baseMachine.gpt,
    l1Base: 0x1_0000_0000 - l1Size,
    l1Size,
    regions: [
      ...baseMachine.gpt.regions.filter(({ base }) => base < 0x8000_0000),
      { name: 'host DRAM', base: 0x8000_0000, size: 2 * GiB - 72 * MiB, gpi: 'NON_SECURE', how: 'granule' },
      { name: 'secure DRAM', base: 0xfb80_0000, size: 24 * MiB, gpi: 'SECURE', how: 'granule' },
      { name: 'RMM', base: 0xfd00_0000, size: 32 * MiB, gpi: 'REALM', how: 'granule' },
      { name: 'EL3', base: 0xff00_0000, size: 16 * MiB, gpi: 'ROOT', how: 'granule' },
      { name: 'upper host DRAM', base: 0x8_8000_0000, size: 62 * GiB, gpi: 'NON_SECURE', how: 'granule' },
    ],
  },
  rmm: { base: 0xfd00_0000, sharedBuffer: 0xfeff_f000 },
  banks: [
    { base: 0x8000_0000, size: 2 * GiB - 72 * MiB },
    { base: 0x8_8000_0000, size: 62 * GiB },
  ],
};
