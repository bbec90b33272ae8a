// A long run of hostile calls over the world of rmi-world.ts: good calls with wrong arguments, wrong calls, actions of Realms, and
// whole lives of Realms in between, which have to succeed whatever happened before. The oracle looks at some of them.

import type { Action } from '../arch/action.ts';
import { toPa } from '../arch/address.ts';
import { World } from '../arch/world.ts';
import { InputError } from '../base/input-error.ts';
import { Prng } from '../base/prng.ts';
import { commandFids } from '../spec/generated.ts';
import { brokenInvariants } from './oracle/invariants.ts';
import type { Violation } from './oracle/oracle.ts';
import { type CallTemplate, type Kind, pageValues, realmCalls, validCalls, valuesOf } from './rmi-calls.ts';
import { type Result, Runner } from './rmi-runner.ts';
import { GRANULE, type RmiWorld, WorldBuilder, buildWorld, ipas, pageOf, registers } from './rmi-world.ts';

export type RandomOptions = {
  readonly seed: number;
  readonly calls: number;
  /** One call in so many is judged; with 1 all of them, and what Realms do besides calling as well. */
  readonly judgeEvery: number;
  /** The world is put back after so many calls, and its invariants are looked at before every tenth time. */
  readonly period: number;
};

export type RandomReport = {
  readonly calls: number;
  /** Calls that returned success, by a Host or a Realm. */
  readonly successes: number;
  readonly judged: number;
  readonly lives: number;
  readonly entries: number;
  /** Realms that only take exceptions: their run is cut short. */
  readonly stuck: number;
  readonly violations: readonly (Violation & { readonly call: number })[];
  readonly problems: readonly string[];
};

const NEAR = 1500;
const PES = 2;
const LIFE_EVERY = 2000;
const PROBLEMS_MAX = 10;

/** Runs until the calls are made or ten problems are found. An assertion of the machine is a problem. */
export function randomCalls(options: RandomOptions): RandomReport {
  return new RandomRun(options).run();
}

class RandomRun {
  readonly #options: RandomOptions;
  readonly #prng: Prng;
  readonly #world: RmiWorld;
  readonly #runner: Runner;
  readonly #host: readonly CallTemplate[];
  readonly #realm: readonly CallTemplate[];
  readonly #values = new Map<Kind, readonly bigint[]>();
  readonly #life: () => void;
  readonly #violations: (Violation & { readonly call: number })[] = [];
  readonly #problems: string[] = [];
  #counts = { calls: 0, successes: 0, judged: 0, lives: 0, entries: 0, stuck: 0 };

  constructor(options: RandomOptions) {
    this.#options = options;
    this.#prng = new Prng(options.seed);
    this.#world = buildWorld();
    const { machine, places } = this.#world;
    this.#runner = new Runner(machine);
    // Nobody reads the trace of a long run.
    machine.trace.to(undefined);
    this.#host = validCalls(places);
    this.#realm = realmCalls();
    this.#life = lifeIn(this.#world);
    this.#runner.settle();
  }

  run(): RandomReport {
    const { calls, judgeEvery, period } = this.#options;
    for (let n = 0; n < calls && this.#problems.length + this.#violations.length < PROBLEMS_MAX; n++) {
      const isJudged = n % judgeEvery === judgeEvery - 1;
      try {
        this.#step(isJudged);
        if (n % LIFE_EVERY === LIFE_EVERY - 1) this.#live();
      } catch (error) {
        if (!(error instanceof InputError) || error.code !== 'NO_RETURN')
          this.#problems.push(`call ${n}: ${String(error)}`);
        else this.#counts.stuck++;
        this.#runner.reset();
      }
      this.#counts.calls++;
      if (n % period !== period - 1) continue;
      if (n % (10 * period) === 10 * period - 1) this.#checkInvariants(n);
      this.#runner.reset();
    }
    return { ...this.#counts, violations: this.#violations, problems: this.#problems.slice(0, PROBLEMS_MAX) };
  }

  #checkInvariants(n: number): void {
    for (const sentence of brokenInvariants(this.#runner.view)) this.#problems.push(`after call ${n}: ${sentence}`);
  }

  #step(isJudged: boolean): void {
    const index = this.#prng.below(PES);
    const { machine } = this.#world;
    const pe = machine.pes[index];
    if (pe === undefined || pe.power !== 'on') return;
    const isRealm = pe.world === World.Realm;
    if (isRealm && this.#prng.below(4) === 0) return this.#act(index);
    const x = this.#call(isRealm ? this.#realm : this.#host, isRealm);
    const isKnown = x.length > 0 && this.#isCommand(x[0] as bigint, isRealm);
    if (isJudged && isKnown) return this.#judge(x, index);
    const outcome = machine.driver(index).perform({ op: 'smc', x: registers(x) });
    if (outcome.kind === 'moved' && !isRealm) this.#counts.entries++;
    if (outcome.kind === 'done' && outcome.x[0] === 0n) this.#counts.successes++;
  }

  #isCommand(fid: bigint, isRealm: boolean): boolean {
    const name = names.get(Number(BigInt.asUintN(32, fid)));
    return name !== undefined && name.startsWith('RMI_') !== isRealm;
  }

  #judge(x: readonly bigint[], index: number): void {
    // Calls that were not looked at may have begun or ended what the oracle knows of.
    if (this.#options.judgeEvery > 1) this.#runner.oracle.setUnderWay({ entered: new Map(), unanswered: new Map() });
    this.#note(this.#runner.smc(x, {}, index));
  }

  #note({ violations }: Result): void {
    this.#counts.judged++;
    for (const violation of violations) this.#violations.push({ call: this.#counts.calls, ...violation });
  }

