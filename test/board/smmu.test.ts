// A device's way to memory: every address space, the faults that are latched, their exact bits, and hostile requests.

import { describe, expect, it } from 'vitest';
import { gpccrValue } from '../../src/arch/gpt.ts';
import { Pas, World, pases, worldName } from '../../src/arch/world.ts';
import { InputError } from '../../src/base/input-error.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { maxMachine } from '../../src/machine/machines/max.ts';
import { memoryDigest } from '../monitor/state.ts';

const own = {
  [Pas.NonSecure]: 0x8800_0000n,
  [Pas.Secure]: 0xfc00_0000n,
  [Pas.Realm]: 0xfdc0_0000n,
  [Pas.Root]: 0xffc0_0000n,
};
const L0 = 0x0403_e000;

/** A machine whose DRAM's level 0 entry, number 2, holds a word. */
function withLevel0(word: bigint): Machine {
  const machine = Machine.boot(baseMachine);
  const [pe] = machine.pes as readonly [(typeof machine.pes)[number]];
  pe.port(Pas.Root, World.Root).write64((L0 + 16) as never, word);
  pe.tlbi('paallos');
  return machine;
}

/** The record of a transaction: [63:62] PAS, [59:56] CFG_ERR, [55:12] PA, [3:1] REASON 3, [0] FAULT. */
const record = (pas: Pas, at: bigint, configError = 0n): bigint =>
  (BigInt(pas) << 62n) | (configError << 56n) | (at & ~0xfffn) | 0b0111n;

describe('a device access', () => {
  it('is judged by the space it asks for and the granule it goes to', () => {
    const { smmu } = Machine.boot(baseMachine);
    const found = pases.map((pas) =>
      pases
        .map((granule) => smmu.read('disk', pas, own[granule], 8).kind === 'done')
        .map(Number)
        .join(''),
    );
    // Rows: asks for S, NS, RT, RL; columns: the granule is S, NS, RT, RL.
    expect(found).toEqual(['1000', '0100', '0010', '0001']);
  });

  it('writes what software reads and reads what software wrote', () => {
    const machine = Machine.boot(baseMachine);
    const host = machine.host();
    for (const size of [1, 2, 3, 4, 5, 6, 7, 8]) {
      host.write(0x8800_0000, (1n << 64n) - 1n);
      expect(machine.smmu.write('disk', Pas.NonSecure, 0x8800_0000n, size, 0x1122_3344_5566_7788n).kind).toBe('done');
      const mask = (1n << BigInt(8 * size)) - 1n;
      const value = ((1n << 64n) - 1n - mask) | (0x1122_3344_5566_7788n & mask);
      expect(host.read(0x8800_0000).value).toBe(value);
      expect(machine.smmu.read('disk', Pas.NonSecure, 0x8800_0000n, size)).toEqual({
        kind: 'done',
        value: 0x1122_3344_5566_7788n & mask,
      });
    }
  });

  it('of a Realm device reaches a granule only while it is delegated', () => {
    const machine = Machine.boot(baseMachine);
    const reads = (): string =>
      [Pas.NonSecure, Pas.Realm].map((pas) => machine.smmu.read('nic', pas, 0x8800_0000n, 8).kind).join();
    expect(reads()).toBe('done,aborted');
    machine.host().smc('RMI_GRANULE_DELEGATE', 0x8800_0000);
    expect(reads()).toBe('aborted,done');
    machine.host().smc('RMI_GRANULE_UNDELEGATE', 0x8800_0000);
    expect(reads()).toBe('done,aborted');
  });

  it('that crosses into a forbidden granule changes neither', () => {
    const machine = Machine.boot(baseMachine);
    const before = memoryDigest(machine);
    expect(machine.smmu.write('disk', Pas.NonSecure, 0xfbff_fffdn, 8, (1n << 64n) - 1n)).toMatchObject({
      kind: 'aborted',
      fault: 'gpf',
      level: 1,
    });
    expect(memoryDigest(machine)).toBe(before);
    // It is the second granule that is latched.
    expect(machine.smmu.gpfFar).toBe(record(Pas.NonSecure, 0xfc00_0000n));
  });

  it('gets nowhere with ACCESSEN off, and everywhere with GPCEN off', () => {
    const { smmu } = Machine.boot(baseMachine);
    smmu.accessEnabled = false;
    expect(smmu.read('disk', Pas.NonSecure, 0x8800_0000n, 8)).toEqual({ kind: 'aborted', fault: 'disabled', level: 0 });
    expect([smmu.gpfFar, smmu.gptCfgFar]).toEqual([0n, 0n]);
    smmu.configure(BigInt(L0 / 4096), 0n);
    expect(pases.map((granule) => smmu.read('disk', Pas.NonSecure, own[granule], 8).kind)).toEqual([
      'done',
      'done',
      'done',
      'done',
    ]);
  });

  it('before the machine is powered on is refused', () => {
    const { smmu } = new Machine(baseMachine);
    expect(smmu.read('disk', Pas.NonSecure, 0x8800_0000n, 8)).toMatchObject({ fault: 'disabled' });
  });
});

