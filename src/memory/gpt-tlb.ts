// The GPT information that one requester holds: GPIs at the largest size the architecture lets them be kept for, level 0
// Table entries, and nothing ever evicted. A missing or too small TLBI therefore shows. DDI 0487 D9, "Caching of GPT information".
//
// `coarse` has a byte for each 2 MiB below 1 TiB; `fine` has one for each 4 KiB of the chunks where granules are held. A byte is
// GPI + 1, 0 where nothing is known, FINE where `fine` is asked first and `under` next: a larger entry does not push out granules
// held before, which may be stale. What lies above 1 TiB is kept in maps, one for each size of entry.
// `grants` is the same knowledge in the form that a port asks first: who may pass, for chunks that have one answer.

import { DENSE_FRAMES } from './frame-table.ts';
import { pow2 } from '../base/pow2.ts';
import type { CachedTables } from './gpt-walk.ts';

/** In `coarse`: ask `fine`. */
const FINE = 17;
/** log2 of the sizes that an entry can have: granules, contiguous runs, blocks. */
const ENTRY_SIZES = [12, 14, 16, 21, 25, 29, 30, 34, 36, 39];
const DENSE_BITS = 40;
const CHUNK_BITS = 21;
const FRAMES_PER_CHUNK = 512;
/** What a TLB that holds nothing reads from: a PE that is off costs no memory. */
const NOTHING = new Uint8Array(DENSE_FRAMES / FRAMES_PER_CHUNK);

/** The contents of a TLB as plain data. */
export type GptTlbData = {
  readonly chunks: readonly {
    readonly chunk: number;
    readonly value: number;
    readonly spanBits: number;
    readonly fine?: readonly number[];
    readonly under?: number;
  }[];
  readonly tables: readonly (readonly [number, number])[];
  readonly far: readonly (readonly [spanBits: number, index: number, gpi: number])[];
};

export class GptTlb implements CachedTables {
  /** Frames that the arrays cover. */
  readonly denseFrames: number;
  /** For each 2 MiB the requesters that surely may pass, one bit a `grantBit`. Zero sends the port to the check proper. */
  readonly grants: Uint8Array;
  /** Changes whenever the contents do. */
  version = 0;
  /** Result of the last `find`. */
  foundSpanBits = 12;

  #coarse = NOTHING;
  /** Log2 of the size of the entry of 2 MiB or more. */
  #spanBits = NOTHING;
  /** In FINE chunks: GPI + 1 of the larger entry that speaks for the granules of which `fine` knows nothing. */
  #under = NOTHING;
  readonly #fine: (Uint8Array | undefined)[] = [];
  /** Chunks that hold something. */
  readonly #touched: number[] = [];
  readonly #tables = new Map<number, number>();
  readonly #far = new Map<number, Map<number, number>>();
  #versions = 0;

  constructor(paBits: number) {
    this.denseFrames = 2 ** (Math.min(paBits, DENSE_BITS) - 12);
    this.grants = new Uint8Array(DENSE_FRAMES / FRAMES_PER_CHUNK);
  }

