// The boot manifest 0.3 that EL3 leaves in the shared buffer: which DRAM the RMM may track. RMM-EL3 interface.

import { type Pa, offset } from '../arch/address.ts';
import { version } from '../arch/smccc.ts';

/** A stretch of DRAM whose granules are delegable. */
export type DramBank = { readonly base: Pa; readonly size: number };

const MANIFEST_VERSION = version(0, 3);
const MANIFEST_SIZE = 64;

/** Manifest and bank list, as they lie at the start of the shared buffer. */
export function manifestBytes(sharedBuffer: Pa, banks: readonly DramBank[]): Uint8Array {
  const bytes = new Uint8Array(MANIFEST_SIZE + 16 * banks.length);
  const view = new DataView(bytes.buffer);
  const put = (at: number, value: bigint): void => view.setBigUint64(at, BigInt.asUintN(64, value), true);
  const list = BigInt(offset(sharedBuffer, MANIFEST_SIZE));
  let sum = BigInt(banks.length) + list;
  for (const [i, { base, size }] of banks.entries()) {
    put(MANIFEST_SIZE + 16 * i, BigInt(base));
    put(MANIFEST_SIZE + 16 * i + 8, BigInt(size));
    sum += BigInt(base) + BigInt(size);
  }
  put(0, MANIFEST_VERSION);
  put(16, BigInt(banks.length));
  put(24, list);
  // The 64-bit sum of count, pointer, checksum and all data words is zero.
  put(32, -sum);
  return bytes;
}
