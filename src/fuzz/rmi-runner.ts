// Makes calls in a world under the oracle's eyes, and puts the world back after each of them.

import type { Action, Outcome } from '../arch/action.ts';
import { World } from '../arch/world.ts';
import type { Machine } from '../machine/machine.ts';
import type { Snapshot } from '../machine/snapshot.ts';
import { MachineView } from '../machine/view.ts';
import { commandFids } from '../spec/generated.ts';
import { type Judgement, Oracle, type UnderWay, type Violation } from './oracle/oracle.ts';
import type { Interference } from './oracle/vocabulary.ts';
import type { CallTemplate } from './rmi-calls.ts';
import { GRANULE, pageOf } from './rmi-world.ts';

export type Result = {
  readonly judgements: readonly Judgement[];
  readonly violations: readonly Violation[];
  /** The row that the RMM's own trace names. */
  readonly failed?: string | undefined;
};

export class Runner {
  readonly machine: Machine;
  readonly view: MachineView;
  readonly oracle: Oracle;
  #home: Snapshot;
  #underWay: UnderWay;
  #failed: string | undefined;

  constructor(machine: Machine) {
    this.machine = machine;
    this.view = new MachineView(machine);
    this.oracle = new Oracle(this.view);
    this.#home = machine.snapshot();
    this.#underWay = this.oracle.underWay();
    machine.trace.to((event) => {
      if (event.kind === 'rmi' || event.kind === 'rsi') this.#failed = event.failed;
    });
  }

  /** From now on `reset` comes back to this moment. */
  settle(): void {
    this.#home = this.machine.snapshot();
    this.#underWay = this.oracle.underWay();
  }

  reset(): void {
    this.machine.restore(this.#home);
    this.oracle.setUnderWay(this.#underWay);
  }

  /** One call of the Host, judged. The world is put back unless it is asked to stay. */
  call(
    template: CallTemplate,
    options: { readonly stays?: boolean; readonly interference?: Interference } = {},
  ): Result {
    const { name, args, page, fid } = template;
    if (page !== undefined) this.machine.memory.load(Number(page.at / GRANULE), 0, pageOf(page.fields));
    const result = this.smc([fid ?? BigInt(commandFids[name][0]), ...args], options.interference);
    const isFailure = result.judgements.length === 1 && (result.judgements[0]?.rows.length ?? 0) > 0;
    if (options.stays !== true && (!isFailure || page !== undefined || result.violations.length > 0)) this.reset();
    return result;
  }

  /** An SMC of whoever runs on a PE: the Host or a Realm. */
  smc(x: readonly bigint[], interference: Interference = {}, index = 0): Result {
    const pe = this.machine.driver(index);
    // What is no argument is anything.
    const filled = Array.from({ length: REGISTERS }, (_, n) => x[n] ?? 0xa5a5_5a5a_0000_0000n + BigInt(n));
    const isRealm = pe.pe.world === World.Realm;
    const pending = this.oracle.before(index, filled, interference);
    if (pending === undefined) throw new Error(`no command 0x${x[0]?.toString(16)}`);
    this.#failed = undefined;
    const outcome = pe.perform({ op: 'smc', x: filled });
    if (outcome.kind === 'done') return resultOf([this.oracle.returned(pending, outcome.x)], this.#failed);
    if (isRealm) return resultOf(this.oracle.exited(index, this.view.pe(index).x[0] as bigint, pending));
    if (this.view.pe(index).world === World.Realm) return resultOf(this.oracle.entered(pending));
    // Entered and out again before anybody could look.
    return resultOf([
      ...this.oracle.entered(pending).map(silent),
      ...this.oracle.exited(index, this.view.pe(index).x[0] as bigint, pending.before),
    ]);
  }

  /** Anything else that a Realm does. */
  act(action: Action, index = 0): { readonly outcome: Outcome; readonly result: Result } {
    const before = this.oracle.beforeAction();
    const outcome = this.machine.driver(index).perform(action);
    const hasExited = outcome.kind === 'moved' && this.view.pe(index).world !== World.Realm;
    const judgements = hasExited ? this.oracle.exited(index, this.view.pe(index).x[0] as bigint, before) : [];
    return { outcome, result: resultOf(judgements) };
  }
}

/** X0 to X17 are given for a call. */
const REGISTERS = 18;

/** A judgement that nobody could make. */
const silent = (judgement: Judgement): Judgement => ({ ...judgement, violations: [], checked: [] });

const resultOf = (judgements: readonly Judgement[], failed?: string): Result => ({
  judgements,
  failed,
  violations: judgements.flatMap(({ violations }) => violations),
});
