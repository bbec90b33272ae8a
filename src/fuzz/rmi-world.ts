// A small machine with Realms in every state, RECs that wait for everything a REC can wait for, and tables of each shape:
// the ground on which calls are varied. Built by calls alone.

import type { Outcome } from '../arch/action.ts';
import { type FidName, Fid } from '../arch/smccc.ts';
import { Gpi } from '../arch/gpi.ts';
import { World } from '../arch/world.ts';
import { assert } from '../base/assert.ts';
import { hex } from '../base/hex.ts';
import type { MachineDescription } from '../machine/description.ts';
import type { Driver } from '../machine/driver.ts';
import { Machine } from '../machine/machine.ts';
import { baseMachine } from '../machine/machines/base.ts';

const MiB = 2 ** 20;
export const GRANULE = 0x1000n;
const AUX = 16;

/** The base machine with little memory for Realms, so that all of it can be compared after every call. */
export const smallMachine: MachineDescription = {
  ...baseMachine,
  name: 'small',
  pes: 3,
  banks: [
    { base: 0x8800_0000, size: 24 * MiB },
    { base: 0x8_8000_0000, size: 2 * MiB },
  ],
};

const TABLES = 0xa_0000_0000;
const L1_TABLE = 8 * MiB;

/** Has bits 48 and 51: with LPA2 they stand in different places of a descriptor, without it nowhere. */
export const FAR = 2 ** 51 + 2 ** 48;

/** With 52-bit addresses and a bank above 2^48, which a Realm without LPA2 cannot reach. */
export const wideMachine: MachineDescription = {
  ...smallMachine,
  name: 'wide',
  paBits: 52,
  ram: [
    ...baseMachine.ram.filter(({ name }) => name !== 'upper DRAM'),
    { name: 'tables', base: TABLES, size: 3 * L1_TABLE, fill: 0 },
    { name: 'far DRAM', base: FAR, size: 2 * MiB, fill: 0 },
  ],
  gpt: {
    ...baseMachine.gpt,
    ppsBits: 52,
    l0Bits: 36,
    l0Base: TABLES,
    l0Size: 512 * 1024,
    l1Base: TABLES + L1_TABLE,
    l1Size: 2 * L1_TABLE,
    regions: [
      ...baseMachine.gpt.regions.filter(({ base }) => base < 0x8_0000_0000),
      { name: 'tables', base: TABLES, size: 3 * L1_TABLE, gpi: 'ROOT', how: 'granule' },
      { name: 'far DRAM', base: FAR, size: 2 * MiB, gpi: 'NON_SECURE', how: 'granule' },
    ],
  },
  banks: [
    { base: 0x8800_0000, size: 24 * MiB },
    { base: FAR, size: 2 * MiB },
  ],
};

/** Fields of a structure page, by offset: a value and how many bytes it has. */
export type PageFields = readonly (readonly [offset: number, value: bigint, size: number])[];

export function pageOf(fields: PageFields): Uint8Array {
  const page = new Uint8Array(4096);
  for (const [offset, value, size] of fields) {
    for (let i = 0; i < size; i++) page[offset + i] = Number((value >> BigInt(8 * i)) & 0xffn);
  }
  return page;
}

export type RealmShape = {
  readonly ipaBits: number;
  readonly startLevel: number;
  readonly tables: number;
  readonly hash?: 0 | 1;
  readonly vmid: number;
  readonly flags?: number;
};

/** RmiRealmParams of a shape, with its tables at an address. */
export const realmParams = (
  { ipaBits, startLevel, tables, hash = 0, vmid, flags = 0 }: RealmShape,
  rttBase: bigint,
): PageFields => [
  [0x000, BigInt(flags), 8],
  [0x008, BigInt(ipaBits), 1],
  [0x018, 5n, 1],
  [0x020, 3n, 1],
  [0x028, 6n, 1],
  [0x030, BigInt(hash), 1],
  [0x400, 0x1122_3344n, 8],
  [0x800, BigInt(vmid), 2],
  [0x808, rttBase, 8],
  [0x810, BigInt(startLevel), 8],
  [0x818, BigInt(tables), 4],
];

/** RmiRecParams of the n-th REC. Its first instruction is in the page at IPA 0. */
export const recParams = (index: number, aux: readonly bigint[], isRunnable = true): PageFields => [
  [0x000, isRunnable ? 1n : 0n, 8],
  [0x100, BigInt((index & 0xf) | ((index >> 4) << 8)), 8],
  [0x200, 0x40n, 8],
  [0x300, 0xabcdn, 8],
  [0x800, BigInt(aux.length), 8],
  ...aux.map((pa, i): [number, bigint, number] => [0x808 + 8 * i, pa, 8]),
];

