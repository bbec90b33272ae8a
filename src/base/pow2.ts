/** Powers of two up to 2^63, looked up: `2 ** n` with a variable n costs as much as a whole table walk. */
const powers = Float64Array.from({ length: 64 }, (_, n) => 2 ** n);

/** 2^n for n from 0 to 63. */
export const pow2 = (n: number): number => powers[n] as number;
