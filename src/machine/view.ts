// A read-only view of a machine for those who judge it: memory, tables, TLBs, registers, and the RMM's state as plain data.
// It shows what is there and says nothing of what it means.

import type { El, World } from '../arch/world.ts';
import { type GptConfig, decodeGptConfig } from '../arch/gpt.ts';
import { PC_SLOT, PSTATE_SLOT, slotOf } from '../arch/registers.ts';
import { assert } from '../base/assert.ts';
import { REC_AUX_COUNT, featureRegister0 } from '../rmm/features.ts';
import { GranuleState } from '../rmm/granule.ts';
import { type Rec, recSlots } from '../rmm/rec.ts';
import type { RealmConfig } from '../rmm/realm.ts';
import type { Rmm } from '../rmm/rmm.ts';
import type { Running } from '../rmm/rec-run.ts';
import type { Machine } from './machine.ts';

/** Names of granule states by the numbers of a granule table. */
export const granuleStateNames: readonly string[] = Object.keys(GranuleState);

/** Granules of one bank: a state each, by number. */
export type GranuleTable = { readonly base: number; readonly size: number; readonly states: Readonly<Uint8Array> };

export type RealmView = RealmConfig & {
  readonly state: string;
  readonly measurements: readonly Uint8Array[];
  readonly recIndex: number;
  readonly numRecs: number;
};

export type RecView = {
  readonly pa: number;
  readonly rd: number;
  readonly index: number;
  readonly aux: readonly number[];
  readonly isRunnable: boolean;
  /** PE that runs it. */
  readonly runningOn: number | undefined;
  readonly x: readonly bigint[];
  readonly pc: bigint;
  readonly pstate: bigint;
  readonly esrEl1: bigint;
  readonly elrEl1: bigint;
  readonly spsrEl1: bigint;
  readonly vbarEl1: bigint;
  /** All its registers: X0 to X30 first; those of its PE while it runs. */
  readonly registers: BigUint64Array;
  readonly listRegisters: readonly bigint[];
  readonly gicHcr: bigint;
  readonly isPsciPending: boolean;
  readonly hostCall: number | undefined;
  readonly ripas: { readonly addr: number; readonly top: number; readonly value: number; readonly destroyed: boolean };
  readonly isEmulatable: boolean;
  readonly isUnprotectedAbort: boolean;
  readonly abortEsr: bigint;
  readonly trapWfi: boolean;
  readonly trapWfe: boolean;
  /** Page that it runs with. */
  readonly run: number | undefined;
  readonly attest: { readonly challenge: Uint8Array; readonly token: Uint8Array; readonly sent: number } | undefined;
};

export type PeView = {
  readonly world: World;
  readonly el: El;
  readonly pc: bigint;
  readonly pstate: bigint;
  readonly x: readonly bigint[];
  /** SP_EL0 and the registers of EL1, which Host and Realm share. */
  readonly el1: readonly bigint[];
};

/** A frame that was written to, and what it held. */
export type Change = { readonly frame: number; readonly before: Uint8Array };

