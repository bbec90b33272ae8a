// The shape of an RMI command: context, failure rows in order, effect. Checks do not write, effects do not fail.

import { type AddressArg, type Pa, isGranuleAligned } from '../arch/address.ts';
import { assert } from '../base/assert.ts';

/** RMI status codes. */
export const Rmi = {
  RMI_SUCCESS: 0,
  RMI_ERROR_INPUT: 1,
  RMI_ERROR_REALM: 2,
  RMI_ERROR_REC: 3,
  RMI_ERROR_RTT: 4,
} as const;
export type RmiStatus = keyof typeof Rmi;
export type RmiError = Exclude<RmiStatus, 'RMI_SUCCESS'>;

/** One row of a failure table: the command fails with `error` if `when` holds. */
export type Failure<C> = {
  readonly id: string;
  readonly when: (c: C) => boolean;
  readonly error: RmiError;
  readonly index?: (c: C) => number;
};

export type Command<Rmm, C> = {
  readonly name: string;
  readonly fid: number;
  readonly context: (rmm: Rmm, x: readonly bigint[]) => C;
  readonly failures: readonly Failure<C>[];
  /** X1 and up. */
  readonly effect: (c: C) => readonly bigint[];
};

/** What a command came to: X0 and up, and the row that failed, which only the trace may name. */
export type CommandResult = { readonly x: readonly bigint[]; readonly failed: string | undefined };

export function run<Rmm, C>(command: Command<Rmm, C>, rmm: Rmm, x: readonly bigint[]): CommandResult {
  const c = command.context(rmm, x);
  for (const { id, when, error, index } of command.failures) {
    if (when(c)) return { x: [BigInt(Rmi[error]) | (BigInt(index?.(c) ?? 0) << 8n)], failed: id };
  }
  return { x: [0n, ...command.effect(c)], failed: undefined };
}

/** Whether a register value is a multiple of the granule size, in or out of range. */
export const isAligned = (arg: AddressArg): boolean => (arg.inRange ? isGranuleAligned(arg.at) : arg.low12 === 0);

/** The address of an argument whose range an earlier row has checked. */
export function addressOf(arg: AddressArg): Pa {
  assert(arg.inRange, 'an earlier row checks the range');
  return arg.at;
}
