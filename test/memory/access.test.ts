// Accesses of every size at every place, beside a memory that is one flat array.
import { describe, expect, test } from 'vitest';
import { toPa } from '../../src/arch/address.ts';
import { Pas } from '../../src/arch/world.ts';
import { Prng } from '../../src/base/prng.ts';
import type { PhysicalMemory } from '../../src/memory/physical-memory.ts';
import { Access, type MemoryPort } from '../../src/memory/port.ts';
import { agree, complaintOf, device, differsAt, memoryWith, openPort, pictureOf, ram, seeds } from './builders.ts';

const FRAMES = 20;
const regions = [
  ram('low', 0, 5),
  ram('mid', 5, 3, 0xa5),
  device('uart', 8, 2),
  ram('high', 12, 4, 0xff),
  device('absent', 16, 1),
];
const isHole = (frame: number): boolean => frame === 10 || frame === 11 || frame >= 16;
const isDevice = (frame: number): boolean => frame === 8 || frame === 9;

/** The same addresses as one array; a device is memory that takes at most 8 bytes at a time. */
class FlatModel {
  readonly bytes = new Uint8Array(FRAMES * 4096);

  constructor() {
    for (const { kind, firstFrame, frameCount, fill } of regions)
      if (kind === 'ram') this.bytes.fill(fill, firstFrame * 4096, (firstFrame + frameCount) * 4096);
  }

  /** Whether each part of an access that lies in one frame finds something. */
  answers(at: number, size: number, takesDevices: boolean): boolean {
    for (let from = at; from < at + size;) {
      const frame = Math.floor(from / 4096);
      const part = Math.min((frame + 1) * 4096, at + size) - from;
      if (isHole(frame) || (isDevice(frame) && (!takesDevices || part > 8))) return false;
      from += part;
    }
    return true;
  }
}

