// The pool under memory: growth, views, slots of registers; and the map of regions.
import { describe, expect, test } from 'vitest';
import { toPa } from '../../src/arch/address.ts';
import { baseFeatures } from '../../src/arch/features.ts';
import { Trace } from '../../src/arch/trace.ts';
import { Pas, World } from '../../src/arch/world.ts';
import { Pe } from '../../src/cpu/pe.ts';
import { Gpc } from '../../src/memory/gpc.ts';
import { FramePool, POOL_FRAMES_MAX } from '../../src/memory/frame-pool.ts';
import { FrameTable } from '../../src/memory/frame-table.ts';
import { Access } from '../../src/memory/port.ts';
import { RegionMap } from '../../src/memory/regions.ts';
import { complaintOf, device, memoryWith, openPort, openPorts, pictureOf, ram } from './builders.ts';

/** One PE alone: nobody else holds GPT information. */
const noSystem = { invalidate: (): void => undefined };

describe('growth', () => {
  test('registers of a PE live on when the pool grows, and so do bytes', () => {
    const memory = memoryWith([ram('ram', 0, 4096)]);
    const pe = new Pe(0, memory, new Gpc(memory, baseFeatures, 48), new Trace(), noSystem);
    for (let n = 0; n < 31; n++) pe.x[n] = 0xabcd_0000_0000_0000n + BigInt(n);
    pe.set('far_el2', 0xffff_ffff_ffff_fff1n);
    const port = openPort(memory, Pas.NonSecure);
    const { capacity } = memory.pool;
    for (let frame = 0; frame < 3000; frame++) port.write64(toPa(frame * 4096 + 8), BigInt(frame));
    expect(memory.pool.capacity).toBeGreaterThan(capacity);
    expect([...pe.x.subarray(0, 31)]).toEqual(Array.from({ length: 31 }, (_, n) => 0xabcd_0000_0000_0000n + BigInt(n)));
    expect(pe.get('far_el2')).toBe(0xffff_ffff_ffff_fff1n);
    pe.x[3] = 5n;
    expect(memory.pool.u64.includes(5n)).toBe(true);
    for (let frame = 0; frame < 3000; frame++) expect(port.read64(toPa(frame * 4096 + 8))).toBe(BigInt(frame));
  });

  test('registers are no frames: they do not count, and neither a checkpoint nor a list of frames touches them', () => {
    const memory = memoryWith([ram('ram', 0, 64)]);
    const port = openPort(memory, Pas.Root);
    port.write64(toPa(0), 1n);
    const first = memory.checkpoint();
    const pe = new Pe(0, memory, new Gpc(memory, baseFeatures, 48), new Trace(), noSystem);
    expect(memory.framesUsed).toBe(1);
    pe.x[0] = 99n;
    const second = memory.checkpoint();
    port.write64(toPa(4096), 2n);
    for (const checkpoint of [second, first]) memory.restore(checkpoint);
    memory.setFrames([]);
    expect(memory.framesUsed).toBe(0);
    for (let frame = 0; frame < 64; frame++) port.fill(toPa(frame * 4096), 4096, 0xee);
    expect(pe.x[0]).toBe(99n);
  });

  // Each frame takes a second slot when it is written again after a clean: with an odd slot in front, the other half of
  // the slots are such second ones, so the arrays of slots are renewed in the middle of keeping, at every size.
  test.each([0, 1])(
    'what lies behind a dirty frame survives the renewal of the slot arrays: %i slots in front',
    (before) => {
      const memory = memoryWith([ram('ram', 0, 2048)]);
      for (let i = 0; i < before; i++) memory.reserve();
      const [, normal, root] = openPorts(memory) as [never, ReturnType<typeof openPort>, ReturnType<typeof openPort>];
      for (let frame = 0; frame < 600; frame++) {
        normal.write64(toPa(frame * 4096), BigInt(frame));
        memory.cleanToPopa(frame, Pas.NonSecure);
        normal.write64(toPa(frame * 4096), 7n);
        expect([frame, root.read64(toPa(frame * 4096))]).toEqual([frame, BigInt(frame)]);
      }
      expect(memory.framesUsed).toBe(1200);
      const copy = memoryWith([ram('ram', 0, 2048)]);
      for (let i = 0; i < before; i++) copy.reserve();
      copy.setFrames(memory.frames());
      expect(pictureOf(copy)).toEqual(pictureOf(memory));
    },
  );

  test.each([0, 1])('what an old owner left survives it as well: %i slots in front', (before) => {
    const memory = memoryWith([ram('ram', 0, 2048)]);
    for (let i = 0; i < before; i++) memory.reserve();
    const [, normal, root] = openPorts(memory) as [never, ReturnType<typeof openPort>, ReturnType<typeof openPort>];
    for (let frame = 0; frame < 600; frame++) {
      normal.write64(toPa(frame * 4096), BigInt(frame + 1));
      root.write64(toPa(frame * 4096 + 64), 7n);
      expect([frame, root.read64(toPa(frame * 4096))]).toEqual([frame, BigInt(frame + 1)]);
    }
    // Kept lines have landed: a slot each has been given back.
    expect(memory.framesUsed).toBe(600);
  });

  test('a pool hands out every slot up to its limit once, and views are renewed with each growth', () => {
    const pool = new FramePool(5000);
    let renewals = 0;
    pool.watch(() => renewals++);
    const slots = new Set(Array.from({ length: 5000 }, () => pool.extend()));
    expect(slots.size).toBe(5000);
    expect(slots.has(0)).toBe(false);
    expect(renewals).toBeGreaterThan(2);
    expect(pool.u64.buffer).toBe(pool.u8.buffer);
    expect(pool.u32.buffer).toBe(pool.u8.buffer);
    expect(complaintOf(() => pool.extend()).code).toBe('MEMORY_FRAMES_EXHAUSTED');
  });

  test('the largest pool ends with an error, not with slots beyond its buffer', () => {
    const pool = new FramePool(POOL_FRAMES_MAX + 100);
    pool.high = POOL_FRAMES_MAX;
    expect(
      complaintOf(() => {
        for (let i = 0; i < 100; i++) expect(pool.extend()).toBeLessThan(pool.capacity);
      }).code,
    ).toBe('MEMORY_FRAMES_EXHAUSTED');
  });
});

