// Where an access of a Realm ends: it works, the Realm takes it, or the Host does. RMM 1.0 sections 6.12, 7.7 and 7.8.

import { describe, expect, it } from 'vitest';
import type { Action, Outcome } from '../../src/arch/action.ts';
import {
  Flag,
  IPA_BITS,
  Lab,
  EMPTY,
  RAM,
  Rsi,
  SHARED,
  STOPPED,
  UNBACKED,
  dataAbort,
  fetch,
  fields,
  hpfarOf,
  instructionAbort,
  load,
  record,
  smc,
  store,
} from './realm-lab.ts';

const SEA = { data: 0x9600_0210n, fetch: 0x8600_0210n };
const DEVICE = SHARED + 0x20_0000;
const READ_ONLY = SHARED + 0x20_1000;
const WRITE_ONLY = SHARED + 0x20_2000;
const NOTHING = SHARED + 0x20_3000;
const MAPPED = SHARED + 0x20_4000;
const DESTROYED = RAM + 0x2000;
const HOLE = SHARED + 0x20_5000;
const EMPTY_PAGE = RAM + 0x1000;

/** A realm that has one page of each kind; what the guest does is the test's. */
function land(actions: readonly Action[]): Lab {
  const lab = new Lab({ guests: [actions], layout: {} });
  const { host, realm } = lab;
  lab.do(host.mapTables(realm, DEVICE, 3));
  const page = host.pool.take();
  lab.driver.write(page, 0x1122_3344_5566_7788n);
  const map = (ipa: number, desc: number) =>
    expect(lab.rmi('RMI_RTT_MAP_UNPROTECTED', realm.rd, ipa, 3, desc).status).toBe('RMI_SUCCESS');
  map(READ_ONLY, page + 0x58);
  map(WRITE_ONLY, page + 0x98);
  map(NOTHING, page + 0x18);
  map(MAPPED, page + 0xd8);
  map(HOLE, 0x40_0000_0000 + 0xd8);
  const data = realm.data.get(DESTROYED) as number;
  expect(lab.rmi('RMI_DATA_DESTROY', realm.rd, DESTROYED).status).toBe('RMI_SUCCESS');
  realm.data.delete(DESTROYED);
  lab.do(host.undelegate(data));
  return lab;
}

type End = 'works' | 'sea' | { readonly fsc: number; readonly isv?: boolean };
const sizes = [1, 2, 4, 8, 16] as const;
// prettier-ignore
const rows: readonly (readonly [string, number, 'load' | 'store' | 'fetch', End])[] = [
  ['Protected, EMPTY and UNASSIGNED',          EMPTY,      'load',  'sea'],
  ['Protected, EMPTY and UNASSIGNED',          EMPTY,      'store', 'sea'],
  ['Protected, EMPTY and UNASSIGNED',          EMPTY,      'fetch', 'sea'],
  ['Protected, RAM and ASSIGNED',              RAM,        'load',  'works'],
  ['Protected, RAM and ASSIGNED',              RAM,        'store', 'works'],
  ['Protected, RAM and ASSIGNED',              RAM,        'fetch', 'works'],
  ['Protected, RAM and UNASSIGNED',            UNBACKED,   'load',  { fsc: 0x07 }],
  ['Protected, RAM and UNASSIGNED',            UNBACKED,   'store', { fsc: 0x07 }],
  ['Protected, RAM and UNASSIGNED',            UNBACKED,   'fetch', { fsc: 0x07 }],
  ['Protected, DESTROYED',                     DESTROYED,  'load',  { fsc: 0x07 }],
  ['Protected, DESTROYED',                     DESTROYED,  'store', { fsc: 0x07 }],
  ['Protected, DESTROYED',                     DESTROYED,  'fetch', { fsc: 0x07 }],
  ['Unprotected, UNASSIGNED_NS',               DEVICE,     'load',  { fsc: 0x07, isv: true }],
  ['Unprotected, UNASSIGNED_NS',               DEVICE,     'store', { fsc: 0x07, isv: true }],
  ['Unprotected, UNASSIGNED_NS',               DEVICE,     'fetch', 'sea'],
  ['Unprotected, ASSIGNED_NS without write',   READ_ONLY,  'load',  'works'],
  ['Unprotected, ASSIGNED_NS without write',   READ_ONLY,  'store', { fsc: 0x0f, isv: true }],
  ['Unprotected, ASSIGNED_NS without read',    WRITE_ONLY, 'load',  { fsc: 0x0f, isv: true }],
  ['Unprotected, ASSIGNED_NS without read',    WRITE_ONLY, 'store', 'works'],
  ['Unprotected, ASSIGNED_NS without either',  NOTHING,    'load',  { fsc: 0x0f, isv: true }],
  ['Unprotected, ASSIGNED_NS without either',  NOTHING,    'store', { fsc: 0x0f, isv: true }],
  ['Unprotected, ASSIGNED_NS without either',  NOTHING,    'fetch', 'sea'],
  ['Unprotected, ASSIGNED_NS with both',       MAPPED,     'load',  'works'],
  ['Unprotected, ASSIGNED_NS with both',       MAPPED,     'store', 'works'],
  ['Unprotected, ASSIGNED_NS with both',       MAPPED,     'fetch', 'sea'],
];

