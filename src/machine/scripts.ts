// Scripted software: generators that run at an EL of a world on a PE. What a script was told is kept, so that a snapshot can
// make a new generator and bring it to the same point without touching the machine.

import type { Action, Entry, Outcome, Script, ScriptArgs, ScriptFactory } from '../arch/action.ts';
import { InputError } from '../base/input-error.ts';
import type { El, World } from '../arch/world.ts';

/** Scripts by name. */
export type ScriptLibrary = Readonly<Record<string, ScriptFactory>>;

/** A program in memory, as far as scripts have one: entering a world's EL at its address starts it. */
export type Installed = {
  readonly world: World;
  readonly el: El;
  readonly entry: bigint;
  readonly script: string;
  readonly args: ScriptArgs;
};

/** A running script as plain data. */
export type RunnerData = {
  readonly key: string;
  readonly script: string;
  readonly args: ScriptArgs;
  readonly entry: Entry;
  readonly log: readonly Outcome[];
  /** An outcome that the script has not been given yet. */
  readonly waiting: Outcome | undefined;
  /** PC of the action that is under way. */
  readonly pc: bigint;
  readonly isDone: boolean;
};

export class ScriptRunner {
  readonly key: string;
  readonly script: string;
  readonly args: ScriptArgs;
  readonly entry: Entry;
  /** The action under way: yielded, and its outcome not known. */
  action: Action | undefined;
  pc = 0n;
  waiting: Outcome | undefined;
  isDone = false;
  readonly #generator: Script;
  readonly #log: Outcome[] = [];

  constructor(key: string, script: string, args: ScriptArgs, entry: Entry, library: ScriptLibrary) {
    this.key = key;
    this.script = script;
    this.args = args;
    this.entry = entry;
    const factory = Object.hasOwn(library, script) ? library[script] : undefined;
    if (factory === undefined) {
      throw new InputError({
        code: 'SCRIPT_UNKNOWN',
        where: key,
        expected: Object.keys(library).join(', ') || 'a script library',
        found: script,
      });
    }
    this.#generator = factory(args, entry);
  }

  /** Gives the outcome of the last action and takes the next one. Undefined: the script has ended. */
  next(outcome: Outcome | undefined): Action | undefined {
    if (this.isDone) return undefined;
    if (outcome !== undefined) this.#log.push(outcome);
    const result = outcome === undefined ? this.#generator.next() : this.#generator.next(outcome);
    this.waiting = undefined;
    this.isDone = result.done === true;
    this.action = result.done === true ? undefined : result.value;
    return this.action;
  }

  /** Steps that the script has taken: equal for a runner and its copy exactly when they are at the same point. */
  get position(): number {
    return this.#log.length;
  }

  data(): RunnerData {
    return {
      key: this.key,
      script: this.script,
      args: this.args,
      entry: this.entry,
      log: [...this.#log],
      waiting: this.waiting,
      pc: this.pc,
      isDone: this.isDone,
    };
  }

  /** Whether this runner is where `data` was taken: then it can be kept. */
  isAt(data: RunnerData): boolean {
    return (
      this.key === data.key &&
      this.script === data.script &&
      this.#log.length === data.log.length &&
      this.#log.every((outcome, i) => outcome === data.log[i])
    );
  }

  /** Puts back what can change without a step. */
  settle(data: RunnerData): void {
    this.waiting = data.waiting;
    this.pc = data.pc;
  }

  /** A new generator, fed with what the old one was told. */
  static from(data: RunnerData, library: ScriptLibrary): ScriptRunner {
    const runner = new ScriptRunner(data.key, data.script, data.args, data.entry, library);
    runner.next(undefined);
    for (const outcome of data.log) runner.next(outcome);
    runner.settle(data);
    return runner;
  }
}
