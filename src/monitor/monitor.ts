// EL3: boots the worlds, routes SMCs between them, and does for each what only EL3 may do. Every activation runs to completion
// between two instructions of the caller. Who called, and which range the function lies in, decides; arguments are not read here.

import { type Pa, GRANULE_SIZE } from '../arch/address.ts';
import { Pstate, Scr, slotOf } from '../arch/registers.ts';
import { FID_FAST, FID_SMC64, Fid, NOT_SUPPORTED, fidOfWord, version } from '../arch/smccc.ts';
import { Ec, Fsc, Iss, ecOf, esr, gpcscShift, issOf } from '../arch/syndrome.ts';
import { routeExternalAbort, vectorOffset } from '../arch/routing.ts';
import { type El, Pas, World } from '../arch/world.ts';
import { assert } from '../base/assert.ts';
import { Access } from '../memory/port.ts';
import { type LowerWorld, WorldContexts, spsrFor } from './context.ts';
import type { GptLibrary } from './gpt.ts';
import { type DramBank, manifestBytes } from './manifest.ts';
import type { MonitorPe, MonitorPorts } from './ports.ts';
import { psci } from './psci.ts';
import { RmmServices } from './rmm-services.ts';
import { Spmc, type SpmcData } from './spmc.ts';

/** Boot interface that this monitor offers to the RMM. */
const RMM_BOOT_VERSION = version(0, 3);

/** Where the monitor finds the software of the other worlds. */
export type MonitorLayout = {
  readonly rmmEntry: Pa;
  readonly sharedBuffer: Pa;
  readonly banks: readonly DramBank[];
  readonly normalEntry: Pa;
  /** The S-EL1 partition; without one the Secure world stays empty. */
  readonly secureEntry: Pa | undefined;
  /** SCR_EL3.GPF for every world: protection faults of lower ELs come here, and go back as external aborts. */
  readonly isGpfToEl3: boolean;
};

const SPSR_EL3_LO = 2 * slotOf('spsr_el3');
const ESR_EL3_LO = 2 * slotOf('esr_el3');
/** FID[31:16] of a fast 64-bit call to standard services, without the SVE hint. */
const SMC64_STANDARD = 0xc400;

/** How far the boot of a PE is: which world is being initialised, or that it runs. */
type Stage = 'off' | 'secure' | 'realm' | 'run';

export type MonitorData = {
  readonly contexts: readonly (readonly BigUint64Array[])[];
  readonly stages: readonly Stage[];
  readonly entries: readonly { readonly entry: bigint; readonly context: bigint }[];
  readonly isRmmDisabled: boolean;
  readonly token: Uint8Array;
  readonly spmc: SpmcData;
};

export class Monitor {
  readonly gpt: GptLibrary;
  readonly spmc: Spmc;
  /** Why the machine cannot go on; set when EL3 meets what it cannot handle. */
  panic: string | undefined;

  readonly #ports: MonitorPorts;
  readonly #layout: MonitorLayout;
  readonly #contexts: WorldContexts;
  readonly #services: RmmServices;
  readonly #stages: Stage[];
  /** Where a PE enters Normal world once its boot is through. */
  readonly #entries: { entry: bigint; context: bigint }[];
  #isRmmDisabled = false;
  /** X0 to X7 of a call that goes on to another world, as halves. */
  readonly #passed = new Uint32Array(16);

  constructor(gpt: GptLibrary, layout: MonitorLayout, ports: MonitorPorts) {
    this.gpt = gpt;
    this.#layout = layout;
    this.#ports = ports;
    this.#contexts = new WorldContexts(layout.isGpfToEl3 ? Scr.GPF : 0n);
    this.#services = new RmmServices(gpt, ports.attestation, layout.sharedBuffer);
    this.#stages = ports.pes.map(() => 'off');
    this.#entries = ports.pes.map(() => ({ entry: 0n, context: 0n }));
    this.spmc = new Spmc();
  }

  /** Whether RMI calls reach the RMM. */
  get isRmmReady(): boolean {
    return !this.#isRmmDisabled;
  }

