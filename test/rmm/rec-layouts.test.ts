// Realms of every shape of address space: what a guest reaches, and what it does not.

import { describe, expect, it } from 'vitest';
import { vttbrOf } from '../../src/rmm/rec-run.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import { EMPTY, Lab, RAM, STOPPED, UNBACKED, dataAbort, fields, hpfarOf, load, record, store } from './realm-lab.ts';

const wide = {
  ...baseMachine,
  pes: 1,
  secure: undefined,
  rmm: { ...baseMachine.rmm, features: { lpa2: true, s2sz: 52 } },
};
// prettier-ignore
const layouts = [
  [32, 2, false], [33, 2, false], [34, 2, false], [32, 1, false], [39, 1, false], [40, 1, false], [42, 1, false], [43, 1, false],
  [40, 0, false], [44, 0, false], [48, 0, false],
  [34, 2, true], [40, 1, true], [48, 0, true], [49, 0, true], [52, 0, true], [49, -1, true], [52, -1, true],
] as const;

describe.each(layouts)('a Realm of %i bits from level %i, LPA2 %s', (ipaBits, startLevel, lpa2) => {
  const shared = 2 ** (ipaBits - 1);
  const features = { flags: lpa2 ? 1n : 0n, sveVl: 0, numBps: 5, numWps: 3, pmuNumCtrs: 0 };
  const isInReach = ipaBits < 49;
  const page = 0x8810_0000;
  const lab = new Lab({
    guests: [
      [
        store(RAM + 8, 0x1234),
        load(RAM + 8),
        ...(isInReach
          ? [load(shared + 0x1008), store(shared + 0x1010, 7), load(2 * shared - 0x1000, 4, { reg: 3 })]
          : []),
        load(UNBACKED),
        load(EMPTY),
        ...(ipaBits < 48 ? [load(2 * shared)] : []),
      ],
    ],
    layout: { ipaBits, startLevel, features },
    ...(lpa2 ? { description: wide } : {}),
  });

  it('reaches its own memory and what is shared, and its Host hears of the rest', () => {
    lab.driver.write(page + 8, 0x77);
    const { rd } = lab.realm;
    lab.do(lab.host.mapTables(lab.realm, shared, 3));
    expect(lab.rmi('RMI_RTT_MAP_UNPROTECTED', rd, shared + 0x1000, 3, page + 0xd8).status).toBe('RMI_SUCCESS');
    const last = lab.rmi('RMI_RTT_READ_ENTRY', rd, 2 * shared - 0x1000, 3);
    const level = Number(BigInt.asIntN(64, last.x[1] as bigint));
    const mmio = dataAbort(4 + level) | (1n << 24n) | (2n << 22n);
    const values = ['done 0', 'done 1234'];
    if (isInReach) values.push('done 77', 'done 0', 'done 0');
    const first = isInReach ? [fields(lab.enter().exit)] : [];
    const expected = fields(record({ esr: mmio, hpfar: hpfarOf(2 * shared - 0x1000) }));
    expect(first).toEqual(isInReach ? [expected] : []);
    const missing = lab.enter(isInReach ? { flags: 1 } : {});
    expect(fields(missing.exit)).toEqual(fields(record({ esr: dataAbort(7), hpfar: hpfarOf(UNBACKED) })));
    lab.do(lab.host.populateUnknown(lab.realm, UNBACKED));
    expect(lab.enter().exit).toEqual(STOPPED);
    const told = lab.seen[0]?.map((outcome) =>
      outcome.kind === 'done'
        ? `done ${outcome.value.toString(16)}`
        : outcome.kind === 'fault'
          ? `fault ${outcome.fault.fsc.toString(16)}`
          : outcome.kind,
    );
    expect(told?.slice(0, values.length)).toEqual(values);
    expect(told?.slice(values.length + 1)).toEqual(['fault 10', ...(ipaBits < 48 ? ['fault 0'] : [])]);
    expect(lab.driver.read(page + 0x10).value).toBe(isInReach ? 7n : 0n);
  });

  it('is taken down again', () => {
    lab.rmi('RMI_RTT_UNMAP_UNPROTECTED', lab.realm.rd, shared + 0x1000, 3);
    lab.do(lab.host.destroy(lab.realm));
    expect([lab.machine.rmm.realms.size, lab.machine.rmm.recs.size]).toEqual([0, 0]);
  });
});

describe('VTTBR_EL2', () => {
  it('has bits [51:48] of the base at [5:2]', () => {
    expect(vttbrOf(0x1234, 0x8900_0000)).toBe(0x1234_0000_8900_0000n);
    expect(vttbrOf(0xffff, 2 ** 51 + 2 ** 48 + 0x4000)).toBe(0xffff_0000_0000_4000n | (9n << 2n));
  });
});
