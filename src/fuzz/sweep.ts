// Every valid call with one thing changed, then with two; what each call was judged to be, and which calls a row decides.

import type { Coverage } from './coverage.ts';
import type { Violation } from './oracle/oracle.ts';
import { type CallTemplate, type Variation, realmCalls, validCalls, variationsOf } from './rmi-calls.ts';
import type { Result, Runner } from './rmi-runner.ts';
import { type Places, registers } from './rmi-world.ts';
import { commandFids } from '../spec/generated.ts';

/** A call that did not go as the specification says, and how it came about. */
export type Finding = { readonly call: string; readonly violation: Violation };

/** A call of the Host or of a Realm, and how it is made. */
export type Stimulus = { readonly call: CallTemplate; readonly rows: readonly string[]; readonly run: () => Result };

export type SweepOptions = {
  readonly coverage: Coverage;
  /** All combinations of two changes, or only those that are expected to make new sets of rows hold. */
  readonly pairs: 'all' | 'new';
  /** Only these commands. */
  readonly only?: (name: string) => boolean;
};

export class Sweep {
  readonly findings: Finding[] = [];
  readonly #options: SweepOptions;
  readonly #seen = new Set<string>();
  /** By command: calls that succeed. */
  readonly successes = new Map<string, Stimulus[]>();
  readonly #kept = new Map<string, Map<CallTemplate, Stimulus[]>>();

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  /** Calls that a row of a command decides. */
  stimuli(command: string, row: string): readonly Stimulus[] {
    return [...(this.#kept.get(`${command} ${row}`)?.values() ?? [])].flat();
  }

  /** The Host's calls, each from the runner's home. */
  rmi(runner: Runner, places: Places): void {
    for (const call of validCalls(places)) {
      if (this.#options.only?.(call.name) === false) continue;
      this.#vary(call, variationsOf(call, places), (varied) => () => runner.call(varied));
    }
  }

  /** The calls of a Realm that runs on PE 0 at the runner's home; what the Host answers is part of the call. */
  realm(
    runner: Runner,
    places: Places,
    attests: boolean,
    answer: (runner: Runner, call: CallTemplate) => Result[],
  ): void {
    for (const call of realmCalls()) {
      if ((call.attests === true) !== attests || this.#options.only?.(call.name) === false) continue;
      this.#vary(call, variationsOf(call, places), (varied) => () => realmRun(runner, varied, answer));
    }
  }

  #vary(
    call: CallTemplate,
    dimensions: readonly (readonly Variation[])[],
    make: (call: CallTemplate) => () => Result,
  ): void {
    this.#one(call, call, make(call));
    const kinds = dimensions.map((dimension) => {
      const first = new Map<string, { readonly variation: Variation; readonly rows: readonly string[] }>();
      for (const variation of dimension) {
        const varied = variation.apply(call);
        const { signature, rows } = this.#one(call, varied, make(varied));
        if (!first.has(signature)) first.set(signature, { variation, rows });
      }
      return [...first.values()];
    });
    for (const [i, some] of kinds.entries()) {
      for (const others of kinds.slice(i + 1)) {
        for (const a of some) {
          for (const b of others) {
            const expected = `${call.name} ${[...new Set([...a.rows, ...b.rows])].sort().join()}`;
            if (this.#options.pairs === 'new' && this.#seen.has(expected)) continue;
            this.#seen.add(expected);
            const varied = b.variation.apply(a.variation.apply(call));
            this.#one(call, varied, make(varied));
          }
        }
      }
    }
  }

  #one(
    from: CallTemplate,
    call: CallTemplate,
    run: () => Result,
  ): { readonly signature: string; readonly rows: readonly string[] } {
    const { judgements, violations, failed } = run();
    this.#options.coverage.add(judgements);
    const judgement = judgements.find(({ command }) => command === call.name);
    const { rows = [], senseless = [] } = judgement ?? {};
    // This RMM evaluates its rows in one order, so that its trace tells which one decided. A row that has no meaning may stand for
    // one that has: the result is the same.
    if (failed !== rows[0] && !senseless.includes(failed ?? ''))
      this.findings.push({ call: nameOf(call), violation: rowViolation(call.name, rows[0], failed) });
    for (const violation of violations) this.findings.push({ call: nameOf(call), violation });
    if (rows[0] !== undefined) this.#keep(`${call.name} ${rows[0]}`, from, { call, rows, run });
    else this.#keepSuccess({ call, rows, run });
    this.#seen.add(`${call.name} ${[...rows].sort().join()}`);
    return { signature: `${rows.join()}/${senseless.join()}`, rows };
  }

  /** The first ones of a command and the last ones. */
  #keepSuccess(stimulus: Stimulus): void {
    const kept = this.successes.get(stimulus.call.name) ?? [];
    this.successes.set(stimulus.call.name, kept);
    if (kept.length === SUCCESSES) kept.splice(SUCCESSES / 2, 1);
    kept.push(stimulus);
  }

  /** A few for each good call that they come from, those with the fewest rows. */
  #keep(key: string, from: CallTemplate, stimulus: Stimulus): void {
    const byCall = this.#kept.get(key) ?? new Map<CallTemplate, Stimulus[]>();
    this.#kept.set(key, byCall);
    const kept = byCall.get(from) ?? [];
    byCall.set(from, kept);
    if (kept.length >= STIMULI && (kept.at(-1) as Stimulus).rows.length <= stimulus.rows.length) return;
    kept.push(stimulus);
    kept.sort((x, y) => x.rows.length - y.rows.length);
    kept.splice(STIMULI);
  }
}

const STIMULI = 24;
const SUCCESSES = 8;

const rowViolation = (command: string, expected: string | undefined, found: string | undefined): Violation => ({
  command,
  kind: 'status',
  id: 'row',
  expected: expected ?? 'none',
  found: found ?? 'none',
});

function realmRun(
  runner: Runner,
  call: CallTemplate,
  answer: (runner: Runner, call: CallTemplate) => Result[],
): Result {
  const { name, args, fid } = call;
  const first = runner.smc([fid ?? BigInt(commandFids[name][0]), ...args]);
  const results = [first, ...(first.judgements.length > 1 ? answer(runner, call) : [])];
  runner.reset();
  const judgements = results.flatMap((result) => result.judgements);
  return { judgements, violations: judgements.flatMap(({ violations }) => violations), failed: first.failed };
}

/** A call as a line that can be made again. */
function nameOf({ name, args, page }: CallTemplate): string {
  const fields = page?.fields.map(([offset, value]) => `[0x${offset.toString(16)}]=0x${value.toString(16)}`) ?? [];
  return [
    name,
    ...registers(args)
      .slice(0, Math.max(args.length, 1))
      .map((arg) => `0x${arg.toString(16)}`),
    ...fields,
  ].join(' ');
}
