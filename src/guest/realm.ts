// What software in a Realm can do, as generators over single actions: memory, RSI and PSCI calls, and a word to the host.

import type { AccessSize, Action, FaultView, Outcome, ScriptArgs } from '../arch/action.ts';
import { InputError } from '../base/input-error.ts';
import { type CommandName, commandFids } from '../spec/generated.ts';

export type GuestStep<Result> = Generator<Action, Result, Outcome>;

/** A number of up to 64 bits in the arguments of a script: JSON has no others. */
export type Num = number | string;

export function big(value: Num): bigint {
  if (typeof value === 'number' ? Number.isSafeInteger(value) : /^(0x[0-9a-f]{1,16}|[0-9]{1,20})$/i.test(value))
    return BigInt.asUintN(64, BigInt(value));
  throw refused(value);
}

/** Arguments that a guest cannot use: whoever made its image has to know. */
export const refused = (found: unknown): InputError =>
  new InputError({
    code: 'SCRIPT_ARGS',
    where: 'guest',
    expected: 'a whole number',
    found: String(found).slice(0, 40),
  });

/** Arguments that several guests have. */
export type CommonArgs = {
  /** A page of its own, for what calls want in memory. */
  readonly page?: Num;
  /** How it ends. */
  readonly end?: 'system-off' | 'cpu-off';
};

export const argsOf = <Args>(args: ScriptArgs): Partial<Args> => (args ?? {}) as Partial<Args>;

/** X0 and up after a call of the RMM; undefined when the call itself faults. */
export function* call(name: CommandName, ...args: readonly (Num | bigint)[]): GuestStep<readonly bigint[]> {
  const x = [
    BigInt(commandFids[name][0]),
    ...args.map((arg) => (typeof arg === 'bigint' ? BigInt.asUintN(64, arg) : big(arg))),
  ];
  while (x.length < 8) x.push(0n);
  const outcome = yield { op: 'smc', x };
  return outcome.kind === 'done' ? outcome.x : [];
}

/** What a load gave, or the fault it took. */
export function* load(at: bigint, size: AccessSize = 8, reg?: number): GuestStep<bigint | FaultView> {
  const outcome = yield { op: 'load', at, size, ...(reg === undefined ? {} : { reg }) };
  return outcome.kind === 'fault' ? outcome.fault : outcome.kind === 'done' ? outcome.value : 0n;
}

export function* store(at: bigint, value: bigint, size: AccessSize = 8, reg?: number): GuestStep<boolean> {
  const outcome = yield { op: 'store', at, size, value, ...(reg === undefined ? {} : { reg }) };
  return outcome.kind === 'done';
}

/** RSI_HOST_CALL with a structure at `at`: gives the registers that the host answers with. */
export function* hostCall(at: bigint, imm: number, gprs: readonly bigint[]): GuestStep<readonly bigint[]> {
  yield* store(at, BigInt(imm), 2);
  for (const [n, value] of gprs.entries()) yield* store(at + 8n + 8n * BigInt(n), value);
  yield* call('RSI_HOST_CALL', at);
  const answer: bigint[] = [];
  for (let n = 0; n < gprs.length; n++) {
    const value = yield* load(at + 8n + 8n * BigInt(n));
    answer.push(typeof value === 'bigint' ? value : 0n);
  }
  return answer;
}

/** Default place of a guest's own page: behind the page that it runs from. */
const PAGE = 0x2000;
export const pageOf = ({ page = PAGE }: CommonArgs): bigint => big(page);

/** Tells the host something, and ends. */
export function* finish(args: CommonArgs, imm: number, gprs: readonly bigint[]): GuestStep<void> {
  yield* hostCall(pageOf(args), imm, gprs);
  yield* call(args.end === 'cpu-off' ? 'PSCI_CPU_OFF' : 'PSCI_SYSTEM_OFF');
}
