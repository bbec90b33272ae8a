// Registers and structures as conditions see them: every field by its type, reserved encodings as numbers. README of specs/rmm-1.0.

import type { Value } from '../../spec/evaluate.ts';
import { decode, decodeEnumeration } from '../../spec/functions.ts';
import { bitfields, booleanTypes, enumerations, structures } from '../../spec/generated.ts';

export type Fields = Readonly<Record<string, Value>>;
export type StructureName = keyof typeof structures;
type Field = { readonly offset: number; readonly size: number; readonly count: number; readonly type: string };

/** Bitfields that conditions see as whole numbers. */
const wholeNumbers = ['RmiInterfaceVersion', 'RsiInterfaceVersion', 'PsciInterfaceVersion', 'RmiRecMpidr'];
/** Widths of what is narrower than a register; enumerations not named here are eight bits wide. */
const widths: Readonly<Record<string, number>> = {
  UInt8: 8,
  UInt16: 16,
  UInt32: 32,
  Address: 64,
  Bits64: 64,
  UInt64: 64,
  Int64: 64,
  PsciReturnCode: 64,
  PsciAffinity: 64,
  RsiCommandReturnCode: 64,
  RmiResponse: 1,
  RsiResponse: 1,
  RmiRecRunnable: 1,
  RmiDataMeasureContent: 1,
  RsiRipasChangeDestroyed: 1,
};
const signed = ['Int64', 'PsciReturnCode'];

const isBitfield = (type: string): type is keyof typeof bitfields => Object.hasOwn(bitfields, type);
const isStructure = (type: string): type is StructureName => Object.hasOwn(structures, type);
const isEnumeration = (type: string): boolean =>
  Object.hasOwn(enumerations, type) || (booleanTypes as readonly string[]).includes(type);

/** An input: as many low bits of its register as its type has. */
export function inputValue(type: string, register: bigint): Value {
  const width = widths[type] ?? (isEnumeration(type) ? 8 : 64);
  return typed(type, BigInt.asUintN(width, register));
}

/** An output: the whole register. */
export const outputValue = (type: string, register: bigint): Value => typed(type, register);

function typed(type: string, value: bigint): Value {
  if (isBitfield(type)) return wholeNumbers.includes(type) ? value : decode(type, value);
  const number = signed.includes(type) ? BigInt.asIntN(64, value) : value;
  return isEnumeration(type) ? decodeEnumeration(type, number) : number;
}

/** A structure in memory. `unused_is_zero`: all bytes between its fields are zero. */
export function structureValue(name: StructureName, bytes: Readonly<Uint8Array>): Fields {
  const fields = Object.entries(structures[name].fields as Readonly<Record<string, Field>>);
  const rest = bytes.slice(0, structures[name].size);
  const values = fields.map(([field, { offset, size, count, type }]): [string, Value] => {
    rest.fill(0, offset, offset + size * count);
    const item = (i: number): Value => itemValue(type, bytes.subarray(offset + i * size, offset + (i + 1) * size));
    return [field, count === 1 ? item(0) : Array.from({ length: count }, (_, i) => item(i))];
  });
  return { ...Object.fromEntries(values), unused_is_zero: rest.every((byte) => byte === 0) };
}

function itemValue(type: string, bytes: Readonly<Uint8Array>): Value {
  if (isStructure(type)) return structureValue(type, bytes);
  return type === 'Bits512' ? bytesValue(bytes) : typed(type, littleEndian(bytes));
}

function littleEndian(bytes: Readonly<Uint8Array>): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
}

/** Bytes are only ever compared. */
export const bytesValue = (bytes: Readonly<Uint8Array>): string => `bytes:${hexOf(bytes)}`;

/** The bytes again. */
export function bytesOf(value: string): Uint8Array {
  const text = value.slice('bytes:'.length);
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

function hexOf(bytes: Readonly<Uint8Array>): string {
  let text = '';
  for (const byte of bytes) text += hexBytes[byte];
  return text;
}
const hexBytes = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/** Up to 64 bytes as eight doublewords. */
export const doublewords = (bytes: Readonly<Uint8Array>): readonly bigint[] =>
  Array.from({ length: 8 }, (_, i) => littleEndian(bytes.subarray(8 * i, 8 * i + 8)));

/** Eight doublewords as 64 bytes. */
export function doublewordBytes(list: readonly Value[]): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of list.entries()) view.setBigUint64(8 * i, value as bigint, true);
  return bytes;
}

/** The bytes of one field of a structure; they overwrite it in a page that is put together. */
export function fieldBytes(name: StructureName, field: string): readonly [offset: number, end: number] {
  const { offset, size, count } = (structures[name].fields as Readonly<Record<string, Field>>)[field] as Field;
  return [offset, offset + size * count];
}

/** Fields of a structure that go into the RIM. */
export const measuredFields = (name: StructureName): readonly string[] =>
  Object.entries(structures[name].fields)
    .filter(([, field]) => (field as { readonly isMeasured?: boolean }).isMeasured === true)
    .map(([field]) => field);