function machine(): { readonly memory: PhysicalMemory; readonly port: MemoryPort; readonly held: Uint8Array } {
  const memory = memoryWith(regions);
  const held = new Uint8Array(2 * 4096);
  memory.attach('uart', {
    read: (at, size) => {
      let value = 0n;
      for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(held[at + i] as number);
      return value;
    },
    write: (at, size, value) => {
      for (let i = 0; i < size; i++) held[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
    },
  });
  return { memory, port: openPort(memory, Pas.Root), held };
}

/** All of memory, by the largest reads that a device takes. */
function readAll(port: MemoryPort): Uint8Array {
  const bytes = new Uint8Array(FRAMES * 4096);
  for (let at = 0; at < bytes.length; at += 8)
    if (port.load(toPa(at), 8) === Access.Ok) bytes.set(port.bytes.subarray(0, 8), at);
  return bytes;
}

/** An address near the end of a frame half of the time. */
const somewhere = (random: Prng): number =>
  random.below(2) === 0 ? random.below(FRAMES * 4096) : random.below(FRAMES) * 4096 + 4096 - random.below(20);

describe('accesses of 1 to 16 bytes', () => {
  test.each(seeds(3))('a run of loads and stores gives what a flat array gives: seed %i', (seed) => {
    const random = new Prng(seed);
    const { memory, port } = machine();
    const model = new FlatModel();
    for (let step = 0; step < 6000; step++) {
      const at = somewhere(random);
      const size = 1 + random.below(16);
      const wanted = model.answers(at, size, true) && at + size <= model.bytes.length ? Access.Ok : Access.Bus;
      if (random.below(2) === 0) {
        const before = memory.framesUsed;
        agree(step, port.load(toPa(at), size), wanted);
        agree(step, memory.framesUsed, before);
        if (wanted === Access.Ok)
          agree(step, differsAt(port.bytes.subarray(0, size), model.bytes.subarray(at, at + size)), -1);
      } else {
        for (let i = 0; i < 16; i++) port.bytes[i] = random.below(256);
        agree(step, port.store(toPa(at), size), wanted);
        if (wanted === Access.Ok) model.bytes.set(port.bytes.subarray(0, size), at);
      }
    }
    expect(differsAt(readAll(port), model.bytes)).toBe(-1);
  });

  test.each(seeds(3))('a run of bulk reads, writes and fills gives what a flat array gives: seed %i', (seed) => {
    const random = new Prng(seed ^ 0x5555);
    const { memory, port } = machine();
    const model = new FlatModel();
    for (let step = 0; step < 600; step++) {
      const kind = random.below(4);
      const at = kind === 3 ? somewhere(random) & ~7 : somewhere(random);
      const size = (kind === 3 ? 8 : 1) * random.below(random.below(2) === 0 ? 24 : kind === 3 ? 1300 : 10_000);
      const isInside = at + size <= model.bytes.length;
      if (kind === 0) {
        const before = memory.framesUsed;
        const found = port.readBytes(toPa(at), size);
        agree(step, memory.framesUsed, before);
        agree(step, found !== undefined, isInside && model.answers(at, size, true));
        if (found !== undefined) agree(step, differsAt(found, model.bytes.subarray(at, at + size)), -1);
        continue;
      }
      const wanted = size === 0 || (isInside && model.answers(at, size, false)) ? Access.Ok : Access.Bus;
      const bytes = new Uint8Array(size);
      if (kind === 1) {
        for (let i = 0; i < size; i++) bytes[i] = random.below(256);
        agree(step, port.writeBytes(toPa(at), bytes), wanted);
      } else if (kind === 2) {
        const value = [0, 0xa5, 0xff, 0x3c][random.below(4)] as number;
        bytes.fill(value);
        agree(step, port.fill(toPa(at), size, value), wanted);
      } else {
        const [lo, hi] = [random.u32(), random.below(2) === 0 ? random.u32() : 7];
        new Uint32Array(bytes.buffer).forEach((_, i, words) => (words[i] = i % 2 === 0 ? lo : hi));
        agree(step, port.fill64(toPa(at), size / 8, lo, hi), wanted);
      }
      if (wanted === Access.Ok) model.bytes.set(bytes, at);
    }
    expect(differsAt(readAll(port), model.bytes)).toBe(-1);
  });

  test('every size at every offset near the end of a frame reads what was written, and touches nothing beside it', () => {
    const memory = memoryWith([ram('a', 1, 1, 0x11), ram('b', 2, 1, 0x22)]);
    const port = openPort(memory, Pas.NonSecure);
    for (let size = 1; size <= 16; size++) {
      for (let offset = 4070; offset < 4100; offset++) {
        memory.setFrames([]);
        port.bytes.forEach((_, i, bytes) => (bytes[i] = 0x80 + i));
        expect(port.store(toPa(4096 + offset), size)).toBe(Access.Ok);
        const wanted = new Uint8Array(8192).fill(0x11, 0, 4096).fill(0x22, 4096);
        for (let i = 0; i < size; i++) wanted[offset + i] = 0x80 + i;
        expect([size, offset, differsAt(port.readBytes(toPa(4096), 8192) as Uint8Array, wanted)]).toEqual([
          size,
          offset,
          -1,
        ]);
        expect(memory.framesUsed).toBe(offset + size <= 4096 || offset >= 4096 ? 1 : 2);
      }
    }
  });
});

describe('what exists', () => {
  test('untouched memory reads as its region says, at any size, and no frame comes of it', () => {
    const memory = memoryWith([ram('zero', 0, 2), ram('ones', 2, 600, 0xff), ram('far', 2 ** 28, 2, 0x5a)]);
    const port = openPort(memory, Pas.Realm);
    expect(port.readBytes(toPa(8190), 4)).toEqual(Uint8Array.of(0, 0, 0xff, 0xff));
    expect(port.read64(toPa(2 ** 21 + 4093))).toBe(0xffff_ffff_ffff_ffffn);
    expect(port.read64(toPa(2 ** 40 + 4090))).toBe(0x5a5a_5a5a_5a5a_5a5an);
    expect(memory.framesUsed).toBe(0);
  });

  test('wiping a frame that nobody touched touches nothing; wiping one that reads as something else does', () => {
    const memory = memoryWith([ram('zero', 0, 8), ram('ones', 8, 8, 0xff)]);
    const port = openPort(memory, Pas.Realm);
    expect(port.fill(toPa(0), 8 * 4096, 0)).toBe(Access.Ok);
    expect(port.fill(toPa(8 * 4096), 8 * 4096, 0xff)).toBe(Access.Ok);
    expect(memory.framesUsed).toBe(0);
    expect(memory.dirtyIn(0)).toBeUndefined();
    expect(port.fill(toPa(8 * 4096), 1, 0)).toBe(Access.Ok);
    expect(memory.framesUsed).toBe(1);
    expect(port.readBytes(toPa(8 * 4096), 2)).toEqual(Uint8Array.of(0, 0xff));
  });

  test('accesses of no bytes bring nothing into being', () => {
    const memory = memoryWith([ram('zero', 0, 8)]);
    const port = openPort(memory, Pas.Root);
    expect(port.writeBytes(toPa(0), new Uint8Array(0))).toBe(Access.Ok);
    expect(port.fill(toPa(4095), 0, 9)).toBe(Access.Ok);
    expect(port.fill64(toPa(0), 0, 1, 1)).toBe(Access.Ok);
    expect(port.readBytes(toPa(0), 0)).toEqual(new Uint8Array(0));
    expect(memory.framesUsed).toBe(0);
  });

  test.each([40, 41, 44, 48, 52, 56])('frames at both ends of %i bits of address are different frames', (paBits) => {
    const top = 2 ** (paBits - 12);
    // Neighbours of every power of two from 1 TiB up: where tables change hands, and where a fold would show.
    const frames = new Set([0, 1, top - 2, top - 1]);
    for (let bits = 28; bits < paBits - 12; bits++) for (const d of [-1, 0, 1]) frames.add(2 ** bits + d);
    const memory = memoryWith([ram('all', 0, top, 0x33)], { paBits });
    const port = openPort(memory, Pas.Root);
    const word = (frame: number): bigint => (BigInt(frame) * 0x9e37_79b9_7f4a_7c15n) & 0xffff_ffff_ffff_ffffn;
    for (const frame of frames) {
      port.doublewords[0] = word(frame);
      expect(port.storeAt(frame, 8, 8)).toBe(Access.Ok);
    }
    expect(memory.framesUsed).toBe(frames.size);
    for (const frame of frames) {
      expect(port.loadAt(frame, 8, 8)).toBe(Access.Ok);
      expect([frame, port.doublewords[0]]).toEqual([frame, word(frame)]);
    }
    expect(port.loadAt(top - 1, 4092, 8)).toBe(Access.Bus);
    expect(port.storeAt(top - 1, 4092, 8)).toBe(Access.Bus);
    expect(port.loadAt(top, 0, 8)).toBe(Access.Bus);
  });
});

describe('devices', () => {
  const log: string[] = [];
  const withDevice = (): { memory: PhysicalMemory; port: MemoryPort } => {
    log.length = 0;
    const memory = memoryWith([ram('ram', 0, 1), device('dev', 1, 2), device('absent', 3, 1), ram('after', 4, 1)]);
    memory.attach('dev', {
      read: (at, size) => (log.push(`read ${at} ${size}`), 0x1122_3344_5566_7788n),
      write: (at, size, value) => void log.push(`write ${at} ${size} ${value.toString(16)}`),
    });
    return { memory, port: openPort(memory, Pas.Secure) };
  };

  test('a device sees offset, size and value, and its answer is cut to the size', () => {
    const { port } = withDevice();
    port.doublewords[0] = 0xffee_ddcc_bbaa_9988n;
    expect(port.store(toPa(4096 + 5), 3)).toBe(Access.Ok);
    port.bytes.fill(0);
    expect(port.load(toPa(8192), 2)).toBe(Access.Ok);
    expect(port.doublewords[0]).toBe(0x7788n);
    expect(log).toEqual(['write 5 3 aa9988', 'read 4096 2']);
  });

  test('what is too wide for a device, or has no device, ends on the bus and nobody is asked', () => {
    const { memory, port } = withDevice();
    expect(port.load(toPa(4096), 16)).toBe(Access.Bus);
    expect(port.store(toPa(4096), 9)).toBe(Access.Bus);
    expect(port.load(toPa(3 * 4096), 1)).toBe(Access.Bus);
    expect(port.store(toPa(3 * 4096), 1)).toBe(Access.Bus);
    expect(port.writeBytes(toPa(4096), Uint8Array.of(1))).toBe(Access.Bus);
    expect(port.fill(toPa(4096), 4, 0)).toBe(Access.Bus);
    expect(log).toEqual([]);
    expect(memory.framesUsed).toBe(0);
  });

  test('a store over the border of RAM and device, or of two frames of a device, reaches both or neither', () => {
    const { memory, port } = withDevice();
    port.doublewords[0] = 0x8877_6655_4433_2211n;
    expect(port.store(toPa(4096 - 4), 8)).toBe(Access.Ok);
    expect(port.store(toPa(8192 - 2), 8)).toBe(Access.Ok);
    expect(log).toEqual(['write 0 4 88776655', 'write 4094 2 2211', 'write 4096 6 887766554433']);
    expect(port.readBytes(toPa(4092), 4)).toEqual(Uint8Array.of(0x11, 0x22, 0x33, 0x44));
    log.length = 0;
    // Twelve bytes would be too many for the device; behind it nothing answers; a bulk write never reaches a device.
    expect(port.store(toPa(4096 - 4), 16)).toBe(Access.Bus);
    expect(port.store(toPa(3 * 4096 - 4), 8)).toBe(Access.Bus);
    expect(port.load(toPa(3 * 4096 - 4), 8)).toBe(Access.Bus);
    expect(port.writeBytes(toPa(4000), new Uint8Array(100).fill(9))).toBe(Access.Bus);
    expect(port.fill(toPa(0), 4097, 9)).toBe(Access.Bus);
    expect(log).toEqual([]);
    expect(memory.framesUsed).toBe(1);
    expect(port.readBytes(toPa(4000), 92)).toEqual(new Uint8Array(92));
  });
});

describe('injected aborts', () => {
  test('an aborting location refuses what touches it and nothing else, before and after the frame exists', () => {
    const memory = memoryWith([ram('ram', 0, 3, 0x77)]);
    const port = openPort(memory, Pas.Root);
    const isAborting = (): void => {
      expect(port.load(toPa(0x1000 + 15), 1)).toBe(Access.Ok);
      expect(port.load(toPa(0x1000 + 15), 2)).toBe(Access.Bus);
      expect(port.store(toPa(0x1000 + 23), 1)).toBe(Access.Bus);
      expect(port.load(toPa(0x1000 + 24), 8)).toBe(Access.Ok);
      expect(port.readBytes(toPa(0x1000 + 24), 64)?.length).toBe(64);
      expect(port.readBytes(toPa(0x1000), 17)).toBeUndefined();
      expect(port.writeBytes(toPa(0xff0), new Uint8Array(0x40))).toBe(Access.Bus);
      expect(port.fill(toPa(0xff0), 0x40, 1)).toBe(Access.Bus);
      expect(port.readBytes(toPa(0xff0), 16)).toEqual(new Uint8Array(16).fill(0x77));
    };
    memory.injectAbort(1, 0x15);
    isAborting();
    expect(port.store(toPa(0x1000 + 24), 8)).toBe(Access.Ok);
    port.bytes.fill(0x77);
    expect(port.store(toPa(0x1000 + 24), 8)).toBe(Access.Ok);
    isAborting();
    memory.clearAborts();
    expect(port.load(toPa(0x1000 + 15), 2)).toBe(Access.Ok);
    expect(port.store(toPa(0x1000 + 16), 8)).toBe(Access.Ok);
  });
});

describe('running out of frames', () => {
  const full = (framesMax: number): { memory: PhysicalMemory; port: MemoryPort } => {
    const memory = memoryWith([ram('ram', 0, 64, 0x42)], { framesMax });
    return { memory, port: openPort(memory, Pas.NonSecure) };
  };
  const exhausted = { code: 'MEMORY_FRAMES_EXHAUSTED', where: 'memory.maxFrames' };

  test('the error names the limit', () => {
    const { port } = full(3);
    for (const frame of [0, 1, 2]) expect(port.store(toPa(frame * 4096), 8)).toBe(Access.Ok);
    expect(() => port.store(toPa(3 * 4096), 8)).toThrow(/MEMORY_FRAMES_EXHAUSTED .*expected 3, found 4/);
    expect(port.store(toPa(2 * 4096 + 8), 8)).toBe(Access.Ok);
    expect(port.load(toPa(3 * 4096), 8)).toBe(Access.Ok);
  });

  test.each([
    ['a store over two frames', (port: MemoryPort) => port.store(toPa(11 * 4096 - 3), 8)],
    ['a bulk write', (port: MemoryPort) => port.writeBytes(toPa(10 * 4096 + 5), new Uint8Array(3 * 4096).fill(1))],
    ['a fill', (port: MemoryPort) => port.fill(toPa(10 * 4096 + 5), 3 * 4096, 1)],
    ['a fill of words', (port: MemoryPort) => port.fill64(toPa(10 * 4096 + 8), 1024, 1, 2)],
  ])('%s that does not fit as a whole changes nothing', (_, act) => {
    const { memory, port } = full(3);
    expect(port.fill(toPa(0), 2 * 4096, 7)).toBe(Access.Ok);
    const before = pictureOf(memory);
    expect(complaintOf(() => act(port))).toEqual(exhausted);
    expect(pictureOf(memory)).toEqual(before);
    expect(memory.framesUsed).toBe(2);
    expect(port.readBytes(toPa(10 * 4096), 4 * 4096)).toEqual(new Uint8Array(4 * 4096).fill(0x42));
  });

  test('a write that has to keep what is behind it, or what an old owner left, counts as well', () => {
    const { memory, port } = full(2);
    const realm = openPort(memory, Pas.Realm);
    expect(port.fill(toPa(0), 4096, 7)).toBe(Access.Ok);
    expect(port.fill(toPa(4096), 4096, 8)).toBe(Access.Ok);
    const before = pictureOf(memory);
    expect(complaintOf(() => realm.store(toPa(8), 8))).toEqual(exhausted);
    expect(pictureOf(memory)).toEqual(before);
    memory.cleanToPopa(0, Pas.NonSecure);
    memory.cleanToPopa(1, Pas.NonSecure);
    const clean = pictureOf(memory);
    expect(complaintOf(() => realm.store(toPa(8), 8))).toEqual(exhausted);
    expect(complaintOf(() => realm.store(toPa(4090), 8))).toEqual(exhausted);
    expect(pictureOf(memory)).toEqual(clean);
    expect(realm.readBytes(toPa(4090), 12)).toEqual(Uint8Array.of(7, 7, 7, 7, 7, 7, 8, 8, 8, 8, 8, 8));
  });

  test('a fill that brings nothing into being needs no room', () => {
    const { memory, port } = full(1);
    expect(port.store(toPa(0), 8)).toBe(Access.Ok);
    expect(port.fill(toPa(4096), 16 * 4096, 0x42)).toBe(Access.Ok);
    expect(memory.framesUsed).toBe(1);
  });

  test('frames that were given back can be used again', () => {
    const { memory, port } = full(2);
    const empty = memory.checkpoint();
    for (let round = 0; round < 50; round++) {
      expect(port.store(toPa(round * 4096), 8)).toBe(Access.Ok);
      expect(port.store(toPa(((round + 1) % 64) * 4096), 8)).toBe(Access.Ok);
      expect(complaintOf(() => port.store(toPa(63 * 4096 - 4), 8))).toEqual(exhausted);
      memory.restore(empty);
      expect(memory.framesUsed).toBe(0);
    }
  });
});