describe.each(rows)('%s (%#): at 0x%s a %s', (_, at, what, end) => {
  const cases: readonly (readonly [number, Action])[] =
    what === 'fetch'
      ? [[4, fetch(at + 0x100)]]
      : sizes.flatMap((size) =>
          [undefined, 7].map((reg) => {
            const more = reg === undefined ? {} : { reg };
            return [
              size,
              what === 'load' ? load(at + 0x100, size, more) : store(at + 0x100, 0xabn, size, more),
            ] as const;
          }),
        );
  it('ends where the table says, for each size with and without a syndrome', () => {
    const ends = cases.map(([size, action]) => {
      const lab = land([action]);
      const { exit, status } = lab.enter();
      return [size, status, fields(exit), tellOf(lab.seen[0]?.[0])];
    });
    expect(ends).toEqual(
      cases.map(([size, action]) => [size, 'RMI_SUCCESS', ...expected(at, what, size, action, end)]),
    );
  });
});

/** What a guest was told, as far as the table decides it: of an abort EA, FnV and S1PTW beside its code and address. */
const tellOf = (outcome: Outcome | undefined): unknown =>
  outcome?.kind === 'fault'
    ? { ec: outcome.fault.ec, fsc: outcome.fault.fsc, far: outcome.fault.far, bits: outcome.fault.esr & 0x680n }
    : outcome?.kind;

/** The exit and what the guest was told. */
function expected(
  at: number,
  what: 'load' | 'store' | 'fetch',
  size: number,
  action: Action,
  end: End,
): readonly unknown[] {
  const isFetch = what === 'fetch';
  if (end === 'works') return [fields(STOPPED), 'done'];
  if (end === 'sea')
    return [fields(STOPPED), { ec: isFetch ? 0x21 : 0x25, fsc: 0x10, far: BigInt(at + 0x100), bits: 0x200n }];
  const hpfar = hpfarOf(at);
  if (isFetch) return [fields(record({ esr: instructionAbort(end.fsc), hpfar })), undefined];
  const isWrite = what === 'store';
  if (end.isv !== true || !('reg' in action) || size > 8)
    return [fields(record({ esr: dataAbort(end.fsc), hpfar })), undefined];
  const sas = BigInt(Math.log2(size)) << 22n;
  const esr = dataAbort(end.fsc) | (1n << 24n) | sas | (size === 8 ? 1n << 15n : 0n) | (isWrite ? 64n : 0n);
  return [fields(record({ esr, hpfar, far: 0x100n, gprs: [isWrite ? 0xabn : 0n] })), undefined];
}

describe('an access over two pages', () => {
  it.each([
    ['the first', UNBACKED - 4, UNBACKED],
    ['the second', RAM + 0x3000 - 4, DESTROYED],
  ] as const)('of which only %s is there shows the other', (_, at, missing) => {
    for (const action of [load(at, 8), store(at, 1, 8), load(at, 8, { reg: 3 }), load(at, 16)]) {
      const lab = land([action]);
      expect(fields(lab.enter().exit)).toEqual(fields(record({ esr: dataAbort(0x07), hpfar: hpfarOf(missing) })));
      expect(lab.seen[0]).toEqual([]);
    }
  });

  it('moves no byte before both are there', () => {
    const lab = land([store(UNBACKED - 4, -1n & 0xffff_ffff_ffff_ffffn, 8), load(UNBACKED - 8, 8), load(UNBACKED, 8)]);
    lab.enter();
    lab.do(lab.host.populateUnknown(lab.realm, UNBACKED));
    lab.enter();
    const values = lab.seen[0]?.slice(1, 3).map((outcome) => (outcome.kind === 'done' ? outcome.value : undefined));
    expect(values?.[0]).toBe(0xffff_ffff_0000_0000n);
    expect((values?.[1] as bigint) & 0xffff_ffffn).toBe(0xffff_ffffn);
  });

  it('from Realm memory into a device shows the page of the device and the offset zero', () => {
    const lab = land([load(MAPPED + 0xffc, 8, { reg: 4 })]);
    lab.rmi('RMI_RTT_UNMAP_UNPROTECTED', lab.realm.rd, HOLE, 3);
    const esr = dataAbort(0x07) | (1n << 24n) | (3n << 22n) | (1n << 15n);
    expect(fields(lab.enter().exit)).toEqual(fields(record({ esr, hpfar: hpfarOf(HOLE) })));
  });
});

