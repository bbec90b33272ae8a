// Software that is the caller: a person at a prompt, a test, a fuzzer's command list. Each method is one architectural action on
// one PE in whatever state it is in, carried out at once.

import type { AccessSize, Action, FaultView, Outcome } from '../arch/action.ts';
import { type FidName, parseFid } from '../arch/smccc.ts';
import type { SysReg } from '../arch/registers.ts';

import type { Pas } from '../arch/world.ts';
import { InputError } from '../base/input-error.ts';
import type { Pe } from '../cpu/pe.ts';
import { faultName } from './fault-name.ts';
import type { Machine } from './machine.ts';

/** Where and how an access is made. */
export type AccessOptions = { readonly size?: AccessSize; readonly pas?: Pas };

/** A fault as software finds it in its syndrome registers, with its name: `GPF`, `EXTERNAL_ABORT`. */
export type NamedFault = FaultView & { readonly name: string };

/** What an access came to: a value (zero for a write), or a fault. */
export type AccessResult =
  { readonly value: bigint; readonly fault: undefined } | { readonly value: undefined; readonly fault: NamedFault };

type Place = number | bigint;

export class Driver {
  readonly machine: Machine;
  readonly pe: Pe;

  constructor(machine: Machine, pe: Pe) {
    this.machine = machine;
    this.pe = pe;
  }

  /** Any action, with its full outcome. */
  perform(action: Action): Outcome {
    return this.machine.perform(this.pe, action);
  }

  read(at: Place, { size = 8, pas }: AccessOptions = {}): AccessResult {
    return this.#access({ op: 'load', at: register(at, 'at'), size, ...(pas === undefined ? {} : { pas }) });
  }

  write(at: Place, value: number | bigint, { size = 8, pas }: AccessOptions = {}): AccessResult {
    const stored = register(value, 'value', size === 16 ? 128 : 64);
    return this.#access({
      op: 'store',
      at: register(at, 'at'),
      size,
      value: stored,
      ...(pas === undefined ? {} : { pas }),
    });
  }

  fetch(at: Place, { pas }: AccessOptions = {}): AccessResult {
    return this.#access({ op: 'fetch', at: register(at, 'at'), ...(pas === undefined ? {} : { pas }) });
  }

  /** An SMC by name or number, with X1 and up; returns X0 to X17. Argument registers that are not given are zero. */
  smc(fid: FidName | number | bigint, ...args: readonly (number | bigint)[]): readonly bigint[] {
    const id = typeof fid === 'string' ? parseFid(fid) : fid;
    if (id === undefined)
      throw new InputError({ code: 'FID_UNKNOWN', where: 'smc', expected: 'a function name or number', found: fid });
    const x = [id, ...args].map((arg, n) => register(arg, `X${n}`));
    while (x.length < 8) x.push(0n);
    const outcome = this.perform({ op: 'smc', x });
    return outcome.kind === 'done' ? outcome.x : this.#noReturn(outcome);
  }

  mrs(reg: SysReg): bigint | undefined {
    return this.#access({ op: 'mrs', reg }).value;
  }

  #access(action: Action): AccessResult {
    const outcome = this.perform(action);
    switch (outcome.kind) {
      case 'done':
        return { value: outcome.value, fault: undefined };
      case 'fault':
        return { value: undefined, fault: { ...outcome.fault, name: faultName(outcome.fault.esr) } };
      case 'exception':
      case 'moved':
        return this.#noReturn(outcome);
    }
  }

  #noReturn(outcome: Exclude<Outcome, { kind: 'done' }>): never {
    const found = outcome.kind === 'fault' ? faultName(outcome.fault.esr) : outcome.kind;
    const where = `PE ${this.pe.index}`;
    throw new InputError({ code: 'NO_RETURN', where, expected: 'an action that comes back', found });
  }
}

/** A register value: 64 bits, negative numbers as two's complement. Nothing is rounded and nothing cut off. */
function register(value: number | bigint, where: string, bits = 64): bigint {
  const isWhole = typeof value === 'bigint' || Number.isSafeInteger(value);
  const found = isWhole ? BigInt(value) : undefined;
  const isInRange = found !== undefined && found >= -(1n << BigInt(bits - 1)) && found >> BigInt(bits) <= 0n;
  if (isInRange) return BigInt.asUintN(bits, found);
  throw new InputError({
    code: 'REGISTER_VALUE',
    where,
    expected: `a whole number of ${bits} bits`,
    found: String(value),
  });
}