  /** The GPI held for a frame, or -1. Its size is left in `foundSpanBits`. */
  find(frame: number): number {
    if (frame >= this.denseFrames) return this.#findFar(frame);
    const chunk = frame >>> 9;
    const value = this.#coarse[chunk] as number;
    if (value === 0) return -1;
    if (value !== FINE) {
      this.foundSpanBits = this.#spanBits[chunk] as number;
      return value - 1;
    }
    this.foundSpanBits = 12;
    const fine = (this.#fine[chunk] as Uint8Array)[frame & 511] as number;
    if (fine !== 0) return fine - 1;
    this.foundSpanBits = this.#spanBits[chunk] as number;
    return (this.#under[chunk] as number) - 1;
  }

  /**
   * Keeps what a walk found: a GPI for the naturally aligned range of 2^spanBits bytes around a frame, cut at `endFrame`, the end
   * of the protected range. `grants` is what the fast path may answer for it.
   */
  keep(frame: number, gpi: number, spanBits: number, endFrame: number, grants: number): void {
    this.version = ++this.#versions;
    const frames = pow2(spanBits - 12);
    const first = frame - (frame % frames);
    if (first >= this.denseFrames) {
      const level = this.#far.get(spanBits) ?? new Map<number, number>();
      level.set(first / frames, gpi);
      this.#far.set(spanBits, level);
      return;
    }
    this.#prepare();
    const chunk = first >>> 9;
    if (spanBits >= CHUNK_BITS) {
      const end = Math.min(chunk + frames / FRAMES_PER_CHUNK, endFrame / FRAMES_PER_CHUNK, this.#coarse.length);
      for (let c = chunk; c < end; c++) {
        const value = this.#coarse[c] as number;
        if (value === 0) this.#touched.push(c);
        const isFine = value === FINE && (this.#fine[c] as Uint8Array).some((known) => known !== 0);
        const held = value === FINE ? (this.#under[c] as number) : value;
        // What was there first stays; of two that agree the larger one outlives the other.
        if (held !== 0 && (held !== gpi + 1 || (this.#spanBits[c] as number) >= spanBits)) continue;
        this.#spanBits[c] = spanBits;
        if (isFine) {
          this.#under[c] = gpi + 1;
        } else {
          this.#coarse[c] = gpi + 1;
          this.#under[c] = 0;
          this.grants[c] = grants;
        }
      }
      return;
    }
    if (this.#coarse[chunk] === 0) this.#touched.push(chunk);
    const fine = (this.#fine[chunk] ??= new Uint8Array(FRAMES_PER_CHUNK));
    this.#coarse[chunk] = FINE;
    this.grants[chunk] = 0;
    fine.fill(gpi + 1, first & 511, (first & 511) + frames);
  }

  /** Frame of the level 1 table that a held level 0 entry names, or -1. */
  table(level0Index: number): number {
    return this.#tables.get(level0Index) ?? -1;
  }

  keepTable(level0Index: number, tableFrame: number): void {
    this.#tables.set(level0Index, tableFrame);
    this.version = ++this.#versions;
  }

  /** TLBI PAALL and PAALLOS. */
  dropAll(): void {
    for (const chunk of this.#touched) {
      if (this.#coarse[chunk] === FINE) (this.#fine[chunk] as Uint8Array).fill(0);
      this.#under[chunk] = 0;
      this.#coarse[chunk] = 0;
      this.grants[chunk] = 0;
    }
    this.#touched.length = 0;
    this.#tables.clear();
    this.#far.clear();
    this.version = ++this.#versions;
  }

  /** TLBI RPAOS and RPALOS: drops what lies in a range as a whole. An entry larger than the range may stay, so it does. */
  dropRange(firstFrame: number, lastFrame: number, lastLevelOnly: boolean, level0Bits: number): void {
    this.version = ++this.#versions;
    const isInside = (first: number, frames: number): boolean => first >= firstFrame && first + frames - 1 <= lastFrame;
    if (firstFrame < this.denseFrames) {
      const lastChunk = Math.min(Math.floor(lastFrame / FRAMES_PER_CHUNK), this.#coarse.length - 1);
      for (let chunk = firstFrame >>> 9; chunk <= lastChunk; chunk++) {
        const value = this.#coarse[chunk];
        if (value === 0) continue;
        if (value === FINE) {
          const start = chunk * FRAMES_PER_CHUNK;
          (this.#fine[chunk] as Uint8Array).fill(
            0,
            Math.max(firstFrame - start, 0),
            Math.min(lastFrame - start + 1, FRAMES_PER_CHUNK),
          );
          if (this.#under[chunk] === 0) continue;
        }
        const chunks = 2 ** ((this.#spanBits[chunk] as number) - CHUNK_BITS);
        const base = chunk - (chunk % chunks);
        if (!isInside(base * FRAMES_PER_CHUNK, chunks * FRAMES_PER_CHUNK)) continue;
        this.#under[chunk] = 0;
        if (value === FINE) continue;
        // The chunk stays in `touched`: a chunk is there at most once, and it is looked at when all is dropped.
        this.#coarse[chunk] = FINE;
        this.grants[chunk] = 0;
        (this.#fine[chunk] ??= new Uint8Array(FRAMES_PER_CHUNK)).fill(0);
      }
    }
    for (const [spanBits, level] of this.#far) {
      const frames = pow2(spanBits - 12);
      for (const index of level.keys()) if (isInside(index * frames, frames)) level.delete(index);
    }
    if (lastLevelOnly) return;
    const frames = 2 ** (level0Bits - 12);
    for (const index of this.#tables.keys()) if (isInside(index * frames, frames)) this.#tables.delete(index);
  }

  /** Everything held, in a fixed order. */
  data(): GptTlbData {
    const chunks = [...this.#touched]
      .sort((a, b) => a - b)
      .map((chunk) => {
        const value = this.#coarse[chunk] as number;
        const under = this.#under[chunk] as number;
        // What the size of a larger entry was says nothing once that entry is gone.
        const spanBits = value === FINE && under === 0 ? 0 : (this.#spanBits[chunk] as number);
        return value === FINE
          ? {
              chunk,
              value,
              spanBits,
              fine: [...(this.#fine[chunk] as Uint8Array)],
              under,
            }
          : { chunk, value, spanBits };
      });
    const far: [number, number, number][] = [];
    for (const [spanBits, level] of this.#far) for (const [index, gpi] of level) far.push([spanBits, index, gpi]);
    return {
      chunks,
      tables: [...this.#tables].sort((a, b) => a[0] - b[0]),
      far: far.sort((a, b) => a[0] - b[0] || a[1] - b[1]),
    };
  }

  /** Keeps the fast path from answering: every access then comes to the check proper. */
  hideGrants(): void {
    for (const chunk of this.#touched) this.grants[chunk] = 0;
  }

  /** Holds exactly what `data` returned; `grantsOf` gives the fast answer for a GPI. */
  setData(data: GptTlbData, grantsOf: (gpi: number) => number): void {
    this.dropAll();
    if (data.chunks.length > 0) this.#prepare();
    for (const { chunk, value, spanBits, fine, under } of data.chunks) {
      this.#touched.push(chunk);
      this.#coarse[chunk] = value;
      this.grants[chunk] = value === FINE ? 0 : grantsOf(value - 1);
      this.#spanBits[chunk] = spanBits;
      this.#under[chunk] = under ?? 0;
      if (fine !== undefined) (this.#fine[chunk] ??= new Uint8Array(FRAMES_PER_CHUNK)).set(fine);
    }
    for (const [index, tableFrame] of data.tables) this.#tables.set(index, tableFrame);
    for (const [spanBits, index, gpi] of data.far) {
      const level = this.#far.get(spanBits) ?? new Map<number, number>();
      level.set(index, gpi);
      this.#far.set(spanBits, level);
    }
  }

  /** Takes the version back to that of a moment whose contents were just put back. */
  rewind(version: number): void {
    this.version = version;
  }

  /** Arrays of its own, before the first entry. */
  #prepare(): void {
    if (this.#coarse !== NOTHING) return;
    const chunks = Math.ceil(this.denseFrames / FRAMES_PER_CHUNK);
    this.#coarse = new Uint8Array(chunks);
    this.#spanBits = new Uint8Array(chunks);
    this.#under = new Uint8Array(chunks);
  }

  #findFar(frame: number): number {
    // The smallest entry first, whatever came first: that is the one a copy of this TLB would find too.
    for (const spanBits of ENTRY_SIZES) {
      const gpi = this.#far.get(spanBits)?.get(Math.floor(frame / pow2(spanBits - 12)));
      if (gpi !== undefined) {
        this.foundSpanBits = spanBits;
        return gpi;
      }
    }
    return -1;
  }
}
