// The abstract state that conditions speak of, read from a view of the machine: granules, Realms, RECs, translation tables.
// A state is either the one now, or one that was: then memory that changed since shows its old pages.

import {
  decodeLevel0,
  decodeLevel1,
  gpiIndex,
  granuleGpi,
  level0Index,
  level0Size,
  level1Index,
  level1Size,
} from '../../arch/gpt.ts';
import {
  type GranuleTable,
  type MachineView,
  type RealmView,
  type RecView,
  granuleStateNames,
} from '../../machine/view.ts';
import type { Value } from '../../spec/evaluate.ts';
import { enumerations } from '../../spec/generated.ts';
import { type Fields, bytesValue, doublewords } from './values.ts';

export const ENTRIES = 512;
const FRAME = 4096n;
const LEVEL_MAX = 3;
const ripasNames = ['EMPTY', 'RAM', 'DESTROYED'] as const;
const gpiNames = new Map<number, string>(Object.entries(enumerations.Gpt).map(([name, code]) => [code, name]));

/** Where a walk ended. */
export type WalkResult = { readonly level: number; readonly table: bigint; readonly index: number };
/** A table of a Realm: which level it is of and where its first entry begins. */
export type TableInfo = { readonly rd: number; readonly level: number; readonly base: bigint };

export const entrySize = (level: number): bigint => 1n << BigInt(12 + 9 * (LEVEL_MAX - level));

export class State {
  readonly view: MachineView;
  readonly realms: ReadonlyMap<number, RealmView>;
  readonly recs: ReadonlyMap<number, RecView>;
  readonly #granules: readonly GranuleTable[];
  /** Pages as they were, by frame. */
  #old: ReadonlyMap<number, Readonly<Uint8Array>> = new Map();
  #tables: ReadonlyMap<bigint, TableInfo> | undefined;
  #gptTables: ReadonlyMap<number, bigint> | undefined;

  constructor(view: MachineView) {
    this.view = view;
    this.realms = view.realms();
    this.recs = view.recs();
    this.#granules = view.granules().map((bank) => ({ ...bank, states: bank.states.slice() }));
  }

  /** The state is past: these pages were other than they are now. */
  setPast(pages: ReadonlyMap<number, Readonly<Uint8Array>>): void {
    this.#old = pages;
  }

  get granuleTables(): readonly GranuleTable[] {
    return this.#granules;
  }

  // Memory.

  /** The page of an address; undefined where no memory is. */
  page(pa: bigint): Readonly<Uint8Array> | undefined {
    if (pa < 0n || pa >> BigInt(this.view.paBits) !== 0n) return undefined;
    const frame = Number(pa / FRAME);
    return this.#old.get(frame) ?? this.view.page(frame);
  }

  word(pa: bigint): bigint {
    const page = this.page(pa);
    if (page === undefined) return 0n;
    return new DataView(page.buffer, page.byteOffset).getBigUint64(Number(pa % FRAME), true);
  }

  // Granules.

  isDelegable(pa: bigint): boolean {
    return this.#bankOf(pa) !== undefined;
  }

  granuleState(pa: bigint): string {
    const bank = this.#bankOf(pa);
    if (bank === undefined) return 'UNDELEGATED';
    return granuleStateNames[bank.states[Math.floor((Number(pa) - bank.base) / 4096)] as number] as string;
  }

