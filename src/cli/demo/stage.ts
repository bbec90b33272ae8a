// A Realm on the stage: its host on PE 0, its guest, and the steps that tell what they do. The guest is the scene itself: the
// Realm's memory holds no script, so a PE that enters it waits there for the next action.

import type { Action, Outcome } from '../../arch/action.ts';
import type { TraceEvent } from '../../arch/trace.ts';
import { worldName } from '../../arch/world.ts';
import { assert } from '../../base/assert.ts';
import type { Pe } from '../../cpu/pe.ts';
import { type Step as HostStep, runStep } from '../../host/abi.ts';
import { GranulePool, Host, type HostedRealm, type RealmLayout, type Vcpu } from '../../host/realm.ts';
import { faultName } from '../../machine/fault-name.ts';
import type { Machine } from '../../machine/machine.ts';
import { commandFids, type CommandName, enumerations } from '../../spec/generated.ts';
import type { Word } from '../../words/words.ts';
import { readExit } from '../exit-record.ts';
import { commandSpec, rowsOf } from '../explain/find.ts';
import { access, host } from './perform.ts';
import type { Step, StepOf } from './scene.ts';

/** Where the host of these scenes takes its granules from. */
const POOL = 0x9100_0000;
const POOL_SIZE = 2 ** 24;

/** The Realm's RAM, the page that the host hands in, and the page that the guest keeps its secret in. */
export const RAM_SIZE = 2 ** 21;
export const SECRET_IPA = 0x5000n;
export const GUEST_SECRET = 0x5ec2_e75e_c2e7_5ec2n;
/** The first address that is not the Realm's own: the upper half belongs to the host. */
export const IPA_BITS = 32;

/** RmiRecEnterFlags. */
export const TRAP_WFI = 1n << 2n;
export const EMUL_MMIO = 1n << 0n;

/** What the host loads into the Realm and the RMM measures. */
export const kernel = (text = 'a very small kernel'): Uint8Array => {
  const page = new Uint8Array(4096);
  page.set(new TextEncoder().encode(text));
  return page;
};

const layout = (vmid: number): RealmLayout => ({
  vmid,
  ipaBits: IPA_BITS,
  startLevel: 1,
  ram: [{ base: 0, size: RAM_SIZE }],
  images: [{ ipa: 0, bytes: kernel() }],
  vcpus: [{ entry: 0 }],
});

/** Sentences in front of the first call of a name. */
export type Says = Readonly<Partial<Record<CommandName, Word>>>;

export class Stage {
  readonly machine: Machine;
  readonly host = new Host(new GranulePool(POOL, POOL_SIZE));
  readonly steps: Step[] = [];

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Runs without telling. */
  hidden<T>(run: () => T): T {
    const { length } = this.steps;
    const result = run();
    this.steps.length = length;
    return result;
  }

  /** A Realm with one vCPU that is ready to run. */
  build(says: Says = {}, vmid = 1): HostedRealm {
    const realm = this.run(this.host.create(layout(vmid)), says);
    this.run(this.host.activate(realm), says);
    return realm;
  }

  /** Host software at work; its commands are told, but for the delegation of single granules. */
  run<T>(step: HostStep<T>, says: Says = {}): T {
    const said = new Set<string>();
    return runStep(step, (action) => {
      const name = nameOf(action);
      if (name === undefined || name.startsWith('RMI_GRANULE')) return this.machine.perform(this.#pe(0), action);
      const say = said.has(name) ? undefined : says[name];
      said.add(name);
      return this.#command(name, (action as { readonly x: readonly bigint[] }).x, 0, say).outcome;
    });
  }

  /** A command by its registers: of the host to the RMM, or of the guest. */
  call(name: CommandName, args: readonly (number | bigint)[], say?: Word, pe = 0): StepOf<'command'> {
    const x = [BigInt(commandFids[name][0]), ...args.map(BigInt)];
    while (x.length < 8) x.push(0n);
    return this.#command(name, x, pe, say).step;
  }

  /** The guest loads eight bytes. */
  load(ipa: bigint, say?: Word): StepOf<'guest'> {
    return this.#guest('load', { op: 'load', at: ipa, size: 8 }, say);
  }

  store(ipa: bigint, value: bigint, say?: Word): StepOf<'guest'> {
    return this.#guest('store', { op: 'store', at: ipa, size: 8, value }, say);
  }

  /** Enters a vCPU. `flags` and `gprs` are what the host writes into the run page before. */
  enter({ rec, run }: Vcpu, say?: Word, flags = 0n, gprs: readonly bigint[] = []): StepOf<'command'> {
    this.poke(run, flags);
    for (const [n, value] of gprs.entries()) this.poke(run + 0x200 + 8 * n, value);
    return this.call('RMI_REC_ENTER', [rec, run], say);
  }

  /** What the run page tells the host. */
  exit({ run }: Vcpu, say?: Word): StepOf<'exit'> {
    const read = readExit(BigInt(run), (at, size) => {
      const outcome = this.machine.perform(this.#pe(0), { op: 'load', at, size });
      return outcome.kind === 'done' ? outcome.value : undefined;
    });
    return this.#tell({
      ...(say === undefined ? {} : { say }),
      kind: 'exit',
      by: { pe: 0, world: 'NS', el: 2 },
      reason: read?.reason ?? '',
      fields: read?.fields ?? [],
    });
  }