describe('a hostile request', () => {
  it('of no size, or more than eight bytes, or a broken number, is refused with what is allowed', () => {
    const machine = Machine.boot(baseMachine);
    const before = memoryDigest(machine);
    for (const size of [0, 9, 16, -1, 2.5, Number.NaN, Infinity])
      for (const access of [
        () => machine.smmu.read('disk', Pas.NonSecure, 0x8800_0000n, size),
        () => machine.smmu.write('disk', Pas.NonSecure, 0x8800_0000n, size, 1n),
      ]) {
        let error: unknown;
        try {
          access();
        } catch (caught) {
          error = caught;
        }
        expect(error).toBeInstanceOf(InputError);
        expect(error).toMatchObject({ code: 'DMA_SIZE', where: 'disk', expected: '1 to 8 bytes', found: size });
      }
    expect(memoryDigest(machine)).toBe(before);
    expect([machine.smmu.gpfFar, machine.smmu.gptCfgFar]).toEqual([0n, 0n]);
  });

  it('to no physical address ends as an address size fault, never at another address', () => {
    const machine = Machine.boot(baseMachine);
    const before = memoryDigest(machine);
    for (const at of [(1n << 64n) - 1n, -1n, 1n << 63n, 1n << 48n, (1n << 48n) - 4n, 0xffff_0000_8800_0000n])
      expect(machine.smmu.write('disk', Pas.NonSecure, at, 8, 1n)).toEqual({
        kind: 'aborted',
        fault: 'address-size',
        level: 0,
      });
    expect(memoryDigest(machine)).toBe(before);
  });

  it('above PPS is open to Non-secure, where nothing answers, and a level 0 fault to the others', () => {
    const { smmu } = Machine.boot(baseMachine);
    const at = 0x100_0000_0000n;
    expect(pases.map((pas) => [worldName(pas), smmu.read('disk', pas, at, 8)])).toEqual([
      ['S', { kind: 'aborted', fault: 'gpf', level: 0 }],
      ['NS', { kind: 'aborted', fault: 'bus', level: 0 }],
      ['RT', { kind: 'aborted', fault: 'gpf', level: 0 }],
      ['RL', { kind: 'aborted', fault: 'gpf', level: 0 }],
    ]);
    expect(smmu.gpfFar).toBe(record(Pas.Secure, at));
  });
});

describe('the first fault', () => {
  it('is latched with PAS, address and reason, and stays until software clears it', () => {
    for (const pas of pases) {
      const { smmu } = Machine.boot(baseMachine);
      const forbidden = pas === Pas.Root ? own[Pas.Realm] : own[Pas.Root];
      smmu.read('disk', pas, forbidden + 0xabcn, 4);
      expect(smmu.gpfFar).toBe(record(pas, forbidden));
      smmu.write('disk', Pas.NonSecure, own[Pas.Secure], 8, 0n);
      expect(smmu.gpfFar).toBe(record(pas, forbidden));
      smmu.gpfFar = 0n;
      smmu.write('disk', Pas.NonSecure, own[Pas.Secure], 8, 0n);
      expect(smmu.gpfFar).toBe(record(Pas.NonSecure, own[Pas.Secure]));
      expect(smmu.gptCfgFar).toBe(0n);
    }
  });

  it('of a lookup goes to its own register, with the kind of error', () => {
    const at = 0x8800_0010n;
    const cases: readonly (readonly [string, bigint, () => Machine])[] = [
      [
        'registers',
        0n,
        () => {
          const machine = Machine.boot(baseMachine);
          machine.smmu.configure(BigInt(L0 / 4096), machine.monitor.gpt.gpccr | gpccrValue({ PPS: 7 }));
          return machine;
        },
      ],
      [
        'base above PPS',
        1n,
        () => {
          const machine = Machine.boot(baseMachine);
          machine.smmu.configure(1n << 28n, machine.monitor.gpt.gpccr);
          return machine;
        },
      ],
      [
        'external abort, level 0',
        2n,
        () => {
          const machine = Machine.boot(baseMachine);
          machine.memory.injectAbort(L0 / 4096, 16);
          return machine;
        },
      ],
      ['invalid entry', 3n, () => withLevel0(0x5n)],
      ['table above PPS', 4n, () => withLevel0(0x100_0000_0003n)],
    ];
    for (const [name, code, make] of cases) {
      const { smmu } = make();
      const outcome = smmu.read('disk', Pas.NonSecure, at, 8);
      expect({ name, kind: outcome.kind, gpf: smmu.gpfFar, config: smmu.gptCfgFar }).toEqual({
        name,
        kind: 'aborted',
        gpf: 0n,
        config: record(Pas.NonSecure, at, code),
      });
      smmu.read('disk', Pas.Realm, 0x9000_0000n, 8);
      expect(smmu.gptCfgFar).toBe(record(Pas.NonSecure, at, code));
    }
  });

  it('is part of a snapshot', () => {
    const machine = Machine.boot(baseMachine);
    machine.smmu.read('disk', Pas.Realm, own[Pas.Root], 8);
    const snapshot = machine.snapshot();
    machine.smmu.gpfFar = 0n;
    machine.restore(snapshot);
    expect(machine.smmu.gpfFar).toBe(record(Pas.Realm, own[Pas.Root]));
  });
});

describe('what the SMMU holds of the tables', () => {
  it('goes with a broadcast TLBI and stays with one for a single PE', () => {
    const machine = Machine.boot({ ...maxMachine, isStrict: true });
    const { smmu, findings } = machine;
    const [pe] = machine.pes as readonly [(typeof machine.pes)[number]];
    const root = pe.port(Pas.Root, World.Root);
    const reads = (): string => smmu.read('disk', Pas.NonSecure, 0x9000_0000n, 8).kind;
    expect(reads()).toBe('done');
    const entry = root.read64((L0 + 16) as never) as bigint;
    // The whole gigabyte becomes a Realm block.
    root.write64((L0 + 16) as never, 0xb1n);
    pe.gpc.invalidate('paall');
    expect([reads(), findings.length > 0]).toEqual(['done', true]);
    pe.tlbi('rpaos', (6n << 44n) | 0x80000n);
    expect(reads()).toBe('aborted');
    root.write64((L0 + 16) as never, entry);
    pe.tlbi('paallos');
    expect(reads()).toBe('done');
  });
});
