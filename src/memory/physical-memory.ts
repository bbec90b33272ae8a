// Sparse physical memory. A frame exists once it was written; all others read as their region's fill byte. Nobody outside
// this folder touches it: accesses come through a MemoryPort, which is bound to one PAS and checked.
//
// To a cache (PAS, PA) are different locations. A write leaves its frame dirty in the writer's PAS until DC CIPAPA; what lies
// behind in memory is kept (`behind`) and is what another PAS sees; a write of that PAS is overtaken later by the old lines
// (`late`). Nothing is evicted by itself: the longest life that a cache allows.

import { GRANULE_SIZE } from '../arch/address.ts';
import { type Pas, pases } from '../arch/world.ts';
import { assert } from '../base/assert.ts';
import { mix32 } from '../base/prng.ts';
import { FramePool } from './frame-pool.ts';
import { DENSE_FRAMES, FrameTable } from './frame-table.ts';
import { type FrameData, type MemoryCheckpoint, type Page, checkFrames } from './memory-data.ts';
import { type Device, type Region, RegionMap } from './regions.ts';

const LINE = 64;
const CONTENT = -2;
const RESERVED = -3;
// In the inner loop only constants of this module, see port.ts.
const DENSE = DENSE_FRAMES;
const WORDS_PER_FRAME = GRANULE_SIZE / 4;
const NO_WORDS = new Uint32Array(0);

/** `plain`: one store a PA, what was not wiped is seen by the next owner. `encrypted`: each PAS reads the others' data as a stream. */
export type ContentModel = 'plain' | 'encrypted';

export type MemoryOptions = {
  readonly paBits: number;
  readonly regions: readonly Region[];
  readonly framesMax: number;
  readonly content: ContentModel;
  readonly seed: number;
};

/** A dirty line of an old owner that reached memory after a new owner wrote. */
export type LateWriteback = { readonly frame: number; readonly pas: Pas; readonly lines: number };

export class PhysicalMemory {
  readonly paBits: number;
  readonly map: RegionMap;
  readonly pool: FramePool;
  /** Low and high half of the last `fetch64`. */
  lo = 0;
  hi = 0;
  /** Called when an old owner's line lands late: the sign of a missing DC CIPAPA. */
  onLateWriteback: ((event: LateWriteback) => void) | undefined;

  readonly #encrypted: boolean;
  readonly #seed: number;
  readonly #table: FrameTable;
  /** 1 + fill byte for each 2 MiB that is RAM of one region as a whole; 0: ask the region map. */
  readonly #chunkFill: Uint16Array;
  readonly #devices = new Map<string, Device>();
  readonly #aborting = new Map<number, Set<number>>();
  #isAborting = false;
  /** `pool.u32`, one step nearer. */
  #u32: Uint32Array;

  // One element a slot.
  #canRead = new Uint8Array(256);
  #canWrite = new Uint8Array(256);
  /** PA frame number; -1 free; CONTENT: bytes that belong to another slot; RESERVED: registers of a PE. */
  #frame = new Float64Array(256).fill(-1);
  #owner = new Uint8Array(256);
  #behind = new Int32Array(256);
  #late = new Int32Array(256);
  #lateOwner = new Uint8Array(256);
  #cipher = new Uint8Array(256);
  #isChanged = new Uint8Array(256);
  #isOffered = new Uint8Array(256);
  readonly #free: number[] = [];
  readonly #page: (Page | undefined)[] = [];
  #changed: number[] = [];
  #base: MemoryCheckpoint | undefined;