export class MachineView {
  readonly paBits: number;
  readonly peCount: number;
  readonly #machine: Machine;
  #gpt: { readonly registers: unknown; readonly config: GptConfig } | undefined;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.paBits = machine.memory.paBits;
    this.peCount = machine.pes.length;
  }

  /** What RMI_FEATURES answers for index 0, and how many aux granules a REC needs. */
  get featureRegister0(): bigint {
    return BigInt(featureRegister0(this.#rmm.features));
  }

  /** Whether RMI_REC_ENTER refuses inject_sea without a fitting abort. */
  get seaNeedsAbort(): boolean {
    return this.#rmm.features.seaNeedsAbort;
  }

  get recAuxCount(): number {
    return REC_AUX_COUNT;
  }

  /** Bytes of a frame as its last writer sees them; undefined where no RAM is. Live: copy what has to last. */
  page(frame: number): Readonly<Uint8Array> | undefined {
    return this.#machine.memory.peek(frame);
  }

  /** From now on `changes` counts. */
  mark(): void {
    this.#machine.memory.checkpoint();
  }

  /** Frames that were written to since the mark. */
  changes(): readonly Change[] {
    return this.#machine.memory.changes();
  }

  /** How the PEs read the granule protection tables, which lie in memory. */
  gptConfig(pe = 0): GptConfig | undefined {
    const gpc = this.#machine.pes[pe]?.gpc;
    if (gpc === undefined) return undefined;
    if (this.#gpt?.registers !== gpc.registers) {
      const config = decodeGptConfig(gpc.registers, gpc.features, this.paBits);
      this.#gpt = { registers: gpc.registers, config };
    }
    return this.#gpt.config;
  }

  /** What the TLB of a PE holds of them. */
  gptTlb(pe: number): unknown {
    return this.#machine.pes[pe]?.gpc.tlb.data();
  }

  /** Granule states, live. */
  granules(): readonly GranuleTable[] {
    return this.#rmm.granules.tables();
  }

  realms(): ReadonlyMap<number, RealmView> {
    return new Map(
      [...this.#rmm.realms].map(([rd, realm]) => {
        const { config, ...rest } = realm.data();
        return [rd, { ...config, ...rest }];
      }),
    );
  }

  /** RECs; those that run have the registers of their PE, as far as it is in the Realm's context. */
  recs(): ReadonlyMap<number, RecView> {
    return new Map([...this.#rmm.recs].map(([pa, rec]) => [pa, this.#recView(rec)]));
  }

  /** The REC that runs on a PE. */
  runningOn(pe: number): number | undefined {
    return this.#rmm.running.get(pe)?.rec.config.pa;
  }

  pe(index: number): PeView {
    const pe = this.#machine.pes[index];
    assert(pe !== undefined, 'there is such a PE');
    return {
      world: pe.world,
      el: pe.el,
      pc: pe.pc,
      pstate: pe.pstate,
      x: [...pe.x.subarray(0, 31)],
      el1: recSlots.slice(31).map((slot) => pe.x[slot] as bigint),
    };
  }

  get #rmm(): Rmm {
    return this.#machine.rmm;
  }

  #recView(rec: Rec): RecView {
    const { pa, rd, index, aux, regs, state } = rec.data();
    const { lastExit, ripas, runningOn } = state;
    const running = runningOn === undefined ? undefined : this.#rmm.running.get(runningOn);
    const live = this.#liveRegisters(running, runningOn);
    const el1 = (name: 'esr_el1' | 'elr_el1' | 'spsr_el1' | 'vbar_el1'): bigint =>
      live?.[slotOf(name)] ?? (regs[recSlots.indexOf(slotOf(name))] as bigint);
    return {
      pa,
      rd,
      index,
      aux,
      isRunnable: state.isRunnable,
      runningOn,
      registers: live ?? regs,
      // Read by few of those who compare.
      get x() {
        return [...(live ?? regs).subarray(0, 31)];
      },
      pc: live?.[PC_SLOT] ?? state.pc,
      pstate: live?.[PSTATE_SLOT] ?? state.pstate,
      get esrEl1() {
        return el1('esr_el1');
      },
      get elrEl1() {
        return el1('elr_el1');
      },
      get spsrEl1() {
        return el1('spsr_el1');
      },
      get vbarEl1() {
        return el1('vbar_el1');
      },
      listRegisters: state.lrs,
      gicHcr: state.gicHcr,
      isPsciPending: state.psciPending !== undefined,
      hostCall: state.hostCall,
      ripas: { addr: ripas.addr, top: ripas.top, value: ripas.value, destroyed: ripas.changeDestroyed },
      isEmulatable: lastExit.emulatable,
      isUnprotectedAbort: lastExit.unprotectedAbort,
      abortEsr: lastExit.esr,
      trapWfi: running?.trapWfi ?? false,
      trapWfe: running?.trapWfe ?? false,
      run: running?.run,
      attest: state.attest,
    };
  }

  #liveRegisters(running: Running | undefined, index: number | undefined): BigUint64Array | undefined {
    const pe = running === undefined || index === undefined ? undefined : this.#machine.pes[index];
    return pe !== undefined && pe.el < 2 ? pe.x.slice() : undefined;
  }
}
