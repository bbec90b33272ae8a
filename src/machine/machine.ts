// The machine: the only file that knows everyone. It plugs memory, PEs, SMMU, monitor, RMM and scripts together, steps them
// one architectural action at a time, and takes and restores snapshots. Synchronous; a run is a function of its description.

import type { Action, Outcome, ScriptArgs } from '../arch/action.ts';
import { toPa } from '../arch/address.ts';
import { Trace, type TraceEvent } from '../arch/trace.ts';
import type { TlbiPaOp, TlbiRange } from '../arch/tlbi.ts';
import { type El, World, worldName } from '../arch/world.ts';
import { InputError } from '../base/input-error.ts';
import { Prng } from '../base/prng.ts';
import { act, codeAt, faultView } from '../cpu/act.ts';
import { alarmOf } from '../cpu/interrupts.ts';
import { readImage } from '../guest/image.ts';
import { interruptAt, vectorOffset } from '../arch/routing.ts';
import { Pe } from '../cpu/pe.ts';
import { idRegisters } from '../cpu/id-registers.ts';
import { Smmu } from '../board/smmu.ts';
import { Gpc } from '../memory/gpc.ts';
import type { MemoryCheckpoint } from '../memory/memory-data.ts';
import { PhysicalMemory } from '../memory/physical-memory.ts';
import { GptLibrary } from '../monitor/gpt.ts';
import { Monitor } from '../monitor/monitor.ts';
import type { Hasher } from '../crypto/hash.ts';
import type { RmmPe } from '../rmm/ports.ts';
import { Rmm } from '../rmm/rmm.ts';
import { checkAction } from './actions.ts';
import { type MachineDescription, checkDescription, checkPlaces, gptLayoutOf, regionsOf } from './description.ts';
import { Driver } from './driver.ts';
import { baseMachine } from './machines/base.ts';
import { placeholderAttestation, placeholderTokens } from './placeholder-attestation.ts';
import { rmmPe } from './rmm-pe.ts';
import {
  type Installed,
  type ScriptLibrary,
  type RunnerState,
  ScriptRunner,
  plainArgs,
  scriptOf,
  runnerState,
} from './scripts.ts';
import { type Finding, type MachineState, type Snapshot, type SnapshotData, fromData, toData } from './snapshot.ts';
import { checkRmmData } from './snapshot-rmm.ts';
import { savedFrames, savedState } from './snapshot-shape.ts';
import { standardScripts } from './standard-scripts.ts';
import { isFirmware, isGuest, isOff, keyOf } from './who.ts';

/** What a machine needs beside its description. */
export type MachineOptions = {
  readonly scripts?: ScriptLibrary;
  /** Receives every event from the first one on. */
  readonly trace?: (event: TraceEvent) => void;
  /** Hash functions for measurements; noble's when left out. */
  readonly hasher?: Hasher;
};

/** Why a run came to an end. */
export type RunEnd = 'steps' | 'idle' | 'system-off' | 'panic';

/** Steps that a driver lets other software of the same PE take before its call has to be back. */
const CALL_STEPS_MAX = 10_000;

export class Machine {
  readonly description: MachineDescription;
  readonly trace = new Trace();
  readonly memory: PhysicalMemory;
  readonly pes: readonly Pe[];
  readonly smmu: Smmu;
  readonly monitor: Monitor;
  readonly rmm: Rmm;
  readonly prng: Prng;
  /** Set when the machine stopped for good: off, or broken. */
  end: Exclude<RunEnd, 'steps' | 'idle'> | undefined;
  /** Instructions and charged costs so far: virtual time. */
  time = 0;

  readonly #scripts: ScriptLibrary;
  #installed: Installed[] = [];
  readonly #runners = new Map<string, ScriptRunner>();
  readonly #rmmPes: readonly RmmPe[];
  readonly #unsettled = new Set<Pe>();
  /** Memory of the snapshots that were taken here: only here do they mean something. */
  readonly #own = new WeakSet<MemoryCheckpoint>();
  #findings: Finding[] = [];
  #isResetPending = false;
  /** Counts resets, so that a call that brought one about is not taken for one that came back. */
  #resets = 0;

