// Boot: what EL3 hands to the RMM, what a failed boot means, and PEs, the system and memory through power off and reset.

import { describe, expect, it } from 'vitest';
import { Gpi } from '../../src/arch/gpi.ts';
import { toPa } from '../../src/arch/address.ts';
import type { TraceEvent } from '../../src/arch/trace.ts';
import { Fid } from '../../src/arch/smccc.ts';
import { Pas, World } from '../../src/arch/world.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { largeMachine } from '../../src/machine/machines/large.ts';
import { maxMachine } from '../../src/machine/machines/max.ts';
import type { MachineDescription } from '../../src/machine/description.ts';
import type { RmmPe } from '../../src/rmm/ports.ts';
import { smcAsRmm } from './callers.ts';
import { memoryDigest } from './state.ts';

const NOT_SUPPORTED = 0xffff_ffff_ffff_ffffn;

/** A machine before power-on, with a look at each entry of the RMM that may also change what it finds. */
function watched(
  description: MachineDescription,
  look: (pe: RmmPe, entry: number) => void,
  trace?: (event: TraceEvent) => void,
): Machine {
  const machine = new Machine(description, trace === undefined ? {} : { trace });
  const activate = machine.rmm.activate.bind(machine.rmm);
  let entries = 0;
  machine.rmm.activate = (pe) => {
    look(pe, entries++);
    activate(pe);
  };
  return machine;
}

describe('cold boot', () => {
  it('enters the RMM with PE index, version, PE count and shared buffer, all else zero', () => {
    for (const description of [baseMachine, largeMachine, maxMachine]) {
      const x: bigint[][] = [];
      const machine = watched(description, (pe) => x.push([...pe.x.subarray(0, 31)]));
      machine.powerOn();
      const expected = [0n, 0x3n, 8n, BigInt(description.rmm.sharedBuffer)];
      expect(x).toEqual([[...expected, ...Array.from({ length: 27 }, () => 0n)]]);
    }
  });

  it('leaves a manifest 0.3 whose words sum to zero and whose banks are the machine description', () => {
    for (const description of [baseMachine, largeMachine]) {
      let page: Uint8Array | undefined;
      const machine = watched(description, (pe) => {
        page = pe.realm.readBytes(toPa(description.rmm.sharedBuffer), 4096);
      });
      machine.powerOn();
      const view = new DataView((page as Uint8Array).buffer);
      const word = (at: number): bigint => view.getBigUint64(at, true);
      expect([view.getUint32(0, true), view.getUint32(4, true), word(8)]).toEqual([3, 0, 0n]);
      expect(word(16)).toBe(BigInt(description.banks.length));
      const list = Number(word(24)) - description.rmm.sharedBuffer;
      const data = Array.from({ length: 2 * description.banks.length }, (_, n) => word(list + 8 * n));
      expect(data).toEqual(description.banks.flatMap(({ base, size }) => [BigInt(base), BigInt(size)]));
      const sum = [word(16), word(24), word(32), ...data].reduce((a, b) => a + b, 0n);
      expect(BigInt.asUintN(64, sum)).toBe(0n);
      // No consoles: count, pointer and checksum are zero and so is their sum.
      expect([word(40), word(48), word(56)]).toEqual([0n, 0n, 0n]);
      expect(page?.subarray(list + 16 * description.banks.length).every((byte) => byte === 0)).toBe(true);
    }
  });

  it('hands the Normal world PE 0 at EL2 with checks on, and nobody else runs', () => {
    const machine = Machine.boot(baseMachine);
    const [pe, ...others] = machine.pes as readonly [(typeof machine.pes)[number]];
    expect({
      world: pe.world,
      el: pe.el,
      pc: pe.pc,
      sp: pe.pstate & 1n,
      x: [...pe.x.subarray(0, 31)].every((x) => x === 0n),
    }).toEqual({
      world: World.NonSecure,
      el: 2,
      pc: BigInt(baseMachine.normal.entry),
      sp: 1n,
      x: true,
    });
    expect(pe.gpc.config.enabled).toBe(true);
    expect(others.map(({ power }) => power)).toEqual(others.map(() => 'off'));
  });
});

