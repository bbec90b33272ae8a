// Scripted software: generators that run at an EL of a world on a PE. What a script was told is kept, so that a snapshot can
// make a new generator and bring it to the same point without touching the machine.

import type { Action, Entry, Outcome, Script, ScriptArgs, ScriptFactory } from '../arch/action.ts';
import { InputError } from '../base/input-error.ts';
import type { El, World } from '../arch/world.ts';
import { checkAction } from './actions.ts';

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

/**
 * A point in the life of one script: what it was told last, and the point before. Two runners at the same point have been told
 * the same, so that keeping a script's place costs one reference, however long it has run.
 */
export type Point = {
  readonly before: Point | undefined;
  readonly outcome: Outcome | undefined;
  /** How many outcomes lie behind; -1: not started. */
  readonly position: number;
};

/** A running script at one moment. */
export type RunnerState = {
  readonly key: string;
  readonly script: string;
  readonly args: ScriptArgs;
  readonly entry: Entry;
  readonly point: Point;
  /** The action under way: taken from the script, its outcome not given yet. */
  readonly action: Action | undefined;
  /** An outcome that the script has not been given yet. */
  readonly waiting: Outcome | undefined;
  /** PC of the action that is under way. */
  readonly pc: bigint;
};

/** The same as plain data: the points become a log. */
export type RunnerData = Omit<RunnerState, 'point'> & { readonly isStarted: boolean; readonly log: readonly Outcome[] };

export class ScriptRunner {
  readonly key: string;
  readonly script: string;
  readonly args: ScriptArgs;
  readonly entry: Entry;
  action: Action | undefined;
  pc = 0n;
  waiting: Outcome | undefined;
  readonly #library: ScriptLibrary;
  #point: Point = { before: undefined, outcome: undefined, position: -1 };
  /** Undefined after a script threw: the generator is spent, and the next step makes a new one. */
  #generator: Script | undefined;

  constructor(key: string, script: string, args: ScriptArgs, entry: Entry, library: ScriptLibrary) {
    this.key = key;
    this.script = script;
    this.args = args;
    this.entry = entry;
    this.#library = library;
    scriptOf(script, library, key);
  }

  get isStarted(): boolean {
    return this.#point.position >= 0;
  }

  /** The script has returned. */
  get isDone(): boolean {
    return this.isStarted && this.action === undefined;
  }

  /** Takes the first action. */
  start(): void {
    this.#advance(undefined);
  }

  /** Gives the outcome of the last action and takes the next one. */
  next(outcome: Outcome): void {
    this.waiting = outcome;
    this.#advance(outcome);
  }

  state(): RunnerState {
    const { key, script, args, entry, action, waiting, pc } = this;
    return { key, script, args, entry, point: this.#point, action, waiting, pc };
  }

  /** Whether this runner is where `state` was taken: then it can be kept. */
  isAt(state: RunnerState): boolean {
    return this.#point === state.point;
  }

  /** Puts back what can change without a step of the script. */
  settle(state: RunnerState): void {
    this.waiting = state.waiting;
    this.pc = state.pc;
  }

  /** A new generator, fed with what the old one was told. */
  static from(state: RunnerState, library: ScriptLibrary): ScriptRunner {
    const { key, script, args, entry } = state;
    const runner = new ScriptRunner(key, script, args, entry, library);
    runner.#point = state.point;
    try {
      runner.#generator = runner.#replay();
    } catch (error) {
      if (error instanceof InputError) throw error;
      throw diverged(state, String(error));
    }
    if (!isSame(runner.action, state.action)) throw diverged(state, nameOf(runner.action));
    runner.settle(state);
    return runner;
  }

  /** One step of the generator. When the script throws, nothing has happened: the outcome still waits to be given. */
  #advance(outcome: Outcome | undefined): void {
    const generator = this.#generator ?? this.#replay();
    this.#generator = undefined;
    const result = outcome === undefined ? generator.next() : generator.next(outcome);
    const action = result.done === true ? undefined : checkAction(result.value, `script ${this.script}`);
    this.#generator = generator;
    this.action = action;
    this.waiting = undefined;
    this.#point = { before: this.#point, outcome, position: this.#point.position + 1 };
  }

  /** A generator at the current point; `action` becomes the one under way there. */
  #replay(): Script {
    const generator = scriptOf(this.script, this.#library, this.key)(this.args, this.entry);
    if (!this.isStarted) return generator;
    let result = generator.next();
    for (const outcome of logOf(this.#point)) result = generator.next(outcome);
    this.action = result.done === true ? undefined : checkAction(result.value, `script ${this.script}`);
    return generator;
  }
}

export function runnerData(state: RunnerState): RunnerData {
  const { point, ...rest } = state;
  return { ...rest, isStarted: point.position >= 0, log: logOf(point) };
}

export function runnerState(data: RunnerData): RunnerState {
  const { isStarted, log, ...rest } = data;
  let point: Point = { before: undefined, outcome: undefined, position: -1 };
  if (isStarted) point = { before: point, outcome: undefined, position: 0 };
  for (const outcome of log) point = { before: point, outcome, position: point.position + 1 };
  return { ...rest, point };
}

/** A copy of arguments that nobody else can change. Refuses what JSON cannot carry. */
export function plainArgs(args: unknown, where: string): ScriptArgs {
  const refuse = (): never => {
    throw new InputError({ code: 'SCRIPT_ARGS', where, expected: 'plain data', found: describeValue(args) });
  };
  if (args === null || typeof args === 'string' || typeof args === 'boolean') return args;
  if (typeof args === 'number') return Number.isFinite(args) ? args + 0 : refuse();
  if (Array.isArray(args)) return Object.freeze(args.map((item, i) => plainArgs(item, `${where}[${i}]`)));
  if (typeof args !== 'object') return refuse();
  const prototype: unknown = Object.getPrototypeOf(args);
  if (prototype !== Object.prototype && prototype !== null) return refuse();
  const entries = Object.entries(args).map(([key, item]) => [key, plainArgs(item, `${where}.${key}`)] as const);
  return Object.freeze(Object.fromEntries(entries));
}

const describeValue = (value: unknown): string =>
  typeof value === 'object' ? Object.prototype.toString.call(value) : `${typeof value} ${String(value)}`;

/** The script of a name. */
export function scriptOf(script: string, library: ScriptLibrary, where: string): ScriptFactory {
  const factory = Object.hasOwn(library, script) ? library[script] : undefined;
  if (factory !== undefined) return factory;
  const expected = Object.keys(library).join(', ');
  throw new InputError({ code: 'SCRIPT_UNKNOWN', where, expected, found: script });
}

/** What a script was told, first to last. */
function logOf(point: Point): Outcome[] {
  const log: Outcome[] = [];
  for (let at: Point | undefined = point; at !== undefined; at = at.before)
    if (at.outcome !== undefined) log.push(at.outcome);
  return log.reverse();
}

/** A script that is no pure function of arguments and outcomes, or another script of that name. */
function diverged(state: RunnerState, found: string): InputError {
  return new InputError({
    code: 'SCRIPT_DIVERGED',
    where: `${state.key} ${state.script}`,
    expected: `${nameOf(state.action)} after ${state.point.position} outcomes`,
    found,
  });
}

const nameOf = (action: Action | undefined): string => action?.op ?? 'the end';

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const left = Object.entries(a).filter(([, value]) => value !== undefined);
  const right = new Map(Object.entries(b).filter(([, value]) => value !== undefined));
  return left.length === right.size && left.every(([key, value]) => isSame(value, right.get(key)));
}
