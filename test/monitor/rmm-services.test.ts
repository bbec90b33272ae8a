// What EL3 does for the RMM, called as the RMM calls it: granules, the realm attestation key, the platform token.

import { describe, expect, it } from 'vitest';
import { toPa } from '../../src/arch/address.ts';
import { Gpi } from '../../src/arch/gpi.ts';
import { Fid } from '../../src/arch/smccc.ts';
import { World } from '../../src/arch/world.ts';
import { Machine } from '../../src/machine/machine.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import type { RmmPe } from '../../src/rmm/ports.ts';
import { asRmm, become, smcAsRmm, smcToMonitor, topMachine } from './callers.ts';
import { memoryDigest } from './state.ts';

const OK = 0n;
const UNKNOWN = -1n;
const BAD_ADDR = -2n;
const BAD_PAS = -3n;
const INVAL = -5n;
const BUFFER = 0xffbf_f000n;
const top = (1n << 64n) - 1n;

/** One service call from R-EL2: X0 signed, X1, X2. */
const call = (
  machine: Machine,
  pe: RmmPe,
  fid: number,
  ...args: readonly bigint[]
): readonly [bigint, bigint, bigint] => {
  const [x0 = 0n, x1 = 0n, x2 = 0n] = smcAsRmm(machine, pe, [
    BigInt(fid),
    ...args,
    ...Array.from({ length: 3 - args.length }, () => 0n),
  ]);
  return [BigInt.asIntN(64, x0), x1, x2];
};

describe('GTSI', () => {
  it('answers BAD_ADDR for what is no granule that can move, BAD_PAS for one in another space', () => {
    const machine = Machine.boot(topMachine);
    machine.host().smc('RMI_GRANULE_DELEGATE', 0x8800_0000);
    machine.monitor.gpt.transition(machine.pes[0] as never, 0x8800_1000, 1, Gpi.Secure, World.Secure);
    const before = memoryDigest(machine);
    /** Address, what DELEGATE says, what UNDELEGATE says. */
    const rows: readonly (readonly [string, bigint, bigint, bigint])[] = [
      ['unaligned', 0x8800_2800n, BAD_ADDR, BAD_ADDR],
      ['unaligned by a byte', 0x8800_2001n, BAD_ADDR, BAD_ADDR],
      ['2^64-1', top, BAD_ADDR, BAD_ADDR],
      ['the last page of 64 bits', top - 4095n, BAD_ADDR, BAD_ADDR],
      ['the upper half', 1n << 63n, BAD_ADDR, BAD_ADDR],
      ['a good page with bit 63', (1n << 63n) | 0x8800_2000n, BAD_ADDR, BAD_ADDR],
      ['above PPS', 1n << 40n, BAD_ADDR, BAD_ADDR],
      ['above PPS, a good page below', (1n << 40n) | 0x8800_2000n, BAD_ADDR, BAD_ADDR],
      ['the very last granule', (1n << 40n) - 4096n, BAD_ADDR, BAD_ADDR],
      ['a level 0 block', 0x2_0000_0000n, BAD_ADDR, BAD_ADDR],
      ['Realm already', 0x8800_0000n, BAD_PAS, BAD_PAS],
      ['Secure', 0x8800_1000n, BAD_PAS, BAD_PAS],
      ['secure DRAM', 0xfc00_0000n, BAD_PAS, BAD_PAS],
      ['Root', 0xffc0_0000n, BAD_PAS, BAD_PAS],
      ['the tables', 0xffee_0000n, BAD_PAS, BAD_PAS],
      ['All', 0x6000_0000n, BAD_PAS, BAD_PAS],
      ['Non-secure', 0x8800_2000n, OK, BAD_PAS],
    ];
    const found = asRmm(machine, (pe) =>
      rows
        .filter(([name]) => name !== 'Non-secure' && name !== 'Realm already')
        .map(([name, at]) => [
          name,
          call(machine, pe, Fid.RMM_GTSI_DELEGATE, at)[0],
          call(machine, pe, Fid.RMM_GTSI_UNDELEGATE, at)[0],
        ]),
    );
    expect(found).toEqual(
      rows.filter(([name]) => name !== 'Non-secure' && name !== 'Realm already').map(([name, , a, b]) => [name, a, b]),
    );
    expect(memoryDigest(machine)).toBe(before);
    expect(
      asRmm(machine, (pe) => [
        call(machine, pe, Fid.RMM_GTSI_UNDELEGATE, 0x8800_2000n)[0],
        call(machine, pe, Fid.RMM_GTSI_DELEGATE, 0x8800_2000n)[0],
        call(machine, pe, Fid.RMM_GTSI_DELEGATE, 0x8800_2000n)[0],
        call(machine, pe, Fid.RMM_GTSI_UNDELEGATE, 0x8800_2000n)[0],
        call(machine, pe, Fid.RMM_GTSI_UNDELEGATE, 0x8800_2000n)[0],
        call(machine, pe, Fid.RMM_GTSI_DELEGATE, (1n << 40n) - 8192n)[0],
      ]),
    ).toEqual([BAD_PAS, OK, BAD_PAS, OK, BAD_PAS, OK]);
  });

  it('of device memory moves it like RAM', () => {
    const machine = Machine.boot(baseMachine);
    expect(asRmm(machine, (pe) => call(machine, pe, Fid.RMM_GTSI_DELEGATE, 0x5000_0000n)[0])).toBe(OK);
    expect(machine.host().read(0x5000_0000).fault).toMatchObject({ fsc: 0x28 });
  });

  it('leaves all other registers of the RMM as they were', () => {
    const machine = Machine.boot(baseMachine);
    const changed = asRmm(machine, (pe) => {
      for (let n = 4; n < 31; n++) pe.x[n] = BigInt(0x1000 + n);
      smcAsRmm(machine, pe, [BigInt(Fid.RMM_GTSI_DELEGATE), 0x8800_0000n]);
      const kept = [...pe.x.subarray(4, 31)].every((value, i) => value === BigInt(0x1004 + i));
      return { kept, x1: pe.x[1] };
    });
    expect(changed).toEqual({ kept: true, x1: 0x8800_0000n });
  });
});

