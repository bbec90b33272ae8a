// Every function identifier from every caller: what is not offered answers NOT_SUPPORTED in X0 and changes nothing else.
// FF-A has tests of its own; its range is left out where its callers may call.

import { describe, expect, it } from 'vitest';
import { PC_SLOT, slotOf } from '../../src/arch/registers.ts';
import { Fid } from '../../src/arch/smccc.ts';
import { World } from '../../src/arch/world.ts';
import type { Pe } from '../../src/cpu/pe.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { RmmImage } from '../../src/rmm/rmm.ts';
import { type Caller, become, callerName, callers, smcToMonitor } from './callers.ts';
import { changes, registerLines, stateLines } from './state.ts';

const NOT_SUPPORTED = 0xffff_ffff_ffff_ffffn;
const FAST = 0x8000_0000;
const SMC64 = 0x4000_0000;

const isFfa = (fid: number): boolean =>
  (fid & 0x3fff_ff00) === 0x0400_0000 && (fid & 0xff) >= 0x60 && (fid & 0xff) < 0xf0;
const isRmi = (fid: number): boolean => fid >= 0xc400_0150 && fid <= 0xc400_018f;
const isService = (fid: number): boolean => fid >= 0xc400_01b0 && fid <= 0xc400_01cf;
const psciFids = new Set<number>([
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
]);
const services = new Set<number>([
  Fid.RMM_GTSI_DELEGATE,
  Fid.RMM_GTSI_UNDELEGATE,
  Fid.RMM_ATTEST_GET_REALM_KEY,
  Fid.RMM_ATTEST_GET_PLAT_TOKEN,
]);

/** Whether the monitor offers a function to a caller, or hands the call on to another world. */
function isOffered(fid: number, { world, el }: Caller): boolean {
  if (fid === Fid.SMCCC_VERSION || fid === Fid.SMCCC_ARCH_FEATURES) return true;
  if (isFfa(fid)) return world !== World.Realm;
  if (world === World.NonSecure) return psciFids.has(fid) || (isRmi(fid) && fid !== Fid.RMM_RMI_REQ_COMPLETE);
  if (world === World.Realm && el === 2) return services.has(fid) || fid === Fid.RMM_RMI_REQ_COMPLETE;
  return false;
}

/** Function identifiers of all kinds: both conventions of the standard owner in full, and samples of every other owner. */
function* fids(): Generator<number> {
  for (const form of [FAST, FAST | SMC64, 0, SMC64])
    for (let number = 0; number <= 0x420; number++) yield (form | 0x0400_0000 | number) >>> 0;
  for (const form of [FAST, FAST | SMC64, 0, SMC64])
    for (let owner = 0; owner < 64; owner++)
      for (const number of [0, 1, 2, 3, 0x10, 0x60, 0x151, 0x1b0, 0x8000, 0xff00, 0xff01, 0xffff])
        yield (form | (owner << 24) | number) >>> 0;
  // Bits [23:17] are zero in every function there is.
  for (let bit = 17; bit < 24; bit++)
    for (const fid of [Fid.PSCI_VERSION, Fid.RMI_VERSION, Fid.RMM_GTSI_DELEGATE]) yield (fid | (1 << bit)) >>> 0;
  for (const fid of [0, 1, 0xffff_ffff, 0x7fff_ffff, 0x8000_ffff]) yield fid;
}

/** Registers as hostile as they come, the same for every call. */
function fillRegisters(pe: Pe): void {
  const values = [
    0xffff_ffff_ffff_ffffn,
    0x8800_0000n,
    1n << 63n,
    0x8800_0001n,
    0n,
    0xffbf_f000n,
    0xdead_beef_0000_0000n,
  ];
  for (let n = 1; n < 31; n++) pe.x[n] = values[n % values.length] as bigint;
}

/** X0, PC, and what an exception to EL3 writes. */
const spentSlots: ReadonlySet<number> = new Set([
  0,
  PC_SLOT,
  ...(['esr_el3', 'elr_el3', 'spsr_el3'] as const).map(slotOf),
]);

