import { describe, expect, test } from 'vitest';
import {
  alignDown,
  frameArg,
  frameBase,
  frameOf,
  isGranuleAligned,
  offset,
  offsetIn,
  paArg,
  toPa,
} from '../../src/arch/address.ts';

const all = 0xffff_ffff_ffff_ffffn;

describe('register values as addresses', () => {
  test.each([32, 36, 40, 42, 44, 48, 52])(
    'the last address of %i bits is one, the next is none, and nothing is folded',
    (bits) => {
      const end = 1n << BigInt(bits);
      expect(paArg(end - 1n, bits)).toEqual({ inRange: true, at: Number(end - 1n) });
      expect(paArg(0n, bits)).toEqual({ inRange: true, at: 0 });
      for (const value of [end, end + 1n, end | 0x123n, 1n << 63n, all, all - 4095n]) {
        expect(paArg(value, bits)).toEqual({ inRange: false, low12: Number(value & 0xfffn) });
        expect(frameArg(value, bits)).toBe(-1);
      }
      expect(frameArg(end - 1n, bits)).toBe(Number(end >> 12n) - 1);
    },
  );

  test('every single bit above the range takes a value out of it', () => {
    for (let bit = 0n; bit < 64n; bit++) {
      const value = (1n << bit) | 0x8000_1000n;
      expect([bit, frameArg(value, 48), paArg(value, 48).inRange]).toEqual([
        bit,
        bit < 48n ? Number(value >> 12n) : -1,
        bit < 48n,
      ]);
    }
  });

  test('an address that is no exact number is out of range as one number, and exact as a frame', () => {
    const odd = (1n << 53n) + 1n;
    expect(paArg(odd, 56)).toEqual({ inRange: false, low12: 1 });
    expect(paArg((1n << 56n) - 1n, 56)).toEqual({ inRange: false, low12: 0xfff });
    expect(paArg((1n << 52n) - 1n, 56)).toEqual({ inRange: true, at: 2 ** 52 - 1 });
    expect(frameArg(odd, 56)).toBe(2 ** 41);
    expect(frameArg((1n << 56n) - 1n, 56)).toBe(2 ** 44 - 1);
    expect(frameArg((1n << 56n) - 4097n, 56)).toBe(2 ** 44 - 2);
  });

  test.each([
    -1,
    -0.5,
    -4096,
    0.5,
    4096.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    2 ** 53,
    2 ** 53 + 2,
    2 ** 64,
    2 ** 48,
  ])('the number %d is no address of 48 bits, and no inexact one is of 56', (value) => {
    expect(frameArg(value, 48)).toBe(-1);
    expect(frameArg(value, 56)).toBe(value === 2 ** 48 ? 2 ** 36 : -1);
  });

  test.each([-1n, -4096n, -(1n << 64n)])('the negative value %i is none', (value) => {
    expect(frameArg(value, 56)).toBe(-1);
    expect(paArg(value, 48).inRange).toBe(false);
  });
});

test('frames, offsets and alignment agree up to 52 bits', () => {
  for (const at of [0, 1, 4095, 4096, 2 ** 32 - 1, 2 ** 40 + 5, 2 ** 52 - 1]) {
    const pa = toPa(at);
    expect(frameBase(frameOf(pa)) + offsetIn(pa)).toBe(at);
    expect(alignDown(pa, 4096)).toBe(at - (at % 4096));
    expect(isGranuleAligned(pa)).toBe(at % 4096 === 0);
    expect(offset(pa, 8)).toBe(at + 8);
  }
});