describe('frame table', () => {
  test.each([32, 36, 40, 48, 56])('keeps, changes and forgets slots over %i bits', (paBits) => {
    const table = new FrameTable();
    const top = 2 ** (paBits - 12);
    const frames = [0, 1, 511, 512, 0xffff, top / 2 - 1, top / 2, top - 513, top - 1];
    for (const [i, frame] of frames.entries()) table.set(frame, i + 1);
    expect(frames.map((frame) => table.get(frame))).toEqual(frames.map((_, i) => i + 1));
    for (const frame of [2, 510, 513, top - 2]) expect(table.get(frame)).toBe(0);
    for (const frame of frames) table.set(frame, 0);
    expect(frames.map((frame) => table.get(frame))).toEqual(frames.map(() => 0));
  });
});

describe('region map', () => {
  test.each([
    ['REGION_EMPTY', [ram('a', 0, 0)]],
    ['REGION_FRAMES', [ram('a', -1, 2)]],
    ['REGION_FRAMES', [ram('a', 0.5, 2)]],
    ['REGION_FRAMES', [ram('a', 0, Number.NaN)]],
    ['REGION_FRAMES', [ram('a', 0, Number.POSITIVE_INFINITY)]],
    ['REGION_FILL', [ram('a', 0, 1, 256)]],
    ['REGION_FILL', [ram('a', 0, 1, -1)]],
    ['REGION_NAME_TWICE', [device('a', 0, 1), device('a', 2, 1)]],
    ['REGION_ABOVE_PA', [ram('a', 2 ** 36 - 1, 2)]],
    ['REGION_OVERLAP', [ram('b', 3, 1), ram('a', 0, 4)]],
    ['REGION_OVERLAP', [ram('a', 0, 4), device('b', 3, 1)]],
    ['REGION_OVERLAP', [ram('a', 0, 4), device('b', 0, 1)]],
  ])('refuses %s', (code, regions) => {
    expect(complaintOf(() => new RegionMap(regions, 48)).code).toBe(code);
  });

  test('finds the region of each frame, in whatever order they were given', () => {
    const map = new RegionMap([ram('c', 2 ** 44 - 1, 1), ram('a', 0, 2), device('b', 2, 3)], 56);
    const names = [0, 1, 2, 4, 5, 2 ** 44 - 2, 2 ** 44 - 1, 2 ** 44, -1].map((frame) => map.find(frame)?.name);
    expect(names).toEqual(['a', 'a', 'b', 'b', undefined, undefined, 'c', undefined, undefined]);
  });

  test('a memory and its ports refuse with the reason at once', () => {
    expect(complaintOf(() => memoryWith([ram('a', 0, 2 ** 44 + 1)], { paBits: 56 })).code).toBe('REGION_ABOVE_PA');
    const memory = memoryWith([ram('a', 0, 2)]);
    expect(openPort(memory, Pas.Root).load(toPa(2 * 4096), 8)).toBe(Access.Bus);
    expect(openPort(memory, Pas.Root).state).toBe(World.Root);
  });
});
