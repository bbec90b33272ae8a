// Measurements as the specification describes them: descriptors laid out by specs/rmm-1.0/types.json and hashed. RMM 1.0 section 8.

import { nobleHasher } from '../../crypto/hash.ts';
import type { Value } from '../../spec/evaluate.ts';
import { structures } from '../../spec/generated.ts';
import { type StructureName, doublewordBytes, doublewords, fieldBytes, measuredFields } from './values.ts';

const PAGE = 4096;
const descTypes = { RmmMeasurementDescriptorData: 0, RmmMeasurementDescriptorRec: 1, RmmMeasurementDescriptorRipas: 2 };
type Descriptor = keyof typeof descTypes;

const digestBytes = (algo: Value): number => (algo === 'SHA_256' ? 32 : 64);
const hash = (algo: Value, bytes: Uint8Array): Uint8Array =>
  algo === 'SHA_256' ? nobleHasher.sha256(bytes) : nobleHasher.sha512(bytes);

/** The digest as eight doublewords. */
export const digest = (algo: Value, bytes: Uint8Array): readonly bigint[] => {
  const filled = new Uint8Array(64);
  filled.set(hash(algo, bytes));
  return doublewords(filled);
};

/** The hash of a zero page with the measured fields of a parameter structure. */
export function measuredParams(algo: Value, name: StructureName, page: Readonly<Uint8Array>): readonly bigint[] {
  const measured = new Uint8Array(PAGE);
  for (const field of measuredFields(name)) {
    const [from, to] = fieldBytes(name, field);
    measured.set(page.subarray(from, to), from);
  }
  return digest(algo, measured);
}

/** The RIM after a descriptor: `parts` are its fields beside type, length and the old RIM. */
export function extendRim(
  algo: Value,
  rim: readonly Value[],
  name: Descriptor,
  parts: Readonly<Record<string, bigint | readonly Value[]>>,
): readonly bigint[] {
  const bytes = new Uint8Array(structures[name].size);
  const view = new DataView(bytes.buffer);
  const fields: Record<string, bigint | readonly Value[]> = {
    desc_type: BigInt(descTypes[name]),
    len: BigInt(bytes.length),
    rim,
    ...parts,
  };
  for (const [field, value] of Object.entries(fields)) {
    const [from, to] = fieldBytes(name, field);
    if (typeof value !== 'bigint') bytes.set(doublewordBytes(value), from);
    else if (to - from === 1) bytes[from] = Number(value);
    else view.setBigUint64(from, value, true);
  }
  return digest(algo, bytes);
}

/** A REM after the hash over its digest and a message. */
export function extendRem(algo: Value, rem: readonly Value[], message: Uint8Array): readonly bigint[] {
  const old = doublewordBytes(rem).subarray(0, digestBytes(algo));
  return digest(algo, Uint8Array.from([...old, ...message]));
}
