// The addresses that the benchmark of the granule protection check asks about, each list a function of its name.
import type { Pa } from '../../../arch/address.ts';
import { Prng } from '../../../base/prng.ts';
import type { MachineDescription } from '../../../machine/description.ts';

const GiB = 2 ** 30;
const MiB = 2 ** 20;
export const LIST_LENGTH = 2 ** 20;

/** All of DRAM, as stretches of addresses. */
function dramOf(description: MachineDescription): readonly { readonly base: number; readonly size: number }[] {
  return description.ram.filter(({ base }) => base >= 2 * GiB);
}

/** Aligned to 8, evenly over all of DRAM. */
export function randomOverDram(description: MachineDescription, seed: number): Float64Array {
  const dram = dramOf(description);
  const total = dram.reduce((sum, { size }) => sum + size, 0);
  const prng = new Prng(seed);
  return Float64Array.from({ length: LIST_LENGTH }, () => {
    let at = below(prng, total / 8) * 8;
    for (const { base, size } of dram) {
      if (at < size) return base + at;
      at -= size;
    }
    throw new Error('an offset lies in one of the stretches');
  });
}

export function sequential(base: number, step: number): Float64Array {
  return Float64Array.from({ length: LIST_LENGTH }, (_, i) => base + i * step);
}

/** Aligned to 8, at random places of 256 MiB. */
export function hot(base: number, seed: number): Float64Array {
  const prng = new Prng(seed);
  return Float64Array.from({ length: LIST_LENGTH }, () => base + prng.below((256 * MiB) / 8) * 8);
}

/** Aligned to 8, at random places of the 2 MiB around each of some addresses. */
export function around(addresses: readonly number[], seed: number): Float64Array {
  const prng = new Prng(seed);
  return Float64Array.from({ length: LIST_LENGTH }, () => {
    const near = addresses[prng.below(addresses.length)] ?? 0;
    return near - (near % (2 * MiB)) + prng.below((2 * MiB) / 8) * 8;
  });
}

/** Aligned to 8, anywhere below 2 TiB: level 0 blocks and what lies above the protected range as well. */
export function anywhere(seed: number): Float64Array {
  const prng = new Prng(seed);
  return Float64Array.from({ length: LIST_LENGTH }, () => below(prng, 2 ** 38) * 8);
}

/** A whole number in [0, bound), for bounds of more than 32 bits. */
function below(prng: Prng, bound: number): number {
  return Math.floor(((prng.u32() * 2 ** 21 + (prng.u32() >>> 11)) / 2 ** 53) * bound);
}

/** The list as addresses: they were made from bases and sizes of a machine's memory. */
export const toAddresses = (list: Float64Array): ArrayLike<Pa> => list as unknown as ArrayLike<Pa>;