describe('ATTEST_GET_REALM_KEY', () => {
  it('writes a P-384 scalar of 48 bytes into the shared buffer, the same each time for a seed', () => {
    const keyOf = (seed: number): string => {
      const machine = Machine.boot({ ...baseMachine, seed });
      return asRmm(machine, (pe) => {
        const results = [0x100n, 0xfd0n].map((at) => {
          const [x0, x1] = call(machine, pe, Fid.RMM_ATTEST_GET_REALM_KEY, BUFFER + at, 48n, 0n);
          expect([x0, x1]).toEqual([OK, 48n]);
          return Buffer.from(pe.realm.readBytes(toPa(Number(BUFFER + at)), 48) ?? []).toString('hex');
        });
        expect(results[0]).toBe(results[1]);
        return results[0] ?? '';
      });
    };
    expect(keyOf(1)).toBe(keyOf(1));
    expect(keyOf(1)).not.toBe(keyOf(2));
    // Below the order of the group.
    expect(Number.parseInt(keyOf(1).slice(0, 2), 16)).toBeLessThan(0x80);
  });

  it('checks address, end, curve and size in that order', () => {
    const machine = Machine.boot(baseMachine);
    const rows: readonly (readonly [bigint, bigint, bigint, bigint])[] = [
      [BUFFER - 1n, 48n, 0n, BAD_ADDR],
      [BUFFER + 4096n, 48n, 0n, BAD_ADDR],
      [0n, 48n, 0n, BAD_ADDR],
      [top, 48n, 0n, BAD_ADDR],
      [(1n << 63n) | BUFFER, 48n, 0n, BAD_ADDR],
      [0x8800_0000n, 48n, 0n, BAD_ADDR],
      // Address before end and curve.
      [BUFFER - 1n, 1n << 20n, 9n, BAD_ADDR],
      [BUFFER + 1n, 4096n, 0n, INVAL],
      [BUFFER, 4097n, 0n, INVAL],
      [BUFFER, top, 0n, INVAL],
      [BUFFER + 4095n, 2n, 0n, INVAL],
      [BUFFER, 0n, 0n, INVAL],
      [BUFFER, 48n, 1n, INVAL],
      [BUFFER, 48n, top, INVAL],
      [BUFFER, 48n, 1n << 32n, INVAL],
      [BUFFER, 47n, 0n, INVAL],
      [BUFFER, 1n, 0n, INVAL],
      [BUFFER, 4096n, 0n, OK],
    ];
    const before = memoryDigest(machine);
    const refused = rows.slice(0, -1);
    expect(
      asRmm(machine, (pe) =>
        refused.map(([at, size, curve]) => call(machine, pe, Fid.RMM_ATTEST_GET_REALM_KEY, at, size, curve)[0]),
      ),
    ).toEqual(refused.map((row) => row[3]));
    expect(memoryDigest(machine)).toBe(before);
    expect(asRmm(machine, (pe) => call(machine, pe, Fid.RMM_ATTEST_GET_REALM_KEY, BUFFER, 4096n, 0n)[0])).toBe(OK);
  });
});

