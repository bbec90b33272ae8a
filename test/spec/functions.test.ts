import { describe, expect, test } from 'vitest';
import { parseCondition } from '../../src/spec/condition.ts';
import { evaluate, type Value } from '../../src/spec/evaluate.ts';
import { decode, decodeEnumeration, pureFunctions } from '../../src/spec/functions.ts';

const value = (text: string, variables: Readonly<Record<string, Value>> = {}): Value =>
  evaluate(parseCondition(text), { functions: pureFunctions, variable: (name) => variables[name] });

test.each<[string, Value]>([
  ['AddrIsGranuleAligned(0x8000_1000)', true],
  ['AddrIsGranuleAligned(0x8000_1001)', false],
  ['AddrIsGranuleAligned(0xFFFF_FFFF_FFFF_FFFF)', false],
  ['AddrIsAligned(0x300, 256)', true],
  ['AddrIsAligned(0x380, 256)', false],
  ['AddrIsAligned(0, 0)', undefined],
  ['AddrIsRttLevelAligned(0x20_0000, 2)', true],
  ['AddrIsRttLevelAligned(0x20_0000, 1)', false],
  ['AddrIsRttLevelAligned(0, 4)', undefined],
  ['EntrySize(3)', 0x1000n],
  ['EntrySize(2)', 0x20_0000n],
  ['EntrySize(1)', 0x4000_0000n],
  ['EntrySize(0)', 1n << 39n],
  ['EntrySize(-1)', 1n << 48n],
  ['EntrySize(-2)', undefined],
  ['Pow2(64)', 1n << 64n],
  ['Pow2(-1)', undefined],
  ['Pow2(1_000_000)', undefined],
  ['Min(2, 3)', 2n],
  ['Max(2, 3)', 3n],
  ['Length([1, 2])', 2n],
  ['Bits(0xABCD, 11, 4)', 0xbcn],
  ['Bits(0xFFFF_FFFF_FFFF_FFFF, 63, 63)', 1n],
  ['BitsOutside(0xFF, 0x0F)', 0xf0n],
  ['Unsigned64(-1)', (1n << 64n) - 1n],
  ['HighestBelow([0x1_0000, 0x1_0001, 0x1_0003], 0x1_0002)', 0x1_0001n],
  ['HighestBelow([0x2_0000], 0x1_0000)', undefined],
  ['PsciFunction(0xC400_0003)', 'PSCI_CPU_ON'],
  ['PsciFunction(0x8400_0003)', 'PSCI_CPU_ON'],
  ['PsciFunction(0xFFFF_FFFF_C401_0004)', 'PSCI_AFFINITY_INFO'],
  ['PsciFunction(0xC400_0150)', undefined],
  ['PsciFunction(0xC400_0000)', undefined],
  ['PsciCode(PSCI_SUCCESS)', 0n],
  ['PsciCode(PSCI_ALREADY_ON)', (1n << 64n) - 4n],
  ['ZeroDigest()', Array.from({ length: 8 }, () => 0n)],
])('%s is %s', (text, expected) => {
  expect(value(text)).toEqual(expected);
});

test('an IPA is Protected below half of the IPA space', () => {
  const realm = { ipa_width: 40n };
  expect(value('AddrIsProtected(x, realm)', { realm, x: (1n << 39n) - 1n })).toBe(true);
  expect(value('AddrIsProtected(x, realm)', { realm, x: 1n << 39n })).toBe(false);
  expect(value('AddrIsProtected(x, realm)', { realm, x: -4096n })).toBe(false);
});

describe('starting levels and their tables', () => {
  test.each([
    [32, 2, 4, true, true],
    [33, 2, 8, true, true],
    [34, 2, 16, true, true],
    [35, 2, 32, false, false],
    [31, 1, 1, false, false],
    [32, 1, 1, true, true],
    [39, 1, 1, true, true],
    [40, 1, 2, true, true],
    [42, 1, 8, true, true],
    [43, 1, 16, true, true],
    [44, 1, 32, false, false],
    [39, 0, 1, false, false],
    [40, 0, 1, true, true],
    [48, 0, 1, true, true],
    [49, 0, 2, false, true],
    [52, 0, 16, false, true],
    [49, -1, 1, false, true],
    [52, -1, 1, false, true],
    [48, -1, 1, false, false],
    [32, 3, 2048, false, false],
  ])('width %i from level %i: %i tables, valid %s, with LPA2 %s', (width, level, count, isValid, isValidLpa2) => {
    expect(value(`RttStartIsValid(${width}, ${level}, false)`)).toBe(isValid);
    expect(value(`RttStartIsValid(${width}, ${level}, true)`)).toBe(isValidLpa2);
    expect(value(`RttStartCount(${width}, ${level})`)).toBe(BigInt(count));
  });
});