describe('a boot that fails', () => {
  const shared = toPa(baseMachine.rmm.sharedBuffer);
  /** What to break before the RMM looks, and the code it reports. */
  const failures: Readonly<Record<string, readonly [number, (pe: RmmPe) => void]>> = {
    'PE index': [-4, (pe) => void (pe.x[0] = 16n)],
    version: [-2, (pe) => void (pe.x[1] = 0x1_0000n)],
    'PE count': [-3, (pe) => void (pe.x[2] = 17n)],
    'shared buffer': [-5, (pe) => void (pe.x[3] = 0n)],
    'shared buffer that is not Realm': [-5, (pe) => void (pe.x[3] = 0x8800_0000n)],
    'manifest version': [-6, (pe) => void pe.realm.writeBytes(shared, Uint8Array.of(2))],
    'manifest data': [-7, (pe) => void pe.realm.writeBytes(toPa(shared + 64), Uint8Array.of(1))],
  };

  for (const [name, [code, breakIt]] of Object.entries(failures))
    it(`for its ${name} still starts Normal world, without RMI on any PE, for good`, () => {
      const events: TraceEvent[] = [];
      const machine = watched(
        baseMachine,
        (pe) => breakIt(pe),
        (event) => events.push(event),
      );
      machine.powerOn();
      const boot = events.find((event) => event.kind === 'boot' && event.what === 'RMM');
      expect(boot).toMatchObject({ detail: `failed ${code}` });
      const host = machine.host();
      const before = memoryDigest(machine);
      const rmi = (driver = host): bigint | undefined => driver.smc('RMI_VERSION', 0x1_0000)[0];
      expect([rmi(), host.smc('RMI_GRANULE_DELEGATE', 0x8800_0000)[0]]).toEqual([NOT_SUPPORTED, NOT_SUPPORTED]);
      expect(memoryDigest(machine)).toBe(before);
      // The RMM is not even entered on another PE, however healthy it would be.
      expect(host.smc('PSCI_CPU_ON64', 0x100, 0x8800_0000, 0)[0]).toBe(0n);
      expect([machine.pes[1]?.power, rmi(machine.driver(1)), rmi()]).toEqual(['on', NOT_SUPPORTED, NOT_SUPPORTED]);
      expect(machine.monitor.isRmmReady).toBe(false);
    });

  it('on the second PE takes RMI from the first as well, and no later boot brings it back', () => {
    const machine = watched(baseMachine, (pe, entry) => {
      if (entry === 2) pe.x[0] = 99n;
    });
    machine.powerOn();
    const host = machine.host();
    expect(host.smc('RMI_VERSION', 0x1_0000)[0]).toBe(0n);
    host.smc('PSCI_CPU_ON64', 0x100, 0x8800_0000, 0);
    expect(host.smc('RMI_VERSION', 0x1_0000)[0]).toBe(NOT_SUPPORTED);
    host.smc('PSCI_CPU_ON64', 0x200, 0x8800_0000, 0);
    expect([machine.pes[2]?.power, host.smc('RMI_VERSION', 0x1_0000)[0]]).toEqual(['on', NOT_SUPPORTED]);
  });

  it('is over after a reset of the system', () => {
    const machine = watched(baseMachine, (pe, entry) => {
      if (entry === 0) pe.x[1] = 0n;
    });
    machine.powerOn();
    expect(machine.host().smc('RMI_VERSION', 0x1_0000)[0]).toBe(NOT_SUPPORTED);
    machine.host().perform({ op: 'smc', x: [BigInt(Fid.PSCI_SYSTEM_RESET)] });
    expect(machine.host().smc('RMI_VERSION', 0x1_0000)[0]).toBe(0n);
  });

  it('cannot be announced twice: BOOT_COMPLETE of a PE that runs is not supported', () => {
    const answers: (bigint | undefined)[] = [];
    const machine = watched(baseMachine, (pe, entry) => {
      if (entry === 0) return;
      const x = [...pe.x.subarray(0, 8)];
      answers.push(smcAsRmm(machine, pe, [BigInt(Fid.RMM_BOOT_COMPLETE), BigInt.asUintN(64, -1n)])[0]);
      for (const [n, value] of x.entries()) pe.x[n] = value;
    });
    machine.powerOn();
    expect(machine.host().smc('RMI_GRANULE_DELEGATE', 0x8800_0000)[0]).toBe(0n);
    expect(answers).toEqual([NOT_SUPPORTED]);
    expect(machine.monitor.isRmmReady).toBe(true);
  });
});