/** Makes one call, and says what it changed beside X0 and what every exception changes. */
function callOnce(machine: Machine, caller: Caller, x0: bigint, imm = 0): { answer: bigint; changed: string[] } {
  const pe = machine.pes[0] as Pe;
  become(pe, caller);
  fillRegisters(pe);
  pe.x[0] = x0;
  const before = pe.x.slice();
  const answer = smcToMonitor(machine, pe, imm);
  const changed: string[] = [];
  for (const [slot, value] of before.entries())
    if (pe.x[slot] !== value && !spentSlots.has(slot))
      changed.push(`slot ${slot}: 0x${(pe.x[slot] ?? 0n).toString(16)}`);
  if (pe.pc !== 0x9876_5434n) changed.push(`PC ${pe.pc.toString(16)}`);
  return { answer, changed };
}

describe('a function that is not offered', () => {
  for (const caller of callers)
    it(`to ${callerName(caller)} is NOT_SUPPORTED and changes nothing`, () => {
      const machine = Machine.boot(baseMachine);
      const pe = machine.pes[0] as Pe;
      become(pe, caller);
      fillRegisters(pe);
      const before = stateLines(machine, pe, 1);
      const wrong: string[] = [];
      let count = 0;
      const offered: string[] = [];
      for (const fid of fids()) {
        if (isOffered(fid, caller) || (isService(fid) && fid === Fid.RMM_BOOT_COMPLETE && caller.el === 2)) {
          offered.push(fid.toString(16));
          continue;
        }
        // The SVE hint and what stands above W0 are no part of the function.
        for (const x0 of [
          BigInt(fid),
          BigInt(fid) | (0xdead_beefn << 32n),
          BigInt(fid | ((fid & FAST) === 0 ? 0 : 0x1_0000)) & 0xffff_ffffn,
        ]) {
          count++;
          const { answer, changed } = callOnce(machine, caller, x0);
          if (answer !== NOT_SUPPORTED || changed.length > 0)
            wrong.push(`0x${x0.toString(16)}: ${answer.toString(16)} ${changed.join(', ')}`);
        }
      }
      expect(wrong.slice(0, 5)).toEqual([]);
      expect(count).toBeGreaterThan(15_000);
      expect(offered.length).toBeGreaterThan(1);
      become(pe, caller);
      fillRegisters(pe);
      expect(changes(before, stateLines(machine, pe, 1))).toEqual([]);
    });

  it('by an immediate that is not zero is not offered, whatever the function', () => {
    const machine = Machine.boot(baseMachine);
    const before = stateLines(machine, machine.pes[0], 31);
    const wrong: string[] = [];
    for (const caller of callers)
      for (const fid of Object.values(Fid))
        for (const imm of [1, 0x8000, 0xffff]) {
          const { answer, changed } = callOnce(machine, caller, BigInt(fid), imm);
          if (answer !== NOT_SUPPORTED || changed.length > 0)
            wrong.push(`${callerName(caller)} ${fid.toString(16)} #${imm}`);
        }
    expect(wrong).toEqual([]);
    become(machine.pes[0] as Pe, { world: World.NonSecure, el: 2 });
    const after = stateLines(machine, machine.pes[0], 31).filter(
      (line) => line.startsWith('memory') || line.startsWith('monitor'),
    );
    expect(before).toEqual(expect.arrayContaining(after));
  });
});

