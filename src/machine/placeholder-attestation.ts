// Stands in for the platform's keys and token. Simplified: no hardware root of trust; the bytes say what they are.

import { Prng } from '../base/prng.ts';
import type { Attestation } from '../monitor/ports.ts';
import type { TokenMaker } from '../rmm/ports.ts';

const P384_SCALAR_SIZE = 48;

/** Deterministic stand-ins: a scalar made from the seed, and a token that names itself a placeholder. */
export function placeholderAttestation(seed: number): Attestation {
  return {
    realmKey() {
      const prng = new Prng(seed ^ 0x5241_4b00);
      const key = Uint8Array.from({ length: P384_SCALAR_SIZE }, () => prng.u32() & 0xff);
      // Below the group order, whose top byte is 0xFF.
      key[0] = (key[0] as number) & 0x7f;
      return key;
    },
    platformToken(challenge) {
      const label = new TextEncoder().encode('fourworlds placeholder, not a platform token: ');
      return Uint8Array.from([...label, ...challenge]);
    },
  };
}

/** Stands in for a Realm's token: a text that says so, and the challenge. */
export const placeholderTokens: TokenMaker = {
  token(_, challenge) {
    const label = new TextEncoder().encode('fourworlds placeholder, not a realm token: ');
    return Uint8Array.from([...label, ...challenge]);
  },
};