describe('warm boot', () => {
  it('enters the RMM with the PE index alone, then Normal world with the context', () => {
    const entries: (readonly [number, bigint[]])[] = [];
    const machine = watched(baseMachine, (pe) => entries.push([pe.index, [...pe.x.subarray(0, 8)]]));
    machine.powerOn();
    const host = machine.host();
    for (const index of [1, 2, 3, 4, 5, 6, 7])
      expect(
        host.smc(
          'PSCI_CPU_ON64',
          ((index >> 2) << 16) | ((index & 3) << 8),
          0x8800_0000 + 0x1000 * index,
          0xabc0 + index,
        )[0],
      ).toBe(0n);
    expect(entries.slice(1)).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((i) => [i, [BigInt(i), ...Array.from({ length: 7 }, () => 0n)]]),
    );
    expect(machine.pes.slice(1).map((pe) => [pe.power, pe.world, pe.el, pe.pc, pe.x[0]])).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((i) => [
        'on',
        World.NonSecure,
        2,
        BigInt(0x8800_0000 + 0x1000 * i),
        BigInt(0xabc0 + i),
      ]),
    );
    // Every one of them is checked like the first, and calls the RMM.
    host.smc('RMI_GRANULE_DELEGATE', 0x9000_0000);
    for (const index of [1, 7]) {
      const other = machine.driver(index);
      expect(other.read(0x9000_0000).fault).toMatchObject({ fsc: 0x28 });
      expect(other.smc('RMI_VERSION', 0x1_0000)[0]).toBe(0n);
      expect(other.mrs('mpidr_el1')).not.toBe(0n);
      expect(other.mrs('id_aa64pfr0_el1')).toBe(host.mrs('id_aa64pfr0_el1'));
    }
  });

  it('happens again after CPU_OFF, on PE 0 too, with a clean context and no second cold boot', () => {
    const cold: number[] = [];
    const secure: string[] = [];
    const machine = watched(
      baseMachine,
      (pe) => {
        if (pe.x[1] !== 0n && pe.offset === 0) cold.push(pe.index);
      },
      (event) => {
        if (event.kind === 'boot' && event.what.includes('partition')) secure.push(event.detail);
      },
    );
    machine.powerOn();
    const secureBoots = secure.length;
    const host = machine.host();
    host.smc('RMI_GRANULE_DELEGATE', 0x8800_1000);
    host.smc('PSCI_CPU_ON64', 0x100, 0x8800_0000, 1);
    const other = machine.driver(1);
    for (let round = 0; round < 3; round++) {
      host.perform({ op: 'msr', reg: 'vbar_el2', value: 0x1234_5000n });
      host.perform({ op: 'smc', x: [BigInt(Fid.PSCI_CPU_OFF)] });
      expect(machine.pes[0]?.power).toBe('off');
      expect(other.smc('PSCI_AFFINITY_INFO64', 0, 0)[0]).toBe(1n);
      expect(other.smc('PSCI_CPU_ON64', 0, 0x8900_0000, 0x77)[0]).toBe(0n);
      // The PE starts when it is its turn.
      other.smc('PSCI_VERSION');
      expect(other.smc('PSCI_AFFINITY_INFO64', 0, 0)[0]).toBe(0n);
      expect([host.pe.pc, host.pe.x[0], host.mrs('vbar_el2')]).toEqual([0x8900_0000n, 0x77n, 0n]);
      expect(host.smc('RMI_VERSION', 0x1_0000)[0]).toBe(0n);
    }
    expect(cold).toEqual([0]);
    expect(secure.length).toBe(secureBoots);
    // What was delegated before is still.
    expect(host.read(0x8800_1000).fault).toMatchObject({ fsc: 0x28 });
    expect(host.smc('RMI_GRANULE_DELEGATE', 0x8800_1000)[0]).toBe(1n);
  });
});

