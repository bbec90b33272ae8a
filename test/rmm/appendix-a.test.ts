// Where the sources of RMM 1.0 disagree: one test for what each row of the decision says.
// docs/decisions/rmm-1.0-where-the-sources-disagree.md

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Action, Outcome } from '../../src/arch/action.ts';
import { slotOf } from '../../src/arch/registers.ts';
import type { RealmLayout } from '../../src/host/realm.ts';
import { baseMachine } from '../../src/machine/machines/base.ts';
import {
  EMPTY,
  ENTRY,
  Flag,
  IPA_BITS,
  Lab,
  RAM,
  Rsi,
  SHARED,
  STOPPED,
  UNBACKED,
  dataAbort,
  fields,
  hpfarOf,
  load,
  record,
  smc,
  store,
} from './realm-lab.ts';

const GIB = 0x4000_0000;
const xOf = (outcome: Outcome | undefined, count = 4): readonly bigint[] =>
  outcome?.kind === 'done' ? outcome.x.slice(0, count) : [];
const valueOf = (outcome: Outcome | undefined): bigint | undefined =>
  outcome?.kind === 'done' ? outcome.value : undefined;
const told = (lab: Lab, ...args: Parameters<Lab['rmi']>): string => {
  const { status, index } = lab.rmi(...args);
  return `${status} ${index}`;
};
const fresh = (more: Partial<RealmLayout> = {}): Lab =>
  new Lab({ guests: [], isNew: true, layout: { images: [], ...more } });
const entry = (lab: Lab, ipa: number, level: number, { rd } = lab.realm): readonly bigint[] =>
  lab.rmi('RMI_RTT_READ_ENTRY', rd, ipa, level).x.slice(1, 5);
const ripasSet = (base: number, top: number, value: number): Action => smc(Rsi.IPA_STATE_SET, base, top, value);

/** A page of RmiRealmParams of the Host's own. */
function params(lab: Lab, fieldsOf: readonly (readonly [number, number, 1 | 2 | 4 | 8])[]): number {
  const page = lab.host.pool.take();
  for (let at = 0; at < 0x1000; at += 8) lab.driver.write(page + at, 0);
  for (const [at, value, size] of fieldsOf) lab.driver.write(page + at, value, { size });
  return page;
}

/** A run that waits in an untrapped WFI, and then takes an exception that no instruction here makes. */
function take(
  ec: number,
  iss: number,
  actions: readonly Action[] = [],
  more: { readonly hpfar?: bigint; readonly far?: bigint } = {},
): Uint8Array {
  const lab = new Lab({ guests: [[...actions, { op: 'wfi' }]] });
  const { rec, run } = lab.vcpu();
  lab.driver.write(run, 0);
  lab.driver.perform(smc(0xc400_015c, rec, run));
  const pe = lab.machine.pes[0]!;
  pe.isWaiting = false;
  pe.take({ target: 2, ec, iss, elr: pe.pc, ...more });
  lab.machine.settle(pe);
  return lab.bytes(run + 0x800, 0x800);
}

