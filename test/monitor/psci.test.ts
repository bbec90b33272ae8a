// PSCI 1.1 and the SMCCC functions as a host finds them: forms, affinities, addresses, states.

import { describe, expect, it } from 'vitest';
import { Fid } from '../../src/arch/smccc.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { become, smcToMonitor } from './callers.ts';
import { World } from '../../src/arch/world.ts';

const signed = (x: bigint | undefined): bigint => BigInt.asIntN(64, x ?? 99n);
const ENTRY = 0x8900_0000;

describe('PSCI', () => {
  it('is version 1.1 and names the functions that are there, and no others', () => {
    const host = Machine.boot(baseMachine).host();
    expect(host.smc('PSCI_VERSION')[0]).toBe(0x1_0001n);
    const there: string[] = [];
    for (const [name, fid] of Object.entries(Fid))
      if (signed(host.smc('PSCI_FEATURES', fid)[0]) === 0n) there.push(name);
    expect(there.sort()).toEqual(
      [
        'PSCI_VERSION',
        'PSCI_CPU_OFF',
        'PSCI_CPU_ON',
        'PSCI_CPU_ON64',
        'PSCI_AFFINITY_INFO',
        'PSCI_AFFINITY_INFO64',
        'PSCI_MIGRATE_INFO_TYPE',
        'PSCI_SYSTEM_OFF',
        'PSCI_SYSTEM_RESET',
        'PSCI_FEATURES',
        'SMCCC_VERSION',
      ].sort(),
    );
    for (const asked of [0n, 0x8400_0001n, 0xc400_0001n, 0x8400_001fn, 0xffff_ffffn])
      expect(signed(host.smc('PSCI_FEATURES', asked)[0])).toBe(-1n);
    // An SMC32 argument is 32 bits.
    expect(host.smc('PSCI_FEATURES', 0xdead_beef_8400_0000n)[0]).toBe(0n);
    expect(host.smc('PSCI_MIGRATE_INFO_TYPE')[0]).toBe(2n);
  });

  it('says that everything it announces is supported when it is called', () => {
    for (const fid of [
      Fid.PSCI_VERSION,
      Fid.PSCI_CPU_ON,
      Fid.PSCI_CPU_ON64,
      Fid.PSCI_AFFINITY_INFO,
      Fid.PSCI_MIGRATE_INFO_TYPE,
      Fid.PSCI_FEATURES,
    ])
      expect(signed(Machine.boot(baseMachine).host().smc(fid, 0x8400_0000)[0])).not.toBe(-1n);
  });

  it('has no SMC64 form of functions without addresses', () => {
    const host = Machine.boot(baseMachine).host();
    const forms = [0xc400_0000, 0xc400_0002, 0xc400_0006, 0xc400_0008, 0xc400_0009, 0xc400_000a];
    expect(forms.map((fid) => signed(host.smc(fid, 0, 0)[0]))).toEqual(forms.map(() => -1n));
  });
});

