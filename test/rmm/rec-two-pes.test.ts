// Several PEs and several Realms: hosts are scripts that use the host library, and the machine's scheduler decides who goes on.

import { describe, expect, it } from 'vitest';
import type { Outcome, Script, ScriptFactory } from '../../src/arch/action.ts';
import { scriptImage } from '../../src/guest/image.ts';
import { rmi, write } from '../../src/host/abi.ts';
import { GranulePool, Host } from '../../src/host/realm.ts';
import { run } from '../../src/host/run.ts';
import type { MachineDescription } from '../../src/machine/description.ts';
import { Machine } from '../../src/machine/machine.ts';
import type { SnapshotData } from '../../src/machine/snapshot.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { ENTRY, Flag, Lab, RAM, Rsi, STOPPED, load, record, smc, store } from './realm-lab.ts';

const second = (lab: Lab) => {
  lab.driver.smc('PSCI_CPU_ON64', 0x100n, 0x8850_0000n, 0n);
  lab.machine.settle(lab.machine.pes[1]!);
  return lab.machine.driver(1);
};

describe('a REC that runs on one PE', () => {
  const waiting = (): Lab => new Lab({ guests: [[store(RAM, 7), { op: 'wfi' }, load(RAM, 8)], []] });
  const enterAndWait = (lab: Lab): void => {
    const { rec, run: page } = lab.vcpu();
    lab.driver.write(page, 0);
    expect(lab.driver.perform(smc(0xc400_015c, rec, page))).toMatchObject({ kind: 'moved' });
  };

  it('is seen RUNNING by another, which can neither enter nor destroy it, nor anything that it stands on', () => {
    const lab = waiting();
    const other = second(lab);
    enterAndWait(lab);
    const { rec, run: page } = lab.vcpu();
    const call = (...args: Parameters<typeof rmi>): string => {
      const { status, index } = lab.do(rmi(...args), other);
      return `${status} ${index}`;
    };
    expect(call('RMI_REC_ENTER', rec, page)).toBe('RMI_ERROR_REC 0');
    expect(call('RMI_REC_DESTROY', rec)).toBe('RMI_ERROR_REC 0');
    expect(call('RMI_PSCI_COMPLETE', rec, lab.vcpu(1).rec, 0)).toBe('RMI_ERROR_INPUT 0');
    expect(call('RMI_RTT_SET_RIPAS', lab.realm.rd, rec, RAM, RAM + 0x1000)).toBe('RMI_ERROR_REC 0');
    expect(call('RMI_REALM_DESTROY', lab.realm.rd)).toBe('RMI_ERROR_REALM 0');
    expect(call('RMI_GRANULE_UNDELEGATE', rec)).toBe('RMI_ERROR_INPUT 0');
    expect(lab.rec().runningOn).toBe(0);
    // The other vCPU of the same Realm runs meanwhile on the other PE.
    expect(lab.enter({}, 1, other).exit).toEqual(STOPPED);
    lab.machine.pes[0]?.raise('irq');
    lab.machine.step(lab.machine.pes[0]!);
    expect(call('RMI_REC_DESTROY', rec)).toBe('RMI_SUCCESS 0');
  });

  it('finds its page taken away by the other PE, and exits', () => {
    const lab = waiting();
    const other = second(lab);
    enterAndWait(lab);
    expect(lab.do(rmi('RMI_DATA_DESTROY', lab.realm.rd, RAM), other).status).toBe('RMI_SUCCESS');
    const pe = lab.machine.pes[0]!;
    pe.isWaiting = false;
    while (pe.el === 1) lab.machine.step(pe);
    expect(lab.bytes(lab.vcpu().run + 0x800, 0x800)).toEqual(
      record({ esr: (0x24n << 26n) | 7n, hpfar: BigInt(RAM >> 12) << 4n }),
    );
  });

  it('goes on on another PE where it stopped', () => {
    const lab = new Lab({ guests: [[store(RAM, 7), { op: 'wfi' }, load(RAM, 8), { op: 'mrs', reg: 'mpidr_el1' }]] });
    const other = second(lab);
    lab.enter({ flags: Flag.trapWfi });
    expect(lab.enter({}, 0, other).exit).toEqual(STOPPED);
    expect(lab.seen[0]?.slice(2, 4)).toMatchObject([{ value: 7n }, { value: 0x8000_0000n }]);
  });
});