  #bankOf(pa: bigint): GranuleTable | undefined {
    return this.#granules.find(({ base, size }) => pa >= BigInt(base) && pa < BigInt(base + size));
  }

  /** GPI of a granule by a walk of the tables in memory; GPT_NONE where the walk fails. */
  gpt(pa: bigint): Value {
    return gpiNames.get(this.#gpi(pa)) ?? 'GPT_NONE';
  }

  #gpi(pa: bigint): number {
    const config = this.view.gptConfig();
    if (config === undefined || pa >> BigInt(config.t) !== 0n) return config?.enabled === true ? 0 : 15;
    const frame = Number(pa / FRAME);
    const fetch = (tableFrame: number, index: number): [number, number] => {
      const word = this.word(BigInt(tableFrame) * FRAME + 8n * BigInt(index));
      return [Number(word & 0xffff_ffffn), Number(word >> 32n)];
    };
    const level0 = decodeLevel0(config, ...fetch(config.tableFrame, level0Index(frame, config.t, config.s)));
    if (level0.kind !== 'table') return level0.kind === 'block' ? level0.gpi : 0;
    const [lo, hi] = fetch(level0.tableFrame, level1Index(frame, config.s, config.p));
    const level1 = decodeLevel1(config, lo, hi);
    if (level1.kind === 'invalid') return 0;
    return level1.kind === 'contiguous' ? level1.gpi : granuleGpi(lo, hi, gpiIndex(frame, config.p));
  }

  /** The granules that entry `index` of a level 1 table in this frame speaks for; none for other frames. */
  granulesOfGpt(frame: number, index: number): readonly bigint[] {
    const config = this.view.gptConfig();
    if (config === undefined) return [];
    const framesPerTable = level1Size(config.s, config.p) / 4096;
    const first = this.#level1Tables().get(frame - (frame % framesPerTable));
    if (first === undefined) return [];
    const base = first + BigInt((frame % framesPerTable) * 512 + index) * 16n * FRAME;
    return Array.from({ length: 16 }, (_, n) => base + BigInt(n) * FRAME);
  }

  /** Whether a frame holds a granule protection table. */
  isGptFrame(frame: number): boolean {
    const config = this.view.gptConfig();
    if (config === undefined) return false;
    const level0Frames = Math.ceil(level0Size(config.t, config.s) / 4096);
    if (frame >= config.tableFrame && frame < config.tableFrame + level0Frames) return true;
    return this.granulesOfGpt(frame, 0).length > 0;
  }

  /** First frame of each level 1 table, and the first address that it speaks for. Tables are aligned to their size. */
  #level1Tables(): ReadonlyMap<number, bigint> {
    if (this.#gptTables !== undefined) return this.#gptTables;
    const found = new Map<number, bigint>();
    const config = this.view.gptConfig();
    const count = config === undefined ? 0 : level0Size(config.t, config.s) / 8;
    for (let i = 0; config !== undefined && i < count; i++) {
      const page = this.page(BigInt(config.tableFrame + Math.floor(i / 512)) * FRAME);
      // Most entries are blocks: only what looks like a table is decoded.
      if (page === undefined || ((page[8 * (i % 512)] as number) & 0xf) !== 0b0011) continue;
      const word = this.word(BigInt(config.tableFrame) * FRAME + 8n * BigInt(i));
      const entry = decodeLevel0(config, Number(word & 0xffff_ffffn), Number(word >> 32n));
      if (entry.kind === 'table') found.set(entry.tableFrame, BigInt(i) << BigInt(config.s));
    }
    this.#gptTables = found;
    return found;
  }

  // Realms and RECs.

  realm(rd: bigint): Fields | undefined {
    const realm = this.granuleState(rd) === 'RD' && rd % FRAME === 0n ? this.realms.get(Number(rd)) : undefined;
    return realm === undefined ? undefined : realmFields(realm);
  }

  rec(pa: bigint): Fields | undefined {
    const rec = this.granuleState(pa) === 'REC' && pa % FRAME === 0n ? this.recs.get(Number(pa)) : undefined;
    return rec === undefined ? undefined : recFields(rec);
  }

  // Translation tables.

  /** The walk for an IPA; undefined if there is no such Realm, IPA or level. */
  walk(rd: bigint, ipa: bigint, level: bigint): WalkResult | undefined {
    const realm = this.realm(rd) === undefined ? undefined : this.realms.get(Number(rd));
    if (realm === undefined || ipa < 0n || ipa >> BigInt(realm.ipaBits) !== 0n) return undefined;
    if (level < BigInt(realm.startLevel) || level > BigInt(LEVEL_MAX)) return undefined;
    let at = realm.startLevel;
    const first = ipa / entrySize(at);
    let table = BigInt(realm.rttBase) + (first / 512n) * FRAME;
    let index = Number(first % 512n);
    for (;;) {
      const entry = this.entry(table, index, at, realm.lpa2);
      if (BigInt(at) === level || entry['state'] !== 'TABLE') return { level: at, table, index };
      table = entry['addr'] as bigint;
      at++;
      index = Number((ipa / entrySize(at)) % 512n);
    }
  }

  /** An entry of a table that belongs to a Realm; undefined for any other granule. */
  entryOf(table: bigint, index: number): Fields | undefined {
    const info = this.tables().get(table);
    if (info === undefined || this.granuleState(table) !== 'RTT' || index < 0 || index >= ENTRIES) return undefined;
    const realm = this.realms.get(info.rd) as RealmView;
    return this.entry(table, index, info.level, realm.lpa2);
  }

  /** The state in the descriptor at a place; RMM 1.0 section 6.3. */
  entry(table: bigint, index: number, level: number, lpa2: boolean): Fields {
    return entryFields(this.word(table + 8n * BigInt(index)), level, lpa2);
  }

  /** All tables of all Realms, found from their starting tables. */
  tables(): ReadonlyMap<bigint, TableInfo> {
    if (this.#tables !== undefined) return this.#tables;
    const found = new Map<bigint, TableInfo>();
    const visit = (rd: number, lpa2: boolean, table: bigint, level: number, base: bigint): void => {
      if (found.has(table)) return;
      found.set(table, { rd, level, base });
      const page = this.page(table);
      if (page === undefined || level >= LEVEL_MAX) return;
      for (let i = 0; i < ENTRIES; i++) {
        if (((page[8 * i] as number) & 0b11) !== 0b11) continue;
        const { state, addr } = this.entry(table, i, level, lpa2);
        if (state === 'TABLE') visit(rd, lpa2, addr as bigint, level + 1, base + BigInt(i) * entrySize(level));
      }
    };
    for (const { rd, lpa2, rttBase, numStart, startLevel } of this.realms.values()) {
      for (let n = 0n; n < BigInt(numStart); n++)
        visit(rd, lpa2, BigInt(rttBase) + n * FRAME, startLevel, n * 512n * entrySize(startLevel));
    }
    this.#tables = found;
    return found;
  }

  /** The Realm memory behind a Protected IPA. */
  realmPage(rd: bigint, ipa: bigint): bigint | undefined {
    const walk = this.walk(rd, ipa, BigInt(LEVEL_MAX));
    const realm = this.realms.get(Number(rd));
    if (walk === undefined || realm === undefined) return undefined;
    const { state, ripas, addr } = this.entry(walk.table, walk.index, walk.level, realm.lpa2);
    if (state !== 'ASSIGNED' || ripas !== 'RAM') return undefined;
    return (addr as bigint) + (ipa % entrySize(walk.level));
  }
}

