// The specification's own opinion of a call: which failure rows hold before it, whether its result is that of a row that no
// other one precedes, whether everything that has to hold after a success does, and whether nothing else changed.

import type { MachineView } from '../../machine/view.ts';
import { type Scope, type Value, evaluate, holds } from '../../spec/evaluate.ts';
import { enumerations } from '../../spec/generated.ts';
import { type ParsedCommand, type ParsedPost, commandOf } from './commands.ts';
import { type Difference, type Location, differences, isAllowed, locationName, locationsOf } from './footprint.ts';
import { type Move, movesOf, unknownMoves } from './moves.ts';
import { State } from './state.ts';
import { type Fields, inputValue, outputValue, structureValue } from './values.ts';
import { type Interference, type Setting, functionsOf } from './vocabulary.ts';

/** A call that did what no reading of the specification allows. */
export type Violation = {
  readonly command: string;
  readonly kind: 'status' | 'success' | 'footprint' | 'output' | 'move';
  /** The row, condition or location. */
  readonly id: string;
  readonly expected: string;
  readonly found: string;
};

/** What the oracle says of a call, or of one half of it. */
export type Judgement = {
  readonly command: string;
  /** Rows that hold, in evaluation order. */
  readonly rows: readonly string[];
  /** Rows that say nothing in this state: something they speak of does not exist. */
  readonly senseless: readonly string[];
  /** Conditions that were evaluated after a success. */
  readonly checked: readonly string[];
  readonly moves: readonly Move[];
  readonly violations: readonly Violation[];
};

/** A call under way. */
export type Pending = {
  readonly command: ParsedCommand;
  readonly pe: number;
  readonly x: readonly bigint[];
  readonly rows: readonly string[];
  readonly senseless: readonly string[];
  readonly restarts: boolean;
  readonly setting: Setting;
  readonly scope: CallScope;
  readonly before: State;
  /** The caller's registers that a Realm on the same PE would use as well. */
  readonly el1: readonly bigint[];
};

/** Calls that have begun and not ended. */
export type UnderWay = {
  readonly entered: ReadonlyMap<number, Pending>;
  readonly unanswered: ReadonlyMap<bigint, Pending>;
};

export type OracleOptions = {
  readonly vmidWidth?: number;
  readonly gicPriorityBits?: number;
  readonly tokenSizeBound?: number;
};

/** X0 of success, apart from commands whose conditions speak of the result. */
const SUCCESS = 0n;
/** Parts of a REC that every exit may change. */
// prettier-ignore
const exitFields = [
  'state', 'gprs', 'pc', 'pstate', 'esr_el1', 'elr_el1', 'spsr_el1', 'vbar_el1', 'other_registers', 'list_registers', 'gic_hcr',
  'emulatable_abort', 'unprotected_abort', 'last_abort', 'trap_wfi', 'trap_wfe',
];

export class Oracle {
  readonly #view: MachineView;
  readonly #constants: Fields;
  readonly #tokenSizeBound: bigint;
  /** RMI_REC_ENTER under way, by PE. */
  #entered = new Map<number, Pending>();
  /** Calls of a Realm that are answered at the next entry, by REC. */
  #unanswered = new Map<bigint, Pending>();

