// The way to memory: a port is bound to one PAS and to the Security state of the one who asks, and every access through it is
// checked. There is no other way. An access that touches two granules is checked in both before a byte moves.

import { GRANULE_SIZE, type Pa } from '../arch/address.ts';
import { grantBit } from '../arch/gpi.ts';
import type { Pas, World } from '../arch/world.ts';
import { assert } from '../base/assert.ts';
import { DENSE_FRAMES } from './frame-table.ts';
import type { Gpc, GptFault } from './gpc.ts';
import type { PhysicalMemory } from './physical-memory.ts';

/** Result of an access: done, refused by the check (see `port.fault`), or nothing answers at the address. */
export const Access = { Ok: 0, Gpt: -1, Bus: -2 } as const;
export type Access = (typeof Access)[keyof typeof Access];

/** A write that is no fill: it brings every frame into being. */
const NO_FILL = -1;
/** No frame: an access that takes the way for many of them, or that the check has refused. */
const IN_FULL = -1;
const REFUSED = -2;
// Only constants of this module in the inner loop: V8 folds them, but loads exported and imported ones from their cells each time.
const { Ok, Gpt, Bus } = Access;
const FRAME_SIZE = GRANULE_SIZE;
const PER_FRAME = 1 / GRANULE_SIZE;
const PER_CHUNK = 1 / 2 ** 21;
/** Below them `grants` has an answer, and a frame number is a small integer that one instruction gets from an address. */
const DENSE = DENSE_FRAMES;
const DENSE_PA = DENSE_FRAMES * GRANULE_SIZE;

export class MemoryPort {
  readonly pas: Pas;
  readonly state: World;
  /** The bytes of the last load, or those of the next store; 16 of them. */
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly doublewords: BigUint64Array;
  /** Called before each access to Non-secure memory by firmware: a fuzzer changes the page here, between two reads. */
  beforeAccess: ((frame: number) => void) | undefined;

  readonly #memory: PhysicalMemory;
  readonly #gpc: Gpc;
  /** `tlb.grants` of the requester, and the bit that speaks for this port. */
  readonly #grants: Uint8Array;
  readonly #grantMask: number;

  constructor(memory: PhysicalMemory, gpc: Gpc, pas: Pas, state: World) {
    this.pas = pas;
    this.state = state;
    this.#memory = memory;
    this.#gpc = gpc;
    this.#grants = gpc.tlb.grants;
    this.#grantMask = 1 << grantBit(pas, state);
    const buffer = new ArrayBuffer(16);
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.doublewords = new BigUint64Array(buffer);
  }

  /** The fault behind the last `Access.Gpt`. Valid until the next check of the same requester. */
  get fault(): GptFault {
    return this.#gpc.fault;
  }