describe('an IPA beyond the Realm', () => {
  it.each([2 ** IPA_BITS, 2 ** IPA_BITS + 0x1238, 2 ** 47])(
    '%d is an Address Size Fault at level 0 for the Realm',
    (at) => {
      for (const action of [load(at, 4, { reg: 2 }), store(at, 1, 4), fetch(at - (at % 4))]) {
        const lab = land([action]);
        expect(lab.enter().exit).toEqual(STOPPED);
        const ec = action.op === 'fetch' ? 0x21n : 0x25n;
        const wnr = action.op === 'store' ? 64n : 0n;
        const esr = (ec << 26n) | (1n << 25n) | wnr;
        expect(lab.seen[0]?.[0]).toMatchObject({ kind: 'fault', fault: { far: BigInt(at), esr } });
      }
    },
  );

  it.each([2n ** 48n, 2n ** 63n, 2n ** 64n - 8n])('0x%s is one that the PE finds by itself', (at) => {
    const lab = land([{ op: 'load', at, size: 8 }]);
    expect(lab.enter().exit).toEqual(STOPPED);
    expect(lab.seen[0]?.[0]).toMatchObject({ kind: 'fault', fault: { far: at, fsc: 0, ec: 0x25 } });
  });
});

describe('shared memory', () => {
  it('that nothing answers at is an external abort: the Realm takes it, and the Host learns that it happened', () => {
    const lab = land([load(HOLE, 8, { reg: 3 })]);
    const { exit } = lab.enter();
    expect(fields(exit)).toEqual(fields(record({ esr: dataAbort(0x10) })));
    expect(lab.enter({ flags: Flag.emulMmio }).status).toBe('RMI_ERROR_REC');
    expect(lab.enter().exit).toEqual(STOPPED);
    expect(lab.seen[0]?.[0]).toMatchObject({ kind: 'fault', fault: { esr: SEA.data, far: BigInt(HOLE) } });
  });

  it('that the Host has meanwhile delegated is a granule protection fault, and no byte of it', () => {
    const lab = land([load(MAPPED, 8, { reg: 3 }), load(RAM, 8)]);
    const entry = lab.rmi('RMI_RTT_READ_ENTRY', lab.realm.rd, MAPPED, 3);
    const page = Number((entry.x[3] as bigint) & ~0xfffn);
    expect(lab.rmi('RMI_GRANULE_DELEGATE', page).status).toBe('RMI_SUCCESS');
    const entered = lab.enter();
    expect(lab.seen[0]?.[0]).toMatchObject({ kind: 'fault', fault: { ec: 0x25, fsc: 0x28, far: BigInt(MAPPED) } });
    expect([entered.status, lab.machine.end]).toEqual(['RMI_SUCCESS', undefined]);
  });

  it('lets what the Host writes through, and shows the Host what the Realm writes', () => {
    const lab = land([load(MAPPED, 8), store(MAPPED, 5n, 2), load(READ_ONLY, 8)]);
    lab.enter();
    expect(lab.seen[0]?.map((outcome) => (outcome.kind === 'done' ? outcome.value : 'fault')).slice(0, 3)).toEqual([
      0x1122_3344_5566_7788n,
      0n,
      0x1122_3344_5566_0005n,
    ]);
  });
});

describe('a load from memory of the Realm', () => {
  it.each([
    [1, 0xf8n],
    [2, 0xf7f8n],
    [4, 0xf5f6_f7f8n],
  ] as const)('of %i bytes with a sign fills a W or an X register', (size, low) => {
    const signed = { signed: true } as const;
    const lab = land([
      store(RAM, 0xf1f2_f3f4_f5f6_f7f8n),
      load(RAM, size, { ...signed, reg: 20, isW: true }),
      load(RAM, size, { ...signed, reg: 21 }),
      load(RAM, size, { reg: 22 }),
      load(RAM, size, { reg: 31 }),
    ]);
    lab.enter();
    const wide = BigInt.asIntN(size * 8, low);
    expect([20, 21, 22].map((n) => lab.rec().x(n))).toEqual([BigInt.asUintN(32, wide), BigInt.asUintN(64, wide), low]);
  });
});

describe('a page that the Realm has given up', () => {
  it('is EMPTY for it although the Host keeps the granule there', () => {
    const lab = land([smc(Rsi.IPA_STATE_SET, EMPTY_PAGE, EMPTY_PAGE + 0x1000), load(EMPTY_PAGE, 4), fetch(EMPTY_PAGE)]);
    const first = lab.enter();
    const ripas = [BigInt(EMPTY_PAGE), BigInt(EMPTY_PAGE + 0x1000), 0] as const;
    expect(fields(first.exit)).toEqual(fields(record({ reason: 4, ripas })));
    const { rd } = lab.realm;
    expect(lab.rmi('RMI_RTT_SET_RIPAS', rd, lab.vcpu().rec, EMPTY_PAGE, EMPTY_PAGE + 0x1000).status).toBe(
      'RMI_SUCCESS',
    );
    expect(lab.enter().exit).toEqual(STOPPED);
    expect(lab.seen[0]?.slice(1, 3)).toMatchObject([
      { kind: 'fault', fault: { esr: SEA.data } },
      { kind: 'fault', fault: { esr: SEA.fetch } },
    ]);
  });
});