describe('ATTEST_GET_PLAT_TOKEN', () => {
  const challenge = Uint8Array.from({ length: 64 }, (_, i) => 0xc0 ^ i);
  const buffer = toPa(Number(BUFFER));

  it('comes in pieces of the size asked for, with what is left, and is over then', () => {
    const machine = Machine.boot(baseMachine);
    const { bytes, steps, after } = asRmm(machine, (pe) => {
      const memory = pe.realm;
      memory.writeBytes(buffer, challenge);
      const pieces: number[] = [];
      const log: (readonly [bigint, bigint, bigint])[] = [];
      for (let length = 64n; ; length = 0n) {
        const result = call(machine, pe, Fid.RMM_ATTEST_GET_PLAT_TOKEN, BUFFER, length === 0n ? 40n : 64n, length);
        log.push(result);
        pieces.push(...(memory.readBytes(buffer, Number(result[1])) ?? []));
        if (result[2] === 0n) break;
      }
      return { bytes: pieces, steps: log, after: call(machine, pe, Fid.RMM_ATTEST_GET_PLAT_TOKEN, BUFFER, 40n, 0n) };
    });
    const label = new TextEncoder().encode('fourworlds placeholder, not a platform token: ');
    expect(bytes).toEqual([...label, ...challenge]);
    expect(steps.map(([x0, x1, x2]) => [x0, x1, x2])).toEqual([
      [OK, 64n, 46n],
      [OK, 40n, 6n],
      [OK, 6n, 0n],
    ]);
    expect(after[0]).toBe(INVAL);
  });

  it('that is under way is not fetched into no bytes', () => {
    const machine = Machine.boot(baseMachine);
    const results = asRmm(machine, (pe) =>
      [
        [64n, 64n],
        [0n, 0n],
        [4096n, 0n],
      ].map(([size = 0n, length = 0n]) => call(machine, pe, Fid.RMM_ATTEST_GET_PLAT_TOKEN, BUFFER, size, length)),
    );
    expect(results).toEqual([
      [OK, 64n, 46n],
      [INVAL, BUFFER, 0n],
      [OK, 46n, 0n],
    ]);
  });

  it('starts again with a new challenge, and forgets the rest of the old', () => {
    const machine = Machine.boot(baseMachine);
    const sizes = asRmm(machine, (pe) =>
      [32n, 48n, 64n].map((length) => {
        pe.realm.writeBytes(buffer, challenge);
        const [x0, x1, x2] = call(machine, pe, Fid.RMM_ATTEST_GET_PLAT_TOKEN, BUFFER, length, length);
        return [x0, x1 + x2];
      }),
    );
    expect(sizes).toEqual([
      [OK, 46n + 32n],
      [OK, 46n + 48n],
      [OK, 46n + 64n],
    ]);
  });

  it('checks the buffer first, then the length of the challenge', () => {
    const machine = Machine.boot(baseMachine);
    const rows: readonly (readonly [bigint, bigint, bigint, bigint])[] = [
      [BUFFER - 8n, 64n, 64n, BAD_ADDR],
      [BUFFER + 4096n, 1n, 64n, BAD_ADDR],
      [top, 64n, 1n, BAD_ADDR],
      [BUFFER + 1n, 4096n, 64n, INVAL],
      [BUFFER, top, 64n, INVAL],
      [BUFFER, 0n, 64n, INVAL],
      [BUFFER, 4096n, 1n, INVAL],
      [BUFFER, 4096n, 33n, INVAL],
      [BUFFER, 4096n, 65n, INVAL],
      [BUFFER, 4096n, top, INVAL],
      [BUFFER, 4096n, (1n << 32n) | 64n, INVAL],
      // The challenge does not fit the buffer that was named.
      [BUFFER, 32n, 64n, INVAL],
      // Nothing to go on with.
      [BUFFER, 4096n, 0n, INVAL],
    ];
    const before = memoryDigest(machine);
    expect(
      asRmm(machine, (pe) =>
        rows.map(([at, size, n]) => call(machine, pe, Fid.RMM_ATTEST_GET_PLAT_TOKEN, at, size, n)[0]),
      ),
    ).toEqual(rows.map((row) => row[3]));
    expect(memoryDigest(machine)).toBe(before);
  });

  it('that is half fetched survives a snapshot and not a reset', () => {
    const machine = Machine.boot(baseMachine);
    const start = (): bigint =>
      asRmm(machine, (pe) => {
        pe.realm.writeBytes(buffer, challenge);
        return call(machine, pe, Fid.RMM_ATTEST_GET_PLAT_TOKEN, BUFFER, 64n, 64n)[2];
      });
    const next = (): readonly bigint[] =>
      asRmm(machine, (pe) => call(machine, pe, Fid.RMM_ATTEST_GET_PLAT_TOKEN, BUFFER, 4096n, 0n));
    expect(start()).toBe(46n);
    const snapshot = machine.snapshot();
    expect(next()).toEqual([OK, 46n, 0n]);
    machine.restore(snapshot);
    expect(next()).toEqual([OK, 46n, 0n]);
    expect(start()).toBe(46n);
    machine.host().perform({ op: 'smc', x: [BigInt(Fid.PSCI_SYSTEM_RESET)] });
    expect(next()[0]).toBe(INVAL);
  });
});