/** A descriptor as an entry: valid ones are mappings or tables, the others carry HIPAS, RIPAS and the half they belong to. */
export function entryFields(word: bigint, level: number, lpa2: boolean): Fields {
  const type = word & 0b11n;
  const isNs = ((word >> 55n) & 1n) === 1n;
  const addr = lpa2 ? (word & 0x3_ffff_ffff_f000n) | (((word >> 8n) & 0b11n) << 50n) : word & 0xffff_ffff_f000n;
  if (type === 0b11n && level < LEVEL_MAX)
    return { state: 'TABLE', ripas: undefined, addr, mem_attr: undefined, s2ap: undefined };
  if (type !== 0n) {
    if (!isNs) return { state: 'ASSIGNED', ripas: 'RAM', addr, mem_attr: undefined, s2ap: undefined };
    return {
      state: 'ASSIGNED_NS',
      ripas: undefined,
      addr,
      mem_attr: (word >> 2n) & 0b111n,
      s2ap: (word >> 6n) & 0b11n,
    };
  }
  if (isNs) return { state: 'UNASSIGNED_NS', ripas: undefined, addr: undefined, mem_attr: undefined, s2ap: undefined };
  const ripas = ripasNames[Number((word >> 5n) & 0b11n)] ?? (word >> 5n) & 0b11n;
  const isAssigned = ((word >> 2n) & 1n) === 1n;
  return {
    state: isAssigned ? 'ASSIGNED' : 'UNASSIGNED',
    ripas,
    addr: isAssigned ? addr : undefined,
    mem_attr: undefined,
    s2ap: undefined,
  };
}

