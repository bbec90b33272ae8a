// What lies where in the physical address space, as data: RAM that exists on touch, and devices.

import { frameBase } from '../arch/address.ts';
import { hex } from '../base/hex.ts';
import { InputError } from '../base/input-error.ts';

/** A stretch of physical addresses. Frames rather than bytes, so that 56-bit addresses stay exact. */
export type Region = {
  readonly name: string;
  readonly kind: 'ram' | 'device';
  readonly firstFrame: number;
  readonly frameCount: number;
  /** What RAM reads as before it was written. */
  readonly fill: number;
};

/** A device behind a region. Offsets are bytes from the region's base; values are up to 64 bits. */
export type Device = {
  read(at: number, size: number): bigint;
  write(at: number, size: number, value: bigint): void;
};

/** Regions in address order, with a search by frame. */
export class RegionMap {
  readonly regions: readonly Region[];

  constructor(regions: readonly Region[], paBits: number) {
    const sorted = [...regions].sort((a, b) => a.firstFrame - b.firstFrame);
    const names = new Set<string>();
    let before: Region | undefined;
    for (const region of sorted) {
      const { name, firstFrame, frameCount, fill } = region;
      for (const found of [firstFrame, frameCount]) {
        if (!Number.isSafeInteger(found) || found < 0)
          throw new InputError({ code: 'REGION_FRAMES', where: name, expected: 'whole frames', found });
      }
      if (!Number.isInteger(fill) || fill < 0 || fill > 0xff)
        throw new InputError({ code: 'REGION_FILL', where: name, expected: '0 to 0xff', found: fill });
      // Devices are attached by name.
      if (names.has(name)) throw new InputError({ code: 'REGION_NAME_TWICE', where: name });
      names.add(name);
      if (frameCount === 0) throw new InputError({ code: 'REGION_EMPTY', where: name, found: frameCount });
      if (firstFrame + frameCount > 2 ** (paBits - 12)) {
        throw new InputError({
          code: 'REGION_ABOVE_PA',
          where: name,
          expected: `end <= 2^${paBits}`,
          found: hex(BigInt(firstFrame + frameCount) << 12n),
        });
      }
      if (before !== undefined && before.firstFrame + before.frameCount > firstFrame) {
        throw new InputError({
          code: 'REGION_OVERLAP',
          where: name,
          expected: `not in ${before.name}`,
          found: hex(frameBase(firstFrame)),
        });
      }
      before = region;
    }
    this.regions = sorted;
  }

  /** The region that holds a frame. */
  find(frame: number): Region | undefined {
    let low = 0;
    let high = this.regions.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const region = this.regions[middle] as Region;
      if (frame < region.firstFrame) high = middle - 1;
      else if (frame >= region.firstFrame + region.frameCount) low = middle + 1;
      else return region;
    }
    return undefined;
  }
}
