// The stub's commands as the Host sees them: every failure row in order, and memory that changes hands empty.

import { describe, expect, it } from 'vitest';
import { Gpi } from '../../src/arch/gpi.ts';
import { toPa } from '../../src/arch/address.ts';
import { Fid } from '../../src/arch/smccc.ts';
import type { TraceEvent } from '../../src/arch/trace.ts';
import { Pas, World } from '../../src/arch/world.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import type { MachineDescription } from '../../src/machine/description.ts';
import { type GranulesData, Granules, GranuleState } from '../../src/rmm/granule.ts';
import { asRmm, smcAsRmm, topMachine } from '../monitor/callers.ts';
import { memoryDigest } from '../monitor/state.ts';

const PAGE = 0x8800_0000;
const SUCCESS = 0n;
const INPUT = 1n;

/** A machine and the row behind the last answer, which only the trace names. */
function traced(description: MachineDescription = baseMachine): {
  machine: Machine;
  call: (
    fid: 'RMI_GRANULE_DELEGATE' | 'RMI_GRANULE_UNDELEGATE',
    at: bigint | number,
  ) => readonly [bigint | undefined, string];
} {
  const events: TraceEvent[] = [];
  const machine = Machine.boot(description, { trace: (event) => events.push(event) });
  return {
    machine,
    call(fid, at) {
      events.length = 0;
      const [x0] = machine.host().smc(fid, at);
      const row = events.find((event) => event.kind === 'rmi');
      return [x0, row?.kind === 'rmi' ? row.failed : ''];
    },
  };
}

describe('RMI_GRANULE_DELEGATE', () => {
  it('fails by rows in order, for hostile addresses too, and then changes nothing', () => {
    const { machine, call } = traced();
    // A page that EL3 has given to the Secure world meanwhile.
    machine.monitor.gpt.transition(machine.pes[0] as never, PAGE + 0x1000, 1, Gpi.Secure, World.Secure);
    call('RMI_GRANULE_DELEGATE', PAGE + 0x2000);
    const before = memoryDigest(machine);
    const rmm = JSON.stringify(machine.rmm.data());
    const top = (1n << 64n) - 1n;
    const rows: readonly (readonly [bigint | number, string])[] = [
      [PAGE + 1, 'gran_align'],
      [PAGE + 0x800, 'gran_align'],
      [top, 'gran_align'],
      // Unaligned and out of bounds: alignment is first.
      [0x123, 'gran_align'],
      [(1n << 63n) | 0x1n, 'gran_align'],
      [top - 4095n, 'gran_bound'],
      [1n << 63n, 'gran_bound'],
      // Folded into the PA range it would be a good page.
      [(1n << 63n) | BigInt(PAGE), 'gran_bound'],
      [(1n << 48n) | BigInt(PAGE), 'gran_bound'],
      [(1n << 53n) + BigInt(PAGE), 'gran_bound'],
      [1n << 48n, 'gran_bound'],
      [0, 'gran_bound'],
      [0x7fff_f000, 'gran_bound'],
      [0xfc00_0000, 'gran_bound'],
      [0xfdc0_0000, 'gran_bound'],
      [0xffbf_f000, 'gran_bound'],
      [0xffc0_0000, 'gran_bound'],
      [0x1c09_0000, 'gran_bound'],
      [0x5000_0000, 'gran_bound'],
      [0x9_0000_0000, 'gran_bound'],
      [PAGE + 0x2000, 'gran_state'],
      [PAGE + 0x1000, 'gran_gpt'],
    ];
    expect(rows.map(([at]) => call('RMI_GRANULE_DELEGATE', at))).toEqual(rows.map(([, row]) => [INPUT, row]));
    expect(memoryDigest(machine)).toBe(before);
    expect(JSON.stringify(machine.rmm.data())).toBe(rmm);
  });

  it('takes the first and the last granule of every bank, and refuses what lies just outside', () => {
    const { call } = traced();
    const results = baseMachine.banks.map(({ base, size }) =>
      [base - 4096, base, base + size - 4096, base + size].map((at) => call('RMI_GRANULE_DELEGATE', at)[0]),
    );
    expect(results).toEqual(baseMachine.banks.map(() => [INPUT, SUCCESS, SUCCESS, INPUT]));
  });

  it('refuses the very last granule of the protected range, which EL3 never moves', () => {
    const { call } = traced(topMachine);
    expect(call('RMI_GRANULE_DELEGATE', 2 ** 40 - 4096)).toEqual([INPUT, 'gran_gpt']);
    expect(call('RMI_GRANULE_DELEGATE', 2 ** 40 - 8192)).toEqual([SUCCESS, '']);
  });

  it('refuses every page where the tables have larger granules: more would move than the RMM tracks', () => {
    const { machine, call } = traced({
      ...baseMachine,
      features: { ...baseMachine.features, granule64k: true },
      gpt: { ...baseMachine.gpt, granuleBits: 16 },
    });
    const gtsi = [Fid.RMM_GTSI_DELEGATE, Fid.RMM_GTSI_UNDELEGATE].map((fid) =>
      asRmm(machine, (pe) => BigInt.asIntN(64, smcAsRmm(machine, pe, [BigInt(fid), BigInt(PAGE)])[0] ?? 0n)),
    );
    expect(gtsi).toEqual([-2n, -2n]);
    expect([0, 0x1000, 0x8000, 0xf000].map((at) => call('RMI_GRANULE_DELEGATE', PAGE + at))).toEqual([
      [INPUT, 'gran_gpt'],
      [INPUT, 'gran_gpt'],
      [INPUT, 'gran_gpt'],
      [INPUT, 'gran_gpt'],
    ]);
  });

  it('leaves X4 and up as they were, and zero in X1 to X3', () => {
    const machine = Machine.boot(baseMachine);
    const x = machine.host().smc('RMI_GRANULE_DELEGATE', PAGE, 2, 3, 4, 5, 6, 7);
    expect(x.slice(0, 8)).toEqual([0n, 0n, 0n, 0n, 4n, 5n, 6n, 7n]);
  });
});