describe('a service', () => {
  const fids = [
    Fid.RMM_GTSI_DELEGATE,
    Fid.RMM_GTSI_UNDELEGATE,
    Fid.RMM_ATTEST_GET_REALM_KEY,
    Fid.RMM_ATTEST_GET_PLAT_TOKEN,
    Fid.RMM_BOOT_COMPLETE,
  ];

  it('that there is none of is unknown, to the RMM too', () => {
    const machine = Machine.boot(baseMachine);
    const others = Array.from({ length: 32 }, (_, n) => 0xc400_01b0 + n).filter((fid) => !fids.includes(fid as never));
    expect(asRmm(machine, (pe) => others.map((fid) => call(machine, pe, fid, BUFFER, 48n, 0n)[0]))).toEqual(
      others.map(() => UNKNOWN),
    );
  });

  it("is the RMM's alone: nobody else gets a key, a token or a granule", () => {
    for (const caller of [
      { world: World.NonSecure, el: 2 },
      { world: World.NonSecure, el: 1 },
      { world: World.Secure, el: 1 },
      { world: World.Realm, el: 1 },
    ] as const) {
      const machine = Machine.boot(baseMachine);
      const pe = machine.pes[0] as (typeof machine.pes)[number];
      const before = memoryDigest(machine);
      const answers = fids.map((fid) => {
        become(pe, caller);
        for (const [n, value] of [
          BigInt(fid),
          fid < Fid.RMM_ATTEST_GET_REALM_KEY ? 0x8800_0000n : BUFFER,
          48n,
          0n,
        ].entries())
          pe.x[n] = value;
        return BigInt.asIntN(64, smcToMonitor(machine, pe));
      });
      expect(answers).toEqual(fids.map(() => UNKNOWN));
      expect(memoryDigest(machine)).toBe(before);
    }
  });
});