type HostArgs = { readonly vmid: number; readonly pool: number; readonly rounds: number };

/** A host that builds a Realm, runs it, takes it down, and does so again. */
function* host(args: unknown): Script {
  const { vmid, pool, rounds } = args as HostArgs;
  const owner = new Host(new GranulePool(pool, 0x100_0000));
  for (let round = 0; round < rounds; round++) {
    const realm = yield* owner.create({
      ipaBits: 40,
      vmid: vmid + round,
      ram: [{ base: RAM, size: 0x4000 }],
      images: [{ ipa: ENTRY, bytes: scriptImage('worker', { seed: vmid * 100 + round }) }],
      vcpus: [{ entry: ENTRY }],
    });
    yield* owner.activate(realm);
    const device: bigint[] = [];
    const result = yield* run(owner, realm, realm.vcpus[0]!, {
      mmio: ({ value, isWrite }) => {
        if (isWrite) device.push(value);
        return BigInt(device.length);
      },
    });
    yield* write(0x8880_0000 + 0x100 * vmid + 8 * round, (device.at(-1) ?? 0n) * 256n + BigInt(result.exits));
    yield* owner.destroy(realm);
  }
}

/** The first host starts the second one on the other PE. */
function* both(args: unknown): Script {
  yield smc(0xc400_0003, 0x100, 0x8850_0000, 0);
  yield* host(args);
}

/** A guest that uses memory which comes on demand, a device, and calls. */
function* worker(args: unknown): Script {
  const { seed } = args as { readonly seed: number };
  let sum = BigInt(seed);
  for (let n = 0; n < 12; n++) {
    const at = RAM + (n % 4) * 0x1000 + 8 * n;
    yield store(at, sum);
    const loaded: Outcome = yield load(at, 8);
    if (loaded.kind === 'done') sum += loaded.value * 3n + BigInt(n);
    sum &= 0xffff_ffffn;
    if (n % 3 === 0) yield store(2 ** 39 + 0x1000, sum, 8, { reg: 4 });
    if (n % 5 === 0) yield smc(Rsi.MEASUREMENT_EXTEND, 1, 8, sum);
  }
  yield smc(0x8400_0008);
}

const scripts: Readonly<Record<string, ScriptFactory>> = { host, both, worker };
const description = (seed: number): MachineDescription => ({ ...baseMachine, pes: 2, secure: undefined, seed });
const ROUNDS = 2;

function hosts(seed: number): Machine {
  const machine = Machine.boot(description(seed), { scripts });
  machine.install({ world: 1, el: 2, script: 'both', args: { vmid: 1, pool: 0x8900_0000, rounds: ROUNDS } });
  machine.install({
    world: 1,
    el: 2,
    entry: 0x8850_0000n,
    script: 'host',
    args: { vmid: 8, pool: 0x8b00_0000, rounds: ROUNDS },
  });
  return machine;
}

/** What is left in the end: the sums of both hosts, and all registers. */
const outcome = (machine: Machine): unknown => ({
  sums: [1, 8].map((vmid) =>
    Array.from({ length: ROUNDS }, (_, n) => machine.driver(0).read(0x8880_0000 + 0x100 * vmid + 8 * n).value),
  ),
  time: machine.time,
  registers: machine.pes.map(({ x }) => [...x]),
  recs: machine.rmm.recs.size,
});

/** Runs step by step, as `run` does, until something holds. */
function runUntil(machine: Machine, holds: () => boolean): number {
  let steps = 0;
  for (; steps < 200_000 && !holds(); steps++) if (machine.run(1) !== 'steps') throw new Error('it ended before');
  return steps;
}