describe('SYSTEM_RESET', () => {
  it('forgets every realm granule, RAM and PE, and keeps the non-volatile block', () => {
    const machine = Machine.boot(baseMachine);
    const host = machine.host();
    expect(host.read(0x8280_0000).value).toBe(0xffff_ffff_ffff_ffffn);
    expect(host.read(0x8280_fff8).value).toBe(0xffff_ffff_ffff_ffffn);
    host.write(0x8280_0008, 0x1234);
    host.write(0x8800_0000, 0x5555);
    host.smc('RMI_GRANULE_DELEGATE', 0x8800_1000);
    host.smc('PSCI_CPU_ON64', 0x100, 0x8800_0000, 1);
    const fresh = Machine.boot(baseMachine);
    for (const [n, caller] of [machine.driver(1), machine.host()].entries()) {
      caller.perform({ op: 'smc', x: [BigInt(Fid.PSCI_SYSTEM_RESET)] });
      expect(machine.pes.map(({ power }) => power)).toEqual(fresh.pes.map(({ power }) => power));
      expect([host.pe.pc, host.pe.el, host.pe.world]).toEqual([0x8800_0000n, 2, World.NonSecure]);
      expect(host.read(0x8280_0008).value).toBe(0x1234n);
      expect(host.read(0x8280_0010).value).toBe(0xffff_ffff_ffff_ffffn);
      expect([host.read(0x8800_0000).value, host.read(0x8800_1000).value]).toEqual([0n, 0n]);
      expect(machine.rmm.granules.data().used).toEqual([]);
      expect(machine.monitor.gpt.gpi(host.pe, toPa(0x8800_1000))).toBe(Gpi.NonSecure);
      expect(host.smc('RMI_GRANULE_DELEGATE', 0x8800_1000)[0]).toBe(0n);
      expect(host.mrs('id_aa64pfr0_el1')).toBe(fresh.host().mrs('id_aa64pfr0_el1'));
      expect(n).toBeLessThan(2);
    }
  });

  it('ends in the state of a machine that was just switched on', () => {
    const machine = Machine.boot(baseMachine);
    const host = machine.host();
    host.smc('RMI_GRANULE_DELEGATE', 0x8800_1000);
    host.write(0x9000_0000, 1);
    machine.smmu.read('disk', Pas.NonSecure, 0xffc0_0000n, 8);
    host.perform({ op: 'smc', x: [BigInt(Fid.PSCI_SYSTEM_RESET)] });
    const fresh = Machine.boot(baseMachine);
    expect(memoryDigest(machine)).toBe(memoryDigest(fresh));
    expect([...(machine.pes[0]?.x ?? [])]).toEqual([...(fresh.pes[0]?.x ?? [])]);
    expect([machine.smmu.gpfFar, machine.smmu.gptCfgFar]).toEqual([0n, 0n]);
  });
});

describe('SYSTEM_OFF', () => {
  it('stops every PE for good, whoever asks', () => {
    const machine = Machine.boot(baseMachine);
    machine.host().smc('PSCI_CPU_ON64', 0x100, 0x8800_0000, 1);
    const outcome = machine.driver(1).perform({ op: 'smc', x: [BigInt(Fid.PSCI_SYSTEM_OFF)] });
    expect(outcome).toEqual({ kind: 'moved', to: 'off' });
    expect(machine.end).toBe('system-off');
    expect(machine.pes.map(({ power }) => power)).toEqual(machine.pes.map(() => 'off'));
    expect([machine.run(10), machine.step(machine.pes[0] as never)]).toEqual(['system-off', false]);
  });
});
