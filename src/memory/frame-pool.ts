// One growable WebAssembly.Memory holds everything that has an address: page frames and register files. A later CPU engine
// can run over the same bytes. Slot 0 is never handed out, so that 0 can mean "no frame".

import { InputError } from '../base/input-error.ts';

const FRAMES_PER_PAGE = 16;
const WASM_PAGES_MAX = 65_536;
/** A WebAssembly memory has at most 4 GiB; slot 0 is not a frame. */
export const POOL_FRAMES_MAX = WASM_PAGES_MAX * FRAMES_PER_PAGE - 1;

const exhausted = (limit: number, wanted: number): InputError =>
  new InputError({ code: 'MEMORY_FRAMES_EXHAUSTED', where: 'memory.maxFrames', expected: limit, found: wanted });

/** 4 KiB slots in one buffer, with views that are renewed when it grows. */
export class FramePool {
  readonly framesMax: number;
  u8: Uint8Array;
  u32: Uint32Array;
  u64: BigUint64Array;
  /** Slots handed out and not returned. */
  used = 0;
  /** All slots ever handed out are below it. */
  high = 1;
  readonly #memory: WebAssembly.Memory;
  readonly #onGrow: (() => void)[] = [];

  constructor(framesMax: number) {
    this.framesMax = framesMax;
    this.#memory = new WebAssembly.Memory({ initial: 16, maximum: WASM_PAGES_MAX });
    this.u8 = new Uint8Array(this.#memory.buffer);
    this.u32 = new Uint32Array(this.#memory.buffer);
    this.u64 = new BigUint64Array(this.#memory.buffer);
  }

  /** Slots that the buffer has room for. */
  get capacity(): number {
    return this.u8.length / 4096;
  }

  /** Runs `renew` now and after each growth: whoever keeps a view of the buffer gets it here. */
  watch(renew: () => void): void {
    this.#onGrow.push(renew);
    renew();
  }

  /** A slot never handed out before. Its bytes are zero. */
  extend(): number {
    this.requireRoom(1);
    while (this.high >= this.capacity) this.#grow();
    this.used++;
    return this.high++;
  }

  /** Throws when fewer than `count` slots are left, with the limit. */
  requireRoom(count: number): void {
    if (this.used + count > this.framesMax) throw exhausted(this.framesMax, this.used + count);
  }

  #grow(): void {
    const pages = this.capacity / FRAMES_PER_PAGE;
    try {
      this.#memory.grow(Math.max(Math.min(Math.max(pages, 16), WASM_PAGES_MAX - pages), 1));
    } catch {
      // The host has no more memory, or a WebAssembly memory its largest size: another limit than framesMax, met earlier.
      throw exhausted(this.capacity - 1, this.used + 1);
    }
    const buffer = this.#memory.buffer;
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.u64 = new BigUint64Array(buffer);
    for (const renew of this.#onGrow) renew();
  }
}
