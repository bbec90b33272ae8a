// The RMM's own checks of what EL3 hands over: every code, and which one is reported when several things are wrong.

import { describe, expect, it } from 'vitest';
import { toPa } from '../../src/arch/address.ts';
import { Trace } from '../../src/arch/trace.ts';
import { manifestBytes } from '../../src/monitor/manifest.ts';
import { coldBoot, warmBoot } from '../../src/rmm/boot.ts';
import type { RealmMemory, RmmPe } from '../../src/rmm/ports.ts';

const BUFFER = 0xffbf_f000;
const banks = [
  { base: toPa(0x8000_0000), size: 0x4000_0000 },
  { base: toPa(0x8_8000_0000), size: 0x8000_0000 },
];

/** A shared buffer with the manifest of the two banks, changed by `change`. */
function page(change: (view: DataView) => void = () => undefined): Uint8Array {
  const bytes = new Uint8Array(4096);
  bytes.set(manifestBytes(toPa(BUFFER), banks));
  change(new DataView(bytes.buffer));
  return bytes;
}

/** A PE whose only memory is the shared buffer. */
function peWith(x: readonly bigint[], bytes: Uint8Array | undefined): RmmPe {
  const nobody = (): never => {
    throw new Error('the RMM does not do this while it boots');
  };
  const registers = BigUint64Array.from({ length: 31 }, (_, n) => x[n] ?? 0n);
  const noMemory: RealmMemory = {
    words: new Uint32Array(4),
    load: nobody,
    store: nobody,
    readBytes: nobody,
    readInto: nobody,
    writeBytes: nobody,
    fill: nobody,
    fill64: nobody,
  };
  return {
    index: 0,
    offset: 0,
    x: registers,
    words: new Uint32Array(registers.buffer),
    realm: {
      ...noMemory,
      readBytes: (pa, length) => (bytes !== undefined && pa === BUFFER && length === 4096 ? bytes.slice() : undefined),
    },
    nonSecure: noMemory,
    el3: { gpi: nobody, call: nobody },
    get: nobody,
    read: nobody,
    set: nobody,
    eret: nobody,
    invalidateStage2: nobody,
    leave: nobody,
    trace: new Trace(),
  };
}

const good = [0n, 0x3n, 8n, BigInt(BUFFER)] as const;
const code = (x: readonly bigint[], bytes: Uint8Array | undefined = page()): number =>
  coldBoot(peWith(x, bytes), 48).code;
const withX = (changes: Readonly<Record<number, bigint>>): bigint[] => good.map((value, n) => changes[n] ?? value);
const top = (1n << 64n) - 1n;