describe('a REC has one index and two MPIDR forms', () => {
  test.each([
    [0, 0x0, 0x0],
    [15, 0x0f, 0x0f],
    [16, 0x100, 0x100],
    [4096, 0x1_0000, 0x1_0000],
    [1_048_576, 0x100_0000, 0x1_0000_0000],
  ])('index %i', (index, host, realm) => {
    expect(value(`RecIndex(${host})`)).toBe(BigInt(index));
    expect(value(`PsciMpidrIndex(${realm})`)).toBe(BigInt(index));
    expect(value(`MpidrIsValid(${host})`)).toBe(true);
  });

  test('the Host form has reserved bits, the register form ignores them', () => {
    expect(value('MpidrIsValid(0x10)')).toBe(false);
    expect(value('MpidrIsValid(0x1_0000_0000)')).toBe(false);
    expect(value('PsciMpidrIndex(0x8000_00F1)')).toBe(1n);
  });
});

describe('descriptors of unprotected mappings', () => {
  test('are taken apart', () => {
    expect(value('UnprotectedDesc(0x8000_00C4, false)')).toEqual({
      addr: 0x8000_0000n,
      mem_attr: 1n,
      s2ap: 3n,
      reserved: 0n,
    });
    expect(value('UnprotectedDesc(0x1000_0000_0000_0, false)')).toMatchObject({ addr: 1n << 48n, reserved: 0n });
    expect(value('UnprotectedDesc(0x300, false).reserved')).toBe(0x300n);
    expect(value('UnprotectedDesc(0x300, true)')).toMatchObject({ addr: 3n << 50n, reserved: 0n });
    expect(value('UnprotectedDesc(0x10_0000_0000_0000, true).reserved')).toBe(1n << 52n);
    expect(value('UnprotectedDesc(0x21, true).reserved')).toBe(0x21n);
  });

  test('and put together', () => {
    for (const [desc, lpa2] of [
      [0x8000_00c4, false],
      [0x8000_03d8, true],
    ] as const) {
      const parts = value(`UnprotectedDesc(${desc}, ${lpa2})`);
      expect(value(`RttDesc(d.addr, d.mem_attr, d.s2ap, ${lpa2})`, { d: parts })).toBe(BigInt(desc));
    }
  });
});

test.each<[string, { size: bigint; sign: boolean; wide: boolean }, bigint]>([
  ['a byte is cut', { size: 1n, sign: false, wide: true }, 0xf0n],
  ['a byte is sign-extended', { size: 1n, sign: true, wide: true }, (1n << 64n) - 0x10n],
  ['a byte is sign-extended to 32 bits', { size: 1n, sign: true, wide: false }, 0xffff_fff0n],
  ['a doubleword stays', { size: 8n, sign: false, wide: true }, 0xffff_ffff_ffff_fff0n],
])('an emulated read: %s', (_, { size, sign, wide }, expected) => {
  const abort = { size, is_sign_extended: sign, is_64bit: wide };
  expect(value('MmioValue(0xFFFF_FFFF_FFFF_FFF0, abort)', { abort })).toBe(expected);
});

test('the vector of a synchronous exception depends on where it comes from', () => {
  expect([0x5, 0x4, 0x0, 0x10].map((pstate) => value(`SyncVectorOffset(${pstate})`))).toEqual([
    0x200n,
    0n,
    0x400n,
    0x600n,
  ]);
});

test('registers are decoded field by field, and reserved encodings stay numbers', () => {
  const register = 48n | (1n << 8n) | (5n << 14n) | (3n << 20n) | (1n << 32n) | (10n << 38n);
  expect(decode('RmiFeatureRegister0', register)).toMatchObject({
    s2sz: 48n,
    lpa2: true,
    sve_en: false,
    num_bps: 5n,
    num_wps: 3n,
    hash_sha_256: true,
    hash_sha_512: false,
    max_recs_order: 10n,
    value: register,
  });
  expect(value('FeatureRegister0(register).s2sz', { register })).toBe(48n);
  expect(decode('RmiCommandReturnCode', 0xff04n)).toMatchObject({ status: 'RMI_ERROR_RTT', index: 0xffn });
  expect(decodeEnumeration('RmiRipas', 2n)).toBe('DESTROYED');
  expect(decodeEnumeration('RmiRipas', 3n)).toBe(3n);
  expect(decodeEnumeration('UInt8', 3n)).toBe(3n);
});