  constructor(given: MachineDescription = baseMachine, options: MachineOptions = {}) {
    const description = checkDescription(given);
    this.description = description;
    this.#scripts = { ...standardScripts, ...options.scripts };
    const { paBits, features, content, framesMax, seed } = description;
    this.prng = new Prng(seed);
    this.trace.to(options.trace);
    this.memory = new PhysicalMemory({ paBits, regions: regionsOf(description), framesMax, content, seed });
    this.memory.onLateWriteback = ({ frame, pas, lines }) => {
      if (this.trace.on) this.trace.emit({ kind: 'late-writeback', frame, pas, lines });
    };
    const system = {
      invalidate: (op: TlbiPaOp, range: TlbiRange | undefined, granule: number): void =>
        this.#invalidate(op, range, granule),
      now: (): number => this.time,
    };
    this.pes = Array.from(
      { length: description.pes },
      (_, i) => new Pe(i, this.memory, new Gpc(this.memory, features, paBits), this.trace, system),
    );
    this.smmu = new Smmu(this.memory, features, this.trace);
    const gpt = new GptLibrary(gptLayoutOf(description), features, paBits);
    checkPlaces(description);
    const { rmm, banks, normal, secure, isGpfToEl3 } = description;
    this.monitor = new Monitor(
      gpt,
      {
        rmmEntry: toPa(rmm.base),
        sharedBuffer: toPa(rmm.sharedBuffer),
        banks: banks.map(({ base, size }) => ({ base: toPa(base), size })),
        normalEntry: toPa(normal.entry),
        secureEntry: secure === undefined ? undefined : toPa(secure.entry),
        isGpfToEl3,
      },
      {
        pes: this.pes,
        power: {
          started: (pe) => this.#started(this.pes[pe.index] as Pe),
          systemOff: () => this.#systemOff(),
          systemReset: () => {
            this.#isResetPending = true;
          },
        },
        attestation: placeholderAttestation(description.seed),
      },
    );
    this.rmm = new Rmm({
      paBits,
      peCount: this.pes.length,
      entry: toPa(rmm.base),
      tokens: placeholderTokens,
      features: rmm.features,
      ...(options.hasher === undefined ? {} : { hasher: options.hasher }),
    });
    this.#rmmPes = this.pes.map((pe) => rmmPe(pe, this.monitor, rmm.base));
    for (const pe of this.pes) idRegisters(pe, features, paBits);
    if (description.isStrict) this.#watch();
    if (secure !== undefined) {
      this.#installed.push({
        world: World.Secure,
        el: 1,
        entry: BigInt(secure.entry),
        script: 'secure-partition',
        args: { seed },
      });
    }
  }

  /** What strict mode has found. */
  get findings(): readonly Finding[] {
    return this.#findings;
  }

  /** A machine that has booted: PE 0 is in Normal world at EL2, the others are off. */
  static boot(description: MachineDescription = baseMachine, options: MachineOptions = {}): Machine {
    const machine = new Machine(description, options);
    machine.powerOn();
    return machine;
  }

  /** Cold boot: EL3, then Secure, Realm and Normal world. A machine that runs, or has run, is reset. */
  powerOn(): void {
    if (this.end !== undefined || this.pes.some(({ power }) => power !== 'off')) this.#reset();
    else this.#boot();
  }

  #boot(): void {
    const [pe] = this.pes as readonly [Pe];
    this.end = undefined;
    this.#bootSmmu();
    this.monitor.coldBoot(pe);
    this.settle(pe);
    // The Secure partition initialises itself before Normal world starts.
    for (let steps = 0; pe.power !== 'on' && this.end === undefined; steps++) {
      if (steps === CALL_STEPS_MAX) throw this.#noReturn(pe);
      this.step(pe);
    }
  }

  /** Installs a script at an address: entering that EL of that world there starts it. */
  install(installed: { world: World; el: El; entry?: bigint; script: string; args?: ScriptArgs }): void {
    const { world, el, script } = installed;
    const entry = BigInt.asUintN(64, installed.entry ?? BigInt(this.description.normal.entry));
    const where = `${worldName(world)} EL${el}`;
    scriptOf(script, this.#scripts, where);
    const args = plainArgs(installed.args ?? null, `${where} args`);
    this.#installed = this.#installed.filter(
      (other) => other.world !== world || other.el !== el || other.entry !== entry,
    );
    this.#installed.push({ world, el, entry, script, args });
    // A PE that stopped there for want of software has some now.
    for (const pe of this.pes) if (pe.world === world && pe.el === el && pe.pc === entry) pe.isWaiting = false;
  }

  /** Hands a PE's software to the caller: one action at a time, at once. */
  driver(pe = 0): Driver {
    const found = this.pes[pe];
    if (found === undefined)
      throw new InputError({ code: 'PE_UNKNOWN', where: 'pe', expected: `0 to ${this.pes.length - 1}`, found: pe });
    return new Driver(this, found);
  }

  /** The Normal-world host on PE 0. */
  host(): Driver {
    return this.driver(0);
  }

  /** One step of one PE: an action of the script that is due there. False: nothing to do. */
  step(pe: Pe): boolean {
    if (this.end !== undefined) return false;
    this.settle(pe);
    if (this.end !== undefined || pe.power === 'off' || pe.isWaiting) return false;
    const runner = this.#runnerAt(pe) ?? this.#loadGuest(pe);
    if (runner === 'left') return true;
    if (runner === undefined) {
      if (this.trace.on)
        this.trace.emit({
          kind: 'stop',
          pe: pe.index,
          reason: `no software in ${worldName(pe.world)} EL${pe.el} at 0x${pe.pc.toString(16)}`,
        });
      pe.isWaiting = true;
      return false;
    }
    if (!runner.isStarted) {
      runner.start();
    } else if (!runner.isDone) {
      const outcome = runner.waiting ?? this.#comeBack(pe, runner.action as Action, runner.pc);
      if (outcome === 'again') return this.#perform(pe, runner);
      runner.next(outcome);
    }
    if (runner.isDone) {
      pe.isWaiting = true;
      return false;
    }
    return this.#perform(pe, runner);
  }

  /** Runs all PEs, in an order that the seed decides, for a number of steps or until nothing is left to do. */
  run(stepsMax = 100_000): RunEnd {
    for (let steps = 0; steps < stepsMax;) {
      const ready = this.pes.filter((pe) => this.#isReady(pe));
      if (this.end !== undefined) return this.end;
      if (ready.length === 0 && !this.#sleep(this.pes)) return 'idle';
      if (ready.length === 0) continue;
      const chance = this.prng.state;
      const pe = ready[this.prng.below(ready.length)] as Pe;
      try {
        if (this.step(pe)) steps++;
      } catch (error) {
        // A step that failed was not taken: the next run comes to it again.
        this.prng.state = chance;
        throw error;
      }
    }
    return this.end ?? 'steps';
  }

  /** Whether a PE can go on: a timer wakes it, unless its script has ended. */
  #isReady(pe: Pe): boolean {
    if (pe.isWaiting && this.#alarm(pe) <= this.time) pe.isWaiting = false;
    return pe.power !== 'off' && !pe.isWaiting;
  }

  #alarm(pe: Pe): number {
    return pe.isWaiting && this.#runners.get(keyOf(pe))?.isDone === false ? alarmOf(pe) : Infinity;
  }

  /** While all of these PEs wait, time passes until the first timer. False: none is set. */
  #sleep(pes: readonly Pe[]): boolean {
    const alarm = Math.min(...pes.map((pe) => this.#alarm(pe)));
    if (alarm !== Infinity) this.time = Math.max(this.time, alarm);
    return alarm !== Infinity;
  }

  /** Performs one action on a PE whose software the caller is, and lets everything it set off run to its end. */
  perform(pe: Pe, action: Action): Outcome {
    checkAction(action, `PE ${pe.index}`);
    this.#settleAll();
    if (this.end !== undefined || isOff(pe))
      throw new InputError({ code: 'PE_OFF', where: `PE ${pe.index}`, expected: 'on', found: this.end ?? pe.power });
    const { world, el } = pe;
    const resets = this.#resets;
    for (let again = 0; again < CALL_STEPS_MAX; again++) {
      const { pc } = pe;
      this.time++;
      // Whoever waited for an event here has been woken by the caller.
      pe.isWaiting = false;
      const outcome = act(pe, action);
      this.#settleAll();
      if (outcome !== undefined) return outcome;
      for (let steps = 0; pe.el !== el || pe.world !== world || isOff(pe); steps++) {
        if (this.end !== undefined || isOff(pe)) return { kind: 'moved', to: 'off' };
        if (steps === CALL_STEPS_MAX) throw this.#noReturn(pe);
        if (this.#sleep([pe])) this.#isReady(pe);
        if ((this.#runnerAt(pe) === undefined && !isGuest(pe)) || !this.step(pe))
          return { kind: 'moved', to: { world: pe.world, el: pe.el } };
        this.#settleAll();
      }
      if (this.#resets !== resets) return { kind: 'moved', to: 'off' };
      const back = this.#comeBack(pe, action, pc);
      if (back !== 'again') return back;
    }
    throw this.#noReturn(pe);
  }

  /** Firmware activations that are due on a PE. */
  settle(pe: Pe): void {
    try {
      this.#activate(pe);
    } catch (error) {
      // Firmware that was stopped half-way leaves a machine that must not go on; a restored snapshot may.
      this.end = 'panic';
      this.monitor.panic ??= String(error);
      throw error;
    }
    this.#unsettled.delete(pe);
  }

  #activate(pe: Pe): void {
    while (this.end === undefined) {
      if (pe.power === 'off') break;
      if (pe.el === 3) {
        this.monitor.activate(pe);
        if (this.monitor.panic !== undefined) this.end = 'panic';
      } else if (pe.el === 2 && pe.world === World.Realm) {
        this.rmm.activate(this.#rmmPes[pe.index] as RmmPe);
      } else {
        break;
      }
      if (this.#isResetPending) this.#reset();
    }
  }

  /** TLBI to the Outer Shareable domain: every PE and the SMMU. Nothing is required where the granule is another. */
  #invalidate(op: TlbiPaOp, range: TlbiRange | undefined, granule: number): void {
    for (const { gpc } of this.pes) if (range === undefined || gpc.granuleCode === granule) gpc.invalidate(op, range);
    const { gpc } = this.smmu;
    if (range === undefined || gpc.granuleCode === granule) gpc.invalidate(op, range);
  }

  /** The machine at this moment. Cheap; `restore` puts it back at a cost in proportion to what changed. */
  snapshot(): Snapshot {
    const memory = this.memory.checkpoint();
    this.#own.add(memory);
    return { memory, ...this.#state() };
  }

  /** Puts the machine back to a snapshot of its own, older or newer than now. */
  restore(snapshot: Snapshot): void {
    if (!this.#own.has(snapshot.memory)) {
      const expected = 'a snapshot of this machine; use save and load between machines';
      throw new InputError({ code: 'SNAPSHOT_FOREIGN', where: this.description.name, expected });
    }
    // What can refuse comes first: a script that does not come to where it was leaves the machine as it is.
    const runners = this.#runnersAt(snapshot.runners);
    this.memory.restore(snapshot.memory);
    this.#restoreState(snapshot, runners);
  }

  /** A snapshot as plain data that JSON can carry. */
  save(): SnapshotData {
    return toData(this.#state(), this.memory.frames(), this.description);
  }

  /** A machine from saved data, in this process or another. The scripts that run in it have to be given again. */
  static load(data: SnapshotData, options: MachineOptions = {}): Machine {
    const { description, frames, state } = fromData(data);
    const machine = new Machine(checkDescription(description), options);
    const pages = savedFrames(frames, (frame) => machine.memory.map.find(frame));
    const saved = savedState(machine.#state())(state, 'state');
    checkRmmData(saved.rmm, machine.description.banks, machine.pes.length);
    for (const { world, el, script } of saved.installed)
      scriptOf(script, machine.#scripts, `${worldName(world)} EL${el}`);
    const restored = { ...saved, runners: saved.runners.map(runnerState) };
    const runners = machine.#runnersAt(restored.runners);
    machine.memory.setFrames(pages);
    machine.#restoreState(restored, runners);
    return machine;
  }

  #noReturn(pe: Pe): InputError {
    const expected = `a call that comes back within ${CALL_STEPS_MAX} steps`;
    return new InputError({ code: 'NO_RETURN', where: `PE ${pe.index}`, expected, found: keyOf(pe) });
  }

  #state(): MachineState {
    return {
      pes: this.pes.map((pe) => pe.data()),
      smmu: this.smmu.data(),
      monitor: this.monitor.data(),
      rmm: this.rmm.data(),
      runners: [...this.#runners.values()].map((runner) => runner.state()),
      installed: [...this.#installed],
      prng: this.prng.state,
      end: this.end,
      panic: this.monitor.panic,
      time: this.time,
      step: this.trace.step,
      unsettled: [...this.#unsettled].map((pe) => pe.index),
      findings: [...this.#findings],
    };
  }

  /** Runners that are where the states say: those that have not moved are kept, the others are made anew. */
  #runnersAt(states: readonly RunnerState[]): ScriptRunner[] {
    return states.map((state) => {
      const runner = this.#runners.get(state.key);
      return runner?.isAt(state) === true ? runner : ScriptRunner.from(state, this.#scripts);
    });
  }

  #restoreState(state: MachineState, runners: readonly ScriptRunner[]): void {
    for (const [i, pe] of state.pes.entries()) (this.pes[i] as Pe).setData(pe);
    this.smmu.setData(state.smmu);
    this.monitor.setData(state.monitor);
    this.monitor.panic = state.panic;
    this.rmm.setData(state.rmm);
    this.#runners.clear();
    for (const [i, runner] of runners.entries()) {
      runner.settle(state.runners[i] as RunnerState);
      this.#runners.set(runner.key, runner);
    }
    this.#installed = [...state.installed];
    this.prng.state = state.prng;
    this.end = state.end;
    this.time = state.time;
    this.trace.step = state.step;
    this.#unsettled.clear();
    for (const index of state.unsettled) this.#unsettled.add(this.pes[index] as Pe);
    this.#findings = [...state.findings];
    this.#isResetPending = false;
  }

  /** Registers of the SMMU, as EL3 would write them at boot. */
  #bootSmmu(): void {
    this.smmu.reset();
    this.smmu.configure(BigInt(Math.floor(this.monitor.gpt.layout.l0Base / 4096)), this.monitor.gpt.gpccr);
  }

  #settleAll(): void {
    for (const pe of this.pes) if (pe.power !== 'off' && (isFirmware(pe) || this.#unsettled.has(pe))) this.settle(pe);
    if (this.#isResetPending) this.#reset();
  }

  #perform(pe: Pe, runner: ScriptRunner): boolean {
    this.time++;
    runner.pc = pe.pc;
    const outcome = act(pe, runner.action as Action);
    if (outcome !== undefined) runner.waiting = outcome;
    this.settle(pe);
    return true;
  }

  /** What became of an action that left this EL, now that the PE is back. */
  #comeBack(pe: Pe, action: Action, pc: bigint): Outcome | 'again' {
    if (pe.pc === pc && action.op !== 'eret') return 'again';
    const { el } = pe;
    if (el !== 0) {
      const spsr = pe.get(`spsr_el${el}`);
      const offset = vectorOffset(spsr, el);
      const past = BigInt.asUintN(64, pe.pc - pe.get(`vbar_el${el}`) - offset);
      const isAtVector = past === 0n;
      const interrupt = interruptAt(past);
      if ((isAtVector || interrupt !== undefined) && offset === 0x400n) {
        const { esr, far } = faultView(pe, el);
        const from = Number((spsr >> 2n) & 0b11n) as El;
        const view = { from, esr, far, elr: pe.get(`elr_el${el}`), x: [...pe.x.subarray(0, 31)] };
        return { kind: 'exception', exception: interrupt === undefined ? view : { interrupt, ...view } };
      }
      if (isAtVector && action.op !== 'eret') {
        // A fault that a higher EL handed back: the script is its own handler, and goes on behind the instruction.
        const fault = faultView(pe, el);
        pe.pstate = spsr;
        pe.pc = BigInt.asUintN(64, pc + 4n);
        return { kind: 'fault', fault };
      }
    }
    const into = action.op === 'load' ? action.reg : action.op === 'mrs' ? (action.rt ?? 0) : undefined;
    const value = into !== undefined && into < 31 ? (pe.x[into] as bigint) : 0n;
    return { kind: 'done', value, x: [...pe.x.subarray(0, 18)] };
  }

  #runnerAt(pe: Pe): ScriptRunner | undefined {
    const key = keyOf(pe);
    const running = this.#runners.get(key);
    const program = this.#installed.find(
      ({ world, el, entry }) => world === pe.world && el === pe.el && entry === pe.pc,
    );
    if (program === undefined || (running !== undefined && isInside(running, pe.pc))) return running;
    const entry = { pe: pe.index, world: pe.world, el: pe.el, x: [...pe.x.subarray(0, 31)] };
    const runner = new ScriptRunner(key, program.script, program.args, entry, this.#scripts);
    this.#runners.set(key, runner);
    return runner;
  }

  /**
   * The script that a virtual machine's memory names at its PC: what was loaded there decides what runs, and is measured. The
   * instruction fetch is a real one: 'left' when it faulted and somebody else goes on.
   */
  #loadGuest(pe: Pe): ScriptRunner | 'left' | undefined {
    if (!isGuest(pe)) return undefined;
    const { pc } = pe;
    this.time++;
    const outcome = act(pe, { op: 'fetch', at: pc });
    if (outcome === undefined) {
      this.settle(pe);
      return 'left';
    }
    if (outcome.kind !== 'done') return 'left';
    pe.pc = pc;
    const page = codeAt(pe, pc);
    const program = page === undefined ? undefined : readImage(page);
    if (program === undefined) return undefined;
    const entry = { pe: pe.index, world: pe.world, el: pe.el, x: [...pe.x.subarray(0, 31)] };
    const runner = new ScriptRunner(keyOf(pe), program.script, plainArgs(program.args, 'image'), entry, this.#scripts);
    this.#runners.set(runner.key, runner);
    return runner;
  }

  /**
   * A PE starts afresh in Normal and Realm world: none of its old software there goes on. Its Secure context outlives its being
   * off. Firmware is due before anything else happens on it.
   */
  #started(pe: Pe): void {
    for (const world of [World.NonSecure, World.Realm])
      for (const el of [0, 1, 2]) this.#runners.delete(`${pe.index} ${worldName(world)} ${el}`);
    this.#unsettled.add(pe);
  }

  #systemOff(): void {
    for (const pe of this.pes) pe.power = 'off';
    this.end = 'system-off';
    if (this.trace.on) this.trace.emit({ kind: 'power', pe: 0, what: 'system-off' });
  }

  /** Simplified: DRAM does not survive a reset, so nothing of a realm can; regions marked as kept do. */
  #reset(): void {
    this.#isResetPending = false;
    this.#resets++;
    if (this.trace.on) this.trace.emit({ kind: 'power', pe: 0, what: 'reset' });
    const kept = this.description.ram.filter(({ keptByReset }) => keptByReset === true);
    const isKept = (frame: number): boolean =>
      kept.some(({ base, size }) => frame * 4096 >= base && frame * 4096 < base + size);
    this.memory.setFrames(this.memory.frames().filter(({ frame }) => isKept(frame)));
    this.#runners.clear();
    this.#unsettled.clear();
    this.rmm.reset();
    for (const pe of this.pes) {
      pe.reset();
      pe.power = 'off';
    }
    this.#boot();
  }

  #watch(): void {
    for (const pe of this.pes) {
      pe.gpc.watchStale(({ frame, pas, held, now, granted }) => {
        const by = { pe: pe.index, world: pe.world, el: pe.el };
        const detail = `${worldName(pas)} used ${held}, table says ${now}${granted ? ', access granted' : ''}`;
        if (this.trace.on) this.trace.emit({ kind: 'finding', invariant: 'STALE_GPT_TLB', by, frame, detail });
        this.#findings.push({ invariant: 'STALE_GPT_TLB', frame, detail });
      });
    }
    this.smmu.gpc.watchStale(({ frame, pas, held, now, granted }) => {
      const detail = `${worldName(pas)} used ${held}, table says ${now}${granted ? ', access granted' : ''}`;
      if (this.trace.on)
        this.trace.emit({ kind: 'finding', invariant: 'STALE_GPT_TLB', by: { device: 'SMMU' }, frame, detail });
      this.#findings.push({ invariant: 'STALE_GPT_TLB', frame, detail });
    });
  }
}

/**
 * Whether a PE that is at the entry of a program is still inside the script that runs there: the action under way is the first
 * one, and is to be tried again, or its outcome is known. Otherwise the program was entered anew.
 */
const isInside = (runner: ScriptRunner, pc: bigint): boolean =>
  runner.isStarted && !runner.isDone && (runner.waiting !== undefined || runner.pc === pc);
