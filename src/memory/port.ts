// The way to memory: a port is bound to one PAS and to the Security state of the one who asks, and every access through it is
// checked. There is no other way. An access that touches two granules is checked in both before a byte moves.

import { GRANULE_SIZE, type Pa } from '../arch/address.ts';
import { grantBit } from '../arch/gpi.ts';
import type { Pas, World } from '../arch/world.ts';
import { assert } from '../base/assert.ts';
import type { Gpc, GptFault } from './gpc.ts';
import type { PhysicalMemory } from './physical-memory.ts';

/** Result of an access: done, refused by the check (see `port.fault`), or nothing answers at the address. */
export const Access = { Ok: 0, Gpt: -1, Bus: -2 } as const;
export type Access = (typeof Access)[keyof typeof Access];

/** A write that is no fill: it brings every frame into being. */
const NO_FILL = -1;
const PER_FRAME = 1 / GRANULE_SIZE;
const PER_CHUNK = 1 / 2 ** 21;
/** Below it a frame number is a small integer, and the conversion from an address one instruction. */
const SMALL_PA = 2 ** 43;
const SMALL_FRAME = 2 ** 31;

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
  readonly #grantBit: number;

  constructor(memory: PhysicalMemory, gpc: Gpc, pas: Pas, state: World) {
    this.pas = pas;
    this.state = state;
    this.#memory = memory;
    this.#gpc = gpc;
    this.#grants = gpc.tlb.grants;
    this.#grantBit = grantBit(pas, state);
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
    if (frame < SMALL_FRAME) {
      const chunk = frame >>> 9;
      const grants = this.#grants;
      if (chunk < grants.length && (((grants[chunk] as number) >>> this.#grantBit) & 1) === 1) return true;
    }
    return this.#gpc.check(frame, this.pas, this.state);
  }

  /** The same for an address. */
  checkPa(pa: Pa): boolean {
    if (pa < SMALL_PA) {
      const chunk = (pa * PER_CHUNK) | 0;
      const grants = this.#grants;
      if (chunk < grants.length && (((grants[chunk] as number) >>> this.#grantBit) & 1) === 1) return true;
    }
    return this.#gpc.check(Math.floor(pa * PER_FRAME), this.pas, this.state);
  }

  /** Loads 1 to 16 bytes into `bytes`. */
  load(pa: Pa, size: number): Access {
    const frame = pa < SMALL_PA ? (pa * PER_FRAME) | 0 : Math.floor(pa * PER_FRAME);
    return this.loadAt(frame, pa - frame * GRANULE_SIZE, size);
  }

  /** Stores 1 to 16 bytes from `bytes`. */
  store(pa: Pa, size: number): Access {
    const frame = pa < SMALL_PA ? (pa * PER_FRAME) | 0 : Math.floor(pa * PER_FRAME);
    return this.storeAt(frame, pa - frame * GRANULE_SIZE, size);
  }

  /** `load` by frame and offset, for addresses of more than 52 bits. */
  loadAt(frame: number, offset: number, size: number): Access {
    if (!this.check(frame)) return Access.Gpt;
    this.beforeAccess?.(frame);
    const head = GRANULE_SIZE - offset;
    if (size <= head)
      return this.#memory.read(frame, offset, size, this.pas, this.bytes, this.words, 0) ? Access.Ok : Access.Bus;
    if (!this.check(frame + 1)) return Access.Gpt;
    // Before a device at the front is read, which it may notice.
    if (!this.#memory.isWritable(frame + 1, 0, size - head)) return Access.Bus;
    if (!this.#memory.read(frame, offset, head, this.pas, this.bytes, this.words, 0)) return Access.Bus;
    return this.#memory.read(frame + 1, 0, size - head, this.pas, this.bytes, this.words, head)
      ? Access.Ok
      : Access.Bus;
  }

  /** `store` by frame and offset. */
  storeAt(frame: number, offset: number, size: number): Access {
    if (!this.check(frame)) return Access.Gpt;
    this.beforeAccess?.(frame);
    const head = GRANULE_SIZE - offset;
    if (size <= head)
      return this.#memory.write(frame, offset, size, this.pas, this.bytes, this.words, 0) ? Access.Ok : Access.Bus;
    if (!this.check(frame + 1)) return Access.Gpt;
    if (!this.#memory.isWritable(frame + 1, 0, size - head)) return Access.Bus;
    this.#memory.requireRoom(frame, frame + 1, this.pas);
    if (!this.#memory.write(frame, offset, head, this.pas, this.bytes, this.words, 0)) return Access.Bus;
    return this.#memory.write(frame + 1, 0, size - head, this.pas, this.bytes, this.words, head)
      ? Access.Ok
      : Access.Bus;
  }

  /** Loads 8 bytes as a value; undefined when the access fails. */
  read64(pa: Pa): bigint | undefined {
    return this.load(pa, 8) === Access.Ok ? (this.doublewords[0] as bigint) : undefined;
  }

  /** Stores 8 bytes. */
  write64(pa: Pa, value: bigint): Access {
    this.doublewords[0] = value;
    return this.store(pa, 8);
  }

  /** Reads any number of bytes; all granules are checked first. The result is undefined when one of them refuses. */
  readBytes(pa: Pa, length: number): Uint8Array | undefined {
    const bytes = new Uint8Array(length);
    const done = this.#eachGranule(pa, length, undefined, (frame, offset, at, size) =>
      this.#memory.readBytes(frame, offset, bytes.subarray(at, at + size), this.pas),
    );
    return done === Access.Ok ? bytes : undefined;
  }

  /** Writes any number of bytes; all granules are checked first. */
  writeBytes(pa: Pa, bytes: Uint8Array): Access {
    return this.#eachGranule(pa, bytes.length, NO_FILL, (frame, offset, at, size) =>
      this.#memory.writeBytes(frame, offset, bytes.subarray(at, at + size), this.pas),
    );
  }

  /** Fills a range with one byte. */
  fill(pa: Pa, length: number, value: number): Access {
    return this.#eachGranule(pa, length, value, (frame, offset, _, size) =>
      this.#memory.fill(frame, offset, size, value, this.pas),
    );
  }

  /** Fills a range with one 64-bit word, given as halves. */
  fill64(pa: Pa, count: number, lo: number, hi: number): Access {
    assert(pa % 8 === 0, 'fill64 is aligned');
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
    if (length === 0) return Access.Ok;
    const first = Math.floor(pa * PER_FRAME);
    const last = Math.floor((pa + length - 1) * PER_FRAME);
    const start = pa - first * GRANULE_SIZE;
    const sizeIn = (frame: number): number =>
      Math.min((frame + 1 - first) * GRANULE_SIZE - start, length) -
      Math.max((frame - first) * GRANULE_SIZE - start, 0);
    for (let frame = first; frame <= last; frame++) if (!this.check(frame)) return Access.Gpt;
    for (let frame = first; frame <= last; frame++) {
      const offset = frame === first ? start : 0;
      const answers =
        fill === undefined
          ? this.#memory.isWritable(frame, offset, sizeIn(frame))
          : this.#memory.isRam(frame, offset, sizeIn(frame));
      if (!answers) return Access.Bus;
    }
    if (fill !== undefined && first !== last) this.#memory.requireRoom(first, last, this.pas, fill);
    let at = 0;
    for (let frame = first; frame <= last; frame++) {
      this.beforeAccess?.(frame);
      const size = sizeIn(frame);
      if (!act(frame, frame === first ? start : 0, at, size)) return Access.Bus;
      at += size;
    }
    return Access.Ok;
  }
}
