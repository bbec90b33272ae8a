// The driver is where people and programs without types meet the machine: nothing they write may be rounded or folded.
import { describe, expect, test } from 'vitest';
import { Pas } from '../../src/arch/world.ts';
import type { AccessSize } from '../../src/arch/action.ts';
import type { FidName } from '../../src/arch/smccc.ts';
import type { SysReg } from '../../src/arch/registers.ts';
import { Machine } from '../../src/machine/machine.ts';
import { complaintOf, tiny } from './support.ts';

const machine = Machine.boot(tiny);
const host = machine.host();

describe('faults have names', () => {
  test.each([
    ['a page of the RMM', () => host.read(0xa100_0000), 'GPF'],
    ['an address that nothing answers', () => host.read(0x1000_0000), 'EXTERNAL_ABORT'],
    ['an address beyond the PA space', () => host.read(2n ** 64n - 1n), 'ADDRESS_SIZE'],
    ['the last bytes of the PA space and the first beyond', () => host.write(0xffff_fffc, 0), 'ADDRESS_SIZE'],
    ['a fetch between instructions', () => host.fetch(0x8800_0002), 'PcAlignment'],
    ['a space that the world cannot name', () => host.read(0x8800_0000, { pas: Pas.Realm }), 'Unknown'],
  ])('%s', (_, access, name) => {
    expect(access().fault?.name).toBe(name);
  });

  test('and software finds the address in FAR as it wrote it', () => {
    expect(host.read(2n ** 64n - 1n).fault?.far).toBe(2n ** 64n - 1n);
    expect(host.read(-8).fault?.far).toBe(2n ** 64n - 8n);
  });
});

describe('values', () => {
  test('of every size are written and read back', () => {
    for (const size of [1, 2, 4, 8, 16] as const) {
      const value = BigInt.asUintN(size * 8, 0x1122_3344_5566_7788_99aa_bbcc_ddee_ff01n);
      host.write(0x8800_0ffc, value, { size });
      expect(host.read(0x8800_0ffc, { size }).value).toBe(value);
    }
  });

  test('negative ones are two’s complement', () => {
    host.write(0x8800_0000, -1);
    expect(host.read(0x8800_0000).value).toBe(2n ** 64n - 1n);
  });

  test.each([
    ['an address with a fraction', () => host.read(0.5)],
    ['an address that is no exact number', () => host.read(2 ** 53)],
    ['an address of 65 bits', () => host.read(2n ** 64n)],
    ['a value that is none', () => host.write(0x8800_0000, NaN)],
    ['a value of 65 bits', () => host.write(0x8800_0000, 2n ** 64n)],
    ['a value of 129 bits', () => host.write(0x8800_0000, 2n ** 128n, { size: 16 })],
    ['an argument of 65 bits', () => host.smc('RMI_GRANULE_DELEGATE', 2n ** 64n)],
  ])('are refused rather than rounded: %s', (_, act) => {
    expect(complaintOf(act)).toMatchObject({ code: 'REGISTER_VALUE' });
  });

  test.each([
    ['a size that no instruction has', () => host.read(0x8800_0000, { size: 3 as AccessSize }), 'ACTION'],
    ['a space that does not exist', () => host.read(0x8800_0000, { pas: 9 as Pas }), 'ACTION'],
    ['a register that does not exist', () => host.mrs('toString' as SysReg), 'ACTION'],
    ['more arguments than registers', () => host.smc('RMI_VERSION', ...Array.from({ length: 31 }, () => 0)), 'ACTION'],
    ['a function without a name', () => host.smc('toString' as FidName), 'FID_UNKNOWN'],
  ])('%s is refused', (_, act, code) => {
    const before = JSON.stringify(machine.save());
    expect(complaintOf(act)).toMatchObject({ code });
    expect(JSON.stringify(machine.save())).toBe(before);
  });
});

test('an unknown function answers NOT_SUPPORTED and changes no register but X0', () => {
  const x = host.smc(0xc400_ffff, 1, 2, 3, 4, 5, 6, 7);
  expect(x.slice(0, 8)).toEqual([2n ** 64n - 1n, 1n, 2n, 3n, 4n, 5n, 6n, 7n]);
});
