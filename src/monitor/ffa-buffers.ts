// The RX/TX buffer pair that a caller shares with the SPMC, and who owns the RX half. Memory is asked at each use: that a page was
// the caller's when it was mapped says nothing about now.

import { GRANULE_SIZE, frameArg, frameBase } from '../arch/address.ts';
import { FfaError } from '../arch/ffa.ts';
import { type Pas, World } from '../arch/world.ts';
import type { MonitorPe } from './ports.ts';
import { Access } from '../memory/port.ts';

/** Bits [5:0] of the last argument of FFA_RXTX_MAP; the rest has to be zero. */
const PAGE_COUNT_MAX = 63n;

/** A pair as plain data; without pages there is none. */
export type BufferPair = {
  readonly txFrame: number;
  readonly rxFrame: number;
  readonly pageCount: number;
  /** The RX buffer holds something and is the caller's until FFA_RX_RELEASE. */
  readonly isRxFull: boolean;
};
export const noBuffers: BufferPair = { txFrame: 0, rxFrame: 0, pageCount: 0, isRxFull: false };

/** What a call came to: undefined when it succeeded. */
type Refusal = FfaError | undefined;

export class Buffers {
  readonly #pas: Pas;
  #pair = noBuffers;

  /** `pas`: the space that the caller's buffers have to be in. */
  constructor(pas: Pas) {
    this.#pas = pas;
  }

  /** FFA_RXTX_MAP: X1 TX, X2 RX, X3 pages in each. */
  map(pe: MonitorPe, tx: bigint, rx: bigint, pages: bigint): Refusal {
    if (pages < 1n || pages > PAGE_COUNT_MAX) return FfaError.InvalidParameters;
    const pageCount = Number(pages);
    const txFrame = alignedFrame(tx, pe.memory.paBits);
    const rxFrame = alignedFrame(rx, pe.memory.paBits);
    if (txFrame < 0 || rxFrame < 0 || Math.abs(txFrame - rxFrame) < pageCount) return FfaError.InvalidParameters;
    if (this.#isMapped) return FfaError.Denied;
    if (!this.#isMemory(pe, txFrame, pageCount) || !this.#isMemory(pe, rxFrame, pageCount))
      return FfaError.InvalidParameters;
    this.#pair = { txFrame, rxFrame, pageCount, isRxFull: false };
    return undefined;
  }

  unmap(): Refusal {
    if (!this.#isMapped) return FfaError.InvalidParameters;
    this.#pair = noBuffers;
    return undefined;
  }

  /** FFA_RX_RELEASE. */
  release(): Refusal {
    if (!this.#pair.isRxFull) return FfaError.Denied;
    this.#pair = { ...this.#pair, isRxFull: false };
    return undefined;
  }

  /** Puts bytes into the RX buffer and hands it over. A page that is no longer the caller's is not written. */
  deliver(pe: MonitorPe, bytes: Uint8Array): Refusal {
    const { rxFrame, pageCount, isRxFull } = this.#pair;
    if (!this.#isMapped || isRxFull) return FfaError.Busy;
    if (bytes.length > pageCount * GRANULE_SIZE) return FfaError.NoMemory;
    const written = pe.port(this.#pas, World.Root).writeBytes(frameBase(rxFrame), bytes);
    if (written !== Access.Ok) return FfaError.Denied;
    this.#pair = { ...this.#pair, isRxFull: true };
    return undefined;
  }

  data(): BufferPair {
    return this.#pair;
  }

  setData(pair: BufferPair): void {
    this.#pair = pair;
  }

  get #isMapped(): boolean {
    return this.#pair.pageCount > 0;
  }

  /** RAM, every page of it in the caller's own space. */
  #isMemory(pe: MonitorPe, firstFrame: number, pageCount: number): boolean {
    const port = pe.port(this.#pas, World.Root);
    for (let frame = firstFrame; frame < firstFrame + pageCount; frame++)
      if (pe.memory.map.find(frame)?.kind !== 'ram' || !port.check(frame)) return false;
    return true;
  }
}

/** Frame of an aligned address inside the PA range, or -1. */
const alignedFrame = (base: bigint, paBits: number): number =>
  base % BigInt(GRANULE_SIZE) === 0n ? frameArg(base, paBits) : -1;