describe('cold boot', () => {
  it('of what the monitor hands over succeeds, and learns the banks', () => {
    expect(coldBoot(peWith(good, page()), 48)).toEqual({ code: 0, banks, sharedBuffer: BUFFER });
  });

  it('refuses each register with its own code', () => {
    expect({
      indexAboveBuild: code(withX({ 0: 16n, 2: 16n })),
      indexHuge: code(withX({ 0: top })),
      versionMajor: code(withX({ 1: 0x1_0003n })),
      versionMinor: code(withX({ 1: 0x2n })),
      versionNewerMinor: code(withX({ 1: 0x4n })),
      versionBit31: code(withX({ 1: 0x8000_0003n })),
      versionUpperHalf: code(withX({ 1: (1n << 32n) | 3n })),
      countAboveBuild: code(withX({ 2: 17n })),
      countHuge: code(withX({ 2: top })),
      countBuild: code(withX({ 2: 16n })),
      countZero: code(withX({ 2: 0n })),
      indexNotBelowCount: code(withX({ 0: 8n })),
      bufferZero: code(withX({ 3: 0n })),
      bufferUnaligned: code(withX({ 3: BigInt(BUFFER + 8) })),
      bufferAbovePa: code(withX({ 3: 1n << 48n })),
      bufferFolded: code(withX({ 3: (1n << 63n) | BigInt(BUFFER) })),
      bufferNotOurs: coldBoot(peWith(good, undefined), 48).code,
    }).toEqual({
      indexAboveBuild: -4,
      indexHuge: -4,
      versionMajor: -2,
      versionMinor: -2,
      versionNewerMinor: 0,
      versionBit31: -2,
      versionUpperHalf: -2,
      countAboveBuild: -3,
      countHuge: -3,
      countBuild: 0,
      countZero: -4,
      indexNotBelowCount: -4,
      bufferZero: -5,
      bufferUnaligned: -5,
      bufferAbovePa: -5,
      bufferFolded: -5,
      bufferNotOurs: -5,
    });
  });

  it('reports the first of two failures in the order of the interface', () => {
    const brokenVersion = page((view) => view.setUint32(0, 2, true));
    const brokenBoth = page((view) => {
      view.setUint32(0, 2, true);
      view.setBigUint64(16, 0n, true);
    });
    expect([
      code(withX({ 0: 16n, 1: 0n })),
      code(withX({ 1: 0n, 2: 17n })),
      code(withX({ 0: 15n, 2: 17n })),
      code(withX({ 0: 8n, 3: 0n })),
      code(withX({ 3: 0n }), brokenVersion),
      code(good, brokenBoth),
    ]).toEqual([-4, -2, -3, -4, -5, -6]);
  });

  it('refuses manifests of another version', () => {
    const versions = [0x0n, 0x2n, 0x3n, 0x4n, 0x1_0003n, 0x8000_0003n];
    expect(
      versions.map((v) =>
        code(
          good,
          page((view) => view.setUint32(0, Number(v), true)),
        ),
      ),
    ).toEqual([-6, -6, 0, 0, -6, -6]);
  });

  /** Changes a word and makes the checksum right again. */
  const repaired = (at: number, value: bigint) => (view: DataView) => {
    const before = view.getBigUint64(at, true);
    view.setBigUint64(at, value, true);
    view.setBigUint64(32, BigInt.asUintN(64, view.getBigUint64(32, true) - value + before), true);
  };

  it('refuses bank lists that are not what they say, checksum right or wrong', () => {
    const found = Object.entries({
      checksum: (view: DataView) => view.setBigUint64(32, view.getBigUint64(32, true) + 1n, true),
      base: (view: DataView) => view.setBigUint64(64, 0x9000_0000n, true),
      noBanks: repaired(16, 0n),
      tooMany: repaired(16, 252n + 1n),
      countHuge: repaired(16, top),
      countThatWraps: repaired(16, 1n << 60n),
      listBelow: repaired(24, BigInt(BUFFER - 8)),
      listAbove: repaired(24, BigInt(BUFFER + 4096)),
      listUnaligned: repaired(24, BigInt(BUFFER + 60)),
      listHuge: repaired(24, top),
      baseZero: repaired(64, 0n),
      baseUnaligned: repaired(64, 0x8000_0800n),
      baseAbovePa: repaired(64, 1n << 48n),
      baseFolded: repaired(64, (1n << 63n) | 0x8000_0000n),
      sizeZero: repaired(72, 0n),
      sizeUnaligned: repaired(72, 0x4000_0001n),
      sizeAbovePa: repaired(72, (1n << 48n) - 0x8000_0000n + 4096n),
      sizeThatWraps: repaired(72, top - 4095n),
      overlap: repaired(72, 0x8_8000_0000n),
      descending: repaired(80, 0x4000_0000n),
      same: repaired(80, 0x8000_0000n),
    }).filter(([, change]) => code(good, page(change)) !== -7);
    expect(found.map(([name]) => name)).toEqual([]);
  });

  it('accepts a list that touches: one bank begins where the one before ends', () => {
    expect(code(good, page(repaired(80, 0xc000_0000n)))).toBe(0);
  });

  it('that fails learns nothing', () => {
    expect(coldBoot(peWith(good, page(repaired(64, 0n))), 48)).toEqual({
      code: -7,
      banks: [],
      sharedBuffer: undefined,
    });
  });
});

describe('warm boot', () => {
  it('looks at the index alone', () => {
    const codes = [0n, 7n, 8n, top, 1n << 32n].map((x0) => warmBoot(peWith([x0, top, top, top], undefined), 8));
    expect(codes).toEqual([0, 0, -4, -4, -4]);
  });
});