describe('CPU_ON', () => {
  it('finds a PE by Aff3..Aff0 with nothing else set', () => {
    const machine = Machine.boot(baseMachine);
    const host = machine.host();
    const bad = [
      0x1n,
      0x400n,
      0x8000_0100n, // bit 31
      0x0100_0100n, // MT
      0x8100_0100n,
      0x2_0000n,
      (1n << 32n) | 0x100n,
      (1n << 63n) | 0x100n,
      (1n << 64n) - 1n,
    ];
    expect(bad.map((affinity) => signed(host.smc('PSCI_CPU_ON64', affinity, ENTRY, 0)[0]))).toEqual(bad.map(() => -2n));
    expect(machine.pes.slice(1).every(({ power }) => power === 'off')).toBe(true);
    expect(signed(host.smc('PSCI_CPU_ON64', 0x1_0300, ENTRY, 0)[0])).toBe(0n);
    expect(machine.pes[7]?.power).toBe('on');
  });

  it('in its SMC32 form takes 32-bit arguments, whatever the upper halves hold', () => {
    const machine = Machine.boot(baseMachine);
    const high = 0xffff_ffff_0000_0000n;
    expect(machine.host().smc('PSCI_CPU_ON', high | 0x100n, high | BigInt(ENTRY), high | 0x99n)[0]).toBe(0n);
    expect([machine.pes[1]?.pc, machine.pes[1]?.x[0]]).toEqual([BigInt(ENTRY), 0x99n]);
    // The SMC64 form does not.
    expect(signed(machine.host().smc('PSCI_CPU_ON64', 0x200, high | BigInt(ENTRY), 0)[0])).toBe(-9n);
  });

  it('takes only RAM that Non-secure software may execute as an entry point', () => {
    const machine = Machine.boot(baseMachine);
    const host = machine.host();
    host.smc('RMI_GRANULE_DELEGATE', 0x8900_1000);
    const bad = {
      delegated: 0x8900_1000n,
      delegatedInside: 0x8900_1ffcn,
      unaligned: 0x8900_0002n,
      secure: 0xfc00_0000n,
      realm: 0xfdc0_0000n,
      root: 0xffc0_0000n,
      sram: 0x0400_0000n,
      device: 0x1c09_0000n,
      hole: 0x5000_0000n,
      nothing: 0x9_0000_0000n,
      abovePps: 0x100_0000_0000n,
      abovePa: 1n << 48n,
      folded: (1n << 63n) | BigInt(ENTRY),
      minus: (1n << 64n) - 4n,
    };
    const found = Object.entries(bad).map(([name, at]) => [name, signed(host.smc('PSCI_CPU_ON64', 0x100, at, 0)[0])]);
    expect(found).toEqual(Object.keys(bad).map((name) => [name, -9n]));
    expect(machine.pes[1]?.power).toBe('off');
    // An unknown PE is reported before the address.
    expect(signed(host.smc('PSCI_CPU_ON64', 0x1, 0xfc00_0000, 0)[0])).toBe(-2n);
    expect(signed(host.smc('PSCI_CPU_ON64', 0x100, 0x8900_2000, 0)[0])).toBe(0n);
  });

  it('of a PE that is on, itself included, is ALREADY_ON; while it comes up, ON_PENDING', () => {
    const machine = Machine.boot(baseMachine);
    const host = machine.host();
    expect(signed(host.smc('PSCI_CPU_ON64', 0, ENTRY, 0)[0])).toBe(-4n);
    host.smc('PSCI_CPU_ON64', 0x100, ENTRY, 0);
    expect(signed(host.smc('PSCI_CPU_ON64', 0x100, ENTRY, 0)[0])).toBe(-4n);
    expect(host.smc('PSCI_AFFINITY_INFO64', 0x100, 0)[0]).toBe(0n);

    // Only the monitor runs here: the other PE has not had its turn.
    const { pe } = host;
    const call = (...x: readonly bigint[]): bigint => {
      become(pe, { world: World.NonSecure, el: 2 });
      for (const [n, value] of x.entries()) pe.x[n] = value;
      return signed(smcToMonitor(machine, pe));
    };
    expect(call(BigInt(Fid.PSCI_CPU_ON64), 0x200n, BigInt(ENTRY), 0n)).toBe(0n);
    expect(call(BigInt(Fid.PSCI_CPU_ON64), 0x200n, BigInt(ENTRY), 0n)).toBe(-5n);
    expect(call(BigInt(Fid.PSCI_AFFINITY_INFO64), 0x200n, 0n)).toBe(2n);
    expect(call(BigInt(Fid.PSCI_AFFINITY_INFO64), 0x300n, 0n)).toBe(1n);
  });
});

describe('AFFINITY_INFO', () => {
  it('knows level 0 alone, and PEs that exist', () => {
    const host = Machine.boot(baseMachine).host();
    const call = (
      affinity: bigint | number,
      level: bigint | number,
      fid: 'PSCI_AFFINITY_INFO' | 'PSCI_AFFINITY_INFO64' = 'PSCI_AFFINITY_INFO64',
    ) => signed(host.smc(fid, affinity, level)[0]);
    expect([call(0, 0), call(0x100, 0), call(0x1_0300, 0)]).toEqual([0n, 1n, 1n]);
    expect([1, 2, 3, 4, 0xffff_ffff].map((level) => call(0, level))).toEqual([-2n, -2n, -2n, -2n, -2n]);
    expect([0x1, 0x400, 0x8100_0000, 0x2_0000].map((affinity) => call(affinity, 0))).toEqual([-2n, -2n, -2n, -2n]);
    expect(call((1n << 63n) | 0x100n, 0)).toBe(-2n);
    expect(call((1n << 63n) | 0x100n, 1n << 32n, 'PSCI_AFFINITY_INFO')).toBe(1n);
  });
});

describe('CPU_OFF', () => {
  it('never returns, and the PE stays off until somebody turns it on', () => {
    const machine = Machine.boot(baseMachine);
    machine.host().smc('PSCI_CPU_ON64', 0x100, ENTRY, 0);
    const other = machine.driver(1);
    expect(other.perform({ op: 'smc', x: [BigInt(Fid.PSCI_CPU_OFF)] })).toEqual({ kind: 'moved', to: 'off' });
    expect([machine.step(other.pe), other.pe.power]).toEqual([false, 'off']);
    expect(machine.host().smc('PSCI_AFFINITY_INFO64', 0x100, 0)[0]).toBe(1n);
    expect(machine.host().smc('PSCI_CPU_ON64', 0x100, ENTRY + 0x100, 5)[0]).toBe(0n);
    expect([other.pe.power, other.pe.pc, other.pe.x[0]]).toEqual(['on', BigInt(ENTRY + 0x100), 5n]);
  });
});

describe('SMCCC', () => {
  it('is version 1.2 and answers for its own two functions', () => {
    const host = Machine.boot(baseMachine).host();
    expect(host.smc('SMCCC_VERSION')[0]).toBe(0x1_0002n);
    const ask = (fid: bigint | number): bigint => signed(host.smc('SMCCC_ARCH_FEATURES', fid)[0]);
    expect([ask(Fid.SMCCC_VERSION), ask(Fid.SMCCC_ARCH_FEATURES)]).toEqual([0n, 0n]);
    expect([0x8000_0002, 0x8000_8000, 0xc000_0000, 0, 0xffff_ffff].map(ask)).toEqual([-1n, -1n, -1n, -1n, -1n]);
  });
});
