// The monitor's side of the granule protection tables: building them at boot and moving granules between address spaces.
// The tables are descriptors in Root memory; this is the only writer. Order and checks follow the reference EL3 firmware.

import { GRANULE_BITS, GRANULE_SIZE, type Pa, frameOf, offset, toPa } from '../arch/address.ts';
import { Gpi, gpiName, pasOf } from '../arch/gpi.ts';
import {
  type GptConfig,
  blockWord,
  contiguousWord,
  decodeGptConfig,
  decodeLevel0,
  decodeLevel1,
  gpccrValue,
  gpiIndex,
  granuleGpi,
  granulesWord,
  l0gptszCode,
  level0Align,
  level0Index,
  level0Size,
  level1Index,
  level1Size,
  pgsCode,
  ppsCode,
} from '../arch/gpt.ts';
import type { Features } from '../arch/features.ts';
import { Pas, World } from '../arch/world.ts';
import { assert } from '../base/assert.ts';
import { pow2 } from '../base/pow2.ts';
import { hex } from '../base/hex.ts';
import { InputError } from '../base/input-error.ts';
import { Access } from '../memory/port.ts';
import type { MonitorPe } from './ports.ts';

/** A stretch of the protected space with one GPI, mapped by level 0 blocks or by level 1 entries. */
export type GptRegion = {
  readonly name: string;
  readonly base: Pa;
  readonly size: number;
  readonly gpi: Gpi;
  readonly how: 'block' | 'granule';
};

/** Where the tables lie and what they describe. */
export type GptLayout = {
  /** t, s, p: bits of the protected space, of a level 0 entry, of a granule. */
  readonly ppsBits: number;
  readonly l0Bits: 30 | 34 | 36 | 39;
  readonly granuleBits: 12 | 14 | 16;
  readonly l0Base: Pa;
  readonly l0Size: number;
  readonly l1Base: Pa;
  readonly l1Size: number;
  /** log2 of the largest Contiguous entry that is written; 0 for none. */
  readonly contiguousBitsMax: 0 | 21 | 25 | 29;
  readonly regions: readonly GptRegion[];
};

/** What a transition came to: done, or the errno of the reference firmware. */
export const Transition = { Ok: 0, Einval: -22, Eperm: -1 } as const;
export type Transition = (typeof Transition)[keyof typeof Transition];

const contiguousSizes = [21, 25, 29] as const;

/** Inner Shareable, write-back, read- and write-allocate: how the tables are fetched. */
const fetchAttributes = { SH: 3, IRGN: 1, ORGN: 1 };

const refuse = (code: string, where: string, expected: string, found: number | bigint | string): InputError =>
  new InputError({ code, where, expected, found: typeof found === 'string' ? found : hex(found) });

export class GptLibrary {
  readonly layout: GptLayout;
  readonly features: Features;
  readonly #pgs: number;
  readonly #config: GptConfig;
  readonly #gpccr: bigint;

