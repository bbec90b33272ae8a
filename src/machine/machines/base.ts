// The pinned machine: the memory map of Arm's Base platform, so that images built for it can be loaded.

import type { MachineDescription } from '../description.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

/** Eight PEs, 48-bit addresses, 4 GiB of DRAM, protected range 2^40. */
export const baseMachine: MachineDescription = {
  name: 'base',
  paBits: 48,
  pes: 8,
  features: { gpc2: false, gpc3: false, gdi: false, sel2: true, granule16k: false, granule64k: false },
  content: 'plain',
  framesMax: 1_000_000,
  seed: 1,
  isStrict: false,
  isGpfToEl3: false,
  ram: [
    { name: 'trusted SRAM', base: 0x0400_0000, size: 256 * 1024, fill: 0 },
    { name: 'trusted DRAM', base: 0x0600_0000, size: 32 * MiB, fill: 0 },
    { name: 'DRAM', base: 0x8000_0000, size: 40 * MiB, fill: 0 },
    // Non-volatile record of test programs: 0xFF at power-on, kept by a reset.
    { name: 'non-volatile block', base: 0x8280_0000, size: 64 * 1024, fill: 0xff, keptByReset: true },
    { name: 'DRAM 2', base: 0x8281_0000, size: 2 * GiB - 40 * MiB - 64 * 1024, fill: 0 },
    { name: 'upper DRAM', base: 0x8_8000_0000, size: 2 * GiB, fill: 0 },
  ],
  devices: [
    { name: 'UART0', base: 0x1c09_0000, size: 64 * 1024 },
    { name: 'UART1', base: 0x1c0a_0000, size: 64 * 1024 },
    { name: 'UART2', base: 0x1c0b_0000, size: 64 * 1024 },
    { name: 'UART3', base: 0x1c0c_0000, size: 64 * 1024 },
    { name: 'watchdog', base: 0x1c0f_0000, size: 64 * 1024 },
    { name: 'generic watchdog', base: 0x2a44_0000, size: 128 * 1024 },
    { name: 'trusted watchdog', base: 0x2a49_0000, size: 64 * 1024 },
    { name: 'GICC', base: 0x2c00_0000, size: 8 * 1024 },
    { name: 'GICD', base: 0x2f00_0000, size: 64 * 1024 },
    { name: 'GICR', base: 0x2f10_0000, size: MiB },
  ],
  gpt: {
    ppsBits: 40,
    l0Bits: 30,
    granuleBits: 12,
    // Level 0 at the top of SRAM; level 1 at the top of the low DRAM: nine tables of 128 KiB, the first GB has one too.
    l0Base: 0x0403_e000,
    l0Size: 8 * 1024,
    l1Base: 0xffee_0000,
    l1Size: 0x12_0000,
    contiguousBitsMax: 29,
    regions: [
      { name: 'trusted SRAM', base: 0x0400_0000, size: 256 * 1024, gpi: 'ROOT', how: 'granule' },
      { name: 'trusted DRAM', base: 0x0600_0000, size: 32 * MiB, gpi: 'SECURE', how: 'granule' },
      { name: 'trusted watchdog', base: 0x2a49_0000, size: 64 * 1024, gpi: 'SECURE', how: 'granule' },
      { name: 'PCI memory 1', base: 0x5000_0000, size: 256 * MiB, gpi: 'NON_SECURE', how: 'granule' },
      { name: 'host DRAM', base: 0x8000_0000, size: 2 * GiB - 64 * MiB, gpi: 'NON_SECURE', how: 'granule' },
      { name: 'secure DRAM', base: 0xfc00_0000, size: 28 * MiB, gpi: 'SECURE', how: 'granule' },
      { name: 'RMM', base: 0xfdc0_0000, size: 32 * MiB, gpi: 'REALM', how: 'granule' },
      { name: 'EL3', base: 0xffc0_0000, size: 4 * MiB, gpi: 'ROOT', how: 'granule' },
      { name: 'upper host DRAM', base: 0x8_8000_0000, size: 2 * GiB, gpi: 'NON_SECURE', how: 'granule' },
      { name: 'PCI memory 2', base: 0x40_0000_0000, size: 3 * GiB, gpi: 'NON_SECURE', how: 'granule' },
    ],
  },
  rmm: { base: 0xfdc0_0000, sharedBuffer: 0xffbf_f000 },
  /** Memory that realms may be built from. */
  banks: [
    { base: 0x8000_0000, size: 2 * GiB - 64 * MiB },
    { base: 0x8_8000_0000, size: 2 * GiB },
  ],
  normal: { entry: 0x8800_0000 },
  secure: { entry: 0x0600_0000 },
};
