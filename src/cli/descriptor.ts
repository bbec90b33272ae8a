// A GPT descriptor taken apart into its fields, for people: which bits, what they are called, what they say. DDI 0487
// D9.

import { gpiName } from '../arch/gpi.ts';
import { contigBits } from '../arch/gpt.ts';
import { hex } from '../base/hex.ts';
import { sizeText } from './sizes.ts';

export type Field = {
  readonly high: number;
  readonly low: number;
  readonly name: string;
  /** The bits, as written. */
  readonly bits: string;
  /** What they say; empty where they say nothing. */
  readonly value: string;
  /** Whether the answer of the walk comes from this field. */
  readonly isChosen: boolean;
};

/** The fields from the highest bit down. `chosen` is the number of the GPI that a Granules entry is asked for. */
export function fieldsOf(level: 0 | 1, word: bigint, chosen: number): readonly Field[] {
  const kind = Number(word & 0xfn);
  const field = (high: number, low: number, name: string, value = '', isChosen = false): Field => {
    const width = high - low + 1;
    const bits = ((word >> BigInt(low)) & ((1n << BigInt(width)) - 1n)).toString(2).padStart(width, '0');
    return { high, low, name, bits, value, isChosen };
  };
  const gpi = (at: number): string => gpiName(Number((word >> BigInt(at)) & 0xfn));
  if (level === 0 && kind === 0b0011)
    return [
      field(63, 52, 'RES0'),
      field(51, 12, 'ADDRESS', hex(word & 0xf_ffff_ffff_f000n), true),
      field(11, 4, 'RES0'),
      field(3, 0, 'KIND', 'Table'),
    ];
  if (level === 0)
    return [
      field(63, 8, 'RES0'),
      field(7, 4, 'GPI', gpi(4), kind === 0b0001),
      field(3, 0, 'KIND', kind === 0b0001 ? 'Block' : 'RESERVED'),
    ];
  if (kind === 0b0001) {
    const bits = contigBits[Number((word >> 8n) & 0b11n)];
    return [
      field(63, 10, 'RES0'),
      field(9, 8, 'Contig', bits === undefined ? 'RESERVED' : sizeText(2 ** bits)),
      field(7, 4, 'GPI', gpi(4), true),
      field(3, 0, 'KIND', 'Contiguous'),
    ];
  }
  return Array.from({ length: 16 }, (_, i) => {
    const n = 15 - i;
    return field(4 * n + 3, 4 * n, `GPI${n}`, gpi(4 * n), n === chosen);
  });
}

/** Bits in groups of four from the right: `0b10_1011`. */
export const groupBits = (bits: string): string => `0b${bits.replace(/\B(?=(?:[01]{4})+$)/g, '_')}`;