describe('RMI_GRANULE_UNDELEGATE', () => {
  it('fails by rows in order', () => {
    const { machine, call } = traced();
    const before = memoryDigest(machine);
    const rows: readonly (readonly [bigint | number, string])[] = [
      [0x123, 'gran_align'],
      [(1n << 64n) - 1n, 'gran_align'],
      [0, 'gran_bound'],
      [(1n << 63n) | BigInt(PAGE), 'gran_bound'],
      [0xfdc0_0000, 'gran_bound'],
      [PAGE, 'gran_state'],
    ];
    expect(rows.map(([at]) => call('RMI_GRANULE_UNDELEGATE', at))).toEqual(rows.map(([, row]) => [INPUT, row]));
    expect(memoryDigest(machine)).toBe(before);
  });

  it('undoes a delegation once', () => {
    const { call } = traced();
    const calls = [
      'RMI_GRANULE_DELEGATE',
      'RMI_GRANULE_UNDELEGATE',
      'RMI_GRANULE_UNDELEGATE',
      'RMI_GRANULE_DELEGATE',
    ] as const;
    expect(calls.map((fid) => call(fid, PAGE)[0])).toEqual([SUCCESS, SUCCESS, INPUT, SUCCESS]);
  });
});

describe('RMI_VERSION', () => {
  it('agrees on 1.0 alone and names what there is either way', () => {
    const machine = Machine.boot(baseMachine);
    const answers = [0x1_0000n, 0x1_0001n, 0n, (1n << 32n) | 0x1_0000n, (1n << 64n) - 1n].map((req) =>
      machine.host().smc('RMI_VERSION', req).slice(0, 4),
    );
    expect(answers).toEqual([
      [0n, 0x1_0000n, 0x1_0000n, 0n],
      ...[1, 2, 3, 4].map(() => [1n, 0x1_0000n, 0x1_0000n, 0n]),
    ]);
  });
});