export function realmFields(realm: RealmView): Fields {
  return {
    state: realm.state,
    ipa_width: BigInt(realm.ipaBits),
    feat_lpa2: realm.lpa2,
    hash_algo: realm.hashAlgo,
    measurements: realm.measurements.map(doublewords),
    rec_index: BigInt(realm.recIndex),
    num_recs: BigInt(realm.numRecs),
    rtt_base: BigInt(realm.rttBase),
    rtt_level_start: BigInt(realm.startLevel),
    rtt_num_start: BigInt(realm.numStart),
    vmid: BigInt(realm.vmid),
    rpv: bytesValue(realm.rpv),
  };
}

/** RmiRecMpidr of an index. */
const mpidrOf = (index: number): bigint => {
  const i = BigInt(index);
  return (i & 0xfn) | (((i >> 4n) & 0xffn) << 8n) | (((i >> 12n) & 0xffn) << 16n) | (((i >> 20n) & 0xffn) << 24n);
};

export function recFields(rec: RecView): Fields {
  return {
    owner: BigInt(rec.rd),
    state: rec.runningOn === undefined ? 'REC_READY' : 'REC_RUNNING',
    runnable: rec.isRunnable,
    mpidr: mpidrOf(rec.index),
    gprs: rec.x,
    pc: rec.pc,
    pstate: rec.pstate,
    esr_el1: rec.esrEl1,
    elr_el1: rec.elrEl1,
    spsr_el1: rec.spsrEl1,
    vbar_el1: rec.vbarEl1,
    aux: rec.aux.map(BigInt),
    psci_pending: rec.isPsciPending,
    host_call_pending: rec.hostCall !== undefined,
    emulatable_abort: rec.isEmulatable,
    unprotected_abort: rec.isUnprotectedAbort,
    last_abort: rec.isEmulatable ? abortFields(rec.abortEsr) : undefined,
    ripas_addr: BigInt(rec.ripas.addr),
    ripas_top: BigInt(rec.ripas.top),
    ripas_value: ripasNames[rec.ripas.value] ?? BigInt(rec.ripas.value),
    ripas_destroyed: rec.ripas.destroyed ? 'CHANGE_DESTROYED' : 'NO_CHANGE_DESTROYED',
    trap_wfi: rec.trapWfi,
    trap_wfe: rec.trapWfe,
    attest_state: rec.attest === undefined ? 'NO_ATTEST_IN_PROGRESS' : 'ATTEST_IN_PROGRESS',
    attest_challenge: rec.attest === undefined ? undefined : doublewords(rec.attest.challenge),
    attest_written: rec.attest === undefined ? undefined : BigInt(rec.attest.sent),
  };
}

/** ESR_ELx of a data abort with a valid syndrome: WnR 6, SF 15, SRT [20:16], SSE 21, SAS [23:22]. */
const abortFields = (esr: bigint): Fields => ({
  is_write: ((esr >> 6n) & 1n) === 1n,
  srt: (esr >> 16n) & 0x1fn,
  size: 1n << ((esr >> 22n) & 0b11n),
  is_sign_extended: ((esr >> 21n) & 1n) === 1n,
  is_64bit: ((esr >> 15n) & 1n) === 1n,
});
