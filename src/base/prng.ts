// The one source of chance: xoshiro128** seeded by splitmix32. A run is a function of its seed.

/** State of a generator as plain data, so that a snapshot can hold it. */
export type PrngState = readonly [number, number, number, number];

/** A seeded generator of 32-bit words. */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number | PrngState) {
    if (typeof seed === 'number') {
      let z = seed >>> 0;
      const next = (): number => {
        z = (z + 0x9e37_79b9) >>> 0;
        let t = Math.imul(z ^ (z >>> 16), 0x21f0_aaad);
        t = Math.imul(t ^ (t >>> 15), 0x735a_2d97);
        return (t ^ (t >>> 15)) >>> 0;
      };
      [this.#a, this.#b, this.#c, this.#d] = [next(), next(), next(), next()];
    } else {
      [this.#a, this.#b, this.#c, this.#d] = seed;
    }
  }

  /** The next 32 random bits. */
  u32(): number {
    const m = Math.imul(this.#b, 5);
    const result = Math.imul((m << 7) | (m >>> 25), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** A whole number in [0, bound), bound at most 2^32. */
  below(bound: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * bound);
  }

  /** Sixty-four random bits. */
  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  get state(): PrngState {
    return [this.#a, this.#b, this.#c, this.#d];
  }

  set state([a, b, c, d]: PrngState) {
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }
}

/** Mixes words into one: a stateless hash for streams that depend on where they are read. */
export function mix32(a: number, b: number, c: number): number {
  let h =
    Math.imul(a ^ 0x9e37_79b9, 0x85eb_ca6b) ^
    Math.imul(b + 0x7f4a_7c15, 0xc2b2_ae35) ^
    Math.imul(c ^ 0x1656_67b1, 0x27d4_eb2f);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b_3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a_2d39);
  return (h ^ (h >>> 15)) >>> 0;
}