describe('two hosts with a Realm each', () => {
  const alone = (vmid: number, pool: number): readonly (bigint | undefined)[] => {
    const machine = Machine.boot(description(1), { scripts });
    machine.install({ world: 1, el: 2, script: 'host', args: { vmid, pool, rounds: ROUNDS } });
    expect(machine.run(1_000_000)).toBe('idle');
    return Array.from({ length: ROUNDS }, (_, n) => machine.driver(0).read(0x8880_0000 + 0x100 * vmid + 8 * n).value);
  };

  it('compute what each computes alone, however they are interleaved', () => {
    const expected = [alone(1, 0x8900_0000), alone(8, 0x8b00_0000)];
    expect(expected.flat().every((sum) => sum !== undefined && sum > 256n)).toBe(true);
    const times = new Set<string>();
    for (let seed = 1; seed <= 5; seed++) {
      const machine = hosts(seed);
      const order: number[] = [];
      const seenBoth = runUntil(machine, () => {
        order.push(machine.rmm.running.size);
        return machine.rmm.running.size === 2;
      });
      times.add(`${seenBoth}`);
      expect(machine.run(1_000_000)).toBe('idle');
      expect((outcome(machine) as { readonly sums: unknown }).sums).toEqual(expected);
      expect([machine.rmm.realms.size, machine.rmm.recs.size, machine.end, machine.findings]).toEqual([
        0,
        0,
        undefined,
        [],
      ]);
    }
    // Seeds differ in when both run at once.
    expect(times.size).toBeGreaterThan(1);
  }, 60_000);

  it('go on identically from a snapshot in the middle of two runs, in this process and through JSON', () => {
    const machine = hosts(3);
    runUntil(machine, () => machine.rmm.running.size === 2);
    const snapshot = machine.snapshot();
    const saved = machine.save();
    machine.run(1_000_000);
    const expected = outcome(machine);
    machine.restore(snapshot);
    expect([...machine.rmm.running.keys()].sort()).toEqual([0, 1]);
    machine.run(1_000_000);
    expect(outcome(machine)).toEqual(expected);
    const loaded = Machine.load(JSON.parse(JSON.stringify(saved)) as SnapshotData, { scripts });
    expect(loaded.pes.map(({ world, el }) => [world, el])).toEqual(
      [
        [3, 1],
        [3, 1],
      ].slice(0, 2),
    );
    expect(loaded.run(1_000_000)).toBe('idle');
    expect(outcome(loaded)).toEqual(expected);
  }, 60_000);

  it('and again from every place near an entry and an exit', () => {
    const machine = hosts(2);
    runUntil(machine, () => machine.rmm.running.size === 1);
    const ends: unknown[] = [];
    for (let n = 0; n < 12; n++) {
      const snapshot = machine.snapshot();
      const loaded = Machine.load(JSON.parse(JSON.stringify(machine.save())) as SnapshotData, { scripts });
      machine.run(2000);
      loaded.run(2000);
      ends.push([n, JSON.stringify(machine.save()) === JSON.stringify(loaded.save())]);
      machine.restore(snapshot);
      machine.run(7);
    }
    expect(ends).toEqual(Array.from({ length: 12 }, (_, n) => [n, true]));
  }, 60_000);
});

describe('interrupts and timers', () => {
  it('are part of a snapshot: a timer that is armed, a List Register that is active, a line that is raised', () => {
    const guest: ScriptFactory = function* guest(): Script {
      yield { op: 'msr', reg: 'icc_pmr_el1', value: 0xffn };
      yield { op: 'msr', reg: 'icc_igrpen1_el1', value: 1n };
      yield { op: 'mrs', reg: 'icc_iar1_el1' };
      yield { op: 'msr', reg: 'cntv_cval_el0', value: 1n << 40n };
      yield { op: 'msr', reg: 'cntv_ctl_el0', value: 3n };
      yield { op: 'wfi' };
      yield { op: 'msr', reg: 'icc_eoir1_el1', value: 27n };
      for (;;) yield smc(0xc400_0001);
    };
    const lab = new Lab({ guests: [guest] });
    const { rec, run: page } = lab.vcpu();
    const lr = (1n << 62n) | (1n << 60n) | (0xa0n << 48n) | 27n;
    lab.driver.write(page + 0x308, lr);
    expect(lab.driver.perform(smc(0xc400_015c, rec, page))).toMatchObject({ kind: 'moved' });
    const saved = JSON.parse(JSON.stringify(lab.machine.save())) as SnapshotData;
    const loaded = Machine.load(saved, { scripts: { 'guest-0': guest } });
    for (const machine of [lab.machine, loaded]) {
      const pe = machine.pes[0]!;
      pe.raise('irq');
      machine.step(pe);
      expect(machine.driver(0).read(page + 0x800, { size: 1 }).value).toBe(1n);
      expect(machine.driver(0).read(page + 0xb08).value).toBe((lr & ~(1n << 62n)) | (2n << 62n));
      expect([machine.driver(0).read(page + 0xc10).value, machine.driver(0).read(page + 0xc18).value]).toEqual([
        3n,
        1n << 40n,
      ]);
    }
  });
});
