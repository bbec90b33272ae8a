// Realm translation tables: stage 2 descriptors in Realm granules, which the MMU walks as they are. RMM 1.0 section 6.
// An entry is decoded from the two halves of its word; nothing is kept beside the bytes.

import { GRANULE_SIZE, type Pa, toPa } from '../arch/address.ts';
import { assert } from '../base/assert.ts';
import type { RealmMemory } from './ports.ts';
import type { Realm } from './realm.ts';

/** Host's half of an entry's state; NS variants belong to the Unprotected half. */
export const Hipas = { UNASSIGNED: 0, ASSIGNED: 1, UNASSIGNED_NS: 2, ASSIGNED_NS: 3, TABLE: 4 } as const;
export type Hipas = (typeof Hipas)[keyof typeof Hipas];

/** Realm's half: what the Realm was promised. */
export const Ripas = { EMPTY: 0, RAM: 1, DESTROYED: 2 } as const;
export type Ripas = (typeof Ripas)[keyof typeof Ripas];

export const ENTRIES = 512;
export const LEVEL_MAX = 3;

/** Bytes that an entry at a level covers. */
export const entrySize = (level: number): number => sizes[level + 1] as number;
/** From level -1 to 3. */
const sizes = [48, 39, 30, 21, 12].map((bits) => 2 ** bits);

/** Whether an entry at this level may map memory. */
export const isBlockOrPageLevel = (level: number): boolean => level >= 1 && level <= LEVEL_MAX;

/** A decoded entry. `attr` is MemAttr [4:2] and S2AP [7:6] of an Unprotected mapping, in place. */
export type RttEntry = { hipas: Hipas; ripas: Ripas; addr: number; attr: number };

const TYPE_TABLE_OR_PAGE = 0b11;
const TYPE_BLOCK = 0b01;
const TYPE_MASK = 0b11;
/** Valid Protected mapping: Normal write-back [4:2], read/write [7:6], AF [10]; Inner Shareable [9:8] without LPA2. */
const PROTECTED_ATTR = 0x4d8;
const SH_INNER = 0x300;
const SH_OUTER = 0x200;
const AF = 0x400;
const ATTR_MASK = 0xdc;
/** Upper half: NS is bit 55, XN [54:53]. */
const NS_HI = 1 << 23;
const XN_HI = 0b10 << 21;
const HIPAS_ASSIGNED = 1 << 2;
const ripasShift = 5;
/** MemAttr [4:2] with FWB: 0b101 Non-cacheable and below are not cacheable. */
const isCacheable = (attr: number): boolean => ((attr >> 2) & 0b111) >= 0b110;

/** Where a walk stopped. One object for ever; valid until the next walk. */
export class Walk {
  level = 0;
  /** The 512-entry table that holds the entry, and the entry's index in it. */
  table: Pa = toPa(0);
  index = 0;
  readonly entry: RttEntry = { hipas: 0, ripas: 0, addr: 0, attr: 0 };
}

export class Rtt {
  readonly #memory: RealmMemory;
  /** A copy of a table, for those who look at all of its entries. */
  readonly #copy = new Uint32Array(2 * ENTRIES);
  readonly #copyBytes = new Uint8Array(this.#copy.buffer);

  constructor(memory: RealmMemory) {
    this.#memory = memory;
  }

  /** Walks for an IPA below 2^w towards a level; stops there or at the first entry that is no TABLE. */
  walk(realm: Realm, ipa: number, level: number, into: Walk): Walk {
    const { startLevel, rttBase } = realm.config;
    let at = startLevel;
    // Concatenated starting tables: the first index is not masked.
    const first = Math.floor(ipa / entrySize(startLevel));
    let table = toPa(rttBase + (first >> 9) * GRANULE_SIZE);
    let index = first & (ENTRIES - 1);
    for (;;) {
      this.read(table, index, at, realm.config.lpa2, into.entry);
      if (at >= level || into.entry.hipas !== Hipas.TABLE) break;
      table = toPa(into.entry.addr);
      at++;
      index = Math.floor(ipa / entrySize(at)) & (ENTRIES - 1);
    }
    into.level = at;
    into.table = table;
    into.index = index;
    return into;
  }

  /** Decodes entry `index` of a table at a level. */
  read(table: Pa, index: number, level: number, lpa2: boolean, into: RttEntry): RttEntry {
    const memory = this.#memory;
    const refused = memory.load(toPa(table + 8 * index), 8);
    assert(refused === 0, 'an RTT is Realm memory');
    return decode(memory.words[0] as number, memory.words[1] as number, level, lpa2, into);
  }

