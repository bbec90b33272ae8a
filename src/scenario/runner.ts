// Plays a scenario on a machine: the host's steps one after the other, what it learns as facts, and which expectations do not hold.
// The host knows only the ABI; what looks into the machine here are the judge's eyes.

import type { AccessSize, Action, Script, ScriptArgs } from '../arch/action.ts';
import { type TraceEvent, traceLine } from '../arch/trace.ts';
import { Pas, World } from '../arch/world.ts';
import { AssertionError } from '../base/assert.ts';
import { InputError } from '../base/input-error.ts';
import { scriptedGuest, type Seen } from '../guest/scripted.ts';
import { HostError, type RmiResult, type Step as HostStep, rmi, runStep } from '../host/abi.ts';
import { GranulePool, Host, type HostedRealm, type Vcpu } from '../host/realm.ts';
import { type Callbacks, type Enter, type Exit, type RunResult, enter, run } from '../host/run.ts';
import { type HostedVm, createVm, runVm } from '../host/vm.ts';
import type { FidName } from '../arch/smccc.ts';
import type { Driver } from '../machine/driver.ts';
import type { Machine, MachineOptions } from '../machine/machine.ts';
import { ecName, ecOf } from '../arch/syndrome.ts';
import { exitFacts, explicitFailures, failuresOf, outcomeFacts, outputsOf, resultFacts } from './facts.ts';
import { offlineRim } from './offline.ts';
import { Places } from './places.ts';
import type {
  Answers,
  Deed,
  Facts,
  Failure,
  Flaw,
  Ref,
  Scenario,
  ScenarioReport,
  Step,
  StepReport,
} from './scenario.ts';

const MiB = 2 ** 20;
/** Where the host takes its granules, behind its entry, and how many. */
const POOL_OFFSET = MiB;
const POOL_SIZE = 256 * MiB;
/** Steps that a vCPU on another PE may take until it has to be done. */
const FINISH_STEPS_MAX = 1_000_000;
const JOB = 'scenario-job';

/** A vCPU that another PE runs. */
type Job = {
  readonly pe: number;
  readonly step: HostStep<RunResult>;
  readonly exits: Exit[];
  end?: RunResult | HostError;
};

/** A step that cannot be taken as things are. */
class Stuck extends Error {}

export class ScenarioRunner {
  readonly #scenario: Scenario;
  readonly #machine: Machine;
  readonly #driver: Driver;
  readonly #host: Host;
  readonly #places: Places;
  readonly #realms = new Map<string, HostedRealm>();
  readonly #vms = new Map<string, HostedVm>();
  readonly #jobs = new Map<number, Job>();
  readonly #rows = new Map<number, string>();
  readonly #seen = new Map<string, Set<number>>();
  #failures: Failure[] = [];
  #trace: string[] = [];
  #isSpoiled = false;

