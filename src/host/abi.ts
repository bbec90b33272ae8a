// What a Normal-world host can do, as generators over single actions: calls, memory, and the return codes of the RMI.
// Used by scripts with `yield*`, and by drivers that run a generator at once.

import type { Action, Outcome } from '../arch/action.ts';
import { type FidName, Fid, NOT_SUPPORTED } from '../arch/smccc.ts';
import { hex } from '../base/hex.ts';

/** A step of host software: yields actions, gets outcomes, ends with a value. */
export type Step<T> = Generator<Action, T, Outcome>;

export const GRANULE = 4096;

const rmiStatuses = ['RMI_SUCCESS', 'RMI_ERROR_INPUT', 'RMI_ERROR_REALM', 'RMI_ERROR_REC', 'RMI_ERROR_RTT'] as const;
export type RmiStatusName = (typeof rmiStatuses)[number] | 'NOT_SUPPORTED';

/** What an RMI call came to. */
export type RmiResult = { readonly status: RmiStatusName; readonly index: number; readonly x: readonly bigint[] };

/** Software of the host found something that must not be. It stops there; the machine goes on. */
export class HostError extends Error {
  override name = 'HostError';
  readonly result: RmiResult | undefined;

  constructor(what: string, result?: RmiResult) {
    super(result === undefined ? what : `${what}: ${result.status} ${result.index}`);
    this.result = result;
  }
}

/** One SMC; X0 to X17 come back. */
function* smc(fid: FidName | number, ...args: readonly (number | bigint)[]): Step<readonly bigint[]> {
  const x = [BigInt(typeof fid === 'string' ? Fid[fid] : fid), ...args.map((arg) => BigInt.asUintN(64, BigInt(arg)))];
  while (x.length < 8) x.push(0n);
  const outcome = yield { op: 'smc', x };
  if (outcome.kind !== 'done') throw new HostError(`SMC ${String(fid)} came back as ${outcome.kind}`);
  return outcome.x;
}

/** One RMI call with its return code taken apart. */
export function* rmi(name: FidName, ...args: readonly (number | bigint)[]): Step<RmiResult> {
  const x = yield* smc(name, ...args);
  const code = x[0] as bigint;
  if (code === NOT_SUPPORTED) return { status: 'NOT_SUPPORTED', index: 0, x };
  const status = rmiStatuses[Number(code & 0xffn)];
  if (status === undefined) throw new HostError(`${name} returned ${hex(code)}`);
  return { status, index: Number(BigInt.asIntN(8, code >> 8n)), x };
}

/** One RMI call that has to succeed. */
export function* must(name: FidName, ...args: readonly (number | bigint)[]): Step<readonly bigint[]> {
  const result = yield* rmi(name, ...args);
  if (result.status !== 'RMI_SUCCESS') {
    throw new HostError(`${name} ${args.map((arg) => hex(BigInt.asUintN(64, BigInt(arg)))).join(' ')}`, result);
  }
  return result.x;
}

/** Loads up to eight bytes; a fault stops the host. */
export function* read(at: number, size: 1 | 2 | 4 | 8 = 8): Step<bigint> {
  const outcome = yield { op: 'load', at: BigInt(at), size };
  if (outcome.kind !== 'done') throw new HostError(`load of ${hex(at)} faults`);
  return outcome.value;
}

export function* write(at: number, value: number | bigint, size: 1 | 2 | 4 | 8 = 8): Step<void> {
  const outcome = yield { op: 'store', at: BigInt(at), size, value: BigInt(value) };
  if (outcome.kind !== 'done') throw new HostError(`store to ${hex(at)} faults`);
}

/** Stores bytes, eight at a time. */
export function* writeBytes(at: number, bytes: Uint8Array): Step<void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let i = 0;
  for (; i + 8 <= bytes.length; i += 8) yield* write(at + i, view.getBigUint64(i, true));
  for (; i < bytes.length; i++) yield* write(at + i, bytes[i] as number, 1);
}

/** Runs host software at once, against something that performs one action at a time. */
export function runStep<T>(step: Step<T>, perform: (action: Action) => Outcome): T {
  let next = step.next();
  while (next.done !== true) next = step.next(perform(next.value));
  return next.value;
}
