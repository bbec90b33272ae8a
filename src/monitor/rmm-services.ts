// What EL3 does for the RMM: granule transitions, the realm attestation key, the platform token. RMM-EL3 interface 0.3.

import { GRANULE_SIZE, type Pa, toPa } from '../arch/address.ts';
import { Gpi } from '../arch/gpi.ts';
import { Fid, signed } from '../arch/smccc.ts';
import { Pas, World } from '../arch/world.ts';
import { assert } from '../base/assert.ts';
import { Access } from '../memory/port.ts';
import { type GptLibrary, Transition } from './gpt.ts';
import type { Attestation, MonitorPe } from './ports.ts';

/** Result codes of RMM-EL3 services. */
const RmmEl3 = { Ok: 0, Unknown: -1, BadAddress: -2, BadPas: -3, NoMemory: -4, Invalid: -5, Again: -6 } as const;

/** ECC curve P-384, the only one of interface 0.3. */
const CURVE_P384 = 0n;
/** Lengths of a challenge: SHA-256, SHA-384, SHA-512. */
const challengeLengths: ReadonlySet<bigint> = new Set([32n, 48n, 64n]);

export class RmmServices {
  readonly #gpt: GptLibrary;
  readonly #attestation: Attestation;
  readonly #sharedBuffer: Pa;
  /** What is left of the platform token that is being fetched. */
  #token: Uint8Array = new Uint8Array(0);

  constructor(gpt: GptLibrary, attestation: Attestation, sharedBuffer: Pa) {
    this.#gpt = gpt;
    this.#attestation = attestation;
    this.#sharedBuffer = sharedBuffer;
  }

  /** GTSI_DELEGATE and GTSI_UNDELEGATE: one granule, on behalf of the Realm world. The address comes as halves. */
  move(pe: MonitorPe, fid: number, lo: number, hi: number): number {
    if (hi >>> 20 !== 0 || !this.#gpt.hasRmmGranules) return RmmEl3.BadAddress;
    const target = fid === Fid.RMM_GTSI_DELEGATE ? Gpi.Realm : Gpi.NonSecure;
    const result = this.#gpt.transition(pe, hi * 2 ** 32 + lo, 1, target, World.Realm);
    return result === Transition.Ok ? RmmEl3.Ok : result === Transition.Einval ? RmmEl3.BadAddress : RmmEl3.BadPas;
  }

  /** Answers one call with X0 and up; undefined when there is no such service. */
  call(pe: MonitorPe, fid: number, x: readonly bigint[]): readonly bigint[] | undefined {
    const [, x1 = 0n, x2 = 0n, x3 = 0n] = x;
    switch (fid) {
      case Fid.RMM_ATTEST_GET_REALM_KEY:
        return this.#realmKey(pe, x1, x2, x3);
      case Fid.RMM_ATTEST_GET_PLAT_TOKEN:
        return this.#platformToken(pe, x1, x2, x3);
      default:
        return undefined;
    }
  }

  /** Back to before the first call. */
  reset(): void {
    this.#token = new Uint8Array(0);
  }

  data(): Uint8Array {
    return this.#token.slice();
  }

  setData(token: Uint8Array): void {
    this.#token = token.slice();
  }

  #realmKey(pe: MonitorPe, at: bigint, size: bigint, curve: bigint): readonly bigint[] {
    const bad = this.#bufferProblem(at, size);
    if (bad !== undefined) return [signed(bad)];
    if (curve !== CURVE_P384) return [signed(RmmEl3.Invalid)];
    const key = this.#attestation.realmKey();
    if (size < BigInt(key.length)) return [signed(RmmEl3.Invalid)];
    this.#write(pe, at, key);
    return [signed(RmmEl3.Ok), BigInt(key.length)];
  }

  #platformToken(pe: MonitorPe, at: bigint, size: bigint, challengeLength: bigint): readonly bigint[] {
    const bad = this.#bufferProblem(at, size);
    if (bad !== undefined) return [signed(bad)];
    if (challengeLength !== 0n) {
      if (!challengeLengths.has(challengeLength) || challengeLength > size) return [signed(RmmEl3.Invalid)];
      const challenge = pe.port(Pas.Realm, World.Root).readBytes(toPa(Number(at)), Number(challengeLength));
      if (challenge === undefined) return [signed(RmmEl3.Unknown)];
      this.#token = this.#attestation.platformToken(challenge).slice();
    }
    if (this.#token.length === 0) return [signed(RmmEl3.Invalid)];
    const piece = this.#token.slice(0, Number(size));
    this.#write(pe, at, piece);
    this.#token = this.#token.slice(piece.length);
    return [signed(RmmEl3.Ok), BigInt(piece.length), BigInt(this.#token.length)];
  }

  /** The buffer has to lie in the shared granule: its start first, then its end. */
  #bufferProblem(at: bigint, size: bigint): number | undefined {
    const first = BigInt(this.#sharedBuffer);
    const end = first + BigInt(GRANULE_SIZE);
    if (at < first || at >= end) return RmmEl3.BadAddress;
    if (size === 0n || at + size > end) return RmmEl3.Invalid;
    return undefined;
  }

  #write(pe: MonitorPe, at: bigint, bytes: Uint8Array): void {
    const result = pe.port(Pas.Realm, World.Root).writeBytes(toPa(Number(at)), bytes);
    assert(result === Access.Ok, 'the shared buffer is Realm memory');
  }
}
