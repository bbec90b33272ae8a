// The one S-EL1 partition: a trusted service that keeps a secret in Secure memory and works with it for the Normal world, which
// asks by FF-A direct messages. It knows the secret only while it answers: each request loads it again.

import type { Action, Entry, Outcome, Script, ScriptArgs } from '../arch/action.ts';
import { FFA_VERSION_1_1, FfaError, directMessage, endpoints, ffaError, receiverOf, senderOf } from '../arch/ffa.ts';
import { Fid, fidOf } from '../arch/smccc.ts';
import { Prng, mix32 } from '../base/prng.ts';

/** Where it keeps its data: a granule of trusted DRAM. The secret first, then the count of seals. */
export const SECRET_AT = 0x0600_1000n;
const SECRET_WORDS = 4;
const COUNT_AT = SECRET_AT + BigInt(8 * SECRET_WORDS);

/** Operations, X3 of a request; arguments are in X4 to X7. */
export const Service = {
  /** Gives X4 to X7 back. */
  Ping: 0n,
  /** A digest of X4 to X7 that only who has the secret can make: low half in X4, high half in X5, count of seals in X6. */
  Seal: 1n,
  /** Would give the secret away, and does not. */
  Reveal: 2n,
} as const;

/** X3 of a response. */
export const ServiceStatus = { Ok: 0n, Unknown: 1n, Refused: 2n } as const;

type Steps<Result> = Generator<Action, Result, Outcome>;

/** `args.seed` makes the secret. Simplified: a device would draw it from its entropy source. */
export function* securePartition(args: ScriptArgs, _entry: Entry): Script {
  let call = yield* initialise(seedOf(args));
  for (;;) {
    const outcome: Outcome = yield { op: 'smc', x: call };
    call = outcome.kind === 'done' ? yield* answer(outcome.x) : ffaError(FfaError.Aborted);
  }
}

/** Settles the version and stores the secret. What it calls next: FFA_MSG_WAIT when that went well. */
function* initialise(seed: number): Steps<readonly bigint[]> {
  const version = yield { op: 'smc', x: [BigInt(Fid.FFA_VERSION), FFA_VERSION_1_1] };
  if (version.kind !== 'done' || version.x[0] !== FFA_VERSION_1_1) return ffaError(FfaError.NotSupported);
  const prng = new Prng(seed);
  for (let i = 0; i < SECRET_WORDS; i++)
    if (!(yield* store(SECRET_AT + BigInt(8 * i), prng.u64()))) return ffaError(FfaError.Aborted);
  if (!(yield* store(COUNT_AT, 0n))) return ffaError(FfaError.Aborted);
  return directMessage(Fid.FFA_MSG_WAIT, 0n, []);
}

/** Answers what the last call came back with: a request. Anything else ends in an error. */
function* answer(x: readonly bigint[]): Steps<readonly bigint[]> {
  const [x0 = 0n, x1 = 0n, , operation = 0n, ...rest] = x;
  const fid = responses.get(fidOf(x0));
  if (fid === undefined) return ffaError(FfaError.Aborted);
  const respond = (status: bigint, ...results: readonly bigint[]): readonly bigint[] =>
    directMessage(fid, endpoints(receiverOf(x1), senderOf(x1)), [0n, 0n, 0n, status, ...results]);
  switch (operation) {
    case Service.Ping:
      return respond(ServiceStatus.Ok, ...rest.slice(0, 4));
    case Service.Seal: {
      const seal = yield* sealed(rest.slice(0, 4));
      return seal === undefined ? ffaError(FfaError.Aborted) : respond(ServiceStatus.Ok, ...seal);
    }
    case Service.Reveal:
      return respond(ServiceStatus.Refused);
    default:
      return respond(ServiceStatus.Unknown);
  }
}

const responses: ReadonlyMap<number, number> = new Map([
  [Fid.FFA_MSG_SEND_DIRECT_REQ, Fid.FFA_MSG_SEND_DIRECT_RESP],
  [Fid.FFA_MSG_SEND_DIRECT_REQ64, Fid.FFA_MSG_SEND_DIRECT_RESP64],
]);

/** Digest and count; undefined when its memory is no longer its own. */
function* sealed(values: readonly bigint[]): Steps<readonly bigint[] | undefined> {
  const secret: bigint[] = [];
  for (let i = 0; i < SECRET_WORDS; i++) {
    const word = yield* load(SECRET_AT + BigInt(8 * i));
    if (word === undefined) return undefined;
    secret.push(word);
  }
  const count = yield* load(COUNT_AT);
  if (count === undefined || !(yield* store(COUNT_AT, count + 1n))) return undefined;
  return [...digest(secret, values), count + 1n];
}

/** Mixes values with the secret. Simplified: a stand-in for a MAC, and no cryptography. */
function digest(secret: readonly bigint[], values: readonly bigint[]): readonly bigint[] {
  let low = 0;
  let high = 0;
  for (const [i, key] of secret.entries()) {
    const value = values[i] ?? 0n;
    low = mix32(low ^ half(key, 0n), half(value, 0n), half(value, 32n));
    high = mix32(high ^ half(key, 32n), low, half(value, 0n));
  }
  return [BigInt(low), BigInt(high)];
}

const half = (word: bigint, shift: bigint): number => Number((word >> shift) & 0xffff_ffffn);

function* load(at: bigint): Steps<bigint | undefined> {
  const outcome = yield { op: 'load', at, size: 8 };
  return outcome.kind === 'done' ? outcome.value : undefined;
}

function* store(at: bigint, value: bigint): Steps<boolean> {
  const outcome = yield { op: 'store', at, size: 8, value };
  return outcome.kind === 'done';
}

function seedOf(args: ScriptArgs): number {
  const { seed } = (typeof args === 'object' && args !== null ? args : {}) as { readonly seed?: ScriptArgs };
  return typeof seed === 'number' ? seed : 0;
}