  /** What a Realm does besides calling. */
  #act(index: number): void {
    const at = this.#pick(Object.values(ipas)) + BigInt(this.#prng.below(512)) * 8n;
    const size = this.#pick([1, 2, 4, 8, 16] as const);
    const reg = this.#prng.below(31);
    const value = this.#prng.u64();
    const actions: readonly Action[] = [
      { op: 'load', at, size, reg },
      { op: 'store', at, size, value, reg },
      { op: 'fetch', at: at - (at % 4n) },
      { op: 'hvc' },
    ];
    const action = this.#pick(actions);
    if (this.#options.judgeEvery === 1) this.#note(this.#runner.act(action, index).result);
    else this.#world.machine.driver(index).perform(action);
  }

  /** A good call, usually with something wrong about it; or any function number with any arguments. */
  #call(templates: readonly CallTemplate[], isRealm: boolean): readonly bigint[] {
    if (this.#prng.below(20) === 0) {
      const fid = (isRealm ? 0xc400_0190 : 0xc400_0150) + this.#prng.below(0x40);
      return [
        BigInt(fid),
        ...Array.from({ length: 5 }, () => this.#value(this.#pick(['granule', 'ipa', 'number', 'level'] as const))),
      ];
    }
    const { name, args, kinds, page, fid } = this.#pick(templates);
    const x = [fid ?? BigInt(commandFids[name][0]), ...args];
    for (let changes = this.#changes(); changes > 0 && kinds.length > 0; changes--) {
      const i = this.#prng.below(kinds.length);
      x[1 + i] = this.#value(kinds[i] as Kind);
    }
    if (page !== undefined) this.#fillPage(page);
    return x;
  }

  /** Half of all calls are good ones as far as the world is still as it was. */
  #changes(): number {
    return Math.max(this.#prng.below(5) - 2, 0);
  }

  #fillPage(page: NonNullable<CallTemplate['page']>): void {
    const { machine, places } = this.#world;
    // Only while it is the Host's: another call may have delegated it.
    if (machine.rmm.granules.state(toPa(Number(page.at))) !== 0) return;
    const fields = [...page.fields];
    for (let changes = this.#changes(); changes > 0; changes--) {
      const [offset, size, values] = this.#pick(pageValues(page.kind, places));
      fields.push([offset, this.#prng.below(8) === 0 ? this.#prng.u64() : this.#pick(values), size]);
    }
    machine.memory.load(Number(page.at / GRANULE), 0, pageOf(fields));
  }

  #value(kind: Kind): bigint {
    const { places } = this.#world;
    if (kind === 'granule' && this.#prng.below(3) === 0)
      return (places['params'] as bigint) + BigInt(this.#prng.below(NEAR)) * GRANULE;
    if (this.#prng.below(50) === 0) return this.#prng.u64();
    const values = this.#values.get(kind) ?? valuesOf(kind, places);
    this.#values.set(kind, values);
    return this.#pick(values);
  }

  #live(): void {
    const [pe] = this.#world.machine.pes;
    if (pe?.world !== World.NonSecure) return;
    this.#life();
    this.#counts.lives++;
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#prng.below(list.length)] as T;
  }
}

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(commandFids).flatMap(([name, fids]) => fids.map((fid) => [fid, name] as const)),
);

/** The life of a Realm with one page and one REC, on granules that no other call names. All calls have to succeed. */
function lifeIn({ machine }: RmiWorld): () => void {
  const [, bank] = machine.description.banks;
  const first = BigInt(bank?.base ?? 0);
  return () => {
    const b = new WorldBuilder(machine, first);
    const rd = b.realm({ ipaBits: 32, startLevel: 2, tables: 4, vmid: 0xbeef });
    b.table(rd, 0n, 3);
    b.data(rd, 0n);
    const rec = b.rec(rd, 0);
    b.must('RMI_REALM_ACTIVATE', rd);
    b.must('RMI_REC_DESTROY', rec);
    b.must('RMI_DATA_DESTROY', rd, 0n);
    b.must('RMI_RTT_DESTROY', rd, 0n, 3);
    b.must('RMI_REALM_DESTROY', rd);
    for (const pa of b.delegated) b.must('RMI_GRANULE_UNDELEGATE', pa);
  };
}
