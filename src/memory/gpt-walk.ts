// The walk of the granule protection tables, in the clear form: the test of everything faster. DDI 0487 D9, `GPTWalk`.
// Fetches are implicitly Root and are not checked; they can still meet missing memory.

import { pow2 } from '../base/pow2.ts';
import {
  type GptConfig,
  type GptFaultKind,
  contigBits,
  decodeLevel0,
  decodeLevel1,
  gpiIndex,
  granuleGpi,
  level0Index,
  level1Index,
} from '../arch/gpt.ts';

/** Where entries are read from. False is an external abort; the word is left in `lo` and `hi`. */
export type GptSource = {
  fetch64(frame: number, offset: number): boolean;
  readonly lo: number;
  readonly hi: number;
};

/** Level 0 Table entries that a TLB still holds. */
export type CachedTables = {
  table(level0Index: number): number;
  keepTable(level0Index: number, tableFrame: number): void;
};

/** One fetch of a walk, for people who want to see it. */
export type GptFetch = {
  readonly level: 0 | 1;
  readonly frame: number;
  readonly offset: number;
  readonly word: bigint;
  readonly kind: string;
};

/** Result of a walk: a GPI and how far it may be cached, or a fault that is not about permission. */
export class GptWalk {
  fault: GptFaultKind | undefined;
  level: 0 | 1 = 0;
  gpi = 0;
  /** log2 of the largest range that the GPI may be cached for. */
  spanBits = 12;
  /** Filled in when it is an array. */
  fetches: GptFetch[] | undefined;

  /** Walks for a frame below 2^t. `tables` stands in for level 0 fetches where a TLB holds the entry. */
  run(config: GptConfig, source: GptSource, frame: number, tables?: CachedTables): void {
    this.fault = undefined;
    this.level = 0;
    const { t, s, p } = config;
    const index = level0Index(frame, t, s);
    let tableFrame = tables?.table(index) ?? -1;
    if (tableFrame < 0) {
      if (config.tableAbovePps) return this.#fail('size', 0);
      const at = config.tableFrame + Math.floor(index / 512);
      const offset = (index % 512) * 8;
      if (!source.fetch64(at, offset)) return this.#fail('eabt', 0, at, offset);
      const entry = decodeLevel0(config, source.lo, source.hi);
      this.#record(source, 0, at, offset, entry.kind);
      if (entry.kind === 'invalid') return this.#fail('walk', 0);
      if (entry.kind === 'block') {
        this.gpi = entry.gpi;
        this.spanBits = s;
        return;
      }
      if (entry.tableFrame >= pow2(t - 12)) return this.#fail('size', 0);
      tableFrame = entry.tableFrame;
      tables?.keepTable(index, tableFrame);
    }
    this.#level1(config, source, frame, tableFrame, level1Index(frame, s, p));
  }

  #level1(config: GptConfig, source: GptSource, frame: number, tableFrame: number, index: number): void {
    this.level = 1;
    const at = tableFrame + Math.floor(index / 512);
    const offset = (index % 512) * 8;
    // With FEAT_RME_GDI the aligned pair is read, low entry first, and judged as a whole.
    const first = config.pairs ? offset - (offset % 16) : offset;
    let chosenLo = 0;
    let chosenHi = 0;
    let valid = true;
    for (let o = first; o <= (config.pairs ? first + 8 : first); o += 8) {
      if (!source.fetch64(at, o)) return this.#fail('eabt', 1, at, o);
      const entry = decodeLevel1(config, source.lo, source.hi);
      this.#record(source, 1, at, o, entry.kind);
      if (entry.kind === 'invalid') valid = false;
      if (o === offset) {
        chosenLo = source.lo;
        chosenHi = source.hi;
      }
    }
    if (!valid) return this.#fail('walk', 1);
    if ((chosenLo & 0xf) === 0b0001) {
      this.gpi = (chosenLo >>> 4) & 0xf;
      this.spanBits = contigBits[(chosenLo >>> 8) & 0b11] as number;
    } else {
      this.gpi = granuleGpi(chosenLo, chosenHi, gpiIndex(frame, config.p));
      this.spanBits = config.p;
    }
  }

  #fail(fault: GptFaultKind, level: 0 | 1, frame?: number, offset?: number): void {
    this.fault = fault;
    this.level = level;
    if (frame !== undefined && offset !== undefined)
      this.fetches?.push({ level, frame, offset, word: 0n, kind: 'abort' });
  }

  #record(source: GptSource, level: 0 | 1, frame: number, offset: number, kind: string): void {
    if (this.fetches === undefined) return;
    const word = (BigInt(source.hi >>> 0) << 32n) | BigInt(source.lo >>> 0);
    this.fetches.push({ level, frame, offset, word, kind });
  }
}
