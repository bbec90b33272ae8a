// A session of the shell: a machine, who acts on which PE, named snapshots, and the events so far.

import type { Action, Outcome } from '../../arch/action.ts';
import { gpiName } from '../../arch/gpi.ts';
import type { GptFaultKind } from '../../arch/gpt.ts';
import { Fid, fidOf } from '../../arch/smccc.ts';
import { Ec } from '../../arch/syndrome.ts';
import type { TraceEvent } from '../../arch/trace.ts';
import { type El, World, worldName } from '../../arch/world.ts';
import { InputError } from '../../base/input-error.ts';
import type { Pe } from '../../cpu/pe.ts';
import type { MachineDescription } from '../../machine/description.ts';
import { Machine } from '../../machine/machine.ts';
import type { Snapshot, SnapshotData } from '../../machine/snapshot.ts';
import { MachineView } from '../../machine/view.ts';
import { type ExitRead, readExit } from '../exit-record.ts';
import { type Who, performAs } from './borrow.ts';

/** Events that are kept. */
const EVENTS_MAX = 10_000;

/** ELs that the software of a world has; the first is where it lives unless told otherwise. S-EL2 is not modelled. */
const levels: Readonly<Record<World, readonly El[]>> = {
  [World.NonSecure]: [2, 1, 0],
  [World.Secure]: [1, 0],
  [World.Realm]: [2, 1, 0],
  [World.Root]: [3],
};

/** An access refused by the check: what the syndrome registers alone do not say. */
export type GptDetail = { readonly fault: GptFaultKind; readonly level: number; readonly gpi: string | undefined };

export class Session {
  machine: Machine;
  peIndex = 0;
  who: Who = { world: World.NonSecure, el: 2 };
  readonly snapshots = new Map<string, Snapshot>();
  /** Shows events as they happen. */
  onEvent: ((event: TraceEvent) => void) | undefined;
  readonly #events: TraceEvent[] = [];
  #listener: ((event: TraceEvent) => void) | undefined;
  #exit: ExitRead | undefined;

  constructor(boot: (trace: (event: TraceEvent) => void) => Machine) {
    this.machine = boot((event) => this.#record(event));
  }

  get pe(): Pe {
    return this.machine.pes[this.peIndex] as Pe;
  }

  get events(): readonly TraceEvent[] {
    return this.#events;
  }

  /** Who acts when a command names a world, or no one. */
  actor(as: { readonly world: World; readonly el: El | undefined } | undefined): Who {
    if (as === undefined) return this.who;
    const allowed = levels[as.world];
    const el = as.el ?? (allowed[0] as El);
    if (!allowed.includes(el))
      throw new InputError({
        code: 'SHELL_NO_SUCH_EL',
        where: worldName(as.world),
        expected: [...allowed].sort().join(', '),
        found: el,
      });
    return { world: as.world, el };
  }

  /** Carries out one action. Nothing happens when the machine or the PE is off. */
  perform(who: Who, action: Action): Outcome {
    this.demandPower();
    const before = this.#runPage();
    const outcome = performAs(this.machine, this.pe, who, action);
    this.#follow(before ?? this.#runPageOf(action), this.#runPage());
    return outcome;
  }

  /** What a REC that came out of its PE in the last action told the Host. */
  get exit(): ExitRead | undefined {
    return this.#exit;
  }

  /** Runs something while a listener hears of all events, too. */
  listening<T>(listener: (event: TraceEvent) => void, run: () => T): T {
    this.#listener = listener;
    try {
      return run();
    } finally {
      this.#listener = undefined;
    }
  }

  /** Whoever acted goes on acting where the PE went: into a REC, or back to the Host. */
  #follow(before: number | undefined, after: number | undefined): void {
    this.#exit = undefined;
    if (after !== undefined) {
      if (this.pe.world === World.Realm && this.pe.el < 2) this.who = { world: World.Realm, el: this.pe.el };
    } else if (before !== undefined && this.pe.world === World.NonSecure) {
      if (this.who.world === World.Realm) this.who = { world: World.NonSecure, el: this.pe.el };
      this.#exit = this.#readExit(before);
    }
  }

  #runPage(): number | undefined {
    return this.machine.rmm.running.get(this.peIndex)?.run;
  }

  /** A REC may go in and come out in one action. */
  #runPageOf(action: Action): number | undefined {
    const isEntry = action.op === 'smc' && fidOf(action.x?.[0] ?? 0n) === Fid.RMI_REC_ENTER;
    return isEntry && this.pe.x[0] === 0n ? Number(action.x?.[2] ?? 0n) : undefined;
  }

  #readExit(run: number): ExitRead | undefined {
    const page = new MachineView(this.machine).page(Math.floor(run / 4096));
    if (page === undefined) return undefined;
    const bytes = new DataView(page.buffer, page.byteOffset, page.byteLength);
    return readExit(0n, (at, size) => {
      const offset = Number(at);
      return size === 8
        ? bytes.getBigUint64(offset, true)
        : BigInt(size === 2 ? bytes.getUint16(offset, true) : bytes.getUint8(offset));
    });
  }

  demandPower(): void {
    const { end } = this.machine;
    if (end !== undefined)
      throw new InputError({ code: 'SHELL_MACHINE_OFF', where: this.machine.description.name, found: end });
    if (this.pe.power !== 'on')
      throw new InputError({ code: 'SHELL_PE_OFF', where: `PE ${this.peIndex}`, found: this.pe.power });
  }

  /** What the check says of the last refusal, when a fault came from it. */
  gptDetail(outcome: Outcome): GptDetail | undefined {
    if (outcome.kind !== 'fault') return undefined;
    const { ec, fsc } = outcome.fault;
    if (ec !== Ec.Gpc && fsc !== 0b101000) return undefined;
    const { kind, level, gpi } = this.pe.gpc.fault;
    return { fault: kind, level, gpi: gpi < 0 ? undefined : gpiName(gpi) };
  }

  /** Goes on with a saved machine. Snapshots belong to the machine they were taken of. */
  replace(data: unknown): void {
    const machine = Machine.load(data as SnapshotData, { trace: (event) => this.#record(event) });
    this.machine = machine;
    this.peIndex = Math.min(this.peIndex, machine.pes.length - 1);
    this.snapshots.clear();
  }

  /** The same machine in strict mode or out of it. */
  setStrict(isStrict: boolean): void {
    const data = this.machine.save() as unknown as { schema: string; machine: { description: MachineDescription } };
    const description = { ...data.machine.description, isStrict };
    this.replace({ ...data, machine: { ...data.machine, description } });
  }

  #record(event: TraceEvent): void {
    this.#events.push(event);
    if (this.#events.length > EVENTS_MAX) this.#events.splice(0, EVENTS_MAX / 2);
    this.#listener?.(event);
    this.onEvent?.(event);
  }
}
