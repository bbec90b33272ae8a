// Software that is the caller: a person at a prompt, a test, a fuzzer's command list. Each method is one architectural action on
// one PE in whatever state it is in, carried out at once.

import type { AccessSize, Action, FaultView, Outcome } from '../arch/action.ts';
import { type FidName, Fid } from '../arch/smccc.ts';
import type { SysReg } from '../arch/registers.ts';
import type { Pas } from '../arch/world.ts';
import { InputError } from '../base/input-error.ts';
import type { Pe } from '../cpu/pe.ts';
import type { Machine } from './machine.ts';

/** Where and how an access is made. */
export type AccessOptions = { readonly size?: AccessSize; readonly pas?: Pas };

/** What an access came to: a value, or the fault that software finds in its syndrome registers. */
export type AccessResult = { readonly value: bigint | undefined; readonly fault: FaultView | undefined };

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

  read(at: number | bigint, { size = 8, pas }: AccessOptions = {}): AccessResult {
    return resultOf(this.perform({ op: 'load', at: BigInt(at), size, ...(pas === undefined ? {} : { pas }) }));
  }

  write(at: number | bigint, value: number | bigint, { size = 8, pas }: AccessOptions = {}): AccessResult {
    return resultOf(
      this.perform({ op: 'store', at: BigInt(at), size, value: BigInt(value), ...(pas === undefined ? {} : { pas }) }),
    );
  }

  fetch(at: number | bigint, { pas }: AccessOptions = {}): AccessResult {
    return resultOf(this.perform({ op: 'fetch', at: BigInt(at), ...(pas === undefined ? {} : { pas }) }));
  }

  /** An SMC by name or number, with X1 and up; returns X0 to X17. */
  smc(fid: FidName | number | bigint, ...args: readonly (number | bigint)[]): readonly bigint[] {
    const id = typeof fid === 'string' ? Fid[fid] : fid;
    const x = [BigInt(id), ...args.map((arg) => BigInt.asUintN(64, BigInt(arg)))];
    const outcome = this.perform({
      op: 'smc',
      x: [...x, ...Array.from({ length: 8 - Math.min(x.length, 8) }, () => 0n)],
    });
    if (outcome.kind === 'done') return outcome.x;
    throw new InputError({
      code: 'SMC_NO_RETURN',
      where: `PE ${this.pe.index}`,
      expected: 'a call that comes back',
      found: outcome.kind,
    });
  }

  mrs(reg: SysReg): bigint | undefined {
    return resultOf(this.perform({ op: 'mrs', reg })).value;
  }
}

function resultOf(outcome: Outcome): AccessResult {
  switch (outcome.kind) {
    case 'done':
      return { value: outcome.value, fault: undefined };
    case 'fault':
      return { value: undefined, fault: outcome.fault };
    case 'exception':
    case 'moved':
      return { value: undefined, fault: undefined };
  }
}