/** The world's granules and pages by name. */
export type Places = Readonly<Record<string, bigint>>;

/** Builds by calls; every one of them has to succeed. */
export class WorldBuilder {
  readonly machine: Machine;
  readonly host: Driver;
  readonly #end: bigint;
  #next: bigint;
  /** A page of the Host for parameters, and one for contents. */
  readonly params: bigint;
  readonly source: bigint;

  /** Granules that it delegated, in order. */
  readonly delegated: bigint[] = [];

  /** Takes memory from an address on; left out, from the first bank behind its first MiB. */
  constructor(machine: Machine, first?: bigint) {
    this.machine = machine;
    this.host = machine.host();
    const { banks } = machine.description;
    this.#next = first ?? BigInt(banks[0]?.base ?? 0) + BigInt(MiB);
    const bank = banks.find(({ base, size }) => this.#next >= BigInt(base) && this.#next < BigInt(base + size));
    assert(bank !== undefined, 'a world lies in a bank');
    this.#end = BigInt(bank.base) + BigInt(bank.size);
    this.params = this.page();
    this.source = this.page();
    this.fill(this.source, pageOf([[0, 0x1122_3344_5566_7788n, 8]]));
  }

  /** A page of the Host, aligned to `count` pages. */
  page(count = 1n): bigint {
    const size = count * GRANULE;
    this.#next += (size - (this.#next % size)) % size;
    const at = this.#next;
    this.#next += size;
    assert(this.#next <= this.#end, 'the world fits its bank');
    return at;
  }

  /** Contents, from outside the machine. */
  fill(pa: bigint, bytes: Uint8Array): void {
    this.machine.memory.load(Number(pa / GRANULE), 0, bytes);
  }

  must(name: FidName, ...args: readonly (bigint | number)[]): readonly bigint[] {
    const x = this.host.smc(name, ...args);
    assert(x[0] === 0n, `${name} ${args.map((arg) => hex(BigInt(arg))).join(' ')} returns ${hex(x[0] as bigint)}`);
    return x;
  }

  delegate(count = 1n): bigint {
    const at = this.page(count);
    for (let i = 0n; i < count; i++) {
      this.must('RMI_GRANULE_DELEGATE', at + i * GRANULE);
      this.delegated.push(at + i * GRANULE);
    }
    return at;
  }

  realm(shape: RealmShape): bigint {
    const rtt = this.delegate(BigInt(shape.tables));
    const rd = this.delegate();
    this.fill(this.params, pageOf(realmParams(shape, rtt)));
    this.must('RMI_REALM_CREATE', rd, this.params);
    return rd;
  }

  table(rd: bigint, ipa: bigint, level: number): bigint {
    const rtt = this.delegate();
    this.must('RMI_RTT_CREATE', rd, rtt, ipa, level);
    return rtt;
  }

  data(rd: bigint, ipa: bigint): bigint {
    const data = this.delegate();
    this.must('RMI_DATA_CREATE', rd, data, ipa, this.source, 1);
    return data;
  }

  unknown(rd: bigint, ipa: bigint): bigint {
    const data = this.delegate();
    this.must('RMI_DATA_CREATE_UNKNOWN', rd, data, ipa);
    return data;
  }

  /** 512 contiguous pages below a level 3 table, which is there already. */
  block(rd: bigint, ipa: bigint): bigint {
    const first = this.delegate(512n);
    for (let i = 0n; i < 512n; i++) this.must('RMI_DATA_CREATE_UNKNOWN', rd, first + i * GRANULE, ipa + i * GRANULE);
    return first;
  }

  rec(rd: bigint, index: number, isRunnable = true): bigint {
    const rec = this.delegate();
    const aux = Array.from({ length: AUX }, () => this.delegate());
    this.fill(this.params, pageOf(recParams(index, aux, isRunnable)));
    this.must('RMI_REC_CREATE', rd, rec, this.params);
    return rec;
  }

  /** Enters a REC and lets its Realm do one thing that makes it exit. */
  exit(rec: bigint, run: bigint, act: (realm: Driver) => Outcome, pe = 0): void {
    const driver = this.machine.driver(pe);
    this.enter(rec, run, pe);
    const outcome = act(driver);
    assert(outcome.kind === 'moved', 'the REC exits');
  }

  enter(rec: bigint, run: bigint, pe = 0): void {
    const outcome = this.machine.driver(pe).perform({ op: 'smc', x: registers([BigInt(Fid.RMI_REC_ENTER), rec, run]) });
    assert(outcome.kind === 'moved', 'the REC runs');
  }
}

/** Eight registers at least, zeros behind. */
export function registers(x: readonly bigint[]): readonly bigint[] {
  return [...x, ...Array.from({ length: Math.max(8 - x.length, 0) }, () => 0n)];
}

/** A call of a Realm. */
const realmCall = (fid: number, ...args: readonly bigint[]) =>
  ({ op: 'smc', x: registers([BigInt(fid), ...args]) }) as const;

const U = 2n ** 39n;
const L2 = 2n ** 21n;
const L1 = 2n ** 30n;
const RealmFid = { IPA_STATE_SET: 0xc400_0197, HOST_CALL: 0xc400_0199, TOKEN_INIT: 0xc400_0194 } as const;

/** IPAs of the full map, by what is there. */
// prettier-ignore
export const ipas: Readonly<Record<string, bigint>> = {
  data: 0n, assignedEmpty: 0x1000n, holeRam: 0x2000n, holeEmpty: 0x3000n, holeDestroyed: 0x4000n, assignedDestroyed: 0x5000n,
  level2Empty: L2, level2Ram: 2n * L2, tableEmpty: 3n * L2, tableRam: 4n * L2, tableDestroyed: 5n * L2, level2Destroyed: 6n * L2,
  block: 7n * L2, level1Empty: L1, level2Table: 2n * L1, lastPage: U - 0x1000n,
  shared: U, sharedOther: U + 0x1000n, sharedHole: U + 0x2000n, sharedBlock: U + L2, sharedBlockTable: U + 2n * L2,
  sharedEmptyTable: U + 3n * L2, sharedLevel2: U + 4n * L2, sharedLevel1Block: U + L1, sharedLevel1: U + 2n * L1, top: 2n * U,
};

/** Tables of each shape, pages and holes with each RIPAS, Unprotected mappings. */
function fullMap(b: WorldBuilder, rd: bigint, hasBlock: boolean): Record<string, bigint> {
  b.table(rd, 0n, 2);
  const l3 = b.table(rd, 0n, 3);
  b.must('RMI_RTT_INIT_RIPAS', rd, 0x2000, 0x3000);
  const data = b.data(rd, 0n);
  b.unknown(rd, 0x1000n);
  for (const ipa of [0x4000n, 0x5000n]) {
    b.data(rd, ipa);
    b.must('RMI_DATA_DESTROY', rd, ipa);
  }
  b.unknown(rd, 0x5000n);
  b.must('RMI_RTT_INIT_RIPAS', rd, 2n * L2, 3n * L2);
  b.table(rd, 3n * L2, 3);
  b.must('RMI_RTT_INIT_RIPAS', rd, 4n * L2, 5n * L2);
  b.table(rd, 4n * L2, 3);
  for (const ipa of [5n * L2, 6n * L2]) {
    b.table(rd, ipa, 3);
    b.must('RMI_RTT_DESTROY', rd, ipa, 3);
  }
  b.table(rd, 5n * L2, 3);
  if (hasBlock) {
    b.must('RMI_RTT_INIT_RIPAS', rd, 7n * L2, 8n * L2);
    b.table(rd, 7n * L2, 3);
    b.block(rd, 7n * L2);
    b.must('RMI_RTT_FOLD', rd, 7n * L2, 3);
  }
  b.table(rd, 2n * L1, 2);
  b.table(rd, U, 2);
  b.table(rd, U, 3);
  b.must('RMI_RTT_MAP_UNPROTECTED', rd, U, 3, b.source | 0xd8n);
  b.must('RMI_RTT_MAP_UNPROTECTED', rd, U + 0x1000n, 3, b.params | 0x54n);
  b.must('RMI_RTT_MAP_UNPROTECTED', rd, U + L2, 2, 0x8800_0000n | 0xd8n);
  b.must('RMI_RTT_MAP_UNPROTECTED', rd, U + 2n * L2, 2, 0x8820_0000n | 0xd8n);
  b.table(rd, U + 2n * L2, 3);
  b.table(rd, U + 3n * L2, 3);
  b.must('RMI_RTT_MAP_UNPROTECTED', rd, U + L1, 1, 0x8000_0000n | 0x58n);
  return { data, l3 };
}

export type RmiWorld = { readonly machine: Machine; readonly places: Places; readonly builder: WorldBuilder };

/** Pages of other worlds, and one of the Host that no bank has: the small machine's own map. */
const elsewhere = {
  outside: 0x9000_0000n,
  secure: 0xfc00_0000n,
  realmImage: 0xfdc0_0000n,
  root: 0xffc0_0000n,
  device: 0x1c09_0000n,
} as const;

export function buildWorld(description: MachineDescription = smallMachine): RmiWorld {
  const machine = Machine.boot(description);
  const b = new WorldBuilder(machine);
  const places: Record<string, bigint> = { ...elsewhere, params: b.params, source: b.source };
  places['hostPage'] = b.page();
  places['run'] = b.page();
  places['otherRun'] = b.page();
  // Granules of the bank that EL3 gave to Secure and Root world meanwhile.
  places['secureGranule'] = giveAway(b, Gpi.Secure);
  places['free'] = b.delegate(16n);
  places['spare'] = b.delegate();

  const shape = { ipaBits: 40, startLevel: 1, tables: 2 };
  const full = b.realm({ ...shape, vmid: 1 });
  const { data, l3 } = fullMap(b, full, true);
  Object.assign(places, {
    newRealm: full,
    newData: data,
    newTable: l3,
    newRec: b.rec(full, 0),
    newOff: b.rec(full, 1, false),
  });

  const active = b.realm({ ...shape, vmid: 2, hash: 1 });
  const map = fullMap(b, active, false);
  const recs = Array.from({ length: 11 }, (_, i) => b.rec(active, i, i !== 1));
  b.must('RMI_REALM_ACTIVATE', active);
  Object.assign(places, { activeRealm: active, activeData: map['data'], activeTable: map['l3'] });
  const [ready, off, cpuOn, running, ripas, hostCall, emulatable, unprotected, affinity, guest, second] = recs as [
    bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint,
  ]; // prettier-ignore
  Object.assign(places, {
    ready,
    off,
    cpuOn,
    running,
    ripas,
    hostCall,
    emulatable,
    unprotected,
    affinity,
    guest,
    second,
  });
  places['aux'] = ready + GRANULE;

  const run = places['run'] as bigint;
  b.exit(cpuOn, run, (r) => r.perform(realmCall(Fid.PSCI_CPU_ON64, 1n, 0x100n, 0x77n)));
  b.exit(affinity, run, (r) => r.perform(realmCall(Fid.PSCI_AFFINITY_INFO64, 1n, 0n)));
  b.exit(ripas, run, (r) => r.perform(realmCall(RealmFid.IPA_STATE_SET, 0n, 0x6000n, 1n, 0n)));
  b.exit(hostCall, run, (r) => r.perform(realmCall(RealmFid.HOST_CALL, 0n)));
  b.exit(emulatable, run, (r) => r.perform({ op: 'load', at: U + 0x2010n, size: 4, reg: 5 }));
  b.exit(unprotected, run, (r) => r.perform({ op: 'load', at: U + 0x2000n, size: 16 }));

  const off2 = b.realm({ ...shape, vmid: 3 });
  b.table(off2, 0n, 2);
  b.table(off2, 0n, 3);
  b.data(off2, 0n);
  const [ended, endedToo] = [b.rec(off2, 0), b.rec(off2, 1)];
  b.must('RMI_REALM_ACTIVATE', off2);
  b.exit(ended, run, (r) => r.perform(realmCall(Fid.PSCI_SYSTEM_OFF)));
  Object.assign(places, { offRealm: off2, offRec: ended, offRecToo: endedToo });

  // Nothing in it: it can go. Starting level 2, four tables.
  places['emptyRealm'] = b.realm({ ipaBits: 32, startLevel: 2, tables: 4, vmid: 4, hash: 1 });

  const [, x1 = 0n] = [0n, machine.pes[1]?.get('mpidr_el1') ?? 0n];
  b.must('PSCI_CPU_ON64', x1 & 0xff_00ff_ffffn, BigInt(description.normal.entry), 0n);
  b.enter(running, places['otherRun'] as bigint, 1);
  return { machine, places, builder: b };
}

function giveAway(b: WorldBuilder, gpi: Gpi): bigint {
  const at = b.page();
  const [pe] = b.machine.pes;
  assert(pe !== undefined, 'there is a PE');
  const result = b.machine.monitor.gpt.transition(pe, Number(at), 1, gpi, World.Secure);
  assert(result === 0, 'EL3 moves a granule');
  return at;
}