  /** `boot` makes the machine with what the runner needs in it. */
  constructor(scenario: Scenario, boot: (options: MachineOptions) => Machine) {
    this.#scenario = scenario;
    const scripts = {
      scripted: scriptedGuest((seen) => this.#judgeGuest(seen)),
      [JOB]: (args: ScriptArgs) => this.#job(args),
    };
    this.#machine = boot({ scripts, trace: (event) => this.#watch(event) });
    this.#driver = this.#machine.host();
    const { normal, banks } = this.#machine.description;
    const base = normal.entry + POOL_OFFSET;
    const bank = banks.find((one) => one.base <= base && base < one.base + one.size);
    if (bank === undefined)
      throw new InputError({ code: 'SCENARIO_MACHINE', where: 'normal.entry', expected: 'inside a bank' });
    this.#host = new Host(new GranulePool(base, Math.min(POOL_SIZE, bank.base + bank.size - base)));
    this.#places = new Places(this.#realms, this.#vms);
    this.#trace = [];
  }

  run(): ScenarioReport {
    const steps = this.#scenario.steps.map((step) => this.#take(step));
    const missed = this.#missedGuestSteps();
    const { guests, name } = this.#scenario;
    const failures = [...steps.flatMap((step) => step.failures), ...missed];
    const expectations =
      this.#scenario.steps.reduce((sum, { expected }) => sum + Math.max(expected.length, 1), 0) +
      [...guests.values()].reduce((sum, { expected }) => sum + expected.flat().length, 0);
    return { name, isGood: failures.length === 0, expectations, steps, failures };
  }

  #take({ where, title, deed, expected }: Step): StepReport {
    this.#rows.clear();
    this.#failures = [];
    this.#trace = [];
    let facts: Facts;
    let failures: readonly Failure[];
    try {
      facts = this.#do(deed);
      failures = failuresOf(where, title, facts, expected);
    } catch (error) {
      if (error instanceof HostError && error.result !== undefined) {
        facts = resultFacts(error.result, this.#row(peOf(deed)));
        failures = failuresOf(where, title, facts, expected);
      } else if (this.#isExpected(error)) {
        facts = {};
        failures = [{ where, what: title, expected: 'done', found: (error as Error).message }];
      } else {
        throw error;
      }
    }
    return { where, title, facts, failures: [...failures, ...this.#failures], trace: this.#trace };
  }

  /** What can come of a scenario; all else is a bug. Firmware that was spoiled may trip over itself. */
  #isExpected(error: unknown): boolean {
    if (error instanceof AssertionError) return this.#isSpoiled;
    return error instanceof HostError || error instanceof Stuck || error instanceof InputError;
  }

  #do(deed: Deed): Facts {
    const host = this.#host;
    switch (deed.verb) {
      case 'create': {
        const layout = this.#scenario.realms.get(deed.realm);
        if (layout === undefined) throw new Stuck(deed.realm);
        const realm = this.#now(host.create(layout));
        this.#realms.set(deed.realm, realm);
        this.#places.remember(deed.realm, realm);
        return success;
      }
      case 'activate':
        this.#now(host.activate(this.#realm(deed.realm)));
        return success;
      case 'destroy': {
        const realm = this.#realm(deed.realm);
        this.#places.remember(deed.realm, realm);
        this.#now(host.destroy(realm));
        return success;
      }
      case 'populate':
        this.#now(host.populate(this.#realm(deed.realm), deed));
        return success;
      case 'map':
        this.#now(host.populateUnknown(this.#realm(deed.realm), deed.ipa));
        return success;
      case 'init-ripas':
        this.#now(host.initRipas(this.#realm(deed.realm), deed.base, deed.top));
        return success;
      case 'share':
        this.#now(host.share(this.#realm(deed.realm), deed.ipa, this.#places.page(deed.page)));
        return success;
      case 'measure':
        return this.#measure(deed.realm);
      case 'empty':
        return this.#empty(deed.realm);
      case 'run': {
        if (deed.pe !== 0) {
          this.#start(deed);
          return this.#finish(deed.pe);
        }
        const exits: Exit[] = [];
        const step = run(host, this.#realm(deed.realm), this.#vcpu(deed), callbacksOf(deed.answers, exits));
        return runFacts(this.#now(step), exits, this.#row(0));
      }
      case 'start':
        this.#start(deed);
        return {};
      case 'advance':
        this.#idleHosts();
        this.#machine.run(deed.steps);
        return {};
      case 'finish':
        return this.#finish(deed.pe);
      case 'enter': {
        const how: Enter = {
          ...deed.flags,
          gprs: deed.gprs,
          ...(deed.lrs.length > 0 ? { lrs: deed.lrs } : {}),
          trapWfi: true,
        };
        const { result, exit } = this.#now(enter(this.#vcpu(deed), how));
        return { ...resultFacts(result, this.#row(0)), ...(exit === undefined ? {} : exitFacts(exit)) };
      }
      case 'rmi': {
        const args = deed.args.map((arg) => (typeof arg === 'bigint' ? arg : BigInt(this.#places.pa(arg))));
        const result = this.#now(rmi(deed.name as FidName, ...args));
        return { ...resultFacts(result, this.#row(0)), ...outputsOf(deed.name, result.x) };
      }
      case 'take':
        this.#places.add(deed.page, this.#host.pool.take());
        return {};
      case 'read':
      case 'fetch':
      case 'write':
        return this.#access(deed);
      case 'dma-read':
      case 'dma-write':
        return this.#dma(deed);
      case 'flaw':
        this.#spoil(deed.flaw);
        return {};
      case 'findings': {
        const { findings } = this.#machine;
        const [first] = findings;
        return { findings: findings.length, ...(first === undefined ? {} : { invariant: first.invariant }) };
      }
      case 'create-vm': {
        const layout = this.#scenario.vms.get(deed.vm);
        if (layout === undefined) throw new Stuck(deed.vm);
        this.#vms.set(deed.vm, this.#now(createVm(host.pool, layout)));
        return {};
      }
      case 'run-vm': {
        const vm = this.#vms.get(deed.vm);
        if (vm === undefined) throw new Stuck(deed.vm);
        const { interrupt, esr } = this.#now(runVm(host.pool, vm));
        return { class: interrupt?.toUpperCase() ?? ecName(ecOf(esr)) };
      }
    }
  }

  /** Runs software of the host on PE 0, now. */
  #now<T>(step: HostStep<T>): T {
    return runStep(step, (action) => this.#driver.perform(action));
  }

  #access(deed: Extract<Deed, { verb: 'read' | 'fetch' | 'write' }>): Facts {
    const at = BigInt(this.#places.pa(deed.at));
    const outcome = this.#on(deed.pe).perform(actionOf(deed, at, (ref) => this.#places.pa(ref)));
    if (outcome.kind === 'fault') return outcomeFacts(outcome);
    return deed.verb === 'read' && outcome.kind === 'done' ? { value: outcome.value } : {};
  }

  #dma({ verb, at, size, value }: Extract<Deed, { verb: 'dma-read' | 'dma-write' }>): Facts {
    const { smmu } = this.#machine;
    const pa = BigInt(this.#places.pa(at));
    const stored = typeof value === 'bigint' ? value : BigInt(this.#places.pa(value));
    const isRead = verb === 'dma-read';
    const outcome = isRead
      ? smmu.read(DEVICE, Pas.NonSecure, pa, size)
      : smmu.write(DEVICE, Pas.NonSecure, pa, size, stored);
    if (outcome.kind === 'aborted') return { fault: outcome.fault };
    return isRead ? { value: outcome.value } : {};
  }

  /** The measurements of a Realm as the RMM has them, and whether the layout alone gives the same RIM. */
  #measure(name: string): Facts {
    const hosted = this.#realm(name);
    const realm = this.#machine.rmm.realms.get(hosted.rd);
    if (realm === undefined) throw new Stuck(name);
    const [rim, ...rems] = realm.measurements.map((value) => digits(value, hosted.layout.hash));
    const offline = offlineRim(hosted.layout);
    return {
      rim: rim as string,
      ...Object.fromEntries(rems.map((rem, i) => [`rem${i + 1}`, rem])),
      offline: digits(offline, hosted.layout.hash) === rim ? 'same' : 'other',
    };
  }

  /** Whether everything that a Realm had is the host's again, and holds nothing. */
  #empty(name: string): Facts {
    const granules = this.#places.granulesOf(name);
    const { memory } = this.#machine;
    const leaks = granules.filter((pa) => {
      if (this.#driver.read(pa).fault !== undefined) return true;
      return memory.peek(pa / 4096)?.some((byte) => byte !== 0) === true;
    });
    return { granules: granules.length, leaks: leaks.length };
  }

  #spoil(flaw: Flaw): void {
    const { rmm, monitor } = this.#machine;
    this.#isSpoiled = true;
    if (flaw === 'rmm-does-not-wipe') rmm.wipe = () => undefined;
    else monitor.gpt.invalidateRange = () => undefined;
  }

  #start({ realm, vcpu, pe, answers }: Extract<Deed, { verb: 'run' | 'start' }>): void {
    const hosted = this.#realm(realm);
    const exits: Exit[] = [];
    const step = run(this.#host, hosted, this.#vcpu({ realm, vcpu }), callbacksOf(answers, exits));
    const target = this.#on(pe).pe;
    this.#jobs.set(pe, { pe, step, exits });
    this.#machine.install({ world: World.NonSecure, el: 2, entry: target.pc, script: JOB, args: pe });
    this.#machine.step(target);
  }

  /** The host's software on another PE: it runs one vCPU. */
  *#job(args: ScriptArgs): Script {
    const job = this.#jobs.get(args as number);
    if (job === undefined) return;
    try {
      job.end = yield* job.step;
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      job.end = error;
    }
  }

  #finish(pe: number): Facts {
    const job = this.#jobs.get(pe);
    if (job === undefined) throw new Stuck(`PE ${pe}`);
    this.#idleHosts();
    for (let steps = 0; job.end === undefined && steps < FINISH_STEPS_MAX; steps++)
      if (this.#machine.run(1) !== 'steps') break;
    const { end, exits } = job;
    if (end instanceof HostError) throw end;
    if (end === undefined) return { end: 'none', exits: exits.length };
    this.#jobs.delete(pe);
    return runFacts(end, exits, this.#row(pe));
  }

  /** PEs whose software is the scenario itself have nothing to do on their own. */
  #idleHosts(): void {
    for (const pe of this.#machine.pes) if (!this.#jobs.has(pe.index)) pe.isWaiting = true;
  }

  /** A PE that is on. */
  #on(index: number): Driver {
    const driver = this.#machine.driver(index);
    if (driver.pe.power === 'off') {
      const entry = BigInt(this.#machine.description.normal.entry + 0x1000 * index);
      this.#driver.smc('PSCI_CPU_ON64', driver.pe.affinity, entry);
      this.#machine.settle(driver.pe);
    }
    return driver;
  }

  #realm(name: string): HostedRealm {
    const realm = this.#realms.get(name);
    if (realm === undefined) throw new Stuck(name);
    return realm;
  }

  #vcpu({ realm, vcpu }: { readonly realm: string; readonly vcpu: number }): Vcpu {
    const found = this.#realm(realm).vcpus[vcpu];
    if (found === undefined) throw new Stuck(`${realm} vcpu ${vcpu}`);
    return found;
  }

  #watch(event: TraceEvent): void {
    this.#trace.push(traceLine(event));
    if (event.kind === 'rmi') this.#rows.set(event.pe, event.failed);
  }

  /** The row that failed last on a PE in this step. */
  #row(pe: number): string | undefined {
    return this.#rows.get(pe);
  }

  #judgeGuest({ guest, step, outcome }: Seen): void {
    const script = this.#scenario.guests.get(guest);
    if (script === undefined) return;
    const seen = this.#seen.get(guest) ?? new Set();
    this.#seen.set(guest, seen.add(step));
    const facts = outcomeFacts(outcome, script.calls[step]);
    this.#failures.push(...explicitFailures(`${guest}[${step}]`, facts, script.expected[step] ?? []));
  }

  /** Steps of a guest that something was expected of, and that it never came to. */
  #missedGuestSteps(): Failure[] {
    return [...this.#scenario.guests].flatMap(([name, { expected, where }]) =>
      expected.flatMap((all, i) =>
        all.length === 0 || this.#seen.get(name)?.has(i) === true
          ? []
          : [{ where: where[i] as string, what: `${name}[${i}]`, expected: 'done', found: 'none' }],
      ),
    );
  }
}

const success: Facts = { status: 'RMI_SUCCESS' };
const DEVICE = 'dev 0';

function runFacts({ end, result, last }: RunResult, exits: readonly Exit[], row: string | undefined): Facts {
  const called = exits.filter(({ reason }) => reason === 'HOST_CALL').at(-1);
  const shown = end === 'off' || end === 'system-off' ? (called ?? last) : last;
  return {
    end,
    exits: exits.length,
    reasons: exits.map(({ reason }) => reason).join(' '),
    ...resultFacts(result as RmiResult, row),
    ...(shown === undefined ? {} : exitFacts(shown)),
  };
}

function callbacksOf({ mmio, ripas, hostCall }: Answers, exits: Exit[]): Callbacks {
  return {
    exit: (exit) => exits.push(exit),
    mmio: () => (mmio === 'refuse' ? undefined : (mmio ?? 0n)),
    ripasChange: () => ripas === 'accept',
    ...(hostCall === undefined ? {} : { hostCall: () => hostCall }),
  };
}

function actionOf(
  deed: Extract<Deed, { verb: 'read' | 'fetch' | 'write' }>,
  at: bigint,
  pa: (ref: Ref) => number,
): Action {
  const { size }: { size: AccessSize } = deed;
  switch (deed.verb) {
    case 'read':
      return { op: 'load', at, size };
    case 'fetch':
      return { op: 'fetch', at };
    case 'write':
      return { op: 'store', at, size, value: typeof deed.value === 'bigint' ? deed.value : BigInt(pa(deed.value)) };
  }
}

const peOf = (deed: Deed): number => ('pe' in deed ? deed.pe : 0);

function digits(bytes: Uint8Array, hash: 'sha-256' | 'sha-512' | undefined): string {
  const size = hash === 'sha-512' ? 64 : 32;
  return [...bytes.subarray(0, size)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