  /** Writes an entry. */
  write(table: Pa, index: number, level: number, lpa2: boolean, entry: Readonly<RttEntry>): void {
    const memory = this.#memory;
    encode(entry, level, lpa2, memory.words);
    const refused = memory.store(toPa(table + 8 * index), 8);
    assert(refused === 0, 'an RTT is Realm memory');
  }

  /** Fills a table with what its parent entry said: unfolding loses nothing. `step` is 0 where there are no addresses. */
  fill(table: Pa, level: number, lpa2: boolean, parent: Readonly<RttEntry>): void {
    const child = { ...parent };
    const isMapping = parent.hipas === Hipas.ASSIGNED || parent.hipas === Hipas.ASSIGNED_NS;
    if (!isMapping) {
      this.fillRun(table, 0, ENTRIES, level, lpa2, child);
      return;
    }
    for (let i = 0; i < ENTRIES; i++) {
      child.addr = parent.addr + i * entrySize(level);
      this.write(table, i, level, lpa2, child);
    }
  }

  /** Fills a run of entries of a table with one that has no address. */
  fillRun(table: Pa, index: number, count: number, level: number, lpa2: boolean, entry: Readonly<RttEntry>): void {
    const words = new Uint32Array(2);
    encode(entry, level, lpa2, words);
    const refused = this.#memory.fill64(toPa(table + 8 * index), count, words[0] as number, words[1] as number);
    assert(refused === 0, 'an RTT is Realm memory');
  }

  /** A table is live when it owns something: an ASSIGNED or TABLE entry. ASSIGNED_NS does not count. */
  isLive(table: Pa): boolean {
    const copy = this.#read(table);
    // Both have one of the bits [2:0] and no NS; UNASSIGNED has none of them, and what is Unprotected has NS.
    for (let i = 0; i < copy.length; i += 2) {
      if (((copy[i] as number) & 0b111) !== 0 && ((copy[i + 1] as number) & NS_HI) === 0) return true;
    }
    return false;
  }

  /**
   * How far a Host may skip: `ipa` itself when the entry there is live, else the base of the next live entry in the table, or the
   * table's end. Here ASSIGNED_NS is live too.
   */
  walkTop(ipa: number, walk: Walk): number {
    const size = entrySize(walk.level);
    const copy = this.#read(walk.table);
    let { index } = walk;
    while (index < ENTRIES && ((copy[2 * index] as number) & 0b111) === 0) index++;
    return index === walk.index ? ipa : ipa - (ipa % size) + (index - walk.index) * size;
  }

  /** What the parent entry becomes when a table folds; undefined when its entries do not say one thing. */
  homogeneous(table: Pa, level: number, lpa2: boolean): RttEntry | undefined {
    const copy = this.#read(table);
    const first = decode(copy[0] as number, copy[1] as number, level, lpa2, scratch());
    const { hipas } = first;
    if (hipas === Hipas.TABLE) return undefined;
    const isMapping = hipas === Hipas.ASSIGNED || hipas === Hipas.ASSIGNED_NS;
    if (isMapping && (level < 2 || first.addr % entrySize(level - 1) !== 0)) return undefined;
    const entry = scratch();
    for (let i = 1; i < ENTRIES; i++) {
      decode(copy[2 * i] as number, copy[2 * i + 1] as number, level, lpa2, entry);
      if (entry.hipas !== hipas || entry.ripas !== first.ripas || entry.attr !== first.attr) return undefined;
      if (isMapping && entry.addr !== first.addr + i * entrySize(level)) return undefined;
    }
    return first;
  }

  #read(table: Pa): Uint32Array {
    const refused = this.#memory.readInto(table, this.#copyBytes);
    assert(refused === 0, 'an RTT is Realm memory');
    return this.#copy;
  }
}

/** An entry to read into. */
export const scratch = (): RttEntry => ({ hipas: 0, ripas: 0, addr: 0, attr: 0 });