describe('a granule that changes hands', () => {
  const secret = 0x5ec2_e75e_c2e7_5ec2n;

  for (const content of ['plain', 'encrypted'] as const)
    it(`shows the new owner nothing of the old, from the PE or a device (${content} memory)`, () => {
      const machine = Machine.boot({ ...baseMachine, content, isStrict: true });
      const host = machine.host();
      const last = PAGE + 0xff8;
      for (const at of [PAGE, last]) host.write(at, secret);
      host.smc('RMI_GRANULE_DELEGATE', PAGE);
      const inRealm = asRmm(machine, (pe) => {
        const memory = pe.realm;
        const seen = memory.readBytes(toPa(PAGE), 4096);
        memory.fill(toPa(PAGE), 4096, 0xa5);
        return seen;
      });
      // The RMM and a Realm device see zeros; the host and its devices see nothing at all.
      expect(inRealm?.every((byte) => byte === 0)).toBe(true);
      expect(machine.smmu.read('nic', Pas.Realm, BigInt(last), 8)).toEqual({
        kind: 'done',
        value: 0xa5a5_a5a5_a5a5_a5a5n,
      });
      expect(host.read(PAGE).fault).toMatchObject({ ec: 0x25, fsc: 0x28 });
      expect(machine.smmu.read('disk', Pas.NonSecure, BigInt(PAGE), 8)).toMatchObject({
        kind: 'aborted',
        fault: 'gpf',
      });

      host.smc('RMI_GRANULE_UNDELEGATE', PAGE);
      const page = Array.from({ length: 512 }, (_, n) => host.read(PAGE + 8 * n).value);
      const seen = new Set(page);
      expect(seen.has(0xa5a5_a5a5_a5a5_a5a5n)).toBe(false);
      expect(seen.has(secret)).toBe(false);
      // An encrypted page reads as what zeros of another key look like.
      expect(content === 'encrypted' || (seen.size === 1 && seen.has(0n))).toBe(true);
      expect(machine.smmu.read('nic', Pas.Realm, BigInt(PAGE), 8)).toMatchObject({ kind: 'aborted', fault: 'gpf' });
      expect(machine.findings).toEqual([]);
      // What the host writes from now on stays.
      host.write(PAGE, 7);
      for (let n = 0; n < 3; n++) expect(host.read(PAGE).value).toBe(7n);
    });

  it('costs no memory when nobody had touched it', () => {
    const machine = Machine.boot(baseMachine);
    const host = machine.host();
    // Same 2 MiB, so that the table has been split already.
    host.smc('RMI_GRANULE_DELEGATE', PAGE);
    const before = machine.memory.framesUsed;
    for (let n = 1; n < 100; n++) host.smc('RMI_GRANULE_DELEGATE', PAGE + 4096 * n);
    for (let n = 1; n < 100; n++) host.smc('RMI_GRANULE_UNDELEGATE', PAGE + 4096 * n);
    expect(machine.memory.framesUsed).toBe(before);
  });
});

describe('the granule life cycle', () => {
  const base = toPa(0x8000_0000);
  const bank = { base, size: 3 * 4096 };

  it('goes through DELEGATED, always; any other move is our bug and changes nothing', () => {
    const states = Object.entries(GranuleState);
    const moves: string[] = [];
    for (const [fromName, from] of states)
      for (const [toName, to] of states) {
        const granules = new Granules();
        const used = (state: GranuleState): GranulesData['used'] => (state === 0 ? [] : [[base + 4096, state]]);
        granules.setData({ banks: [bank], used: used(from) });
        let refusal = '';
        try {
          granules.move(base + 4096, to);
        } catch (error) {
          refusal = String(error);
        }
        if (refusal === '') moves.push(`${fromName} ${toName}`);
        expect(refusal).toMatch(/^$|only makes moves of its life cycle/);
        expect(granules.data()).toEqual({ banks: [bank], used: used(refusal === '' ? to : from) });
      }
    const others = ['UNDELEGATED', 'RD', 'REC', 'REC_AUX', 'RTT', 'DATA'];
    const expected = others.flatMap((other) => [`DELEGATED ${other}`, `${other} DELEGATED`]);
    expect(moves.sort()).toEqual(expected.sort());
  });

  it('is of tracked granules: any other address is UNDELEGATED and never moves', () => {
    const granules = new Granules();
    granules.reset([bank]);
    for (const pa of [0, base - 4096, base + bank.size, 2 ** 48, 2 ** 52]) {
      expect([granules.state(pa), granules.isDelegable(pa)]).toEqual([GranuleState.UNDELEGATED, false]);
      expect(() => granules.move(pa, GranuleState.DELEGATED)).toThrow('is tracked');
    }
    expect(granules.data().used).toEqual([]);
  });
});