  /** Whether the check lets an access to this frame through. */
  check(frame: number): boolean {
    if (frame < DENSE && ((this.#grants[frame >>> 9] as number) & this.#grantMask) !== 0) return true;
    return this.#gpc.check(frame, this.pas, this.state);
  }

  /** The same for an address. */
  checkPa(pa: Pa): boolean {
    if (pa < DENSE_PA && ((this.#grants[(pa * PER_CHUNK) | 0] as number) & this.#grantMask) !== 0) return true;
    return this.#gpc.check(Math.floor(pa * PER_FRAME), this.pas, this.state);
  }

  /** Loads 1 to 16 bytes into `bytes`. */
  load(pa: Pa, size: number): Access {
    if (pa < DENSE_PA) {
      const frame = (pa * PER_FRAME) | 0;
      const offset = (pa | 0) & (FRAME_SIZE - 1);
      if (
        ((this.#grants[frame >>> 9] as number) & this.#grantMask) !== 0 &&
        offset + size <= FRAME_SIZE &&
        this.beforeAccess === undefined
      )
        return this.#memory.read(frame, offset, size, this.pas, this.bytes, this.words, 0) ? Ok : Bus;
    }
    const frame = Math.floor(pa * PER_FRAME);
    return this.#access(frame, pa - frame * FRAME_SIZE, size, false);
  }

  /** Stores 1 to 16 bytes from `bytes`. */
  store(pa: Pa, size: number): Access {
    if (pa < DENSE_PA) {
      const frame = (pa * PER_FRAME) | 0;
      const offset = (pa | 0) & (FRAME_SIZE - 1);
      if (
        ((this.#grants[frame >>> 9] as number) & this.#grantMask) !== 0 &&
        offset + size <= FRAME_SIZE &&
        this.beforeAccess === undefined
      )
        return this.#memory.write(frame, offset, size, this.pas, this.bytes, this.words, 0) ? Ok : Bus;
    }
    const frame = Math.floor(pa * PER_FRAME);
    return this.#access(frame, pa - frame * FRAME_SIZE, size, true);
  }

  /** `load` by frame and offset, for addresses of more than 52 bits. */
  loadAt(frame: number, offset: number, size: number): Access {
    return this.#access(frame, offset, size, false);
  }

  /** `store` by frame and offset. */
  storeAt(frame: number, offset: number, size: number): Access {
    return this.#access(frame, offset, size, true);
  }

  /** An access in full, in both directions: with them in one function it is too long for V8 to inline, and `load` is not. */
  #access(frame: number, offset: number, size: number, isStore: boolean): Access {
    if (!this.check(frame)) return Gpt;
    this.beforeAccess?.(frame);
    const head = FRAME_SIZE - offset;
    if (size <= head) {
      const isDone = isStore
        ? this.#memory.write(frame, offset, size, this.pas, this.bytes, this.words, 0)
        : this.#memory.read(frame, offset, size, this.pas, this.bytes, this.words, 0);
      return isDone ? Ok : Bus;
    }
    if (!this.check(frame + 1)) return Gpt;
    // Before a device at the front is read or written, which it may notice.
    if (!this.#memory.isWritable(frame + 1, 0, size - head)) return Bus;
    if (isStore) {
      this.#memory.requireRoom(frame, frame + 1, this.pas);
      if (!this.#memory.write(frame, offset, head, this.pas, this.bytes, this.words, 0)) return Bus;
      return this.#memory.write(frame + 1, 0, size - head, this.pas, this.bytes, this.words, head) ? Ok : Bus;
    }
    if (!this.#memory.read(frame, offset, head, this.pas, this.bytes, this.words, 0)) return Bus;
    return this.#memory.read(frame + 1, 0, size - head, this.pas, this.bytes, this.words, head) ? Ok : Bus;
  }

  /** Loads 8 bytes as a value; undefined when the access fails. */
  read64(pa: Pa): bigint | undefined {
    return this.load(pa, 8) === Ok ? (this.doublewords[0] as bigint) : undefined;
  }

  /** Stores 8 bytes. */
  write64(pa: Pa, value: bigint): Access {
    this.doublewords[0] = value;
    return this.store(pa, 8);
  }

  /** Reads any number of bytes; all granules are checked first. The result is undefined when one of them refuses. */
  readBytes(pa: Pa, length: number): Uint8Array | undefined {
    const bytes = new Uint8Array(length);
    return this.readInto(pa, bytes) === Ok ? bytes : undefined;
  }

  /** Reads as many bytes as an array holds; all granules are checked first. */
  readInto(pa: Pa, into: Uint8Array): Access {
    const { length } = into;
    const frame = this.#onlyFrame(pa, length);
    if (frame === REFUSED) return Gpt;
    if (frame >= 0) return this.#memory.readBytes(frame, pa - frame * FRAME_SIZE, into, this.pas) ? Ok : Bus;
    return this.#eachGranule(pa, length, undefined, (at, offset, from, size) =>
      this.#memory.readBytes(at, offset, into.subarray(from, from + size), this.pas),
    );
  }

  /** The frame of an access inside one granule that nobody watches, once it was checked, or REFUSED; else IN_FULL. */
  #onlyFrame(pa: Pa, length: number): number {
    if (pa >= DENSE_PA || this.beforeAccess !== undefined || length === 0) return IN_FULL;
    const frame = (pa * PER_FRAME) | 0;
    if (pa - frame * FRAME_SIZE + length > FRAME_SIZE) return IN_FULL;
    return this.check(frame) ? frame : REFUSED;
  }

  /** Writes any number of bytes; all granules are checked first. */
  writeBytes(pa: Pa, bytes: Uint8Array): Access {
    return this.#eachGranule(pa, bytes.length, NO_FILL, (frame, offset, at, size) =>
      this.#memory.writeBytes(frame, offset, bytes.subarray(at, at + size), this.pas),
    );
  }

  /** Fills a range with one byte. */
  fill(pa: Pa, length: number, value: number): Access {
    const only = this.#onlyFrame(pa, length);
    if (only === REFUSED) return Gpt;
    if (only >= 0) return this.#memory.fill(only, pa - only * FRAME_SIZE, length, value, this.pas) ? Ok : Bus;
    return this.#eachGranule(pa, length, value, (frame, offset, _, size) =>
      this.#memory.fill(frame, offset, size, value, this.pas),
    );
  }

  /** Fills a range with one 64-bit word, given as halves. */
  fill64(pa: Pa, count: number, lo: number, hi: number): Access {
    assert(pa % 8 === 0, 'fill64 is aligned');
    const only = this.#onlyFrame(pa, count * 8);
    if (only === REFUSED) return Gpt;
    if (only >= 0) return this.#memory.fill64(only, pa - only * FRAME_SIZE, count, lo, hi, this.pas) ? Ok : Bus;
    return this.#eachGranule(pa, count * 8, NO_FILL, (frame, offset, _, size) =>
      this.#memory.fill64(frame, offset, size / 8, lo, hi, this.pas),
    );
  }

  /** All of it or nothing: checks, then what answers, then room for what a write with `fill` brings into being, then the act. */
  #eachGranule(
    pa: Pa,
    length: number,
    fill: number | undefined,
    act: (frame: number, offset: number, at: number, size: number) => boolean,
  ): Access {
    if (length === 0) return Ok;
    const first = Math.floor(pa * PER_FRAME);
    const last = Math.floor((pa + length - 1) * PER_FRAME);
    const start = pa - first * GRANULE_SIZE;
    const sizeIn = (frame: number): number =>
      Math.min((frame + 1 - first) * GRANULE_SIZE - start, length) -
      Math.max((frame - first) * GRANULE_SIZE - start, 0);
    for (let frame = first; frame <= last; frame++) if (!this.check(frame)) return Gpt;
    for (let frame = first; frame <= last; frame++) {
      const offset = frame === first ? start : 0;
      const answers =
        fill === undefined
          ? this.#memory.isWritable(frame, offset, sizeIn(frame))
          : this.#memory.isRam(frame, offset, sizeIn(frame));
      if (!answers) return Bus;
    }
    if (fill !== undefined && first !== last) this.#memory.requireRoom(first, last, this.pas, fill);
    let at = 0;
    for (let frame = first; frame <= last; frame++) {
      this.beforeAccess?.(frame);
      const size = sizeIn(frame);
      if (!act(frame, frame === first ? start : 0, at, size)) return Bus;
      at += size;
    }
    return Ok;
  }
}