  constructor(view: MachineView, options: OracleOptions = {}) {
    this.#view = view;
    const { vmidWidth = 16, gicPriorityBits = 5, tokenSizeBound = 4096 } = options;
    this.#tokenSizeBound = BigInt(tokenSizeBound);
    this.#constants = {
      rmi_revisions: [0x1_0000n],
      rsi_revisions: [0x1_0000n],
      feature_register_0: view.featureRegister0,
      pa_width: BigInt(view.paBits),
      vmid_width: BigInt(vmidWidth),
      feat_hpmn0: false,
      gic_priority_bits: BigInt(gicPriorityBits),
      sea_needs_abort: view.seaNeedsAbort,
    };
  }

  /** Calls under way, to be given back when the machine is put back to this moment. */
  underWay(): UnderWay {
    return { entered: new Map(this.#entered), unanswered: new Map(this.#unanswered) };
  }

  setUnderWay({ entered, unanswered }: UnderWay): void {
    this.#entered = new Map(entered);
    this.#unanswered = new Map(unanswered);
  }

  /** A call is about to be made with these registers. Undefined: no command of the specification. */
  before(pe: number, x: readonly bigint[], interference: Interference = {}): Pending | undefined {
    const command = commandOf(x[0] as bigint);
    if (command === undefined) return undefined;
    this.#view.mark();
    const before = new State(this.#view);
    const rec = command.spec.interface === 'RMI' ? undefined : this.#view.runningOn(pe);
    const setting: Setting = {
      state: before,
      before,
      constants: this.#constants,
      recAuxCount: BigInt(this.#view.recAuxCount),
      tokenSizeBound: this.#tokenSizeBound,
      interference,
      currentRec: rec === undefined ? undefined : BigInt(rec),
      callFid: BigInt.asUintN(32, x[0] as bigint),
    };
    const scope = new CallScope(command, setting, inputs(command, x));
    const rows: string[] = [];
    const senseless: string[] = [];
    for (const { id, pre } of command.rows) {
      const value = evaluate(pre, scope);
      if (value === true) rows.push(id);
      else if (value === undefined) senseless.push(id);
    }
    const restarts = rows.length === 0 && command.restart.some(({ pre }) => holds(pre, scope));
    // What is judged when the state before is no longer at hand has to be looked at now.
    if (command.name === 'RMI_REC_ENTER' || rec !== undefined) scope.evaluateContext();
    return { command, pe, x, rows, senseless, restarts, setting, scope, before, el1: this.#view.pe(pe).el1 };
  }

  /** The call came back to its caller with these registers. */
  returned(pending: Pending, x: readonly bigint[]): Judgement {
    const { command, rows, before } = pending;
    const { after, found } = this.#compare(before);
    const violations: Violation[] = [];
    const status = judgeResult(pending, x[0] as bigint);
    violations.push(...status);
    const scope = pending.scope.afterwards({ ...pending.setting, state: after }, outputs(command, x));
    const isFailure = rows.length > 0;
    const posts = isFailure ? command.onFailure : command.success.filter(({ at }) => at === undefined);
    if (status.length === 0) violations.push(...judgePosts(command, posts, scope, isFailure ? 'output' : 'success'));
    if (!isFailure && !this.#mayReturn(pending))
      violations.push(wrong(command, 'status', 'exit', 'a REC exit', 'a return'));
    if (pending.restarts) violations.push(wrong(command, 'status', 'restart', 'a REC exit', 'a return'));
    const allowed: Location[] = isFailure ? [] : [...this.#footprint(pending)];
    const caller = pending.setting.currentRec;
    for (const page of pending.setting.interference.faults ?? [])
      allowed.push({ root: 'Granule', args: [page], path: ['gpt'] });
    const own: Location[] = caller === undefined ? [] : ['gprs', 'pc'].map((field) => recLocation(caller, field));
    violations.push(...judgeFootprint(command, found, [...allowed, ...own], before));
    if (!isFailure && command.spec.interface === 'RMI') violations.push(...judgeUnused(pending, x));
    return this.#judgement(pending, posts, violations, found, allowed, after);
  }

  /** RMI_REC_ENTER has handed the PE to the REC: what holds before its first instruction. */
  entered(pending: Pending): readonly Judgement[] {
    const { command, rows, before, pe } = pending;
    const { after, found } = this.#compare(before);
    const rec = pending.x[1] as bigint;
    const violations: Violation[] =
      rows.length === 0 ? [] : [wrong(command, 'status', rows[0] as string, 'a failure', 'an entry')];
    const setting = { ...pending.setting, state: after, currentRec: rec };
    const posts = command.success.filter(({ at }) => at === 'entry');
    violations.push(...judgePosts(command, posts, pending.scope.afterwards(setting, {}), 'success'));
    const owner = after.recs.get(Number(rec))?.rd ?? 0;
    const answered = this.#unanswered.get(rec);
    const allowed: Location[] = [{ root: 'Rec', args: [rec], path: [] }, ...hostCallBuffer(before, rec)];
    violations.push(...judgeFootprint(command, found, allowed, before));
    this.#entered.set(pe, pending);
    const judged = [this.#judgement(pending, posts, violations, found, allowed, after)];
    if (answered === undefined || owner === 0) return judged;
    this.#unanswered.delete(rec);
    return [...judged, this.#answered(answered, pending, after, rec)];
  }

  /** An action of a Realm is about to be made that is no call of the specification. */
  beforeAction(): State {
    this.#view.mark();
    return new State(this.#view);
  }

  /** The REC of a PE has exited, by a call of its Realm or by something else; `x0` is what the Host finds. */
  exited(pe: number, x0: bigint, cause: Pending | State): readonly Judgement[] {
    const enter = this.#entered.get(pe);
    if (enter === undefined) return [];
    this.#entered.delete(pe);
    const before = cause instanceof State ? cause : cause.before;
    const { after, found } = this.#compare(before);
    const rec = enter.x[1] as bigint;
    const run = enter.x[2] as bigint;
    const page = after.page(run);
    const exit = page === undefined ? undefined : structureValue('RmiRecExit', page.subarray(0x800));
    const isRunPageThere = ['GPT_NS', 'GPT_AAP'].includes(after.gpt(run) as string);
    const violations: Violation[] = [];
    if (x0 !== (isRunPageThere ? SUCCESS : 1n))
      violations.push(wrong(enter.command, 'status', 'exit', isRunPageThere ? '0x0' : '0x1', `0x${x0.toString(16)}`));
    const host = this.#view.pe(pe);
    violations.push(...judgeUnused(enter, host.x.slice(0, enter.x.length)));
    if (host.el1.some((value, i) => value !== enter.el1[i]))
      violations.push(wrong(enter.command, 'output', 'el1', "the Host's own registers", 'others'));
    const posts = isRunPageThere ? enter.command.success.filter(({ at }) => at === undefined) : [];
    const setting = { ...enter.setting, state: after, currentRec: rec, exit };
    violations.push(...judgePosts(enter.command, posts, enter.scope.afterwards(setting, {}), 'success'));
    const call = cause instanceof State ? undefined : cause;
    const allowed: Location[] = [{ root: 'RecRun', args: [run], path: ['exit'] }];
    if (call === undefined) {
      const owner = BigInt(before.recs.get(Number(rec))?.rd ?? 0);
      allowed.push({ root: 'Rec', args: [rec], path: [] }, { root: 'RealmExecution', args: [owner], path: [] });
    } else {
      // A Realm that only calls executes nothing else: what changes is the call's or the exit's.
      allowed.push(...exitFields.map((field) => recLocation(rec, field)));
      if (!call.restarts) allowed.push(...this.#footprint(call));
    }
    violations.push(...judgeFootprint(enter.command, found, allowed, before));
    // What the call itself moved is judged with it.
    const own = call === undefined ? found : found.filter(({ root }) => root === 'Rec');
    const judged = [this.#judgement(enter, posts, violations, own, allowed, after)];
    return call === undefined
      ? judged
      : [...judged, this.#callExited(call, { ...call.setting, state: after, exit }, rec, after, found)];
  }

  /** A call of a Realm that made its REC exit: what holds now. What it returns is judged when the REC is entered. */
  #callExited(call: Pending, setting: Setting, rec: bigint, after: State, found: readonly Difference[]): Judgement {
    const { command, rows, before } = call;
    const violations: Violation[] = [];
    const [row] = rows;
    if (row !== undefined) violations.push(wrong(command, 'status', row, 'a failure', 'a REC exit'));
    const posts = command.success.filter(({ at }) => at === 'exit');
    if (call.restarts) {
      const pc = after.recs.get(Number(rec))?.pc;
      const expected = before.recs.get(Number(rec))?.pc;
      if (setting.exit?.['exit_reason'] !== 'SYNC' || pc !== expected)
        violations.push(
          wrong(command, 'status', 'restart', 'a data abort at the SMC', String(setting.exit?.['exit_reason'])),
        );
    } else if (row === undefined) {
      if (posts.length === 0) violations.push(wrong(command, 'status', 'exit', 'a return', 'a REC exit'));
      violations.push(...judgePosts(command, posts, call.scope.afterwards(setting, {}), 'success'));
      this.#unanswered.set(rec, call);
    }
    const others = found.filter(({ root }) => root !== 'Rec');
    return this.#judgement(call, call.restarts ? [] : posts, violations, others, this.#footprint(call), after);
  }

  /** The answer to a call of a Realm, in the registers with which its REC was entered. */
  #answered(call: Pending, enter: Pending, after: State, rec: bigint): Judgement {
    const { command } = call;
    const x = after.recs.get(Number(rec))?.x ?? [];
    const posts = command.success.filter(({ at }) => at === undefined);
    const setting: Setting = {
      ...call.setting,
      state: after,
      recAtEntry: enter.before.rec(rec),
      entry: enter.scope.variable('enter') as Fields,
      exit: call.command.name === 'PSCI_AFFINITY_INFO' ? {} : undefined,
    };
    const scope = call.scope.afterwards(setting, outputs(command, x));
    const violations = command.spec.output.length === 0 ? [] : judgePosts(command, posts, scope, 'success');
    if (command.hasPlainResult && command.spec.output.length > 0 && x[0] !== SUCCESS)
      violations.push(wrong(command, 'status', 'success', '0x0', `0x${(x[0] ?? 0n).toString(16)}`));
    return { ...this.#judgement(call, posts, violations, [], [], after), rows: [] };
  }

  /** Commands with conditions about their exit come back without one only where a condition says so. */
  #mayReturn({ command, scope }: Pending): boolean {
    if (!command.success.some(({ at }) => at === 'exit')) return true;
    return command.name === 'PSCI_AFFINITY_INFO' && scope.variable('is_self') === true;
  }

  #compare(before: State): { readonly after: State; readonly found: readonly Difference[] } {
    const changes = this.#view.changes();
    before.setPast(new Map(changes.map(({ frame, before: page }) => [frame, page])));
    const after = new State(this.#view);
    return { after, found: differences(before, after, changes) };
  }

  #footprint({ command, scope, setting, before }: Pending): readonly Location[] {
    return command.footprint
      .flatMap((entry) => locationsOf(entry, scope))
      .flatMap((location) => concrete(location, setting.currentRec, before));
  }

  #judgement(
    { command, rows, senseless }: Pending,
    posts: readonly ParsedPost[],
    violations: readonly Violation[],
    found: readonly Difference[],
    allowed: readonly Location[],
    after: State,
  ): Judgement {
    const moves = movesOf(command.name, found, allowed, after);
    const unknown = unknownMoves(moves).map(({ from, to, what }) =>
      wrong(command, 'move', what, 'a move of a life cycle', `${from} to ${to}`),
    );
    return {
      command: command.name,
      rows,
      senseless,
      checked: rows.length > 0 ? [] : posts.map(({ id }) => id),
      moves,
      violations: [...violations, ...unknown],
    };
  }
}

const wrong = (
  { name }: ParsedCommand,
  kind: Violation['kind'],
  id: string,
  expected: string,
  found: string,
): Violation => ({ command: name, kind, id, expected, found });

const recLocation = (rec: bigint, field: string): Location => ({ root: 'Rec', args: [rec], path: [field] });

/** Locations of the caller's own as those of its REC, its Realm and its memory. */
function concrete(location: Location, rec: bigint | undefined, before: State): readonly Location[] {
  if (rec === undefined) return [location];
  const rd = BigInt(before.recs.get(Number(rec))?.rd ?? 0);
  switch (location.root) {
    case 'CurrentRec':
      return [{ ...location, root: 'Rec', args: [rec] }];
    case 'CurrentRealm':
      return [{ ...location, root: 'Realm', args: [rd] }];
    case 'RealmBytes': {
      const [ipa = 0n, size = 0n] = location.args;
      const pa = before.realmPage(rd, ipa);
      return pa === undefined ? [] : [{ root: 'Memory', args: [pa, pa + size], path: [] }];
    }
    default:
      return [location];
  }
}

/** The registers in an RsiHostCall of a REC, which the answer of the Host goes to at the entry. */
function hostCallBuffer(before: State, rec: bigint): readonly Location[] {
  const view = before.recs.get(Number(rec));
  const pa = view?.hostCall === undefined ? undefined : before.realmPage(BigInt(view.rd), BigInt(view.hostCall));
  return pa === undefined ? [] : [{ root: 'Memory', args: [pa + 8n, pa + 256n], path: [] }];
}

function inputs({ spec }: ParsedCommand, x: readonly bigint[]): Fields {
  return Object.fromEntries(spec.input.map(({ name, reg, type }) => [name, inputValue(type, x[number(reg)] ?? 0n)]));
}

function outputs({ spec }: ParsedCommand, x: readonly bigint[]): Fields {
  return Object.fromEntries(spec.output.map(({ name, reg, type }) => [name, outputValue(type, x[number(reg)] ?? 0n)]));
}

const number = (register: string): number => Number(register.slice(1));

/** X0 has to be that of a row that holds and that no other row that holds precedes; or of success. */
function judgeResult({ command, rows, scope }: Pending, x0: bigint): readonly Violation[] {
  const found = `0x${x0.toString(16)}`;
  if (rows.length === 0) {
    if (!command.hasPlainResult || x0 === SUCCESS) return [];
    return [wrong(command, 'status', 'success', '0x0', found)];
  }
  const possible = command.rows.filter(
    ({ id, after }) => rows.includes(id) && !after.some((first) => rows.includes(first)),
  );
  const codes = possible.map(({ post, index }) => {
    const packed = index === undefined ? 0n : ((evaluate(index, scope) as bigint | undefined) ?? 0n);
    return BigInt.asUintN(64, statusCode(command, post)) | (BigInt.asUintN(8, packed) << 8n);
  });
  if (codes.includes(x0)) return [];
  const expected = possible.map(({ id }, i) => `${id}: 0x${(codes[i] as bigint).toString(16)}`).join(' or ');
  return [wrong(command, 'status', rows[0] as string, expected, found)];
}

const statusTypes = { RMI: 'RmiStatus', RSI: 'RsiCommandReturnCode', PSCI: 'PsciReturnCode' } as const;
function statusCode({ spec }: ParsedCommand, name: string): bigint {
  const codes: Readonly<Record<string, number>> = enumerations[statusTypes[spec.interface]];
  return BigInt(codes[name] as number);
}

function judgePosts(
  command: ParsedCommand,
  posts: readonly ParsedPost[],
  scope: Scope,
  kind: 'success' | 'output',
): Violation[] {
  return (
    posts
      .map(({ id, post }) => ({ id, value: evaluate(post, scope) }))
      // A condition about an exit says nothing when there was none.
      .filter(({ value }) => value !== true)
      .map(({ id, value }) => wrong(command, kind, id, 'true', String(value)))
  );
}

function judgeFootprint(
  command: ParsedCommand,
  found: readonly Difference[],
  allowed: readonly Location[],
  before: State,
): readonly Violation[] {
  return found
    .filter((difference) => !isAllowed(difference, allowed, before))
    .map((difference) => wrong(command, 'footprint', locationName(difference), difference.from, difference.to));
}

/** Registers that are no outputs: X1 to X3 are zero, X4 to X17 as they were. */
function judgeUnused({ command, x: given }: Pending, x: readonly bigint[]): readonly Violation[] {
  const used = new Set(command.spec.output.map(({ reg }) => number(reg)));
  const violations: Violation[] = [];
  for (let n = 1; n < x.length; n++) {
    const expected = n <= 3 ? 0n : (given[n] ?? 0n);
    const isGiven = n <= 3 || n < given.length;
    if (!used.has(n) && isGiven && x[n] !== expected)
      violations.push(
        wrong(command, 'output', `x${n}`, `0x${expected.toString(16)}`, `0x${(x[n] as bigint).toString(16)}`),
      );
  }
  return violations;
}

/** What the names of a command stand for: inputs and context before it, outputs and more context after it. */
class CallScope implements Scope {
  readonly functions: Scope['functions'];
  readonly before?: Scope;
  readonly #command: ParsedCommand;
  readonly #values: Map<string, Value>;
  readonly #isAfter: boolean;

  constructor(command: ParsedCommand, setting: Setting, values: Fields, before?: CallScope) {
    this.functions = functionsOf(setting);
    this.#command = command;
    this.#values = new Map(Object.entries(values));
    this.#isAfter = before !== undefined;
    if (before !== undefined) this.before = before;
  }

  /** The scope after the command. */
  afterwards(setting: Setting, outputs: Fields): CallScope {
    return new CallScope(this.#command, setting, outputs, this);
  }

  evaluateContext(): void {
    for (const name of this.#command.context.keys()) this.variable(name);
  }

  variable(name: string): Value {
    if (this.#values.has(name)) return this.#values.get(name);
    const expression = (this.#isAfter ? this.#command.after : this.#command.context).get(name);
    const value = expression === undefined ? this.before?.variable(name) : evaluate(expression, this);
    this.#values.set(name, value);
    return value;
  }
}
