// The traps that the reference lists in its appendix B, one test each, over the real SMC path.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Gpi } from '../../src/arch/gpi.ts';
import type { Outcome } from '../../src/arch/action.ts';
import { World } from '../../src/arch/world.ts';
import type { HostedRealm, RealmLayout } from '../../src/host/realm.ts';
import {
  ENTRY,
  Flag,
  Lab,
  RAM,
  Rsi,
  SHARED,
  STOPPED,
  UNBACKED,
  dataAbort,
  fetch,
  fields,
  hpfarOf,
  load,
  record,
  smc,
} from './realm-lab.ts';

const GIB = 0x4000_0000;
const RIPAS = { EMPTY: 0n, RAM: 1n, DESTROYED: 2n } as const;
const xOf = (outcome: Outcome | undefined): readonly bigint[] =>
  outcome?.kind === 'done' ? outcome.x.slice(0, 4) : [];

/** Level, state, descriptor and RIPAS of an entry. */
const entry = (lab: Lab, ipa: number, level: number, { rd } = lab.realm): readonly bigint[] =>
  lab.rmi('RMI_RTT_READ_ENTRY', rd, ipa, level).x.slice(1, 5);
const ripas = (lab: Lab, ipa: number, level: number): bigint | undefined => entry(lab, ipa, level)[3];
const told = (lab: Lab, ...args: Parameters<Lab['rmi']>): string => {
  const { status, index } = lab.rmi(...args);
  return `${status} ${index}`;
};
const topOf = (lab: Lab, ...args: Parameters<Lab['rmi']>): readonly [string, number] => {
  const { status, index, x } = lab.rmi(...args);
  return [`${status} ${index}`, Number(x[args[0] === 'RMI_DATA_DESTROY' || args[0] === 'RMI_RTT_DESTROY' ? 2 : 1])];
};
const rim = (lab: Lab, realm: HostedRealm = lab.realm): string =>
  Buffer.from(lab.machine.rmm.realms.get(realm.rd)?.measurements[0]?.subarray(0, 32) ?? []).toString('hex');
const fresh = (more: Partial<RealmLayout> = {}): Lab =>
  new Lab({ guests: [], isNew: true, layout: { images: [], ...more } });
/** Another realm beside the one of the lab, with nothing in it. */
const bare = (lab: Lab, more: Partial<RealmLayout> = {}): HostedRealm =>
  lab.do(lab.host.create({ vmid: 50, ipaBits: 40, vcpus: [], ...more }));