  /** The host looks at a page, or at a granule that was a Realm's. */
  look(at: number, say?: Word): StepOf<'access'> {
    return this.#tell(
      access(this.machine, host, { what: 'load', at: BigInt(at), ...(say === undefined ? {} : { say }) }),
    );
  }

  /** The host writes a doubleword of its own. */
  poke(at: number, value: bigint): void {
    const outcome = this.machine.perform(this.#pe(0), { op: 'store', at: BigInt(at), size: 8, value });
    assert(outcome.kind === 'done', 'the host writes its own memory');
  }

  /** A page with a secret of the guest in it: the guest asks for it by touching it, and the host provides it. */
  keepSecret(realm: HostedRealm): number {
    const vcpu = vcpuOf(realm);
    this.enter(vcpu);
    this.store(SECRET_IPA, GUEST_SECRET);
    this.run(this.host.populateUnknown(realm, Number(SECRET_IPA)));
    this.enter(vcpu, undefined, TRAP_WFI);
    this.store(SECRET_IPA, GUEST_SECRET);
    return realm.data.get(Number(SECRET_IPA)) as number;
  }

  /** The guest has nothing to do: WFI, which the host asked to hear of. */
  idle(): void {
    this.machine.perform(this.#pe(0), { op: 'wfi' });
  }

  #guest(
    what: 'load' | 'store',
    action: Extract<Action, { op: 'load' | 'store' }>,
    say: Word | undefined,
  ): StepOf<'guest'> {
    const pe = this.#pe(0);
    const by = whoIs(pe);
    const outcome = this.machine.perform(pe, action);
    return this.#tell({
      ...(say === undefined ? {} : { say }),
      kind: 'guest',
      by,
      what,
      ipa: action.at,
      ...(outcome.kind === 'done' ? { value: action.op === 'store' ? action.value : outcome.value } : {}),
      ...(outcome.kind === 'moved' ? { to: placeOf(outcome) } : {}),
      ...(outcome.kind === 'fault' ? { fault: { name: faultName(outcome.fault.esr), syndrome: outcome.fault } } : {}),
    });
  }

  #command(
    name: CommandName,
    x: readonly bigint[],
    index: number,
    say: Word | undefined,
  ): { readonly outcome: Outcome; readonly step: StepOf<'command'> } {
    const pe = this.#pe(index);
    const by = whoIs(pe);
    let row: string | undefined;
    this.machine.trace.to((event: TraceEvent) => {
      if ((event.kind === 'rmi' || event.kind === 'rsi') && event.name === name) row = event.failed;
    });
    const outcome = this.machine.perform(pe, { op: 'smc', x });
    this.machine.trace.to(undefined);
    const spec = commandSpec(name);
    assert(spec !== undefined, 'the specification has every command');
    const condition = rowsOf(spec).find(({ id }) => id === row)?.condition;
    const returned = outcome.kind === 'done' ? outcome.x : undefined;
    const isSuccess = returned?.[0] === 0n;
    const step = this.#tell<'command'>({
      ...(say === undefined ? {} : { say }),
      kind: 'command',
      by,
      name,
      args: spec.input.map(({ name: arg, reg }) => ({ name: arg, value: x[numberOf(reg)] ?? 0n })),
      ...(returned === undefined ? { to: placeOf(outcome) } : { status: statusOf(name, returned[0] ?? 0n) }),
      ...(row === undefined || condition === undefined ? {} : { row, condition }),
      outputs: isSuccess
        ? spec.output.slice(1).map(({ name: out, reg }) => ({ name: out, value: returned?.[numberOf(reg)] ?? 0n }))
        : [],
    });
    return { outcome, step };
  }

  #tell<K extends Step['kind']>(step: StepOf<K>): StepOf<K> {
    this.steps.push(step);
    return step;
  }

  #pe(index: number): Pe {
    return this.machine.pes[index] as Pe;
  }
}

/** The only vCPU of a Realm. */
export function vcpuOf({ vcpus }: HostedRealm): Vcpu {
  const [vcpu] = vcpus;
  assert(vcpu !== undefined, 'a Realm on the stage has a vCPU');
  return vcpu;
}

const numberOf = (reg: string): number => Number(reg.slice(1));
const whoIs = (pe: Pe) => ({ pe: pe.index, world: worldName(pe.world), el: pe.el });

function nameOf(action: Action): CommandName | undefined {
  if (action.op !== 'smc') return undefined;
  const fid = Number(action.x?.[0] ?? 0n);
  return (Object.keys(commandFids) as CommandName[]).find((name) => commandFids[name][0] === fid);
}

const placeOf = (outcome: Outcome): string =>
  outcome.kind !== 'moved' || outcome.to === 'off' ? outcome.kind : `${worldName(outcome.to.world)}.EL${outcome.to.el}`;

function statusOf(name: CommandName, x0: bigint): string {
  const statuses = name.startsWith('RMI_')
    ? enumerations.RmiStatus
    : name.startsWith('RSI_')
      ? enumerations.RsiCommandReturnCode
      : enumerations.PsciReturnCode;
  const code = name.startsWith('RMI_') ? x0 & 0xffn : BigInt.asIntN(64, x0);
  const status = Object.entries(statuses).find(([, value]) => BigInt(value) === code)?.[0] ?? String(code);
  const index = name.startsWith('RMI_') ? (x0 >> 8n) & 0xffn : 0n;
  return index === 0n ? status : `${status} ${index}`;
}
