// Register values as numbers. A value that is no exact address stays recognisable as none: it becomes a number at or above
// 2^52 that keeps its low twelve bits, so that it is beyond every address range and its alignment can still be judged.

/** Everything at or above it was no address. */
export const NOT_AN_ADDRESS = 2 ** 52;

/** A register from its halves. Exact below 2^52. */
export const registerNumber = (lo: number, hi: number): number =>
  hi >>> 20 === 0 ? (hi >>> 0) * 2 ** 32 + (lo >>> 0) : NOT_AN_ADDRESS + (lo & 0xfff);

/** The arguments of a call: X0 to X17 as halves. */
export class CallArguments {
  readonly #words = new Uint32Array(36);

  /** Copies the registers of a PE: a later SMC of our own may overwrite them. */
  load(words: Uint32Array): void {
    for (let i = 0; i < 36; i++) this.#words[i] = words[i] as number;
  }

  /** Xn as an address, a size or an index. */
  number(n: number): number {
    return registerNumber(this.#words[2 * n] as number, this.#words[2 * n + 1] as number);
  }

  /** Xn as a small signed number: a level. Values that are none come out as NaN, which no comparison holds for. */
  signed(n: number): number {
    const lo = this.#words[2 * n] as number;
    const hi = this.#words[2 * n + 1] as number;
    return hi === (lo >>> 31 === 1 ? 0xffff_ffff : 0) ? lo | 0 : NaN;
  }

  lo(n: number): number {
    return this.#words[2 * n] as number;
  }

  hi(n: number): number {
    return this.#words[2 * n + 1] as number;
  }

  /** Xn as it is. */
  value(n: number): bigint {
    return (BigInt(this.hi(n)) << 32n) | BigInt(this.lo(n));
  }
}