/** Decodes a stage 2 descriptor. Invalid ones carry HIPAS [4:2], RIPAS [6:5] and NS, which mark the half. */
export function decode(lo: number, hi: number, level: number, lpa2: boolean, into: RttEntry): RttEntry {
  const addr = addressOf(lo, hi, lpa2);
  const type = lo & TYPE_MASK;
  into.attr = 0;
  into.ripas = Ripas.EMPTY;
  into.addr = addr;
  if (type === TYPE_TABLE_OR_PAGE && level < LEVEL_MAX) {
    into.hipas = Hipas.TABLE;
  } else if (type !== 0) {
    if ((hi & NS_HI) !== 0) {
      into.hipas = Hipas.ASSIGNED_NS;
      into.attr = lo & ATTR_MASK;
    } else {
      into.hipas = Hipas.ASSIGNED;
      into.ripas = Ripas.RAM;
    }
  } else if ((hi & NS_HI) !== 0) {
    into.hipas = Hipas.UNASSIGNED_NS;
    into.addr = 0;
  } else {
    into.hipas = (lo & HIPAS_ASSIGNED) === 0 ? Hipas.UNASSIGNED : Hipas.ASSIGNED;
    into.ripas = ((lo >>> ripasShift) & 0b11) as Ripas;
    if (into.hipas === Hipas.UNASSIGNED) into.addr = 0;
  }
  return into;
}

/** OA [47:12] in place; with LPA2 [49:48] in place and [51:50] at [9:8]. */
function addressOf(lo: number, hi: number, lpa2: boolean): number {
  const upper = lpa2 ? (hi & 0x3ffff) + ((lo >>> 8) & 0b11) * 2 ** 18 : hi & 0xffff;
  return upper * 2 ** 32 + ((lo & 0xffff_f000) >>> 0);
}

function encode(entry: Readonly<RttEntry>, level: number, lpa2: boolean, words: Uint32Array): void {
  const { hipas, ripas, addr, attr } = entry;
  const upper = Math.floor(addr / 2 ** 32);
  let lo = addr % 2 ** 32;
  let hi = lpa2 ? upper & 0x3ffff : upper;
  if (lpa2) lo += ((upper >>> 18) & 0b11) << 8;
  const leaf = level === LEVEL_MAX ? TYPE_TABLE_OR_PAGE : TYPE_BLOCK;
  switch (hipas) {
    case Hipas.TABLE:
      lo += TYPE_TABLE_OR_PAGE;
      break;
    case Hipas.ASSIGNED:
      if (ripas === Ripas.RAM) lo += leaf + PROTECTED_ATTR + (lpa2 ? 0 : SH_INNER);
      else lo += HIPAS_ASSIGNED + (ripas << ripasShift);
      break;
    case Hipas.ASSIGNED_NS:
      lo += leaf + attr + AF + (lpa2 ? 0 : isCacheable(attr) ? SH_INNER : SH_OUTER);
      hi |= NS_HI | XN_HI;
      break;
    case Hipas.UNASSIGNED:
      lo = ripas << ripasShift;
      hi = 0;
      break;
    case Hipas.UNASSIGNED_NS:
      lo = 0;
      hi = NS_HI;
      break;
  }
  words[0] = lo;
  words[1] = hi;
}

/** `desc` of RMI_RTT_READ_ENTRY and RMI_RTT_MAP_UNPROTECTED: address, MemAttr and S2AP, without valid bits. */
export function descriptorOf(entry: Readonly<RttEntry>, lpa2: boolean): number {
  switch (entry.hipas) {
    case Hipas.ASSIGNED:
    case Hipas.TABLE:
    case Hipas.ASSIGNED_NS: {
      if (!lpa2) return entry.addr + entry.attr;
      const upper = Math.floor(entry.addr / 2 ** 32);
      return (upper & 0x3ffff) * 2 ** 32 + (entry.addr % 2 ** 32) + (((upper >>> 18) & 0b11) << 8) + entry.attr;
    }
    default:
      return 0;
  }
}

/** Parts of a `desc` that the Host gives: the address, its attributes, and whether any other bit is set. */
export function readDescriptor(
  lo: number,
  hi: number,
  lpa2: boolean,
): { addr: number; attr: number; isValid: boolean } {
  const memAttr = (lo >>> 2) & 0b111;
  const loOther = lo & ~(0xffff_f000 | ATTR_MASK | (lpa2 ? 0x300 : 0));
  const hiOther = hi & ~0x3ffff;
  // Without LPA2 address bits [49:48] are judged by addr_bound, not as stray bits.
  const upper = lpa2 ? (hi & 0x3ffff) + ((lo >>> 8) & 0b11) * 2 ** 18 : hi & 0x3ffff;
  const addr = upper * 2 ** 32 + ((lo & 0xffff_f000) >>> 0);
  return { addr, attr: lo & ATTR_MASK, isValid: loOther === 0 && hiOther === 0 && memAttr !== 0b100 };
}
