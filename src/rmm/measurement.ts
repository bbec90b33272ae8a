// RIM and REMs: measurement descriptors and how they extend. RMM 1.0 section 8.

import type { Hasher } from '../crypto/hash.ts';
import { type HashAlgo, MEASUREMENT_SIZE } from './realm.ts';

const DESCRIPTOR_SIZE = 0x100;
const DescType = { data: 0, rec: 1, ripas: 2 } as const;

/** Digest length in bytes. */
export const digestSize = (algo: HashAlgo): 32 | 64 => (algo === 'SHA_256' ? 32 : 64);

/** A digest in the 64 bytes of a measurement, zero-padded. */
function padded(digest: Uint8Array): Uint8Array {
  if (digest.length === MEASUREMENT_SIZE) return digest;
  const measurement = new Uint8Array(MEASUREMENT_SIZE);
  measurement.set(digest);
  return measurement;
}

export class Measurer {
  readonly #hasher: Hasher;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  /** H(bytes) as a measurement. */
  hash(algo: HashAlgo, bytes: Uint8Array): Uint8Array {
    return padded(algo === 'SHA_256' ? this.#hasher.sha256(bytes) : this.#hasher.sha512(bytes));
  }

  /** RIM after RMI_DATA_CREATE; `content` is undefined for data that is not measured. */
  extendData(algo: HashAlgo, rim: Uint8Array, ipa: number, flags: bigint, content: Uint8Array | undefined): Uint8Array {
    const descriptor = start(DescType.data, rim);
    const view = new DataView(descriptor.buffer);
    view.setBigUint64(0x50, BigInt(ipa), true);
    view.setBigUint64(0x58, flags, true);
    if (content !== undefined) descriptor.set(this.hash(algo, content), 0x60);
    return this.hash(algo, descriptor);
  }

  /** RIM after RMI_REC_CREATE of a runnable REC. */
  extendRec(algo: HashAlgo, rim: Uint8Array, measuredParams: Uint8Array): Uint8Array {
    const descriptor = start(DescType.rec, rim);
    descriptor.set(this.hash(algo, measuredParams), 0x50);
    return this.hash(algo, descriptor);
  }

  /** RIM after one entry of RMI_RTT_INIT_RIPAS. */
  extendRipas(algo: HashAlgo, rim: Uint8Array, base: number, top: number): Uint8Array {
    const descriptor = start(DescType.ripas, rim);
    const view = new DataView(descriptor.buffer);
    view.setBigUint64(0x50, BigInt(base), true);
    view.setBigUint64(0x58, BigInt(top), true);
    return this.hash(algo, descriptor);
  }

  /** REM after RSI_MEASUREMENT_EXTEND: H(old digest || value), without padding. */
  extendRem(algo: HashAlgo, rem: Uint8Array, value: Uint8Array): Uint8Array {
    const size = digestSize(algo);
    const message = new Uint8Array(size + value.length);
    message.set(rem.subarray(0, size));
    message.set(value, size);
    return this.hash(algo, message);
  }
}

function start(type: number, rim: Uint8Array): Uint8Array {
  const descriptor = new Uint8Array(DESCRIPTOR_SIZE);
  descriptor[0] = type;
  new DataView(descriptor.buffer).setBigUint64(8, BigInt(DESCRIPTOR_SIZE), true);
  descriptor.set(rim, 0x10);
  return descriptor;
}
