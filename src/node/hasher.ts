// The hash functions of node:crypto behind the same interface as noble's: about ten times as fast on a page.

import { createHash } from 'node:crypto';
import type { Hasher } from '../crypto/hash.ts';

const digest = (algorithm: string, bytes: Uint8Array): Uint8Array =>
  Uint8Array.from(createHash(algorithm).update(bytes).digest());

export const nodeHasher: Hasher = {
  sha256: (bytes) => digest('sha256', bytes),
  sha512: (bytes) => digest('sha512', bytes),
};
