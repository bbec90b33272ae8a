// Everything that makes up a machine, as short text: two machines in the same state have the same lines.

import { createHash } from 'node:crypto';
import { sysRegs } from '../../src/arch/registers.ts';
import type { Pe } from '../../src/cpu/pe.ts';
import type { Machine } from '../../src/machine/machine.ts';

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

/** A digest of all of memory: which frames exist, their bytes, and whose lines are dirty. */
export function memoryDigest(machine: Machine): string {
  const hash = createHash('sha256');
  for (const { frame, bytes, dirty } of machine.memory.frames()) {
    hash.update(`${frame} ${dirty?.pas ?? '-'} ${dirty?.late?.pas ?? '-'} `);
    hash.update(bytes);
    if (dirty?.behind !== undefined) hash.update(dirty.behind);
    if (dirty?.late !== undefined) hash.update(dirty.late.bytes);
  }
  return hash.digest('hex');
}

/** Registers of a PE, one line each. */
export const registerLines = (pe: Pe): string[] => [
  ...Array.from({ length: 31 }, (_, n) => `X${n} ${(pe.x[n] as bigint).toString(16)}`),
  `PC ${pe.pc.toString(16)}`,
  `PSTATE ${pe.pstate.toString(16)}`,
  ...sysRegs.map((reg) => `${reg} ${pe.get(reg).toString(16)}`),
  `power ${pe.power} ${pe.isWaiting}`,
];

/**
 * The state of a machine but for what counts instructions and, of a PE in `calling`, what a call leaves in X0, the registers
 * that take its arguments, PC and the syndrome registers of EL3.
 */
export function stateLines(machine: Machine, calling?: Pe, args = 0): string[] {
  const spent = new Set(['PC', 'esr_el3', 'elr_el3', 'spsr_el3', ...Array.from({ length: args }, (_, n) => `X${n}`)]);
  const { monitor, rmm, smmu, description, pes } = machine;
  const lines = [`memory ${memoryDigest(machine)}`];
  for (const pe of pes) {
    for (const line of registerLines(pe))
      if (pe !== calling || !spent.has(line.slice(0, line.indexOf(' ')))) lines.push(`PE ${pe.index} ${line}`);
    lines.push(`PE ${pe.index} GPC ${Object.values(pe.gpc.registers).join()}`);
  }
  const { entries, stages, token, spmc, isRmmDisabled } = monitor.data();
  lines.push(`SMMU ${smmu.accessEnabled} ${smmu.gpfFar} ${smmu.gptCfgFar} ${Object.values(smmu.gpc.registers).join()}`);
  lines.push(`monitor ${text({ entries, stages, token: digest(token), spmc, isRmmDisabled })} ${monitor.panic ?? ''}`);
  lines.push(`RMM ${text(rmm.data())}`, `end ${machine.end ?? ''} ${description.name}`);
  return lines;
}

const text = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `0x${item.toString(16)}` : item));

/** Lines that differ between two states, of each at most ten. */
export function changes(before: readonly string[], after: readonly string[]): string[] {
  const known = new Set(before);
  return after.filter((line) => !known.has(line)).slice(0, 10);
}