  /** Refuses a layout that cannot work, with the reason. Writes nothing. */
  constructor(layout: GptLayout, features: Features, paBits: number) {
    this.layout = layout;
    this.features = features;
    this.#pgs = pgsCode(layout.granuleBits);
    const { ppsBits, l0Bits, granuleBits } = layout;
    const pps = ppsCode(ppsBits);
    if (pps < 0)
      throw refuse('GPT_PPS', 'gpt.ppsBits', '32, 36, 40, 42, 44, 48, 52 (46, 47, 56 with GPC3)', String(ppsBits));
    this.#gpccr = gpccrValue({
      ...fetchAttributes,
      PPS: pps & 7,
      PPS3: pps >> 3,
      PGS: pgsCode(granuleBits),
      L0GPTSZ: l0gptszCode(l0Bits),
      GPC: 1,
      NSO: features.gpc2 ? 1 : 0,
      SA: features.gdi ? 1 : 0,
      NSP: features.gdi ? 1 : 0,
    });
    this.#config = decodeGptConfig(
      { gpccr: this.#gpccr, gptbr: BigInt(frameOf(layout.l0Base)), gpcbw: 0n },
      features,
      paBits,
    );
    if (this.#config.problem !== undefined)
      throw refuse('GPT_REGISTERS', 'gpt', 'values that GPCCR_EL3 can hold here', this.#config.problem);
    checkLayout(layout, this.#config.validGpis);
  }

  /** GPCCR_EL3 as the monitor writes it. */
  get gpccr(): bigint {
    return this.#gpccr;
  }

  /** gpt_init_l0_tables and gpt_init_pas_l1_tables: everything All, then the regions. */
  build(pe: MonitorPe): void {
    const { layout } = this;
    const { ppsBits: t, l0Bits: s, granuleBits: p } = layout;
    this.fill(pe, layout.l0Base, level0Size(t, s) / 8, blockWord(Gpi.All), 0);
    let nextTable = layout.l1Base;
    for (const region of layout.regions) {
      const from = Math.floor(region.base / 2 ** s);
      const to = Math.ceil((region.base + region.size) / 2 ** s);
      if (region.how === 'block') {
        this.fill(pe, offset(layout.l0Base, from * 8), to - from, blockWord(region.gpi), 0);
        continue;
      }
      for (let index = from; index < to; index++) {
        if (this.#tableOf(pe, index) !== undefined) continue;
        // A table that the region covers as a whole is written once, by the region: boot is writing tables.
        if (region.base > index * 2 ** s || region.base + region.size < (index + 1) * 2 ** s)
          this.fill(pe, nextTable, level1Size(s, p) / 8, granulesWord(Gpi.All), granulesWord(Gpi.All));
        this.writeEntry(
          pe,
          offset(layout.l0Base, index * 8),
          (nextTable % 2 ** 32) + 0b0011,
          Math.floor(nextTable / 2 ** 32),
        );
        nextTable = offset(nextTable, level1Size(s, p));
      }
      this.#mapGranules(pe, region);
    }
  }

  /** gpt_enable: registers of one PE, first with the check off so that nothing stale is used, then on. */
  enable(pe: MonitorPe): void {
    pe.write('gptbr_el3', BigInt(frameOf(this.layout.l0Base)));
    // L0GPTSZ is what the machine was built with; it does not change when software writes.
    pe.set('gpccr_el3', this.#gpccr & (0xfn << 20n));
    pe.write('gpccr_el3', this.#gpccr & ~(1n << 16n));
    pe.tlbi('paallos');
    pe.write('gpccr_el3', this.#gpccr);
    pe.tlbi('paallos');
  }

  /** The GPI of a granule as the tables have it; undefined when they have none. */
  gpi(pe: MonitorPe, base: Pa): Gpi | undefined {
    const { t, s, p } = this.#config;
    const frame = frameOf(base);
    if (base >= 2 ** t) return undefined;
    const [lo, hi] = this.#read(pe, offset(this.layout.l0Base, 8 * level0Index(frame, t, s)));
    const entry = decodeLevel0(this.#config, lo, hi);
    if (entry.kind === 'block') return entry.gpi as Gpi;
    if (entry.kind === 'invalid') return undefined;
    const found = this.#read(pe, toPa(entry.tableFrame * GRANULE_SIZE + 8 * level1Index(frame, s, p)));
    return this.#gpiIn(found, frame);
  }

  /** Whether a granule of the tables is one of the RMM: with larger ones it would move pages that the RMM does not track. */
  get hasRmmGranules(): boolean {
    return this.#config.p === GRANULE_BITS;
  }

  /** The GPI of a granule that GTSI could move; undefined where it would refuse the address whatever the target. */
  movableGpi(pe: MonitorPe, base: Pa): Gpi | undefined {
    return this.hasRmmGranules ? this.#entryOf(pe, base)?.current : undefined;
  }

  /**
   * gpt_transition_pas: moves granules for a caller. Checks in the order of the reference firmware; on success the granule is
   * in its new space, no cached copy of the old GPI is left, and no line of it is dirty.
   */
  transition(pe: MonitorPe, base: number, count: number, target: Gpi, caller: World): Transition {
    if (count !== 1) return Transition.Einval;
    if (((this.#config.validGpis >>> target) & 1) === 0) return Transition.Eperm;
    const entry = this.#entryOf(pe, base);
    if (entry === undefined) return Transition.Einval;
    const { pa, table, entryAt, current } = entry;
    if (current === undefined || !isAllowed(current, target, caller)) return Transition.Eperm;

    const frame = frameOf(pa);
    this.#shatter(pe, table, pa);
    this.#move(pe, entryAt, frame, current, target);
    if (pe.trace.on) pe.trace.emit({ kind: 'gpt-change', frame, from: current, to: target, by: caller });
    this.#fuse(pe, table, pa);
    return Transition.Ok;
  }

  /** Writes one entry, given as halves. */
  writeEntry(pe: MonitorPe, at: Pa, lo: number, hi: number): void {
    const port = pe.port(Pas.Root, World.Root);
    port.words[0] = lo;
    port.words[1] = hi;
    const result = port.store(at, 8);
    assert(result === Access.Ok, 'GPT entries are in Root memory');
  }

  /** Writes a run of equal entries. */
  fill(pe: MonitorPe, at: Pa, count: number, lo: number, hi: number): void {
    const result = pe.port(Pas.Root, World.Root).fill64(at, count, lo, hi);
    assert(result === Access.Ok, 'GPT entries are in Root memory');
  }

  /** TLBI RPALOS over 2^bits bytes, then DSB OSH. */
  invalidateRange(pe: MonitorPe, frame: number, bits: number): void {
    pe.tlbiLastLevel(frame, bits, this.#pgs);
  }

  /** DC CIPAPA over a granule, then DSB. */
  cleanToPopa(pe: MonitorPe, frame: number, pas: Pas): void {
    for (let i = 0; i < pow2(this.#config.p - 12); i++) pe.clean(frame + i, pas);
  }

  /** The level 1 entry of a granule that may move at all; undefined: unaligned, out of range, or not mapped by granules. */
  #entryOf(pe: MonitorPe, base: number): { pa: Pa; table: Pa; entryAt: Pa; current: Gpi | undefined } | undefined {
    const { t, s, p } = this.#config;
    const size = pow2(p);
    // `>=`: the very last granule of the protected range never moves. Bits above 2^t end up here as well, wrapping included.
    if (base % size !== 0 || base + size >= pow2(t)) return undefined;
    const pa = toPa(base);
    const frame = frameOf(pa);
    const table = this.#tableOf(pe, level0Index(frame, t, s));
    if (table === undefined) return undefined;
    const entryAt = offset(table, 8 * level1Index(frame, s, p));
    return { pa, table, entryAt, current: this.#gpiIn(this.#read(pe, entryAt), frame) };
  }

  /** The entry write of a transition, with its maintenance. Taking a world's access away and flushing its data have an order. */
  #move(pe: MonitorPe, entryAt: Pa, frame: number, current: Gpi, target: Gpi): void {
    const isNonSecure = (gpi: Gpi): boolean => gpi === Gpi.NonSecure || gpi === Gpi.NonSecureOnly;
    const source = pasOf(current);
    const destination = pasOf(target);
    const p = this.#config.p;
    if (isNonSecure(current) && isNonSecure(target)) {
      this.#setGpi(pe, entryAt, frame, target);
      this.invalidateRange(pe, frame, p);
    } else if (!isNonSecure(target)) {
      // The source loses access before its last data leaves the caches.
      if (destination !== undefined) this.cleanToPopa(pe, frame, destination);
      this.#setGpi(pe, entryAt, frame, target);
      this.invalidateRange(pe, frame, p);
      if (source !== undefined) this.cleanToPopa(pe, frame, source);
    } else {
      // Nobody has access while both copies are flushed: late writes of the old owner cannot appear in the new one.
      this.#setGpi(pe, entryAt, frame, Gpi.NoAccess);
      this.invalidateRange(pe, frame, p);
      if (source !== undefined) this.cleanToPopa(pe, frame, source);
      if (destination !== undefined) this.cleanToPopa(pe, frame, destination);
      this.#setGpi(pe, entryAt, frame, target);
      this.invalidateRange(pe, frame, p);
    }
  }

  /** Changes one of the sixteen GPIs of a Granules entry, by read, modify and write of the 64-bit word. */
  #setGpi(pe: MonitorPe, entryAt: Pa, frame: number, gpi: Gpi): void {
    const [lo, hi] = this.#read(pe, entryAt);
    const index = gpiIndex(frame, this.#config.p);
    const shift = 4 * (index % 8);
    const change = (half: number): number => (half & ~(0xf << shift)) | (gpi << shift);
    if (index < 8) this.writeEntry(pe, entryAt, change(lo), hi);
    else this.writeEntry(pe, entryAt, lo, change(hi));
  }

  /** Rewrites the contiguous region around a granule as smaller ones and, around the granule itself, as single granules. */
  #shatter(pe: MonitorPe, table: Pa, pa: Pa): void {
    const { s, p } = this.#config;
    const frame = frameOf(pa);
    const [lo, hi] = this.#read(pe, offset(table, 8 * level1Index(frame, s, p)));
    const entry = decodeLevel1(this.#config, lo, hi);
    if (entry.kind !== 'contiguous') return;
    const { gpi, spanBits } = entry;
    for (let i = contiguousSizes.indexOf(spanBits as 21); i >= 0; i--) {
      const size = 2 ** (contiguousSizes[i] as number);
      const smaller = i === 0 ? undefined : contiguousSizes[i - 1];
      const start = pa - (pa % size);
      const at = offset(table, 8 * level1Index(start / GRANULE_SIZE, s, p));
      const word = smaller === undefined ? granulesWord(gpi) : contiguousWord(gpi, smaller);
      this.fill(pe, at, size / 2 ** (p + 4), word, smaller === undefined ? word : 0);
    }
    if (pe.trace.on) pe.trace.emit({ kind: 'gpt-size', frame, spanBits, gpi, what: 'shatter' });
    this.invalidateRange(pe, frame, spanBits);
  }

  /** Joins what has become uniform into the largest Contiguous entry allowed. No TLBI: every copy in use says the same. */
  #fuse(pe: MonitorPe, table: Pa, pa: Pa): void {
    const { s, p } = this.#config;
    const entryOf = (at: number): Pa => offset(table, 8 * level1Index(at / GRANULE_SIZE, s, p));
    const [lo, hi] = this.#read(pe, entryOf(pa));
    const gpi = lo & 0xf;
    if (lo >>> 0 !== granulesWord(gpi) || hi >>> 0 !== granulesWord(gpi)) return;
    let wantedLo = lo >>> 0;
    let wantedHi = hi >>> 0;
    let step = 2 ** (p + 4);
    for (const bits of contiguousSizes) {
      if (bits > this.layout.contiguousBitsMax) return;
      const size = 2 ** bits;
      const start = pa - (pa % size);
      for (let at = start; at < start + size; at += step) {
        const [l, h] = this.#read(pe, entryOf(at));
        if (l >>> 0 !== wantedLo || h >>> 0 !== wantedHi) return;
      }
      this.fill(pe, entryOf(start), size / 2 ** (p + 4), contiguousWord(gpi, bits), 0);
      if (pe.trace.on)
        pe.trace.emit({ kind: 'gpt-size', frame: start / GRANULE_SIZE, spanBits: bits, gpi, what: 'fuse' });
      wantedLo = contiguousWord(gpi, bits);
      wantedHi = 0;
      step = size;
    }
  }

  /** Writes a region's granules, with the largest Contiguous entries that fit. */
  #mapGranules(pe: MonitorPe, region: GptRegion): void {
    const { s, p } = this.#config;
    const end = region.base + region.size;
    const units = [p + 4, ...contiguousSizes.filter((bits) => bits <= this.layout.contiguousBitsMax)];
    let at: number = region.base;
    while (at < end) {
      const table = this.#tableOf(pe, Math.floor(at / 2 ** s)) as Pa;
      const entryAt = offset(table, 8 * level1Index(at / GRANULE_SIZE, s, p));
      const bits = units.findLast((unit) => at % 2 ** unit === 0 && at + 2 ** unit <= end);
      if (bits === undefined) {
        this.#setGpi(pe, entryAt, at / GRANULE_SIZE, region.gpi);
        at += 2 ** p;
        continue;
      }
      // Equal neighbours in the same table are written in one run, up to where a larger size may fit.
      const larger = units.find((unit) => unit > bits) ?? s;
      const runEnd = Math.min(end, (Math.floor(at / 2 ** larger) + 1) * 2 ** larger);
      const length = runEnd - at - ((runEnd - at) % 2 ** bits);
      const isGranules = bits === p + 4;
      const word = isGranules ? granulesWord(region.gpi) : contiguousWord(region.gpi, bits);
      this.fill(pe, entryAt, length / 2 ** (p + 4), word, isGranules ? word : 0);
      at += length;
    }
  }

  #gpiIn([lo, hi]: readonly [number, number], frame: number): Gpi | undefined {
    const entry = decodeLevel1(this.#config, lo, hi);
    if (entry.kind === 'invalid') return undefined;
    return (entry.kind === 'contiguous' ? entry.gpi : granuleGpi(lo, hi, gpiIndex(frame, this.#config.p))) as Gpi;
  }

  #tableOf(pe: MonitorPe, index: number): Pa | undefined {
    const [lo, hi] = this.#read(pe, offset(this.layout.l0Base, 8 * index));
    const entry = decodeLevel0(this.#config, lo, hi);
    return entry.kind === 'table' ? toPa(entry.tableFrame * GRANULE_SIZE) : undefined;
  }

  #read(pe: MonitorPe, at: Pa): readonly [number, number] {
    const port = pe.port(Pas.Root, World.Root);
    const result = port.load(at, 8);
    assert(result === Access.Ok, 'GPT entries are in Root memory');
    return [port.words[0] as number, port.words[1] as number];
  }
}

/** Who may change what. Nobody moves Root, All or No-access granules, and Realm to Secure is never direct. */
function isAllowed(current: Gpi, target: Gpi, caller: World): boolean {
  const between = (a: Gpi, b: Gpi): boolean => (current === a && target === b) || (current === b && target === a);
  switch (caller) {
    case World.Realm:
      return between(Gpi.NonSecure, Gpi.Realm);
    case World.Secure:
      return between(Gpi.NonSecure, Gpi.Secure);
    case World.NonSecure: {
      const open: readonly Gpi[] = [Gpi.NonSecure, Gpi.NonSecureOnly];
      const devices: readonly Gpi[] = [Gpi.NonSecureProtected, Gpi.SystemAgent];
      return (
        between(Gpi.NonSecure, Gpi.NonSecureOnly) ||
        (open.includes(current) && devices.includes(target)) ||
        (devices.includes(current) && open.includes(target))
      );
    }
    default:
      return false;
  }
}

/** The rules of the table builder, each with the reason for a refusal. */
function checkLayout(layout: GptLayout, validGpis: number): void {
  const { ppsBits: t, l0Bits: s, granuleBits: p, l0Base, l0Size, l1Base, l1Size } = layout;
  if (l0Base === 0 || l0Base % level0Align(t, s) !== 0)
    throw refuse('GPT_L0_ALIGN', 'gpt.l0Base', `a multiple of ${hex(level0Align(t, s))}`, l0Base);
  if (l0Size < level0Size(t, s)) throw refuse('GPT_L0_SIZE', 'gpt.l0Size', hex(level0Size(t, s)), l0Size);
  if (l1Base % level1Size(s, p) !== 0)
    throw refuse('GPT_L1_ALIGN', 'gpt.l1Base', `a multiple of ${hex(level1Size(s, p))}`, l1Base);
  if (l0Base < l1Base + l1Size && l1Base < l0Base + l0Size)
    throw refuse('GPT_TABLES_OVERLAP', 'gpt.l1Base', 'level 1 tables apart from the level 0 table', l1Base);
  const tables = new Set<number>();
  let before: GptRegion | undefined;
  for (const region of [...layout.regions].sort((a, b) => a.base - b.base)) {
    const where = `gpt.regions ${region.name}`;
    const end = region.base + region.size;
    if (!((validGpis >>> region.gpi) & 1))
      throw refuse('GPT_REGION_GPI', where, 'a GPI that is valid on this machine', gpiName(region.gpi));
    if (region.size <= 0) throw refuse('GPT_REGION_EMPTY', where, 'a size above zero', region.size);
    if (region.base < 0) throw refuse('GPT_REGION_ALIGN', where, 'a base of 0 or more', region.base);
    if (end > 2 ** t) throw refuse('GPT_REGION_ABOVE_PPS', where, `an end of at most ${hex(2 ** t)}`, end);
    if (before !== undefined && region.base < before.base + before.size)
      throw refuse('GPT_REGION_OVERLAP', where, `a base after ${before.name}`, region.base);
    const unit = region.how === 'block' ? 2 ** s : 2 ** p;
    if (region.base % unit !== 0 || region.size % unit !== 0)
      throw refuse('GPT_REGION_ALIGN', where, `base and size multiples of ${hex(unit)}`, region.base);
    // Blocks are aligned to what a level 0 entry covers, so no entry is mapped both ways.
    if (region.how === 'granule')
      for (let index = Math.floor(region.base / 2 ** s); index < Math.ceil(end / 2 ** s); index++) tables.add(index);
    before = region;
  }
  const needed = tables.size * level1Size(s, p);
  if (needed > l1Size) throw refuse('GPT_L1_SIZE', 'gpt.l1Size', hex(needed), l1Size);
}