  constructor(options: MemoryOptions) {
    this.paBits = options.paBits;
    this.map = new RegionMap(options.regions, options.paBits);
    this.pool = new FramePool(options.framesMax);
    this.#u32 = this.pool.u32;
    this.pool.watch(() => {
      this.#u32 = this.pool.u32;
    });
    this.#encrypted = options.content === 'encrypted';
    this.#seed = options.seed;
    this.#table = new FrameTable();
    this.#chunkFill = new Uint16Array(Math.ceil(DENSE / 512));
    for (const { kind, firstFrame, frameCount, fill } of options.regions) {
      const end = Math.min(Math.floor((firstFrame + frameCount) / 512), this.#chunkFill.length);
      if (kind === 'ram') this.#chunkFill.fill(1 + fill, Math.min(Math.ceil(firstFrame / 512), end), end);
    }
  }

  /** Frames that exist. */
  get framesUsed(): number {
    return this.pool.used;
  }

  /** Whether a frame exists, that is, was ever written. */
  isTouched(frame: number): boolean {
    return this.#table.get(frame) !== 0;
  }

  /** A slot of the pool that is no physical memory: it holds the registers of a PE and is no part of checkpoints. */
  reserve(): number {
    const slot = this.pool.extend();
    this.pool.used--;
    if (slot >= this.#frame.length) this.#widen();
    this.#frame[slot] = RESERVED;
    return slot;
  }

  /** Puts a device behind a region. */
  attach(region: string, device: Device): void {
    this.#devices.set(region, device);
  }

  /** Makes an aligned 8-byte location answer with an external abort. */
  injectAbort(frame: number, offset: number): void {
    const offsets = this.#aborting.get(frame) ?? new Set();
    offsets.add(offset - (offset % 8));
    this.#aborting.set(frame, offsets);
    this.#isAborting = true;
    const slot = this.#table.get(frame);
    if (slot !== 0) this.#setMasks(slot);
  }

  /** Takes all injected aborts back. */
  clearAborts(): void {
    this.#aborting.clear();
    this.#isAborting = false;
    for (let slot = 1; slot < this.pool.high; slot++) if (this.#frame[slot] !== -1) this.#setMasks(slot);
  }

  // Reading and writing: the caller has checked the PAS and keeps the access inside one frame.

  /** Reads `size` bytes into `into`, which views the same buffer as `into32`. False: nothing answers there. */
  read(
    frame: number,
    offset: number,
    size: number,
    pas: Pas,
    into: Uint8Array,
    into32: Uint32Array,
    at: number,
  ): boolean {
    const slot = this.#table.get(frame);
    if ((((this.#canRead[slot] as number) >>> pas) & 1) === 0)
      return this.#readSlow(slot, frame, offset, size, pas, into, into32, at);
    if (at === 0 && (offset & 3) === 0 && (size & 3) === 0) {
      const u32 = this.#u32;
      const word = slot * WORDS_PER_FRAME + (offset >>> 2);
      into32[0] = u32[word] as number;
      if (size > 4) {
        into32[1] = u32[word + 1] as number;
        if (size > 8) {
          into32[2] = u32[word + 2] as number;
          if (size > 12) into32[3] = u32[word + 3] as number;
        }
      }
    } else {
      const { u8 } = this.pool;
      const from = slot * GRANULE_SIZE + offset;
      for (let i = 0; i < size; i++) into[at + i] = u8[from + i] as number;
    }
    return true;
  }

  /** Writes `size` bytes. False: nothing answers there; then nothing was written. */
  write(
    frame: number,
    offset: number,
    size: number,
    pas: Pas,
    from: Uint8Array,
    from32: Uint32Array,
    at: number,
  ): boolean {
    let slot = this.#table.get(frame);
    if ((((this.#canWrite[slot] as number) >>> pas) & 1) === 0) {
      if (this.isRam(frame, offset, size)) slot = this.#prepareWrite(slot, frame, pas);
      else return this.#writeDevice(frame, offset, size, from, at);
    }
    if (at === 0 && (offset & 3) === 0 && (size & 3) === 0) {
      const u32 = this.#u32;
      const word = slot * WORDS_PER_FRAME + (offset >>> 2);
      u32[word] = from32[0] as number;
      if (size > 4) {
        u32[word + 1] = from32[1] as number;
        if (size > 8) {
          u32[word + 2] = from32[2] as number;
          if (size > 12) u32[word + 3] = from32[3] as number;
        }
      }
    } else {
      const { u8 } = this.pool;
      const to = slot * GRANULE_SIZE + offset;
      for (let i = 0; i < size; i++) u8[to + i] = from[at + i] as number;
    }
    return true;
  }

  /** Whether a write would find something to write to. */
  isWritable(frame: number, offset: number, size: number): boolean {
    const region = this.map.find(frame);
    return region?.kind === 'device' ? this.#devices.has(region.name) && size <= 8 : this.isRam(frame, offset, size);
  }

  /** Whether RAM answers for all of a stretch inside one frame. */
  isRam(frame: number, offset: number, size: number): boolean {
    return this.#isRamFrame(frame) && !this.#aborts(frame, offset, size);
  }

  /**
   * Throws when the pool has no room for writes by a PAS to a run of frames, so that none of them is made. `fill`, when given, is
   * the byte that is about to fill them: untouched RAM that reads as it needs no room.
   */
  requireRoom(firstFrame: number, lastFrame: number, pas: Pas, fill = -1): void {
    // A frame needs one slot at most: where there is room for all of them nobody has to look.
    if (this.pool.used + (lastFrame - firstFrame + 1) <= this.pool.framesMax) return;
    let needed = 0;
    for (let frame = firstFrame; frame <= lastFrame; frame++) {
      if (!this.#isRamFrame(frame)) continue;
      const slot = this.#table.get(frame);
      const owner = this.#owner[slot] as number;
      if (slot === 0) needed += this.#fillOf(frame) === fill ? 0 : 1;
      else if (owner === 0 || (owner !== 1 + pas && this.#late[slot] === 0)) needed++;
    }
    this.pool.requireRoom(needed);
  }

  /** Writes bytes of one frame from an array. */
  writeBytes(frame: number, offset: number, bytes: Uint8Array, pas: Pas): boolean {
    if (!this.isRam(frame, offset, bytes.length)) return false;
    const slot = this.#prepareWrite(this.#table.get(frame), frame, pas);
    this.pool.u8.set(bytes, slot * GRANULE_SIZE + offset);
    return true;
  }

  /** Reads bytes of one frame into an array. */
  readBytes(frame: number, offset: number, into: Uint8Array, pas: Pas): boolean {
    const slot = this.#table.get(frame);
    if ((((this.#canRead[slot] as number) >>> pas) & 1) === 0)
      return this.#readSlow(slot, frame, offset, into.length, pas, into, NO_WORDS, 0);
    const from = slot * GRANULE_SIZE + offset;
    into.set(this.pool.u8.subarray(from, from + into.length));
    return true;
  }

  /** Fills part of a frame with one byte. Filling untouched RAM with what it reads as anyway touches nothing. */
  fill(frame: number, offset: number, length: number, value: number, pas: Pas): boolean {
    const slot = this.#table.get(frame);
    if ((((this.#canWrite[slot] as number) >>> pas) & 1) === 0) {
      if (!this.isRam(frame, offset, length)) return false;
      if (slot === 0 && this.#fillOf(frame) === value) return true;
    }
    const at = this.#prepareWrite(slot, frame, pas) * GRANULE_SIZE + offset;
    this.pool.u8.fill(value, at, at + length);
    return true;
  }

  /** Fills part of a frame with one aligned 64-bit word. */
  fill64(frame: number, offset: number, count: number, lo: number, hi: number, pas: Pas): boolean {
    if (!this.isRam(frame, offset, count * 8)) return false;
    const slot = this.#prepareWrite(this.#table.get(frame), frame, pas);
    const first = slot * (GRANULE_SIZE / 8) + offset / 8;
    // One native call, also in a process that has compiled nothing yet.
    this.pool.u64.fill((BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0), first, first + count);
    return true;
  }

  /** Reads one aligned 64-bit word of Root PAS into `lo` and `hi`, unchecked: a GPT fetch. False: external abort. */
  fetch64(frame: number, offset: number): boolean {
    const slot = this.#table.get(frame);
    if (((this.#canRead[slot] as number) & 0b0100) === 0) return this.#fetchSlow(slot, frame, offset);
    const word = (slot * GRANULE_SIZE + offset) >>> 2;
    this.lo = this.pool.u32[word] as number;
    this.hi = this.pool.u32[word + 1] as number;
    return true;
  }

  /** DC CIPAPA for every line of a frame: what is dirty in `pas` reaches memory. Returns whether anything was dirty. */
  cleanToPopa(frame: number, pas: Pas): boolean {
    const slot = this.#table.get(frame);
    if (slot === 0) return false;
    const isLate = this.#lateOwner[slot] === 1 + pas;
    const isOwner = this.#owner[slot] === 1 + pas;
    // What an old owner's lines are compared with is kept only until the new owner's are clean: they land before that.
    if (isLate || (isOwner && this.#late[slot] !== 0)) this.#land(slot);
    if (!isOwner) return isLate;
    this.#journal(slot);
    this.#release(this.#behind[slot] as number);
    this.#behind[slot] = 0;
    this.#owner[slot] = 0;
    this.#setMasks(slot);
    return true;
  }

  /** The PAS in which a frame is dirty. */
  dirtyIn(frame: number): Pas | undefined {
    const owner = this.#owner[this.#table.get(frame)] as number;
    return owner === 0 ? undefined : ((owner - 1) as Pas);
  }

  /** The bytes of a frame as its last writer sees them, live; undefined where no RAM is. Changes nothing, not even what is late. */
  peek(frame: number): Uint8Array | undefined {
    if (!this.#isRamFrame(frame)) return undefined;
    const slot = this.#table.get(frame);
    if (slot === 0) return new Uint8Array(GRANULE_SIZE).fill(this.#fillOf(frame));
    return this.pool.u8.subarray(slot * GRANULE_SIZE, (slot + 1) * GRANULE_SIZE);
  }

  /** Frames that were written to since the last checkpoint, with the bytes that their last writer saw then. */
  changes(): { readonly frame: number; readonly before: Uint8Array }[] {
    const found: { frame: number; before: Uint8Array }[] = [];
    for (const slot of this.#changed) {
      const frame = this.#frame[slot] as number;
      if (frame < 0) continue;
      const page = this.#base?.pages[slot];
      const kept = page?.frame === frame ? page.bytes : undefined;
      found.push({ frame, before: kept ?? new Uint8Array(GRANULE_SIZE).fill(this.#fillOf(frame)) });
    }
    return found;
  }

  /** Puts bytes into memory from outside the machine, as a loader or a device programmer does: nothing is dirty afterwards. */
  load(frame: number, offset: number, bytes: Uint8Array): boolean {
    assert(offset + bytes.length <= GRANULE_SIZE, 'a load stays inside one frame');
    if (!this.isRam(frame, offset, bytes.length)) return false;
    const slot = this.#table.get(frame) || this.#allocate(frame);
    this.#journal(slot);
    if (this.#late[slot] !== 0) this.#land(slot);
    this.#release(this.#behind[slot] as number);
    this.#behind[slot] = 0;
    this.#owner[slot] = 0;
    this.#setMasks(slot);
    this.pool.u8.set(bytes, slot * GRANULE_SIZE + offset);
    return true;
  }

  // Checkpoints.

  /** Remembers all of memory. Costs nothing per byte: contents are copied when they are about to change. */
  checkpoint(): MemoryCheckpoint {
    for (const slot of this.#changed) {
      this.#isChanged[slot] = 0;
      this.#page[slot] = this.#frame[slot] === -1 ? undefined : this.#pageOf(slot);
      this.#canWrite[slot] = 0;
    }
    this.#changed = [];
    this.#base = { pages: this.#page.slice(0, this.pool.high) };
    return this.#base;
  }

  /** Puts memory back. Costs in proportion to what changed since, when nothing else was checkpointed in between. */
  restore(checkpoint: MemoryCheckpoint): void {
    const slots = this.#base === checkpoint ? this.#changed : Array.from({ length: this.pool.high }, (_, slot) => slot);
    const { pages } = checkpoint;
    for (const slot of slots) {
      if (this.#page[slot] === pages[slot] && this.#isChanged[slot] === 0) continue;
      const frame = this.#frame[slot] as number;
      if (frame >= 0) this.#table.set(frame, 0);
      // A page of another checkpoint that is live here gets its bytes before they are overwritten.
      const live = this.#page[slot];
      if (live !== undefined && live.bytes === undefined) live.bytes = this.#copyOf(slot);
    }
    for (const slot of slots) {
      const page = pages[slot];
      if (this.#page[slot] === page && this.#isChanged[slot] === 0) continue;
      this.#isChanged[slot] = 0;
      this.#page[slot] = page;
      if (page === undefined) this.#vacate(slot);
      else this.#fillSlot(slot, page);
    }
    this.#changed = [];
    this.#base = checkpoint;
  }

  /** Every frame that exists, in address order, as plain data. */
  frames(): FrameData[] {
    const list: FrameData[] = [];
    for (let slot = 1; slot < this.pool.high; slot++) {
      const frame = this.#frame[slot] as number;
      if (frame < 0) continue;
      const behind = this.#behind[slot] as number;
      const late = this.#late[slot] as number;
      const owner = this.#owner[slot] as number;
      list.push({
        frame,
        bytes: this.#copyOf(slot),
        cipher: this.#cipher[slot] as number,
        ...(owner === 0
          ? {}
          : {
              dirty: {
                pas: (owner - 1) as Pas,
                behind: behind === 0 ? undefined : this.#copyOf(behind),
                ...(late === 0
                  ? {}
                  : { late: { pas: ((this.#lateOwner[slot] as number) - 1) as Pas, bytes: this.#copyOf(late) } }),
              },
            }),
        ...(behind === 0 ? {} : { behindCipher: this.#cipher[behind] as number }),
        ...(late === 0 ? {} : { lateCipher: this.#cipher[late] as number }),
      });
    }
    return list.sort((a, b) => a.frame - b.frame);
  }

  /** Replaces all contents by what `frames` returned, in this process or another. Refuses a list that does not fit as a whole. */
  setFrames(list: readonly FrameData[]): void {
    checkFrames(list, this.pool.framesMax, (frame) => this.#isRamFrame(frame));
    for (let slot = 1; slot < this.pool.high; slot++) {
      const frame = this.#frame[slot] as number;
      if (frame === -1 || frame === RESERVED) continue;
      this.#journal(slot);
      if (frame >= 0) this.#table.set(frame, 0);
      this.#vacate(slot);
    }
    const hold = (bytes: Uint8Array, cipher: number): number => {
      const slot = this.#allocate(CONTENT);
      this.pool.u8.set(bytes, slot * GRANULE_SIZE);
      this.#cipher[slot] = cipher;
      return slot;
    };
    for (const { frame, bytes, dirty, cipher, behindCipher, lateCipher } of list) {
      const slot = this.#allocate(frame);
      this.pool.u8.set(bytes, slot * GRANULE_SIZE);
      this.#cipher[slot] = cipher;
      if (dirty !== undefined) {
        this.#owner[slot] = 1 + dirty.pas;
        const behind = dirty.behind === undefined ? 0 : hold(dirty.behind, behindCipher ?? 0);
        const late = dirty.late === undefined ? 0 : hold(dirty.late.bytes, lateCipher ?? 0);
        this.#behind[slot] = behind;
        this.#late[slot] = late;
        if (dirty.late !== undefined) this.#lateOwner[slot] = 1 + dirty.late.pas;
      }
      this.#setMasks(slot);
    }
  }

  // Slots.

  /** A fresh slot for a frame, filled as its region reads. The slot counts as changed. */
  #allocate(frame: number): number {
    let slot = this.#takeFree();
    while (slot !== undefined && this.#frame[slot] !== -1) slot = this.#takeFree();
    if (slot === undefined) {
      slot = this.pool.extend();
      if (slot >= this.#frame.length) this.#widen();
    } else {
      if (this.pool.used >= this.pool.framesMax) this.#offer(slot);
      this.pool.requireRoom(1);
      this.pool.used++;
      this.pool.u8.fill(0, slot * GRANULE_SIZE, (slot + 1) * GRANULE_SIZE);
    }
    this.#frame[slot] = frame;
    this.#owner[slot] = 0;
    this.#behind[slot] = 0;
    this.#late[slot] = 0;
    this.#lateOwner[slot] = 0;
    this.#cipher[slot] = 0;
    this.#journal(slot);
    if (frame >= 0) {
      const fill = this.#fillOf(frame);
      if (fill !== 0) this.pool.u8.fill(fill, slot * GRANULE_SIZE, (slot + 1) * GRANULE_SIZE);
      this.#table.set(frame, slot);
    }
    return slot;
  }

  /** Puts a slot on the list of free ones. It may be there still, from before a restore took it into use again. */
  #offer(slot: number): void {
    if (this.#isOffered[slot] === 1) return;
    this.#isOffered[slot] = 1;
    this.#free.push(slot);
  }

  /** Takes a slot from the list; one that a restore took into use is passed over by the caller. */
  #takeFree(): number | undefined {
    const slot = this.#free.pop();
    if (slot !== undefined) this.#isOffered[slot] = 0;
    return slot;
  }

  #release(slot: number): void {
    if (slot === 0) return;
    this.#journal(slot);
    this.#vacate(slot);
  }

  #vacate(slot: number): void {
    if (this.#frame[slot] !== -1) {
      this.pool.used--;
      this.#frame[slot] = -1;
      this.#offer(slot);
    }
    this.#owner[slot] = 0;
    this.#canRead[slot] = 0;
    this.#canWrite[slot] = 0;
  }

  #fillSlot(slot: number, page: Page): void {
    if (this.#frame[slot] === -1) this.pool.used++;
    this.#frame[slot] = page.frame;
    this.#owner[slot] = page.owner;
    this.#behind[slot] = page.behind;
    this.#late[slot] = page.late;
    this.#lateOwner[slot] = page.lateOwner;
    this.#cipher[slot] = page.cipher;
    assert(page.bytes !== undefined, 'a page that changed was copied before');
    this.pool.u8.set(page.bytes, slot * GRANULE_SIZE);
    if (page.frame >= 0) this.#table.set(page.frame, slot);
    this.#setMasks(slot);
  }

  #widen(): void {
    const length = this.#frame.length * 2;
    const wider = <A extends { set(from: A): void }>(make: new (length: number) => A, from: A): A => {
      const array = new make(length);
      array.set(from);
      return array;
    };
    const before = this.#frame.length;
    this.#canRead = wider(Uint8Array, this.#canRead);
    this.#canWrite = wider(Uint8Array, this.#canWrite);
    this.#frame = wider(Float64Array, this.#frame).fill(-1, before);
    this.#owner = wider(Uint8Array, this.#owner);
    this.#behind = wider(Int32Array, this.#behind);
    this.#late = wider(Int32Array, this.#late);
    this.#lateOwner = wider(Uint8Array, this.#lateOwner);
    this.#cipher = wider(Uint8Array, this.#cipher);
    this.#isChanged = wider(Uint8Array, this.#isChanged);
    this.#isOffered = wider(Uint8Array, this.#isOffered);
  }

  #copyOf(slot: number): Uint8Array {
    return this.pool.u8.slice(slot * GRANULE_SIZE, (slot + 1) * GRANULE_SIZE);
  }

  #pageOf(slot: number): Page {
    return {
      frame: this.#frame[slot] as number,
      owner: this.#owner[slot] as number,
      behind: this.#behind[slot] as number,
      late: this.#late[slot] as number,
      lateOwner: this.#lateOwner[slot] as number,
      cipher: this.#cipher[slot] as number,
      bytes: undefined,
    };
  }

  /** Keeps what a slot held at the last checkpoint, before it changes for the first time since. */
  #journal(slot: number): void {
    if (this.#isChanged[slot] === 1) return;
    this.#isChanged[slot] = 1;
    this.#changed.push(slot);
    const page = this.#page[slot];
    if (page !== undefined) {
      page.bytes ??= this.#copyOf(slot);
      this.#page[slot] = undefined;
    }
  }

  #setMasks(slot: number): void {
    const frame = this.#frame[slot] as number;
    const owner = this.#owner[slot] as number;
    if (this.#late[slot] !== 0 || frame < 0 || this.#aborting.has(frame)) {
      this.#canRead[slot] = 0;
      this.#canWrite[slot] = 0;
      return;
    }
    const cipher = this.#cipher[slot] as number;
    const read = (owner === 0 ? 0b1111 : 1 << (owner - 1)) & (cipher === 0 ? 0b1111 : 1 << (cipher - 1));
    this.#canRead[slot] = read;
    this.#canWrite[slot] = owner !== 0 && this.#isChanged[slot] === 1 ? read & (1 << (owner - 1)) : 0;
  }

  // Slow paths.

  #fillOf(frame: number): number {
    const known = frame < DENSE ? (this.#chunkFill[frame >>> 9] as number) : 0;
    return known === 0 ? (this.map.find(frame)?.fill ?? 0) : known - 1;
  }

  #isRamFrame(frame: number): boolean {
    return (frame < DENSE && this.#chunkFill[frame >>> 9] !== 0) || this.map.find(frame)?.kind === 'ram';
  }

  #aborts(frame: number, offset: number, size: number): boolean {
    if (!this.#isAborting) return false;
    const offsets = this.#aborting.get(frame);
    if (offsets === undefined) return false;
    for (let at = offset - (offset % 8); at < offset + size; at += 8) if (offsets.has(at)) return true;
    return false;
  }

  #readSlow(
    slot: number,
    frame: number,
    offset: number,
    size: number,
    pas: Pas,
    into: Uint8Array,
    into32: Uint32Array,
    at: number,
  ): boolean {
    if (slot === 0 && frame < DENSE && !this.#isAborting) {
      const fill = (this.#chunkFill[frame >>> 9] as number) - 1;
      if (fill >= 0) {
        if (size === 8 && at === 0 && into32.length >= 2) {
          into32[0] = into32[1] = Math.imul(fill, 0x0101_0101);
        } else {
          for (let i = at; i < at + size; i++) into[i] = fill;
        }
        return true;
      }
    }
    const region = this.map.find(frame);
    if (region === undefined || this.#aborts(frame, offset, size)) return false;
    if (region.kind === 'device') {
      const device = this.#devices.get(region.name);
      if (device === undefined || size > 8) return false;
      let value = device.read((frame - region.firstFrame) * GRANULE_SIZE + offset, size);
      for (let i = 0; i < size; i++, value >>= 8n) into[at + i] = Number(value & 0xffn);
      return true;
    }
    const seen = this.#seenBy(slot, pas);
    if (seen === 0) {
      into.fill(region.fill, at, at + size);
      return true;
    }
    const from = seen * GRANULE_SIZE + offset;
    into.set(this.pool.u8.subarray(from, from + size), at);
    const cipher = this.#cipher[seen] as number;
    if (cipher !== 0 && cipher !== 1 + pas) {
      for (let i = 0; i < size; i++) {
        into[at + i]! ^=
          this.#streamByte((cipher - 1) as Pas, frame, offset + i) ^ this.#streamByte(pas, frame, offset + i);
      }
    }
    return true;
  }

  #fetchSlow(slot: number, frame: number, offset: number): boolean {
    const bytes = new Uint8Array(8);
    if (!this.#readSlow(slot, frame, offset, 8, pases[2], bytes, NO_WORDS, 0)) return false;
    const view = new DataView(bytes.buffer);
    this.lo = view.getUint32(0, true);
    this.hi = view.getUint32(4, true);
    return true;
  }

  #writeDevice(frame: number, offset: number, size: number, from: Uint8Array, at: number): boolean {
    const region = this.map.find(frame);
    const device = region?.kind === 'device' ? this.#devices.get(region.name) : undefined;
    if (region === undefined || device === undefined || size > 8) return false;
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(from[at + i] as number);
    device.write((frame - region.firstFrame) * GRANULE_SIZE + offset, size, value);
    return true;
  }

  /** The slot whose bytes a PAS sees: its own dirty lines or what is in memory. 0: nothing written yet. */
  #seenBy(slot: number, pas: Pas): number {
    if (slot === 0) return 0;
    if (this.#late[slot] !== 0) this.#land(slot);
    const owner = this.#owner[slot] as number;
    return owner === 0 || owner === 1 + pas ? slot : (this.#behind[slot] as number);
  }

  /** Makes a frame writable for a PAS: it exists, its old state is kept, and it is dirty in that PAS. */
  #prepareWrite(before: number, frame: number, pas: Pas): number {
    if ((((this.#canWrite[before] as number) >>> pas) & 1) === 1) return before;
    if (before === 0) {
      const slot = this.#allocate(frame);
      this.#owner[slot] = 1 + pas;
      this.#cipher[slot] = this.#encrypted ? 1 + pas : 0;
      this.#setMasks(slot);
      return slot;
    }
    const slot = before;
    this.#journal(slot);
    const owner = this.#owner[slot] as number;
    if (owner === 0) {
      // A statement of its own: keeping may renew the arrays, and the left side of an assignment is evaluated first.
      const kept = this.#keep(slot);
      this.#behind[slot] = kept;
    } else if (owner !== 1 + pas) {
      if (this.#late[slot] !== 0) this.#land(slot);
      const kept = this.#keep(slot);
      this.#late[slot] = kept;
      this.#lateOwner[slot] = owner;
      this.#copyContent(this.#behind[slot] as number, slot);
    }
    this.#owner[slot] = 1 + pas;
    if (this.#encrypted) this.#recode(slot, frame, 1 + pas);
    this.#setMasks(slot);
    return slot;
  }

  /** A copy of a slot's bytes in a slot of its own. */
  #keep(slot: number): number {
    const copy = this.#allocate(CONTENT);
    this.pool.u8.copyWithin(copy * GRANULE_SIZE, slot * GRANULE_SIZE, (slot + 1) * GRANULE_SIZE);
    this.#cipher[copy] = this.#cipher[slot] as number;
    return copy;
  }

  #copyContent(from: number, to: number): void {
    const at = to * GRANULE_SIZE;
    if (from === 0) {
      this.pool.u8.fill(this.#fillOf(this.#frame[to] as number), at, at + GRANULE_SIZE);
      this.#cipher[to] = 0;
    } else {
      this.pool.u8.copyWithin(at, from * GRANULE_SIZE, (from + 1) * GRANULE_SIZE);
      this.#cipher[to] = this.#cipher[from] as number;
    }
  }

  /** The old owner's dirty lines reach memory, over what the new owner has written. */
  #land(slot: number): void {
    this.#journal(slot);
    const late = this.#late[slot] as number;
    const behind = this.#behind[slot] as number;
    const frame = this.#frame[slot] as number;
    const { u8 } = this.pool;
    // What the old owner found, in its own encryption: lines that still say the same were never dirty.
    const found = new Uint8Array(GRANULE_SIZE).fill(this.#fillOf(frame));
    if (behind !== 0) {
      found.set(u8.subarray(behind * GRANULE_SIZE, (behind + 1) * GRANULE_SIZE));
      this.#reencode(found, frame, this.#cipher[behind] as number, this.#cipher[late] as number);
    }
    const dirty: number[] = [];
    for (let line = 0; line < GRANULE_SIZE; line += LINE) {
      const from = late * GRANULE_SIZE + line;
      let i = 0;
      while (i < LINE && u8[from + i] === found[line + i]) i++;
      if (i < LINE) dirty.push(line);
    }
    this.#journal(late);
    if (this.#encrypted) this.#recode(late, frame, this.#cipher[slot] as number);
    for (const line of dirty) {
      const from = late * GRANULE_SIZE + line;
      u8.copyWithin(slot * GRANULE_SIZE + line, from, from + LINE);
    }
    const pas = ((this.#lateOwner[slot] as number) - 1) as Pas;
    this.#release(late);
    this.#late[slot] = 0;
    this.#lateOwner[slot] = 0;
    this.#setMasks(slot);
    this.onLateWriteback?.({ frame, pas, lines: dirty.length });
  }

  /** Rewrites a slot as if its bytes had been stored by another PAS, so that the new owner reads what it would read. */
  #recode(slot: number, frame: number, cipher: number): void {
    const from = this.#cipher[slot] as number;
    if (from === cipher) return;
    this.#cipher[slot] = cipher;
    this.#reencode(this.pool.u8.subarray(slot * GRANULE_SIZE, (slot + 1) * GRANULE_SIZE), frame, from, cipher);
  }

  #reencode(bytes: Uint8Array, frame: number, from: number, to: number): void {
    if (from === to || from === 0 || to === 0) return;
    for (let offset = 0; offset < GRANULE_SIZE; offset++) {
      bytes[offset]! ^=
        this.#streamByte((from - 1) as Pas, frame, offset) ^ this.#streamByte((to - 1) as Pas, frame, offset);
    }
  }

  /** One byte of the stream that stands for a PAS's memory encryption: a function of seed, PAS and PA. */
  #streamByte(pas: Pas, frame: number, offset: number): number {
    const word = mix32(
      this.#seed ^ ((pas + 1) * 0x9e37_79b1),
      frame % 2 ** 32,
      Math.floor(frame / 2 ** 32) * 1024 + (offset >>> 2),
    );
    return (word >>> (8 * (offset & 3))) & 0xff;
  }
}
