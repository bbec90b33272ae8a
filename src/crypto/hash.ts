// SHA-256 and SHA-512 behind one interface: noble by default and in browsers; a faster backend is handed in where there is one.

import { sha256, sha512 } from '@noble/hashes/sha2.js';

/** Hash functions that the project uses. */
export type Hasher = { sha256(bytes: Uint8Array): Uint8Array; sha512(bytes: Uint8Array): Uint8Array };

/** Pure TypeScript, runs everywhere. */
export const nobleHasher: Hasher = { sha256: (bytes) => sha256(bytes), sha512: (bytes) => sha512(bytes) };
