// Numbers as people type them: decimal or hex, with _ between digits. Nothing is rounded, cut or folded.

import { hex } from '../base/hex.ts';
import { UsageError } from './errors.ts';

/** A 64-bit value. */
export function parseU64(text: string, where: string): bigint {
  if (!/^(0x[0-9a-f]+(_[0-9a-f]+)*|[0-9]+(_[0-9]+)*)$/i.test(text))
    throw new UsageError({
      code: 'ADDRESS_INVALID',
      where,
      expected: '0x88000000, 0x8800_0000, 2281701376',
      found: text,
    });
  // A number of many digits is refused before it is read: reading takes time that grows with its length.
  const digits = text.replaceAll('_', '');
  const value = digits.length > 40 ? 1n << 64n : BigInt(digits);
  if (value >> 64n !== 0n)
    throw new UsageError({
      code: 'ADDRESS_TOO_WIDE',
      where,
      expected: '0 .. 0xffff_ffff_ffff_ffff',
      found: text.slice(0, 40),
    });
  return value;
}

/** A physical address of a machine with `paBits` address bits. */
export function parsePa(text: string, where: string, paBits: number): bigint {
  const value = parseU64(text, where);
  if (value >> BigInt(paBits) !== 0n)
    throw new UsageError({
      code: 'ADDRESS_ABOVE_PA',
      where,
      expected: `0 .. ${hex((1n << BigInt(paBits)) - 1n)}`,
      found: hex(value),
    });
  return value;
}