describe('trap', () => {
  it('1: RTT_DESTROY leaves DESTROYED behind whatever was there, RTT_FOLD keeps the RIPAS', () => {
    const lab = new Lab({ guests: [[]] });
    const { rd } = lab.realm;
    lab.do(lab.host.mapTables(lab.realm, GIB, 3));
    expect([told(lab, 'RMI_RTT_FOLD', rd, GIB, 3), entry(lab, GIB, 2)]).toEqual([
      'RMI_SUCCESS 0',
      [2n, 0n, 0n, RIPAS.EMPTY],
    ]);
    const again = lab.do(lab.host.delegate());
    expect(told(lab, 'RMI_RTT_CREATE', rd, again, GIB, 3)).toBe('RMI_SUCCESS 0');
    expect([told(lab, 'RMI_RTT_DESTROY', rd, GIB, 3), entry(lab, GIB, 2)]).toEqual([
      'RMI_SUCCESS 0',
      [2n, 0n, 0n, RIPAS.DESTROYED],
    ]);
  });

  it('2: DATA_DESTROY turns RAM into DESTROYED, and leaves EMPTY', () => {
    const lab = new Lab({ guests: [[]] });
    const empty = 0x18_0000;
    lab.do(lab.host.populateUnknown(lab.realm, empty));
    expect([ripas(lab, RAM, 3), entry(lab, empty, 3)[1], ripas(lab, empty, 3)]).toEqual([RIPAS.RAM, 1n, RIPAS.EMPTY]);
    for (const ipa of [RAM, empty]) expect(told(lab, 'RMI_DATA_DESTROY', lab.realm.rd, ipa)).toBe('RMI_SUCCESS 0');
    expect([ripas(lab, RAM, 3), ripas(lab, empty, 3)]).toEqual([RIPAS.DESTROYED, RIPAS.EMPTY]);
  });

  it('3: a table with ASSIGNED_NS alone is not live, but the entry is', () => {
    const lab = new Lab({ guests: [[]] });
    const { rd } = lab.realm;
    lab.do(lab.host.share(lab.realm, SHARED + 0x5000, lab.host.pool.take()));
    expect(topOf(lab, 'RMI_RTT_UNMAP_UNPROTECTED', rd, SHARED + 0x1000, 3)).toEqual([
      'RMI_ERROR_RTT 3',
      SHARED + 0x5000,
    ]);
    expect(told(lab, 'RMI_RTT_DESTROY', rd, SHARED, 3)).toBe('RMI_SUCCESS 0');
  });

  it('4: top stays in the table where the walk stopped, and equals ipa where the entry is live', () => {
    const lab = new Lab({ guests: [[]] });
    const { rd } = lab.realm;
    lab.do(lab.host.populateUnknown(lab.realm, 0x20_0000));
    expect(topOf(lab, 'RMI_DATA_DESTROY', rd, 0x18_0000)).toEqual(['RMI_ERROR_RTT 3', 0x20_0000]);
    expect(topOf(lab, 'RMI_DATA_DESTROY', rd, GIB * 2 + 0x1000)).toEqual(['RMI_ERROR_RTT 1', 512 * GIB]);
    lab.do(lab.host.mapTables(lab.realm, SHARED, 2));
    expect(told(lab, 'RMI_RTT_MAP_UNPROTECTED', rd, SHARED + 0x20_0000, 2, 0x9000_00d8)).toBe('RMI_SUCCESS 0');
    expect(topOf(lab, 'RMI_RTT_UNMAP_UNPROTECTED', rd, SHARED + 0x20_3000, 3)).toEqual([
      'RMI_ERROR_RTT 2',
      SHARED + 0x20_3000,
    ]);
    expect(topOf(lab, 'RMI_RTT_UNMAP_UNPROTECTED', rd, SHARED + 0x3000, 3)).toEqual([
      'RMI_ERROR_RTT 2',
      SHARED + 0x20_0000,
    ]);
  });

  it('5: DATA_CREATE needs no RAM before it, DATA_CREATE_UNKNOWN keeps what was', () => {
    const lab = fresh();
    lab.do(lab.host.populate(lab.realm, { ipa: 0x18_0000, bytes: new Uint8Array(8) }));
    lab.do(lab.host.populateUnknown(lab.realm, 0x18_1000));
    lab.do(lab.host.populateUnknown(lab.realm, RAM + 0x5000));
    expect([0x18_0000, 0x18_1000, RAM + 0x5000].map((ipa) => [entry(lab, ipa, 3)[1], ripas(lab, ipa, 3)])).toEqual([
      [1n, RIPAS.RAM],
      [1n, RIPAS.EMPTY],
      [1n, RIPAS.RAM],
    ]);
  });

  it('6: INIT_RIPAS measures entry by entry, and RAM again', () => {
    const lab = fresh();
    const init = (realm: HostedRealm): void => lab.do(lab.host.initRipas(realm, 0x20_0000, 0x40_0000));
    const [coarse, fine] = [bare(lab), bare(lab, { vmid: 51 })];
    lab.do(lab.host.mapTables(fine, 0x20_0000, 3));
    expect(rim(lab, coarse)).toBe(rim(lab, fine));
    init(coarse);
    lab.rmi('RMI_RTT_INIT_RIPAS', fine.rd, 0x20_0000, 0x40_0000);
    expect(rim(lab, coarse)).not.toBe(rim(lab, fine));
    const once = rim(lab, coarse);
    expect(told(lab, 'RMI_RTT_INIT_RIPAS', coarse.rd, 0x20_0000, 0x40_0000)).toBe('RMI_SUCCESS 0');
    expect(rim(lab, coarse)).not.toBe(once);
  });

  it('7: the RIM is over a whole page, with sve_vl and pmu_num_ctrs, without rpv and vmid', () => {
    const lab = fresh();
    const features = { flags: 0n, sveVl: 3, numBps: 4, numWps: 2, pmuNumCtrs: 9 };
    const one = bare(lab, { features, rpv: new Uint8Array(64).fill(1) });
    const two = bare(lab, { features, vmid: 51, rpv: new Uint8Array(64).fill(2) });
    const three = bare(lab, { features: { ...features, sveVl: 2 }, vmid: 52 });
    const page = new Uint8Array(4096);
    for (const [at, value] of [
      [0x08, 40],
      [0x10, 3],
      [0x18, 4],
      [0x20, 2],
      [0x28, 9],
    ] as const)
      page[at] = value;
    expect(rim(lab, one)).toBe(createHash('sha256').update(page).digest('hex'));
    expect([rim(lab, two), rim(lab, three) === rim(lab, one)]).toEqual([rim(lab, one), false]);
  });

  it('8: unmeasured DATA_CREATE extends the RIM, a REC that is not runnable does not', () => {
    const lab = fresh();
    const before = rim(lab);
    lab.do(lab.host.createVcpu(lab.realm, { entry: ENTRY, isRunnable: false }));
    expect(rim(lab)).toBe(before);
    lab.do(lab.host.populate(lab.realm, { ipa: 0x18_0000, bytes: new Uint8Array(8), isMeasured: false }));
    const extended = rim(lab);
    expect(extended).not.toBe(before);
    lab.do(lab.host.createVcpu(lab.realm, { entry: ENTRY }));
    expect(rim(lab)).not.toBe(extended);
  });

  it('9: REC indices are not used again', () => {
    const lab = fresh();
    const { rec } = lab.do(lab.host.createVcpu(lab.realm, { entry: ENTRY }));
    expect(told(lab, 'RMI_REC_DESTROY', rec)).toBe('RMI_SUCCESS 0');
    expect(lab.machine.rmm.realms.get(lab.realm.rd)).toMatchObject({ recIndex: 1, numRecs: 0 });
    const made = lab.realm.vcpus.splice(0, 1);
    expect(() => lab.do(lab.host.createVcpu(lab.realm, { entry: ENTRY }))).toThrow('RMI_ERROR_INPUT 0');
    lab.realm.vcpus.push(...made);
    expect(lab.do(lab.host.createVcpu(lab.realm, { entry: ENTRY })).index).toBe(1);
  });

  it('10: the index is the level of the walk, or of the table that was asked about', () => {
    const lab = new Lab({ guests: [[]] });
    const { rd } = lab.realm;
    const data = lab.do(lab.host.delegate());
    expect(told(lab, 'RMI_DATA_CREATE_UNKNOWN', rd, data, GIB)).toBe('RMI_ERROR_RTT 1');
    expect(told(lab, 'RMI_DATA_CREATE_UNKNOWN', rd, data, RAM)).toBe('RMI_ERROR_RTT 3');
    expect(told(lab, 'RMI_RTT_DESTROY', rd, 0, 3)).toBe('RMI_ERROR_RTT 3');
    expect(told(lab, 'RMI_RTT_DESTROY', rd, 0, 2)).toBe('RMI_ERROR_RTT 2');
    expect(told(lab, 'RMI_RTT_DESTROY', rd, GIB, 3)).toBe('RMI_ERROR_RTT 1');
    expect(told(lab, 'RMI_RTT_FOLD', rd, 0, 3)).toBe('RMI_ERROR_RTT 3');
    expect(told(lab, 'RMI_RTT_FOLD', rd, 0, 2)).toBe('RMI_ERROR_RTT 2');
  });

  it('11: READ_ENTRY where tables are missing is a success at the level it reached', () => {
    const lab = new Lab({ guests: [[]] });
    const { status, x } = lab.rmi('RMI_RTT_READ_ENTRY', lab.realm.rd, GIB, 3);
    expect([status, x[1]]).toEqual(['RMI_SUCCESS', 1n]);
  });

  it('12: RMI_FEATURES never fails', () => {
    const lab = fresh();
    const read = (index: number | bigint) => lab.rmi('RMI_FEATURES', index);
    expect([1, 2, 2n ** 63n, 2n ** 64n - 1n].map((index) => [read(index).status, read(index).x[1]])).toEqual(
      Array.from({ length: 4 }, () => ['RMI_SUCCESS', 0n]),
    );
    expect(read(0).x[1]).not.toBe(0n);
  });

  it('13: REC_ENTER looks at addresses first, then at the Realm with an index, then at the REC', () => {
    const lab = new Lab({ guests: [[smc(0x8400_0008)], []], isNew: true });
    const { rec, run } = lab.vcpu();
    expect(told(lab, 'RMI_REC_ENTER', rec, run + 8)).toBe('RMI_ERROR_INPUT 0');
    expect(told(lab, 'RMI_REC_ENTER', rec + 0x1000, run)).toBe('RMI_ERROR_INPUT 0');
    expect(told(lab, 'RMI_REC_ENTER', rec, rec)).toBe('RMI_ERROR_INPUT 0');
    expect(lab.enter({ hcr: 1n, flags: Flag.emulMmio })).toMatchObject({ status: 'RMI_ERROR_REALM', index: 0 });
    lab.do(lab.host.activate(lab.realm));
    expect(lab.enter().exit).toEqual(record({ reason: 3, gprs: [0x8400_0008n] }));
    expect(lab.enter({ hcr: 1n, flags: Flag.emulMmio }, 1)).toMatchObject({ status: 'RMI_ERROR_REALM', index: 1 });
    expect(told(lab, 'RMI_REC_ENTER', rec, run + 8)).toBe('RMI_ERROR_INPUT 0');
  });

  it('14: any other exit clears the mark of an emulatable one', () => {
    const lab = new Lab({ guests: [[load(SHARED, 4, { reg: 3 })]] });
    lab.enter();
    lab.machine.pes[0]?.raise('irq');
    expect(lab.enter().exit).toEqual(record({ reason: 1 }));
    expect(lab.enter({ flags: Flag.emulMmio })).toMatchObject({ status: 'RMI_ERROR_REC', index: 0 });
    expect(lab.enter({ flags: Flag.injectSea }).exit).toEqual(record({ reason: 1 }));
  });

  it('15: a rejected RIPAS change shows only for RAM that is not complete, and X0 is success', () => {
    const set = (value: bigint) => smc(Rsi.IPA_STATE_SET, RAM, RAM + 0x1000, value);
    const lab = new Lab({ guests: [[set(0n), set(1n), set(1n)]] });
    lab.enter();
    lab.enter({ flags: Flag.reject });
    lab.enter({ flags: Flag.reject });
    lab.rmi('RMI_RTT_SET_RIPAS', lab.realm.rd, lab.vcpu().rec, RAM, RAM + 0x1000);
    lab.enter({ flags: Flag.reject });
    expect(lab.seen[0]?.slice(0, 3).map((outcome) => xOf(outcome).slice(0, 3))).toEqual([
      [0n, BigInt(RAM), 0n],
      [0n, BigInt(RAM), 1n],
      [0n, BigInt(RAM + 0x1000), 0n],
    ]);
  });

  it('16: CPU_ON shows function and MPIDR, and for a REC that is on it exits and is completed all the same', () => {
    const lab = new Lab({ guests: [[smc(0xc400_0003, 1n, 0x2000, 0x77n, 0x88n)], []] });
    expect(lab.enter().exit).toEqual(record({ reason: 3, gprs: [0xc400_0003n, 1n] }));
    expect(told(lab, 'RMI_PSCI_COMPLETE', lab.vcpu(0).rec, lab.vcpu(1).rec, 0)).toBe('RMI_SUCCESS 0');
    lab.enter();
    expect(xOf(lab.seen[0]?.[0])).toEqual([0xffff_ffff_ffff_fffcn, 0n, 0n, 0n]);
  });

  it('17: SYSTEM_RESET ends a Realm like SYSTEM_OFF', () => {
    const lab = new Lab({ guests: [[smc(0x8400_0009)], []] });
    lab.enter();
    for (const n of [0, 1]) expect(lab.enter({}, n)).toMatchObject({ status: 'RMI_ERROR_REALM', index: 1 });
    expect(told(lab, 'RMI_REALM_ACTIVATE', lab.realm.rd)).toBe('RMI_ERROR_REALM 0');
  });

  it('18: a fetch from an Unprotected IPA is an external abort of the Realm, mapped or not', () => {
    const lab = new Lab({ guests: [[fetch(SHARED), fetch(SHARED + 0x5000), fetch(SHARED + GIB)]] });
    lab.do(lab.host.share(lab.realm, SHARED + 0x5000, lab.host.pool.take()));
    expect(lab.enter().exit).toEqual(STOPPED);
    expect(
      lab.seen[0]?.slice(0, 3).map((outcome) => (outcome.kind === 'fault' ? outcome.fault.esr : outcome.kind)),
    ).toEqual(Array.from({ length: 3 }, () => 0x8600_0210n));
  });

  it('19: far is twelve bits and only of emulatable aborts; SRT and SSE never show', () => {
    const at = SHARED + GIB + 0x1abc;
    const lab = new Lab({
      guests: [[load(at, 2, { reg: 29, signed: true }), load(at, 4), load(UNBACKED + 0xabc, 4, { reg: 3 })]],
    });
    const esr = dataAbort(5) | (1n << 24n) | (1n << 22n) | (1n << 15n);
    expect(fields(lab.enter().exit)).toEqual(fields(record({ esr, far: 0xabcn, hpfar: hpfarOf(at) })));
    expect(fields(lab.enter({ flags: Flag.emulMmio }).exit)).toEqual(
      fields(record({ esr: dataAbort(5), hpfar: hpfarOf(at) })),
    );
    expect(fields(lab.enter({ flags: Flag.injectSea }).exit)).toEqual(
      fields(record({ esr: dataAbort(7), hpfar: hpfarOf(UNBACKED) })),
    );
  });

  it('20: an RSI call that faults on its buffer starts again, with all registers as they were', () => {
    const lab = new Lab({ guests: [[smc(Rsi.REALM_CONFIG, UNBACKED, 5n, 6n)]] });
    for (let n = 0; n < 2; n++) {
      lab.enter();
      expect([lab.rec().pc, ...[0, 1, 2, 3].map((x) => lab.rec().x(x))]).toEqual([
        BigInt(ENTRY),
        BigInt(Rsi.REALM_CONFIG),
        BigInt(UNBACKED),
        5n,
        6n,
      ]);
    }
  });

  it('21: a granule that is not delegated need not be Non-secure', () => {
    const lab = fresh();
    const page = lab.host.pool.take();
    lab.machine.monitor.gpt.transition(lab.machine.pes[0] as never, page, 1, Gpi.Secure, World.Secure);
    expect(told(lab, 'RMI_GRANULE_DELEGATE', page)).toBe('RMI_ERROR_INPUT 0');
    expect(lab.machine.rmm.granules.state(page as never)).toBe(0);
  });

  it('22: concatenated starting tables: rd inside them is refused, and walks go beyond index 511', () => {
    const lab = new Lab({ guests: [[load(SHARED + 0x5000, 8)]] });
    expect(lab.realm.rttCount).toBe(2);
    const page = lab.host.pool.take();
    lab.driver.write(page, 0x5511n);
    lab.do(lab.host.share(lab.realm, SHARED + 0x5000, page));
    expect(lab.enter().exit).toEqual(STOPPED);
    expect(lab.seen[0]?.[0]).toMatchObject({ kind: 'done', value: 0x5511n });
    const base = lab.host.pool.take(2);
    for (const at of [base, base + 0x1000]) lab.rmi('RMI_GRANULE_DELEGATE', at);
    const params = lab.host.pool.take();
    for (let at = 0; at < 0x1000; at += 8) lab.driver.write(params + at, 0);
    const put = (at: number, value: number, size: 1 | 2 | 4 | 8) => lab.driver.write(params + at, value, { size });
    for (const [at, value, size] of [
      [0x08, 40, 1],
      [0x18, 5, 1],
      [0x20, 3, 1],
      [0x800, 99, 2],
      [0x808, base, 8],
      [0x810, 1, 8],
      [0x818, 2, 4],
    ] as const)
      put(at, value, size);
    for (const rd of [base, base + 0x1000]) expect(told(lab, 'RMI_REALM_CREATE', rd, params)).toBe('RMI_ERROR_INPUT 0');
    const rd = lab.do(lab.host.delegate());
    expect(told(lab, 'RMI_REALM_CREATE', rd, params)).toBe('RMI_SUCCESS 0');
  });
});