describe('row', () => {
  it('1: RTT_INIT_RIPAS ends before what is mapped or DESTROYED, and fails when it is the first', () => {
    const lab = fresh();
    const { rd } = lab.realm;
    const init = lab.rmi('RMI_RTT_INIT_RIPAS', rd, RAM - 0x2000, RAM + 0x6000);
    expect([init.status, init.x[1]]).toEqual(['RMI_SUCCESS', BigInt(RAM)]);
    expect(told(lab, 'RMI_RTT_INIT_RIPAS', rd, RAM, RAM + 0x1000)).toBe('RMI_ERROR_RTT 3');
    expect(told(lab, 'RMI_DATA_DESTROY', rd, RAM)).toBe('RMI_SUCCESS 0');
    expect(told(lab, 'RMI_RTT_INIT_RIPAS', rd, RAM, RAM + 0x1000)).toBe('RMI_ERROR_RTT 3');
    const again = lab.rmi('RMI_RTT_INIT_RIPAS', rd, RAM - 0x1000, RAM + 0x1000);
    expect([again.status, again.x[1]]).toEqual(['RMI_SUCCESS', BigInt(RAM)]);
  });

  it('2: RTT_SET_RIPAS without progress is an error, although nothing has to change', () => {
    const lab = new Lab({ guests: [[ripasSet(GIB, GIB + 0x1000, 0), ripasSet(GIB + 0x1000, GIB + 0x2000, 0)]] });
    const { rec } = lab.vcpu();
    lab.enter();
    expect(told(lab, 'RMI_RTT_SET_RIPAS', lab.realm.rd, rec, GIB, GIB + 0x1000)).toBe('RMI_ERROR_RTT 1');
    lab.enter();
    expect(told(lab, 'RMI_RTT_SET_RIPAS', lab.realm.rd, rec, GIB + 0x1000, GIB + 0x2000)).toBe('RMI_ERROR_RTT 1');
  });

  it('3: RTT_SET_RIPAS with a top that is no granule is an input error', () => {
    const lab = new Lab({ guests: [[ripasSet(RAM, RAM + 0x3000, 0)]] });
    lab.enter();
    expect(told(lab, 'RMI_RTT_SET_RIPAS', lab.realm.rd, lab.vcpu().rec, RAM, RAM + 0x1800)).toBe('RMI_ERROR_INPUT 0');
  });

  it('4: rtt_base is aligned to all starting tables', () => {
    const lab = fresh();
    const base = lab.host.pool.take(4);
    for (let n = 0; n < 4; n++) lab.rmi('RMI_GRANULE_DELEGATE', base + n * 0x1000);
    const rd = lab.do(lab.host.delegate());
    const of = (at: number) =>
      params(lab, [
        [0x08, 40, 1],
        [0x18, 5, 1],
        [0x20, 3, 1],
        [0x800, 99, 2],
        [0x808, at, 8],
        [0x810, 1, 8],
        [0x818, 2, 4],
      ]);
    expect(told(lab, 'RMI_REALM_CREATE', rd, of(base + 0x1000))).toBe('RMI_ERROR_INPUT 0');
    expect(told(lab, 'RMI_REALM_CREATE', rd, of(base + 0x2000))).toBe('RMI_SUCCESS 0');
  });

  it('5: inject_sea without a fitting abort is ignored', () => {
    const lab = new Lab({ guests: [[{ op: 'wfi' }, load(RAM, 8)]] });
    expect(lab.enter({ flags: Flag.injectSea | Flag.trapWfi }).exit).toEqual(record({ esr: 1n << 26n }));
    expect(lab.enter({ flags: Flag.injectSea }).exit).toEqual(STOPPED);
    expect(lab.seen[0]?.slice(0, 2).map(({ kind }) => kind)).toEqual(['done', 'done']);
  });

  it('6: emul_mmio after an abort at a Protected IPA is an error, also with a syndrome', () => {
    const lab = new Lab({ guests: [[load(UNBACKED, 4, { reg: 3 })]] });
    lab.enter();
    expect(lab.enter({ flags: Flag.emulMmio }).status).toBe('RMI_ERROR_REC');
  });

  it('7: CPU_ON leaves zero in X1 to X30 of the target', () => {
    const lab = new Lab({
      guests: [[smc(0xc400_0003, 1n, 0x2000, 0x77n)], []],
      layout: { vcpus: [{ entry: ENTRY }, { entry: 0, isRunnable: false, x: [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n] }] },
    });
    lab.enter();
    expect(told(lab, 'RMI_PSCI_COMPLETE', lab.vcpu(0).rec, lab.vcpu(1).rec, 0)).toBe('RMI_SUCCESS 0');
    expect(lab.rec(1).regs.slice(0, 31)).toEqual(BigUint64Array.from({ length: 31 }, (_, n) => (n === 0 ? 0x77n : 0n)));
    expect(lab.rec(1).pc).toBe(0x2000n);
  });

  it('8: PSCI_DENIED for a target that is on is an error, and the request still waits', () => {
    const lab = new Lab({ guests: [[smc(0xc400_0003, 1n, 0x2000, 0x77n)], []] });
    lab.enter();
    expect(told(lab, 'RMI_PSCI_COMPLETE', lab.vcpu(0).rec, lab.vcpu(1).rec, -3)).toBe('RMI_ERROR_INPUT 0');
    expect(lab.rec(0).psciPending).toBe('CPU_ON');
    expect(lab.rec(0).x(0)).toBe(0xc400_0003n);
  });

  it('9: READ_ENTRY of ASSIGNED and DESTROYED gives the address', () => {
    const lab = new Lab({ guests: [[]] });
    lab.rmi('RMI_DATA_DESTROY', lab.realm.rd, RAM);
    lab.do(lab.host.undelegate(lab.realm.data.get(RAM) as number));
    lab.do(lab.host.populateUnknown(lab.realm, RAM));
    expect(entry(lab, RAM, 3)).toEqual([3n, 1n, BigInt(lab.realm.data.get(RAM) as number), 2n]);
  });

  it('10: folding a level 1 table of mappings fails with the level of the table', () => {
    const lab = fresh();
    const realm = lab.do(lab.host.create({ vmid: 50, ipaBits: 44, startLevel: 0, vcpus: [] }));
    const base = 2 ** 43;
    lab.do(lab.host.mapTables(realm, base, 1));
    for (let n = 0; n < 512; n++) lab.rmi('RMI_RTT_MAP_UNPROTECTED', realm.rd, base + n * GIB, 1, n * GIB + 0xd8);
    expect(entry(lab, base + 511 * GIB, 1, realm)).toEqual([1n, 1n, BigInt(511 * GIB + 0xd8), 0n]);
    expect(told(lab, 'RMI_RTT_FOLD', realm.rd, base, 1)).toBe('RMI_ERROR_RTT 1');
  });

  it('11: RTT_DESTROY in the Unprotected half leaves an entry without a RIPAS, which can be mapped', () => {
    const lab = new Lab({ guests: [[]] });
    lab.do(lab.host.mapTables(lab.realm, SHARED, 3));
    expect(told(lab, 'RMI_RTT_DESTROY', lab.realm.rd, SHARED, 3)).toBe('RMI_SUCCESS 0');
    expect(entry(lab, SHARED, 3)).toEqual([2n, 0n, 0n, 0n]);
    expect(told(lab, 'RMI_RTT_MAP_UNPROTECTED', lab.realm.rd, SHARED, 2, 0x9000_00d8)).toBe('RMI_SUCCESS 0');
  });

  it('12: an abort at an Unprotected IPA without a syndrome shows neither IL, WnR, far nor a register', () => {
    const lab = new Lab({ guests: [[store(SHARED + 0x123, 0x55, 1)]] });
    expect(lab.enter().exit).toEqual(record({ esr: dataAbort(5), hpfar: hpfarOf(SHARED) }));
  });

  it('13: WFIT and WFET exits carry both bits of TI and the timeout', () => {
    const actions: readonly Action[] = [{ op: 'mrs', reg: 'sctlr_el1', rt: 9 }];
    const iss = (ti: number): number => 0x1e0_0000 | (9 << 5) | (1 << 2) | ti;
    for (const ti of [2, 3])
      expect(take(0x01, iss(ti), actions)).toEqual(record({ esr: (1n << 26n) | BigInt(ti), gprs: [0x30d5_0980n] }));
    for (const ti of [0, 1]) expect(take(0x01, iss(ti), actions)).toEqual(record({ esr: (1n << 26n) | BigInt(ti) }));
  });

  it('14: an SError exit has its class', () => {
    const lab = new Lab({ guests: [[]] });
    lab.machine.pes[0]?.raise('serror');
    expect(lab.enter().exit).toEqual(record({ reason: 6, esr: 0x2fn << 26n }));
  });

  it('15: an IPA beyond the Realm is an Address Size Fault of the Realm', () => {
    const lab = new Lab({ guests: [[load(2 ** IPA_BITS, 8, { reg: 2 })]] });
    expect(lab.enter().exit).toEqual(STOPPED);
    expect(lab.seen[0]?.[0]).toMatchObject({ kind: 'fault', fault: { esr: 0x9600_0000n, far: 2n ** 40n } });
  });

  it('16: PSCI_FEATURES says that PSCI_VERSION is there', () => {
    const lab = new Lab({ guests: [[smc(0x8400_000a, 0x8400_0000)]] });
    lab.enter();
    expect(xOf(lab.seen[0]?.[0])).toEqual([0n, 0n, 0n, 0n]);
  });

  it('17: an RSI call with a buffer that is EMPTY is an input error', () => {
    const calls = [
      smc(Rsi.REALM_CONFIG, EMPTY),
      smc(Rsi.HOST_CALL, EMPTY),
      smc(Rsi.TOKEN_INIT),
      smc(Rsi.TOKEN_CONTINUE, EMPTY, 0, 8),
    ];
    const lab = new Lab({ guests: [calls] });
    expect(lab.enter().exit).toEqual(STOPPED);
    expect([0, 1, 3].map((n) => xOf(lab.seen[0]?.[n])[0])).toEqual([1n, 1n, 1n]);
  });

  it('18: RSI_REALM_CONFIG writes the whole page', () => {
    const offsets = Array.from({ length: 512 }, (_, n) => 8 * n);
    const ones = offsets.map((at) => store(RAM + at, 2n ** 64n - 1n));
    const lab = new Lab({
      guests: [[...ones, smc(Rsi.REALM_CONFIG, RAM), ...offsets.map((at) => load(RAM + at))]],
      layout: { rpv: new Uint8Array(64).fill(0x5a) },
    });
    lab.enter();
    const words = lab.seen[0]?.slice(513, 1025).map(valueOf);
    expect(words).toEqual(
      offsets.map((at) => (at === 0 ? 40n : at >= 0x200 && at < 0x240 ? 0x5a5a_5a5a_5a5a_5a5an : 0n)),
    );
  });

  it('19: writes of ICC_SGI1R, ICC_SGI0R and ICC_DIR exit, all else is emulated', () => {
    const sgi: Action = { op: 'msr', reg: 'icc_sgi1r_el1', value: 0x100_0001n, rt: 4 };
    const lab = new Lab({
      guests: [
        [
          sgi,
          { op: 'msr', reg: 'icc_dir_el1', value: 3n },
          { op: 'msr', reg: 'icc_asgi1r_el1', value: 3n },
          { op: 'mrs', reg: 'id_aa64mmfr0_el1' },
        ],
      ],
    });
    expect(fields(lab.enter().exit)).toEqual(
      fields(record({ esr: (0x18n << 26n) | (1n << 25n) | 0x3a_3016n | (4n << 5n), gprs: [0x100_0001n] })),
    );
    expect(fields(lab.enter({ hcr: 1n << 14n }).exit)).toEqual(
      fields(record({ esr: (0x18n << 26n) | (1n << 25n) | 0x32_3016n, gprs: [3n], hcr: 1n << 14n })),
    );
    expect(lab.enter().exit).toEqual(STOPPED);
    expect(lab.seen[0]?.slice(0, 4).every(({ kind }) => kind === 'done')).toBe(true);
  });

  it('20: RTT_MAP_UNPROTECTED at level 0 is an input error, with LPA2 too', () => {
    const features = { flags: 1n, sveVl: 0, numBps: 5, numWps: 3, pmuNumCtrs: 0 };
    const description = {
      ...baseMachine,
      pes: 1,
      secure: undefined,
      rmm: { ...baseMachine.rmm, features: { lpa2: true } },
    };
    const lab = new Lab({ guests: [], isNew: true, layout: { images: [] }, description });
    const realm = lab.do(lab.host.create({ vmid: 50, ipaBits: 48, startLevel: 0, vcpus: [], features }));
    expect(lab.machine.rmm.realms.get(realm.rd)?.config.lpa2).toBe(true);
    expect(told(lab, 'RMI_RTT_MAP_UNPROTECTED', realm.rd, 2 ** 47, 0, 0xd8)).toBe('RMI_ERROR_INPUT 0');
  });

  it('21: the shareability of shared memory does not show: the Host reads back what it gave', () => {
    const lab = new Lab({ guests: [[]] });
    lab.do(lab.host.mapTables(lab.realm, SHARED, 3));
    for (const [n, attributes] of [0xd8, 0xd4, 0xc0, 0x5c].entries()) {
      const at = SHARED + n * 0x1000;
      expect(told(lab, 'RMI_RTT_MAP_UNPROTECTED', lab.realm.rd, at, 3, 0x9000_0000 + attributes)).toBe('RMI_SUCCESS 0');
      expect(entry(lab, at, 3)).toEqual([3n, 1n, BigInt(0x9000_0000 + attributes), 0n]);
    }
  });

  it('22: a REM is the hash of the old one and of the bytes that were given, without padding', () => {
    const words = [0x1122_3344_5566_7788n, 0x99aan];
    const lab = new Lab({ guests: [[smc(Rsi.MEASUREMENT_EXTEND, 2, 10, ...words), smc(Rsi.MEASUREMENT_READ, 2)]] });
    lab.enter();
    const bytes = Buffer.alloc(16);
    for (const [n, word] of words.entries()) bytes.writeBigUInt64LE(word, 8 * n);
    const expected = createHash('sha256')
      .update(Buffer.concat([Buffer.alloc(32), bytes.subarray(0, 10)]))
      .digest();
    const read = Buffer.alloc(32);
    for (const [n, word] of xOf(lab.seen[0]?.[1], 5).slice(1).entries()) read.writeBigUInt64LE(word, 8 * n);
    expect(read.toString('hex')).toBe(expected.toString('hex'));
  });

  it('23: X1 to X3 that are no results are zero, X4 and up stay', () => {
    const lab = fresh();
    const after = (...args: readonly (number | bigint)[]) =>
      lab.driver.smc(args[0] as number, ...args.slice(1)).slice(0, 7);
    const rest = [4n, 5n, 6n];
    expect(after(0xc400_0151, 0x123, 2, 3, ...rest)).toEqual([1n, 0n, 0n, 0n, ...rest]);
    expect(after(0xc400_0161, 0x123, 2, 3, ...rest)).toEqual([1n, 0n, 0n, 0n, 0n, 5n, 6n]);
    expect(after(0xc400_0165, 0, 2, 3, ...rest).slice(2)).toEqual([0n, 0n, ...rest]);
  });

  it('24: RTT_INIT_RIPAS with a base that is no granule is an RTT error', () => {
    const lab = fresh();
    expect(told(lab, 'RMI_RTT_INIT_RIPAS', lab.realm.rd, RAM + 0x5008, RAM + 0x7000)).toBe('RMI_ERROR_RTT 3');
  });

  it('25: the answer of a Host call to a page that became EMPTY is dropped: an input error', () => {
    const lab = new Lab({ guests: [[smc(Rsi.HOST_CALL, RAM)], [ripasSet(RAM, RAM + 0x1000, 0)]] });
    lab.enter();
    lab.enter({}, 1);
    lab.rmi('RMI_RTT_SET_RIPAS', lab.realm.rd, lab.vcpu(1).rec, RAM, RAM + 0x1000);
    expect(lab.enter({ gprs: [9n] }).exit).toEqual(STOPPED);
    expect(xOf(lab.seen[0]?.[0])[0]).toBe(1n);
  });

  it('26: RTT_FOLD gives the table back as DELEGATED', () => {
    const lab = new Lab({ guests: [[]] });
    lab.do(lab.host.mapTables(lab.realm, GIB, 3));
    const { status, x } = lab.rmi('RMI_RTT_FOLD', lab.realm.rd, GIB, 3);
    const table = lab.realm.tables.get(`3:${GIB}`) as number;
    expect([status, x[1]]).toEqual(['RMI_SUCCESS', BigInt(table)]);
    expect(told(lab, 'RMI_GRANULE_UNDELEGATE', table)).toBe('RMI_SUCCESS 0');
  });

  it('27: a PSCI exit shows the function and the target, and no other argument', () => {
    const lab = new Lab({ guests: [[smc(0xc400_0004, 1n, 0n, 0x33n), smc(0xc400_0003, 1n, 0x2000, 0x44n)], []] });
    expect(lab.enter().exit).toEqual(record({ reason: 3, gprs: [0xc400_0004n, 1n] }));
    lab.rmi('RMI_PSCI_COMPLETE', lab.vcpu(0).rec, lab.vcpu(1).rec, 0);
    expect(lab.enter().exit).toEqual(record({ reason: 3, gprs: [0xc400_0003n, 1n] }));
  });

  it('28: top inside a live block is ipa itself', () => {
    const lab = new Lab({ guests: [[]] });
    lab.do(lab.host.mapTables(lab.realm, SHARED, 2));
    lab.rmi('RMI_RTT_MAP_UNPROTECTED', lab.realm.rd, SHARED + 0x20_0000, 2, 0x9000_00d8);
    const { status, index, x } = lab.rmi('RMI_RTT_UNMAP_UNPROTECTED', lab.realm.rd, SHARED + 0x20_7000, 3);
    expect([status, index, x[1]]).toEqual(['RMI_ERROR_RTT', 2, BigInt(SHARED + 0x20_7000)]);
  });

  it('29: a List Register with HW is refused, whatever its state', () => {
    const lab = new Lab({ guests: [[]] });
    for (const state of [0n, 1n, 2n, 3n])
      expect(lab.enter({ lrs: [(state << 62n) | (1n << 61n) | 40n] }).status).toBe('RMI_ERROR_REC');
  });

  it('30: the Unknown exception for HVC is reported at the HVC', () => {
    const lab = new Lab({ guests: [[{ op: 'wfe' }, { op: 'hvc' }, { op: 'mrs', reg: 'elr_el1' }]] });
    lab.enter();
    expect(lab.rec().reg(slotOf('esr_el1'))).toBe(1n << 25n);
    expect(valueOf(lab.seen[0]?.[2])).toBe(BigInt(ENTRY) + 4n);
  });

  it('31: an instruction abort does not show FnV', () => {
    const exit = take(0x20, (1 << 10) | 0x07, [], { hpfar: hpfarOf(UNBACKED), far: BigInt(UNBACKED) });
    expect(exit).toEqual(record({ esr: (0x20n << 26n) | 7n, hpfar: hpfarOf(UNBACKED) }));
    const data = take(0x24, (1 << 10) | 0x07, [], { hpfar: hpfarOf(UNBACKED), far: BigInt(UNBACKED) });
    expect(data).toEqual(record({ esr: dataAbort(7) | (1n << 10n), hpfar: hpfarOf(UNBACKED) }));
  });

  it('32: inject_sea with emul_mmio injects after an abort at an Unprotected IPA, and else emul_mmio decides', () => {
    const both = Flag.injectSea | Flag.emulMmio;
    for (const action of [load(SHARED, 4, { reg: 3 }), load(SHARED, 4)]) {
      const lab = new Lab({ guests: [[action]] });
      lab.enter();
      expect(lab.enter({ flags: both }).exit).toEqual(STOPPED);
      expect(lab.seen[0]?.[0]).toMatchObject({ kind: 'fault', fault: { fsc: 0x10 } });
      expect(lab.enter({ flags: both }).status).toBe('RMI_ERROR_REC');
    }
    const lab = new Lab({ guests: [[load(UNBACKED, 4)]] });
    lab.enter();
    expect(lab.enter({ flags: both })).toMatchObject({ status: 'RMI_ERROR_REC', index: 0 });
  });
});
