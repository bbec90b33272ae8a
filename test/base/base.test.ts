import { describe, expect, test } from 'vitest';
import { AssertionError, assert, unreachable } from '../../src/base/assert.ts';
import { fromBase64, toBase64 } from '../../src/base/base64.ts';
import { binary, hex } from '../../src/base/hex.ts';
import { InputError } from '../../src/base/input-error.ts';
import { Prng, mix32 } from '../../src/base/prng.ts';

/** What seed 1 begins with. */
const FIRST_WORDS = [393288148, 2174103013, 3814759091, 2092745082, 1865176206, 2179171167];

describe('prng', () => {
  test('the same seed gives the same words, for ever: a changed generator would change every golden trace', () => {
    const random = new Prng(1);
    expect(Array.from({ length: 6 }, () => random.u32())).toEqual(FIRST_WORDS);
    expect(new Prng(1).u64()).toBe((BigInt(FIRST_WORDS[0] as number) << 32n) | BigInt(FIRST_WORDS[1] as number));
  });

  test('it is xoshiro128**: the words follow from the state by the published recurrence', () => {
    const random = new Prng(0xfeed);
    let [a, b, c, d] = random.state.map((word) => BigInt.asUintN(32, BigInt(word))) as [bigint, bigint, bigint, bigint];
    const rotate = (x: bigint, k: bigint): bigint => BigInt.asUintN(32, (x << k) | (x >> (32n - k)));
    for (let n = 0; n < 1000; n++) {
      const wanted = BigInt.asUintN(32, rotate(BigInt.asUintN(32, b * 5n), 7n) * 9n);
      const t = BigInt.asUintN(32, b << 9n);
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= t;
      d = rotate(d, 11n);
      expect(BigInt(random.u32())).toBe(wanted);
    }
  });

  test('a state put back, through JSON too, goes on identically', () => {
    const random = new Prng(99);
    for (let n = 0; n < 17; n++) random.u32();
    const state = JSON.parse(JSON.stringify(random.state)) as typeof random.state;
    const wanted = Array.from({ length: 20 }, () => random.u32());
    const other = new Prng(state);
    expect(Array.from({ length: 20 }, () => other.u32())).toEqual(wanted);
    random.state = state;
    expect(Array.from({ length: 20 }, () => random.u32())).toEqual(wanted);
  });

  test('numbers stay below their bound, up to 2^32, and reach both ends', () => {
    const random = new Prng(5);
    for (const bound of [1, 2, 7, 2 ** 31, 2 ** 32]) {
      const drawn = Array.from({ length: 500 }, () => random.below(bound));
      expect(drawn.every((n) => Number.isInteger(n) && n >= 0 && n < bound)).toBe(true);
    }
    expect(new Set(Array.from({ length: 200 }, () => random.below(3)))).toEqual(new Set([0, 1, 2]));
  });

  test('seeds near each other and all-zero seeds give streams that differ', () => {
    const firsts = [0, 1, 2, 3, 0xffff_ffff].map((seed) => new Prng(seed).u32());
    expect(new Set(firsts).size).toBe(5);
    expect(new Set(Array.from({ length: 100 }, (_, n) => mix32(1, n, 0))).size).toBe(100);
    expect(new Set(Array.from({ length: 100 }, (_, n) => mix32(n, 1, 0))).size).toBe(100);
    expect(mix32(1, 2, 3)).toBe(mix32(1, 2, 3));
  });
});

describe('text forms', () => {
  test.each([
    [0, '0x0'],
    [0xfff, '0xfff'],
    [0x1_0000, '0x1_0000'],
    [0x8800_0000, '0x8800_0000'],
    [2 ** 52, '0x10_0000_0000_0000'],
    [0xffff_ffff_ffff_ffffn, '0xffff_ffff_ffff_ffff'],
  ])('hex of %s is grouped from the right', (value, text) => {
    expect(hex(value)).toBe(text);
  });

  test('digits are added in front and grouped as well', () => {
    expect(hex(0xbn, 16)).toBe('0x0000_0000_0000_000b');
    expect(binary(0b1011n, 8)).toBe('0b0000_1011');
    expect(binary(0b1_0000n, 4)).toBe('0b1_0000');
  });

  test('base64 is the usual one and comes back byte for byte, at every length and beyond what one call takes as arguments', () => {
    const random = new Prng(3);
    for (const length of [0, 1, 2, 3, 4, 63, 64, 65, 0x7fff, 0x8000, 0x8001, 1 << 17]) {
      const bytes = Uint8Array.from({ length }, () => random.below(256));
      expect(toBase64(bytes) === Buffer.from(bytes).toString('base64')).toBe(true);
      expect(Buffer.compare(fromBase64(toBase64(bytes)), bytes)).toBe(0);
    }
  });
});

describe('errors', () => {
  test('bad input names code, place, what was expected and what was found, in one sentence and as fields', () => {
    const error = new InputError({
      code: 'REGION_ALIGN',
      where: 'ram[0]',
      expected: 'a multiple of 0x1000',
      found: 0n,
    });
    expect(error.message).toBe('REGION_ALIGN at ram[0], expected a multiple of 0x1000, found 0');
    expect({ ...error }).toMatchObject({
      code: 'REGION_ALIGN',
      where: 'ram[0]',
      expected: 'a multiple of 0x1000',
      found: 0n,
    });
    expect(new InputError({ code: 'X', where: 'y' }).message).toBe('X at y');
    expect(new InputError({ code: 'X', where: 'y', found: false }).message).toBe('X at y, found false');
  });

  test('an assertion is our own bug and no input error', () => {
    expect(() => assert(false, 'it holds')).toThrow(AssertionError);
    expect(() => assert(true, 'it holds')).not.toThrow();
    expect(() => unreachable('x' as never)).toThrow('unhandled case x');
    expect(new AssertionError('x')).not.toBeInstanceOf(InputError);
  });
});