  /** Cold boot on the first PE: tables, then Secure, Realm and Normal world, each entered in turn. */
  coldBoot(pe: MonitorPe): void {
    this.panic = undefined;
    this.#isRmmDisabled = false;
    this.spmc.reset();
    this.#services.reset();
    this.gpt.build(pe);
    this.gpt.enable(pe);
    if (pe.trace.on) pe.trace.emit({ kind: 'boot', what: 'EL3', detail: `GPT for 2^${this.gpt.layout.ppsBits} bytes` });
    const manifest = manifestBytes(this.#layout.sharedBuffer, this.#layout.banks);
    const written = pe.port(Pas.Realm, World.Root).writeBytes(this.#layout.sharedBuffer, manifest);
    assert(written === Access.Ok && manifest.length <= GRANULE_SIZE, 'the boot manifest fits the shared buffer');
    const { secureEntry, normalEntry } = this.#layout;
    for (const each of this.#ports.pes) {
      this.#stages[each.index] = 'off';
      this.#contexts.init(each, World.Secure, 1, BigInt(secureEntry ?? 0));
    }
    this.#bootPe(pe, BigInt(normalEntry), 0n);
    if (secureEntry === undefined) this.#enterRmm(pe, true);
    else this.#enterSecure(pe);
  }

  /** Handles what brought a PE to EL3, and leaves it at a lower EL or off. */
  activate(pe: MonitorPe): void {
    assert(pe.el === 3, 'the monitor runs at EL3');
    const syndrome = pe.words[ESR_EL3_LO] as number;
    if (syndrome >>> 26 === Ec.Smc64) this.#smc(pe, syndrome & 0xffff);
    else this.#exception(pe, pe.get('esr_el3'));
  }

  data(): MonitorData {
    return {
      contexts: this.#ports.pes.map((pe) => this.#contexts.data(pe)),
      stages: [...this.#stages],
      entries: this.#entries.map((entry) => ({ ...entry })),
      isRmmDisabled: this.#isRmmDisabled,
      token: this.#services.data(),
      spmc: this.spmc.data(),
    };
  }

  setData(data: MonitorData): void {
    this.panic = undefined;
    for (const [i, pe] of this.#ports.pes.entries()) this.#contexts.setData(pe, data.contexts[i] as BigUint64Array[]);
    for (const [i, stage] of data.stages.entries()) this.#stages[i] = stage;
    for (const [i, entry] of data.entries.entries()) this.#entries[i] = { ...entry };
    this.#isRmmDisabled = data.isRmmDisabled;
    this.#services.setData(data.token);
    this.spmc.setData(data.spmc);
  }

  // Booting a PE: the worlds are entered one after the other; each calls back when it is ready.

  /** What a PE starts from in Normal and Realm world. Its Secure context outlives its being off. */
  #bootPe(pe: MonitorPe, entry: bigint, context: bigint): void {
    this.#entries[pe.index] = { entry, context };
    this.#contexts.init(pe, World.NonSecure, 2, entry);
    this.#contexts.init(pe, World.Realm, 2, BigInt(this.#layout.rmmEntry));
    pe.power = 'pending';
  }

  #enterSecure(pe: MonitorPe): void {
    this.#stages[pe.index] = 'secure';
    this.spmc.start(pe);
    if (pe.trace.on) pe.trace.emit({ kind: 'boot', what: 'Secure partition', detail: '' });
    this.#enter(pe, World.Secure, []);
  }

  #enterRmm(pe: MonitorPe, isCold: boolean): void {
    this.#stages[pe.index] = 'realm';
    const index = BigInt(pe.index);
    const x = isCold
      ? [index, RMM_BOOT_VERSION, BigInt(this.#ports.pes.length), BigInt(this.#layout.sharedBuffer)]
      : [index, 0n, 0n, 0n];
    if (this.#isRmmDisabled) this.#enterNormal(pe);
    else this.#enter(pe, World.Realm, x);
  }

  #enterNormal(pe: MonitorPe): void {
    this.#stages[pe.index] = 'run';
    pe.power = 'on';
    if (pe.trace.on) pe.trace.emit({ kind: 'power', pe: pe.index, what: 'on' });
    this.#enter(pe, World.NonSecure, [this.#entries[pe.index]?.context ?? 0n]);
  }

  /** Enters a world for the first time, from a context that was made for it. */
  #enter(pe: MonitorPe, world: LowerWorld, x: readonly bigint[]): void {
    pe.restoreWorld(world, true);
    for (const [n, value] of x.entries()) pe.x[n] = value;
    pe.eret();
  }

  /** Warm boot of a PE for PSCI CPU_ON. */
  #start(pe: MonitorPe, entry: bigint, context: bigint): void {
    pe.reset();
    this.gpt.enable(pe);
    this.#bootPe(pe, entry, context);
    this.#enterRmm(pe, false);
    this.#ports.power.started(pe);
  }

  // SMCs.

  #smc(pe: MonitorPe, imm: number): void {
    const { words } = pe;
    const fid = fidOfWord(words[0] as number);
    const caller = pe.lowerWorld as LowerWorld;
    const from = (((words[SPSR_EL3_LO] as number) >>> 2) & 0b11) as El;
    if (imm === 0 && fid >>> 16 === SMC64_STANDARD) {
      const number = fid & 0xffff;
      if (number >= 0x150 && number <= 0x18f) return this.#rmi(pe, caller, from, fid);
      if (number >= 0x1b0 && number <= 0x1cf) return this.#rmmService(pe, caller, from, fid);
    }
    const x = [...pe.x.subarray(0, 18)];
    // SMCCC: a non-zero immediate is reserved; yielding calls are not offered.
    if (imm !== 0 || (fid & FID_FAST) === 0) return this.#answer(pe, fid, [NOT_SUPPORTED]);
    if ((fid & FID_SMC64) === 0) for (let n = 1; n < 8; n++) x[n] = BigInt.asUintN(32, x[n] as bigint);

    const owner = (fid >>> 24) & 0x3f;
    const number = fid & 0xffff;
    if (owner === 0) return this.#answer(pe, fid, [this.#archCall(fid, x)]);
    if (owner !== 4 || (fid & 0x00fe_0000) !== 0) return this.#answer(pe, fid, [NOT_SUPPORTED]);
    if (number < 0x20) return this.#psci(pe, caller, fid, x);
    if (number >= 0x60 && number <= 0xef) return this.#ffa(pe, caller, fid, x);
    return this.#answer(pe, fid, [NOT_SUPPORTED]);
  }