describe('a function that is offered', () => {
  it('is found whatever stands above W0, with the SVE hint or without', () => {
    const machine = Machine.boot(baseMachine);
    const host = machine.host();
    const answers = [Fid.PSCI_VERSION, Fid.SMCCC_VERSION, Fid.RMI_VERSION].map((fid) =>
      [0n, 0x1_0000n, 0xdead_beefn << 32n, (1n << 63n) | 0x1_0000n].map(
        (more) => host.smc(BigInt(fid) | more, 0x1_0000)[0],
      ),
    );
    expect(answers).toEqual([
      [0x1_0001n, 0x1_0001n, 0x1_0001n, 0x1_0001n],
      [0x1_0002n, 0x1_0002n, 0x1_0002n, 0x1_0002n],
      [0n, 0n, 0n, 0n],
    ]);
  });

  it('reaches the RMM with the hint and its arguments, and without what stood above W0', () => {
    const machine = Machine.boot(baseMachine);
    const { rmm } = machine;
    const activate = rmm.activate.bind(rmm);
    const seen: bigint[][] = [];
    rmm.activate = (pe) => {
      seen.push([...pe.x.subarray(0, 31)]);
      activate(pe);
    };
    const pe = machine.pes[0] as Pe;
    for (let n = 8; n < 31; n++) pe.x[n] = 0x1234n;
    machine.host().smc((0xdead_beefn << 32n) | 0x1_0000n | BigInt(Fid.RMI_VERSION), 1, 2, 3, 4, 5, 6, 7);
    // X8 and up are the RMM's own: nothing of the host leaks into them.
    expect(seen).toEqual([
      [BigInt(Fid.RMI_VERSION) | 0x1_0000n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, ...(seen[0]?.slice(8) ?? [])],
    ]);
    expect(seen[0]?.slice(8).includes(0x1234n)).toBe(false);
    expect([...pe.x.subarray(8, 31)].every((x) => x === 0x1234n)).toBe(true);
  });

  it('by the RMI range but unknown to the RMM comes back with all registers but X0', () => {
    const machine = Machine.boot(baseMachine);
    const host = machine.host();
    const above = Array.from({ length: 0x18f - 0x16a }, (_, n) => 0xc400_016a + n);
    const before = stateLines(machine, host.pe, 8);
    for (const fid of [0xc400_0156, 0xc400_0160, 0xc400_0163, ...above]) {
      const args = [0x8800_0000n, 2n, 3n, 4n, 5n, 6n, (1n << 64n) - 1n];
      expect(host.smc(fid, ...args).slice(0, 8)).toEqual([NOT_SUPPORTED, ...args]);
    }
    expect(changes(before, stateLines(machine, host.pe, 8))).toEqual([]);
  });

  it('is RMI from Non-secure EL1 as well: EL3 asks for the world', () => {
    const machine = Machine.boot(baseMachine);
    const pe = machine.pes[0] as Pe;
    become(pe, { world: World.NonSecure, el: 1 });
    pe.x[0] = BigInt(Fid.RMI_VERSION);
    pe.x[1] = 0x1_0000n;
    smcToMonitor(machine, pe);
    machine.settle(pe);
    expect([pe.world, pe.el, pe.pc, pe.x[0], pe.x[1]]).toEqual([World.NonSecure, 1, 0x9876_5434n, 0n, 0x1_0000n]);
  });
});

describe('a world switch', () => {
  it('gives each world its own EL2 registers, and the host finds all of its own again', () => {
    const machine = Machine.boot(baseMachine);
    const host = machine.host();
    const own = [
      'vbar_el2',
      'tpidr_el2',
      'ttbr0_el2',
      'hcr_el2',
      'vttbr_el2',
      'sctlr_el2',
      'vbar_el1',
      'tpidr_el1',
      'sp_el0',
      'apiakeylo_el1',
    ] as const;
    for (const [i, reg] of own.entries())
      host.pe.set(reg, reg === 'hcr_el2' ? 1n << 31n : BigInt(0x10_0000 + 0x1000 * i));
    const before = registerLines(host.pe);
    const { rmm } = machine;
    const activate = rmm.activate.bind(rmm);
    const inRealm: bigint[] = [];
    rmm.activate = (pe) => {
      for (const reg of own) inRealm.push(host.pe.get(reg));
      activate(pe);
    };
    host.smc('RMI_GRANULE_DELEGATE', 0x8800_0000);
    // EL1 registers are not EL3's to switch between Non-secure and Realm.
    expect(inRealm).toEqual(
      own.map((reg, i) => {
        if (reg === 'vbar_el2') return BigInt(baseMachine.rmm.base + RmmImage.vectors);
        return /^(vbar|tpidr)_el1$/.test(reg) ? BigInt(0x10_0000 + 0x1000 * i) : 0n;
      }),
    );
    const spent = /^(X[0-7]|PC|esr_el3|elr_el3|spsr_el3) /;
    expect(changes(before, registerLines(host.pe)).filter((line) => !spent.test(line))).toEqual([]);
  });
});
