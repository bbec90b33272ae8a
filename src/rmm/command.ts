// The shape of an RMI command: context, failure rows in order, effect. Checks do not write, effects do not fail.

import type { Call } from './call.ts';

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
  readonly error: RmiError;
  readonly when: (c: C) => boolean;
  /** Index packed beside the status, where the specification gives one. */
  readonly index?: (c: C) => number;
  /** Outputs that are valid although the command fails. */
  readonly outputs?: (c: C) => void;
};

export type Command<C> = {
  readonly name: string;
  readonly fid: number;
  readonly context: (call: Call) => C;
  readonly failures: readonly Failure<C>[];
  /** Changes the state and sets the outputs. */
  readonly effect: (c: C) => void;
};

/** A command whose context only it knows. */
export type AnyCommand = Command<unknown>;

/** Declares a command; the context's type is inferred. */
export const rmi = <C>(command: Command<C>): AnyCommand => command as unknown as AnyCommand;

/** Runs a command: the first row that holds decides. Returns the packed return code; `failed` is for the trace only. */
export function run(command: AnyCommand, call: Call): { readonly code: number; readonly failed: string | undefined } {
  const c = command.context(call);
  for (const failure of command.failures) {
    if (!failure.when(c)) continue;
    failure.outputs?.(c);
    return { code: Rmi[failure.error] + ((failure.index?.(c) ?? 0) & 0xff) * 256, failed: failure.id };
  }
  command.effect(c);
  return { code: Rmi.RMI_SUCCESS, failed: undefined };
}