  /** Returns to the caller with X0 and up; all other registers stay. */
  #answer(pe: MonitorPe, fid: number, x: readonly bigint[]): void {
    for (const [n, value] of x.entries()) pe.x[n] = value;
    this.#traceReturn(pe, fid, x);
    pe.eret();
  }

  #traceReturn(pe: MonitorPe, fid: number, x: readonly bigint[]): void {
    if (!pe.trace.on) return;
    const el = (Number(pe.get('spsr_el3') >> 2n) & 0b11) as El;
    pe.trace.emit({ kind: 'return', by: { pe: pe.index, world: pe.lowerWorld, el }, fid: BigInt(fid), x });
  }

  #archCall(fid: number, x: readonly bigint[]): bigint {
    switch (fid) {
      case Fid.SMCCC_VERSION:
        return version(1, 2);
      case Fid.SMCCC_ARCH_FEATURES: {
        const asked = Number(BigInt.asUintN(32, x[1] as bigint));
        return asked === Fid.SMCCC_VERSION || asked === Fid.SMCCC_ARCH_FEATURES ? 0n : NOT_SUPPORTED;
      }
      default:
        return NOT_SUPPORTED;
    }
  }

  #psci(pe: MonitorPe, caller: LowerWorld, fid: number, x: readonly bigint[]): void {
    if (caller !== World.NonSecure) return this.#answer(pe, fid, [NOT_SUPPORTED]);
    const result = psci(fid, x, pe, this.#ports, this.gpt, (target, entry, context) =>
      this.#start(target, entry, context),
    );
    if (result !== 'off') return this.#answer(pe, fid, [result]);
    if (pe.trace.on && fid === Fid.PSCI_CPU_OFF) pe.trace.emit({ kind: 'power', pe: pe.index, what: 'off' });
    this.#stages[pe.index] = 'off';
  }

  #ffa(pe: MonitorPe, caller: LowerWorld, fid: number, x: readonly bigint[]): void {
    if (caller === World.Realm || this.#layout.secureEntry === undefined) return this.#answer(pe, fid, [NOT_SUPPORTED]);
    const reply = this.spmc.call(pe, caller, fid, x);
    if (reply.to === 'boot') return this.#secureBooted(pe, reply.code);
    if (reply.to !== caller) this.#switch(pe, caller, reply.to);
    this.#answer(pe, fid, reply.x);
  }

  /** The partition has initialised itself, or could not: then the boot goes on without it. */
  #secureBooted(pe: MonitorPe, code: number): void {
    const detail = code === 0 ? 'complete' : `failed ${code}`;
    if (pe.trace.on) pe.trace.emit({ kind: 'boot', what: 'Secure partition', detail });
    pe.saveWorld(World.Secure);
    this.#enterRmm(pe, true);
  }

  /** RMI: forwarded by who called; the arguments are the RMM's to read. */
  #rmi(pe: MonitorPe, caller: LowerWorld, from: El, fid: number): void {
    const isRunning = this.#stages[pe.index] === 'run';
    const { words } = pe;
    const passed = this.#passed;
    for (let i = 0; i < passed.length; i++) passed[i] = words[i] as number;
    if (caller === World.Realm && from === 2 && isRunning && fid === Fid.RMM_RMI_REQ_COMPLETE) {
      this.#switch(pe, World.Realm, World.NonSecure);
      const asked = words[0] as number;
      // Interface 0.x: X1 to X5 of the RMM are X0 to X4 of the Host.
      for (let i = 0; i < 10; i++) words[i] = passed[i + 2] as number;
      if (pe.trace.on) this.#traceReturn(pe, fidOfWord(asked), [...pe.x.subarray(0, 5)]);
      pe.eret();
      return;
    }
    if (caller !== World.NonSecure || this.#isRmmDisabled || !isRunning || fid === Fid.RMM_RMI_REQ_COMPLETE) {
      return this.#answer(pe, fid, [NOT_SUPPORTED]);
    }
    this.#switch(pe, World.NonSecure, World.Realm);
    // X0 is the function identifier with the SVE hint and nothing else; X1 to X7 as given.
    words[0] = passed[0] as number;
    words[1] = 0;
    for (let i = 2; i < 16; i++) words[i] = passed[i] as number;
    pe.eret();
  }

  #rmmService(pe: MonitorPe, caller: LowerWorld, from: El, fid: number): void {
    if (caller !== World.Realm || from !== 2) return this.#answer(pe, fid, [NOT_SUPPORTED]);
    if (fid === Fid.RMM_GTSI_DELEGATE || fid === Fid.RMM_GTSI_UNDELEGATE) {
      const status = this.#services.move(pe, fid, pe.words[2] as number, pe.words[3] as number);
      // Taken now: a table that was split may have moved the registers.
      const { words } = pe;
      words[0] = status;
      words[1] = status >> 31;
      if (pe.trace.on) this.#traceReturn(pe, fid, [pe.x[0] as bigint]);
      pe.eret();
      return;
    }
    const x = [...pe.x.subarray(0, 18)];
    if (fid === Fid.RMM_BOOT_COMPLETE) return this.#rmmBooted(pe, x[1] as bigint);
    this.#answer(pe, fid, this.#services.call(pe, fid, x) ?? [NOT_SUPPORTED]);
  }

  #rmmBooted(pe: MonitorPe, status: bigint): void {
    if (this.#stages[pe.index] !== 'realm') return this.#answer(pe, Fid.RMM_BOOT_COMPLETE, [NOT_SUPPORTED]);
    const code = BigInt.asIntN(32, status);
    // One PE whose RMM did not boot disables RMI on all of them, for good.
    if (code !== 0n) this.#isRmmDisabled = true;
    if (pe.trace.on) pe.trace.emit({ kind: 'boot', what: 'RMM', detail: code === 0n ? 'complete' : `failed ${code}` });
    pe.saveWorld(World.Realm);
    this.#enterNormal(pe);
  }

  #switch(pe: MonitorPe, from: LowerWorld, to: LowerWorld): void {
    pe.saveWorld(from);
    pe.restoreWorld(to, from === World.Secure || to === World.Secure);
    if (pe.trace.on) pe.trace.emit({ kind: 'switch', pe: pe.index, from, to });
  }

  // Exceptions that are no calls.

  /** A GPF that was routed here goes back as an external abort; a broken table is the end. */
  #exception(pe: MonitorPe, syndrome: bigint): void {
    const gpcsc = (issOf(syndrome) >> gpcscShift) & 0x3f;
    const isGpf = ecOf(syndrome) === Ec.Gpc && (gpcsc & 0b111_110) === 0x0c;
    if (!isGpf) {
      this.panic = `ESR_EL3 0x${syndrome.toString(16)} ELR_EL3 0x${pe.get('elr_el3').toString(16)}`;
      if (pe.trace.on) pe.trace.emit({ kind: 'stop', pe: pe.index, reason: `EL3 panic: ${this.panic}` });
      return;
    }
    const spsr = pe.get('spsr_el3');
    const el = Number((spsr >> 2n) & 0b11n) as El;
    const isSecure = pe.lowerWorld === World.Secure;
    // Aborts of lower ELs are theirs to handle: SCR_EL3.EA is 0 in every world.
    const target = routeExternalAbort({
      el,
      isSecure,
      el2Enabled: pe.el2Enabled,
      scr: pe.get('scr_el3'),
      hcr: pe.get('hcr_el2'),
    });
    const lower = (issOf(syndrome) & Iss.InD) === 0 ? Ec.DataAbortLower : Ec.InstructionAbortLower;
    const wnr = issOf(syndrome) & Iss.WnR;
    pe.set(`esr_el${target}`, esr(el === target ? lower + 1 : lower, wnr | Fsc.externalAbort));
    pe.set(`far_el${target}`, pe.get('far_el3'));
    pe.set(`elr_el${target}`, pe.get('elr_el3'));
    pe.set(`spsr_el${target}`, spsr);
    pe.set('elr_el3', BigInt.asUintN(64, pe.get(`vbar_el${target}`) + vectorOffset(spsr, target)));
    pe.set('spsr_el3', (spsr & Pstate.FLAGS) | spsrFor(target as 1 | 2));
    pe.eret();
  }
}
